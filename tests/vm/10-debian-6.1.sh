#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One boot of Debian's own 6.1, which has no tcx but kprobes and trampolines: the programs must pass
# its verifier, and the syscall suite runs on the backend that this machine may not have. One line
# of the guest's summary is one result here; `make check-vm` does the rest of the matrix.
set -u
cd "$(dirname "$0")/../.."
out=$(mktemp)
trap 'rm -f "$out"' EXIT
VM_TIMEOUT=220 nice tools/vm/boot.sh 6.1 "${BUILD:-build}" tests/run.sh build bpf/ >"$out" 2>&1
awk '/ ok +[0-9]+ failed +[0-9]+ skipped/ {
	n++; good = $4 == 0 && $2 > 0
	print (good ? "ok " : "not ok ") n " - 6.1: " $0; bad += !good }
     END { if (!n) { print "not ok 1 - the guest ran the suites"; bad = 1 } else print "1.." n; exit bad != 0 }' "$out"
status=$?
[ $status = 0 ] || sed 's/^/# /' "$out" | tail -n 60
exit $status
