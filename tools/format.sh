#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# format.sh [--check|--tool] - format every file of C as .clang-format says; --check only names what is not so,
# --tool only says which clang-format is used. Exit status 3: there is no clang-format 14 here.
set -eu
cd "$(dirname "$0")/.."
tool=
for t in clang-format-14 clang-format; do
	! $t --version 2>/dev/null | grep -q ' version 14\.' || { tool=$t && break; }
done
[ -n "$tool" ] || { echo 'format.sh: clang-format 14 is needed (package clang-format-14)' >&2 && exit 3; }
[ "${1:-}" != --tool ] || { echo "$tool" && exit; }
mode=-i
[ "${1:-}" != --check ] || mode='--dry-run --Werror'
# vmlinux.h is made by bpftool
find bpf user tools tests -name '*.[ch]' -not -name 'vmlinux*.h' -print0 | xargs -0 -n 64 "$tool" $mode
