#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# disk_fill: bytes on disk against the goal, on file systems with and without fallocate, O_TMPFILE
# and a root-owned reserve; what is refused; and SIGKILL.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../target.sh"
mktarget a sleep 1000

# Of /mnt as the target sees it: bytes used, available; percent as df computes it.
space() { in_target stat -f -c '%b %f %a %S' /mnt | awk '{printf "%.0f %.0f %.3f\n", ($1 - $2) * $4, $3 * $4, 100 * ($1 - $2) / ($1 - $2 + $3)}'; }
used() { space | cut -d' ' -f1; }
available() { space | cut -d' ' -f2; }
percent() { space | cut -d' ' -f3; }
over() { awk -v a="$(percent)" -v b="$1" 'BEGIN {exit !(a > b)}'; }
empty() { awk -v a="$(percent)" 'BEGIN {exit !(a < 5)}'; }
full() { over 90; }
fill() { # OPTIONS...: in the background, until it is killed; waits until it is on, and takes no more
	"$FL" inject disk_fill "pid:$TARGET" --path /mnt "$@" --for 60s -o json >"$T/proof" 2>"$T/err" & p=$!
	wait_for 10 on
	_was=-1
	wait_for 10 settled
}
on() { "$FL" list -o json | jq -e '.[0].active'; }
settled() { set -- "$_was"; _was=$(used); [ "$_was" = "$1" ]; }
unfill() { kill -INT $p; wait $p; }
within() { # DESCRIPTION VALUE GOAL: at most 1 % of the goal away
	check_num "$1: $2 of $3, percent away" "$(awk -v a="$2" -v b="$3" 'BEGIN {d = 100 * (a - b) / b; printf "%.3f", d < 0 ? -d : d}')" le 1
}

# --- on tmpfs, by fallocate ---
before=$(used)
fill --bytes 30MiB
within "30 MiB on tmpfs" $(($(used) - before)) $((30 << 20))
unfill
check "the proof says so" jq -e '.injected == 1 and .bytes == 31457280 and .backend == "fallocate"' "$T/proof"
check "all of it is given back" test "$(used)" = "$before"
fill --percent 95%
within "95 % of tmpfs" "$(percent)" 95
note "FIGURE disk_fill, 95 % asked: $(percent) % of the target's tmpfs"
check "the target has a file system without a new name in it" sh -c "[ -z \"\$(nsenter -t $TARGET -m ls -A /mnt)\" ]"
check "the target cannot write much more" sh -c "! nsenter -t $TARGET -m dd if=/dev/zero of=/mnt/more bs=1M count=10"
in_target rm -f /mnt/more
unfill

# --- ext4: a reserve for root; ext2: no fallocate ---
image() { # TYPE: a fresh one of 100 MiB on the target's /mnt
	truncate -s 100M "$T/image" && mkfs."$1" -q -F -m 10 "$T/image" && in_target mount -o loop "$T/image" /mnt
}
image ext4
reserve=$(in_target stat -f -c '%f %a %S' /mnt | awk '{print ($1 - $2) * $3}')
fill --percent 100%
check "ext4 at 100 %: nothing is available to users" test "$(available)" -le 65536
left=$(in_target stat -f -c '%f %S' /mnt | awk '{print $1 * $2}')
check_num "... and root's reserve is untouched (bytes of $reserve)" "$left" ge "$reserve"
unfill
in_target umount /mnt
image ext2
before=$(used)
fill --bytes 60MiB
written() { [ $(($(used) - before)) -ge $((60 << 20)) ]; }
check "ext2, by writing" wait_for 10 written
within "60 MiB on ext2" $(($(used) - before)) $((60 << 20))
check "... without a name" sh -c "[ \"\$(nsenter -t $TARGET -m ls -A /mnt)\" = lost+found ]"
unfill
check "the proof names the backend" jq -e '.backend == "write"' "$T/proof"
check "all of it is given back" test "$(used)" = "$before"
in_target umount /mnt

# --- refused, before anything is touched ---
refused() { # WORDS OPTIONS...
	w=$1; shift
	"$FL" inject disk_fill "pid:$TARGET" "$@" --for 1s >"$T/out" 2>&1; rc=$?
	if [ $rc = 3 ] && grep -q "$w" "$T/out"; then ok "refused: $w"; else not_ok "refused ($rc): $w"; cat "$T/out"; fi
}
refused "host's root file system" --path / --percent 99%
refused "host's root file system" --path "$T" --bytes 1MiB
refused "has only" --path /mnt --bytes 65MiB
in_target dd if=/dev/zero of=/mnt/some bs=1M count=32 2>/dev/null
in_target sh -c 'mkdir -p /mnt/huge && mount -t tmpfs -o size=1000g tmpfs /mnt/huge'
refused "of memory available" --path /mnt/huge --percent 95%
in_target sh -c 'umount /mnt/huge && rmdir /mnt/huge'
refused "full already" --path /mnt --percent 40%
in_target rm /mnt/some
refused "No such file" --path /mnt/none --percent 90%
in_target ln -s / /mnt/link
check "a link is followed inside the target's root only" "$FL" inject disk_fill "pid:$TARGET" --path /mnt/link/mnt --bytes 1MiB --for 50ms
in_target rm /mnt/link

kill_check disk_fill full empty --path /mnt --percent 95%
