#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: busy
# One short boot of Debian's own 6.1, which has no tcx but kprobes and trampolines: every program must
# pass its verifier, syscall faults run on the backends that this machine may not have, and doctor
# comes to an end. `make check-vm` runs the rest, on three kernels.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=$(mktemp)
trap 'rm -f "$out"' EXIT
VM_SMALL=1 VM_TIMEOUT=220 nice tools/vm/boot.sh 6.1 "${BUILD:-build}" tools/vm/suites.sh short >"$out" 2>&1
awk '/ ok +[0-9]+ failed +[0-9]+ skipped/ {
	n++; good = $4 == 0 && $2 > 0
	print (good ? "ok " : "not ok ") n " - 6.1: " $0; bad += !good }
     /^@@DONE/ { done[$2] = 1 }
     END { for (s in done) ended++
	   print (ended == 2 ? "ok " : "not ok ") ++n " - 6.1: the suites and doctor came to an end"
	   print "1.." n; exit bad || ended != 2 }' "$out"
status=$?
[ $status = 0 ] || sed 's/^/# /' "$out" | tail -n 60
exit $status
