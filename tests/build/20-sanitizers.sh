#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: busy, long
# The unit suites, and every fuzz corpus, under AddressSanitizer (with leaks) and UBSan.
. "$(dirname "$0")/../lib.sh"
cd "$TOP" || exit 1
for dir in tests/fuzz/corpus/*/; do
	name=$(basename "$dir")
	check "corpus $name" "$BUILD/tests/fuzz/fuzz_$name" "$dir"
done

# (-O1 compiles in half the time of -O2; who looks for more than that runs make SAN=...)
make=(make --no-print-directory -j2 "SAN=address,undefined" "BUILD=$BUILD-san" CFLAGS="-O1 -g1")
if "${make[@]}" unit-tests >"$T/make.log" 2>&1; then
	ok "the sanitizer build compiles"
else
	not_ok "the sanitizer build compiles"
	tail -n 15 "$T/make.log" | sed 's/^/#   /'
	exit 1
fi
export UBSAN_OPTIONS=print_stacktrace=1
for t in "$BUILD-san"/tests/unit/test_*; do
	case $t in *.o | *.d) continue ;; esac
	check "sanitized $(basename "$t")" timeout 60 "$t"
done
for dir in tests/fuzz/corpus/*/; do
	name=$(basename "$dir")
	check "sanitized corpus $name" "$BUILD-san/tests/fuzz/fuzz_$name" "$dir"
done
