#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# matrix.sh BUILD - boot every kernel of the matrix, run the suites that make sense in a guest, and
# print a table: suite x kernel, passed / failed / skipped. Exit 1 when anything failed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=${1:?usage: matrix.sh BUILD}
suites=${VM_SUITES:-"unit/ bpf/ lab/1 lab/2 lab/39-net-edt lab/kill syscall"}
kernels=${VM_KERNELS:-"6.1 6.12 6.1-override"}
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
bad=0
printf '%-12s' kernel
for s in $suites; do printf ' %-18s' "$s"; done
echo
for k in $kernels; do
	printf '%-12s' "$k"
	for s in $suites; do
		out=$log/$k.$(tr / _ <<<"$s")
		VM_TIMEOUT=${VM_TIMEOUT:-600} "$here/boot.sh" "$k" "$build" tests/run.sh build "$s" >"$out" 2>&1 || bad=1
		printf ' %-18s' "$(tail -n 1 "$out" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \/ \2 \/ \3/p' | grep . || echo 'did not finish')"
	done
	echo
done
[ $bad = 0 ] || { echo; grep -hE -A4 'not ok|not allowed|did not finish' "$log"/* | head -n 60; }
exit $bad
