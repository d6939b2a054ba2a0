#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# power-cut.sh KERNEL BUILD - cut the power of a guest with real disks at a random moment while every kind of fault
# with a lasting effect comes and goes (tests/vm/lasting: a session and a target for each row), and have
# `faultline recover` of the next boot put everything back. CUTS times (50), each in a boot of its own; ROWS
# chooses some of the rows. Prints, for each row, in how many cuts there was something to undo, and after how
# many everything was as before, byte for byte, or was not; exit status 1 when anything was not.
#
# The cut is SIGKILL of the emulator: what the guest had not written to its disks is lost. A disk that loses what it
# has confirmed is not simulated. The guest's time is counted in instructions (VM_ICOUNT), so that sessions miss
# no heartbeat on a busy host: 30 s or so of an idle CPU for each boot.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kernel=${1:?usage: power-cut.sh KERNEL BUILD}
build=$(cd "${2:?usage: power-cut.sh KERNEL BUILD}" && pwd)
cuts=${CUTS:-50}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
truncate -s 192M "$work/disk"
truncate -s 48M "$work/fill"
/usr/sbin/mkfs.ext4 -q -F "$work/disk"
/usr/sbin/mkfs.ext4 -q -F "$work/fill"
# Of the build what the guest runs, and no more: it is unpacked in each boot.
mkdir -p "$work/build/tests/tools"
cp "$build/faultline" "$work/build/"
cp "$build/tests/tools/lasting" "$work/build/tests/tools/"
(cd "$build" && find . -name '*.bpf.o' -exec cp --parents {} "$work/build/" \;)
export VM_SMALL=1 VM_ICOUNT=1 VM_DISK="$work/disk $work/fill" VM_INITRD=$work/initrd VM_TIMEOUT=${VM_TIMEOUT:-600} \
	VM_MODULES='virtio_pci virtio_blk ext4 overlay' VM_PROGRAMS='redis-server redis-cli stress-ng shuf dmesg'
table() {
	local uname
	uname=$(awk '$2 == "kernel" { print $3; exit }' "$work/all")
	awk -v kernel="$uname" -v took=$((SECONDS - began)) '
		$2 == "missing" { print "no row for the undo " $3; bad = 1 }
		$2 != "row" { next }
		!($3 in n) { order[++rows] = $3; kind[$3] = $6 }
		{ n[$3]++; open[$3] += $4; bad_of[$3] += $5 }
		END {
			printf "%-16s %-18s %5s %23s %9s %13s\n", "row", "kind", "cuts", "with something to undo", "restored", "not restored"
			for (i = 1; i <= rows; i++) {
				r = order[i]
				printf "%-16s %-18s %5d %23s %9d %13d\n", r, kind[r], n[r], open[r], n[r] - bad_of[r], bad_of[r]
				if (bad_of[r]) bad = 1
			}
			printf "kernel %s, %d s\n", kernel, took
			exit bad || !rows
		}' "$work/all"
}
# Cut short, it tells of what there was.
trap 'table; exit 130' INT TERM
began=$SECONDS
for ((i = 0; i <= cuts; i++)); do
	cut=$(awk -v r=$RANDOM 'BEGIN { printf "%.3f", r / 32768 * 6 }')
	export VM_CUT=0 VM_APPEND="pc.rows=${ROWS:+${ROWS// /,}} pc.cut=$cut"
	[ $i != "$cuts" ] || export VM_CUT='' VM_APPEND="pc.rows=${ROWS:+${ROWS// /,}} pc.last"
	"$here/boot.sh" "$kernel" "$work/build" bash /fl/tools/vm/power-cut-guest.sh >"$work/out" 2>"$work/err" || true
	[ -z "$VM_CUT" ] || grep -q 'the power was cut' "$work/err" || tail -n 3 "$work/err" >&2
	grep '^cut:' "$work/out" >"$work/lines" || { echo "boot $i said nothing:" >&2; tail -n 30 "$work/out" "$work/err" >&2; table; exit 1; }
	cat "$work/lines" >>"$work/all"
	printf 'boot %d, %d s: power %s; not as before: %s\n' $i $((SECONDS - began)) \
		"$([ -z "$VM_CUT" ] && echo 'stays on' || echo "goes after $cut s")" \
		"$(awk '$5 == 1 || $2 == "missing" { printf "%s ", $3 }' "$work/lines")" >&2
	grep -vE '^cut:|^@@READY$' "$work/out" | sed 's/^/    /' >&2 || true
done
table
