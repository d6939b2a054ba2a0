#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every file of C is as .clang-format says, by clang-format 14: other releases break lines in other places.
cd "$(dirname "$0")/../.." || exit 1
name='C is formatted as .clang-format says'
if ! tool=$(tools/format.sh --tool); then
	echo "ok 1 - $name # SKIP # missing: clang-format 14"
elif out=$(tools/format.sh --check 2>&1); then
	echo "ok 1 - $name"
else
	echo "not ok 1 - $name ($tool; 'make format' mends it)"
	sed 's/^/#   /' <<<"$out" | head -n 40
fi
echo 1..1
