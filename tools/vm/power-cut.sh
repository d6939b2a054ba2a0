#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# power-cut.sh KERNEL BUILD [BOOTS] - cut the power of a guest with a real disk at random moments of lasting
# faults, and have `faultline recover` of the next boot put everything back; BOOTS times (6). In each boot
# ten config_corruption and ten cache_poisoning faults come and go, each in a session and at times of its own,
# so a cut meets each of them in another phase. Prints how many moments there were of each kind, and how many
# were not restored byte for byte; exit status 1 when any was not.
#
# The cut is SIGKILL of the emulator: what the guest had not written to its disk is lost. What a disk loses
# that lies about its own cache is not tried.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kernel=${1:?usage: power-cut.sh KERNEL BUILD [BOOTS]}
build=$(cd "${2:?}" && pwd)
boots=${3:-6}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
truncate -s 192M "$work/disk"
/usr/sbin/mkfs.ext4 -q -F "$work/disk"
export VM_SMALL=1 VM_DISK=$work/disk VM_MODULES='virtio_pci virtio_blk ext4' VM_TIMEOUT=${VM_TIMEOUT:-400} \
	VM_PROGRAMS='redis-server redis-cli'
for i in $(seq $((boots + 1))); do
	cut=
	[ "$i" -gt "$boots" ] || cut=$(awk -v r=$RANDOM 'BEGIN { printf "%.3f", r / 32768 * 12 }')
	VM_CUT=$cut "$here/boot.sh" "$kernel" "$build" bash /fl/tools/vm/power-cut-guest.sh "${cut:-last}" >"$work/out" 2>"$work/err" || true
	grep '^cut:' "$work/out" || { echo "boot $i said nothing:" >&2; tail -n 20 "$work/out" "$work/err" >&2; exit 1; }
	grep '^cut:' "$work/out" >>"$work/all"
done
awk '$2 == "file" { f += $3; fs += $4; fb += $5 } $2 == "cache" { c += $3; cs += $4; cb += $5 }
	END {
		printf "power cuts: config_corruption %d moments, %d with something to undo, %d not restored\n", f, fs, fb
		printf "power cuts: cache_poisoning %d moments, %d with something to undo, %d not restored\n", c, cs, cb
		exit fb + cb > 0 || f == 0 || c == 0
	}' "$work/all"
