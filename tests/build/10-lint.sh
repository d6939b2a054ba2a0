#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: busy
# cppcheck, shellcheck and codespell over the tree: any finding is a failure. clang-tidy takes minutes and is `make lint`.
cd "$(dirname "$0")/../.." || exit 1
mapfile -t files < <(find user tools -name '*.c' | sort)
if out=$(tools/lint.sh "${BUILD:-build}" "${files[@]}" 2>&1); then
	echo "ok 1 - cppcheck, shellcheck and codespell have nothing to say (${#files[@]} files of C)"
else
	echo "not ok 1 - cppcheck, shellcheck, codespell"
	sed 's/^/#   /' <<<"$out" | head -n 40
fi
echo 1..1
