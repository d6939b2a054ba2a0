#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run.sh BUILD [PATTERN] - run the test programs and scripts one after the other, print what failed,
# and close with "N passed, N failed, N skipped". A skip must be listed in tests/skips for this
# kernel; any other skip is a failure. A test that prints no result is a failure.
set -u
cd "$(dirname "$0")/.."
BUILD=${1:-build}
export BUILD
pattern=${2:-}
passed=0 failed=0 skipped=0
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
started=$SECONDS

# The names of features that may be missing: "*" lines, and lines of "uname -r" prefixes.
allowed() {
	awk -v rel="$(uname -r)" '!/^#/ && NF >= 2 { p = $1; if (p == "*" || index(rel, p) == 1) { $1 = ""; sub(/^ /, ""); print } }' tests/skips
}
allowed >"$log/allowed"

# A test's output as one line a result: "pass", "fail", "skip FEATURE". Shell tests name the feature
# behind the result, cmocka ones (whose skips begin with "not ok") on a line before it.
results() {
	awk '/^# missing: / { missing = substr($0, 12); next }
	     /^(not )?ok [0-9]+ .*# SKIP/ || /^(not )?ok [0-9]+ # SKIP/ {
		f = $0
		if (!sub(/.*# missing: /, "", f)) f = missing != "" ? missing : $NF
		print "skip", f; missing = ""; next }
	     /^ok [0-9]/ { print "pass" }
	     /^not ok/ { print "fail" }' "$1"
}

one() { # NAME COMMAND...
	local name=$1 out="$log/out" rc t0=$SECONDS p f s bad
	shift
	timeout --kill-after=10 "${TEST_TIMEOUT:-180}" "$@" >"$out" 2>&1 </dev/null
	rc=$?
	results "$out" >"$log/results"
	p=$(grep -c '^pass' "$log/results")
	f=$(grep -c '^fail' "$log/results")
	s=$(grep -c '^skip' "$log/results")
	bad=$(sed -n 's/^skip //p' "$log/results" | sort -u | grep -vxFf "$log/allowed")
	if [ -n "$bad" ]; then
		f=$((f + $(wc -l <<<"$bad")))
		sed 's/^/    skip not allowed on this kernel: /' <<<"$bad"
	fi
	if [ $rc != 0 ] && [ "$f" = 0 ]; then f=1; echo "    exit status $rc"; fi
	if [ $((p + f + s)) = 0 ]; then f=1; echo "    printed no result"; fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '  %-44s %4d ok %3d failed %3d skipped %4ds\n' "$name" "$p" "$f" "$s" $((SECONDS - t0))
	if [ "$f" != 0 ]; then
		grep '^not ok' -A12 "$out" | grep -v '# SKIP' | head -60 | sed 's/^/    /'
		tail -n 15 "$out" | sed 's/^/    | /'
	elif [ -n "${VERBOSE:-}" ]; then
		sed 's/^/    /' "$out"
	else
		grep '^# FIGURE' "$out" | sed 's/^# FIGURE/     /'
	fi
}

for t in "$BUILD"/tests/unit/test_* "$BUILD"/tests/bpf/test_*; do
	case $t in *.o | *.d | *'*') continue ;; esac
	[[ -z $pattern || $t == *$pattern* ]] || continue
	# Programs under test have the kernel to themselves; unit tests need neither root nor kernel.
	case $t in */bpf/*) set -- tests/sandbox.sh "$t" ;; *) set -- "$t" ;; esac
	CMOCKA_MESSAGE_OUTPUT=TAP one "${t#"$BUILD"/tests/}" "$@"
done
for t in tests/build/*.sh tests/cli/*.sh tests/lab/*.sh tests/docker/*.sh tests/vm/*.sh; do
	[ -f "$t" ] || continue
	[[ -z $pattern || $t == *$pattern* ]] || continue
	one "${t#tests/}" bash "$t"
done
echo "suites took $((SECONDS - started)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
