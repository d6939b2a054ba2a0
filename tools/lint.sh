#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lint.sh BUILD [FILE...] - cppcheck and clang-tidy over FILEs, by default over what differs from the
# merge base with main, or over everything when there is no difference to see (a clean clone); shellcheck and
# codespell over the whole tree. TIDY=1: clang-tidy as well, which takes minutes.
set -eu
cd "$(dirname "$0")/.."
build=${1:?usage: lint.sh BUILD [FILE...]}
shift
files=("$@")
if [ ${#files[@]} = 0 ]; then
	base=$(git merge-base HEAD origin/main 2>/dev/null || git rev-parse HEAD 2>/dev/null || true)
	[ -z "$base" ] || mapfile -t files < <(git diff --name-only --diff-filter=d "$base" -- 'user/*.c' 'tools/*.c')
fi
if [ ${#files[@]} = 0 ]; then mapfile -t files < <(find user tools -name '*.c' | sort); fi
bad=0
# cppcheck knows neither the libraries' macros nor the cleanup attribute: leaks are left to ASan.
cppcheck --quiet --error-exitcode=1 --inline-suppr --enable=warning,performance,portability --std=c11 \
	-D_GNU_SOURCE -D__x86_64__ --include=tools/lint.h \
	--suppress=missingIncludeSystem --suppress=nullPointerOutOfMemory --suppress=resourceLeak \
	--suppress=memleak --suppress=autoVariables --suppress=returnDanglingLifetime --suppress=selfAssignment --suppress=internalAstError --suppress=invalidPointerCast --suppress=arrayIndexThenCheck \
	-j2 -I. -Iuser "${files[@]}" || bad=1
flags=(-std=gnu11 -D_GNU_SOURCE '-DFL_VERSION="0"' -I. -Iuser "-I$build")
if [ -n "${TIDY:-}" ]; then
	printf '%s\n' "${files[@]}" | xargs -P2 -n4 sh -c 'clang-tidy --quiet "$@" -- '"$(printf '%q ' "${flags[@]}")" sh || bad=1
fi
mapfile -t scripts < <(find .ci tests tools experiments -name '*.sh' -o -path .ci/run | sort)
shellcheck -S warning -f gcc "${scripts[@]}" || bad=1
# (words: misspelt on purpose in tests, names of libraries and fields, Vietnamese)
find . \( -name .git -o -path './build*' -o -name corpus -o -name vmlinux -o -name '*.vi.*' \) -prune -o -type f -print0 |
	xargs -0 codespell --ignore-words=tools/codespell.words || bad=1
exit $bad
