#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The machine goes down at any moment of a lasting fault: owner, guardian and target are killed, /run is
# emptied, the boot is another one. `recover` then puts back byte for byte, before anything runs again.
# (tools/vm/power-cut.sh does it to a whole machine.)
. "$(dirname "$0")/../lib.sh"
rows=$(awk '!/^#/ && NF { print $2 }' "$TOP/tests/vm/lasting" | sort -u)
check "each undo that outlives a boot has a row there, in tests/vm/lasting, and no other" diff <("$BUILD/tests/tools/lasting" | sort) <(grep -vx kernel <<<"$rows")
moments=${FLTEST_LONG:+50}; moments=${moments:-6}
disk=$T/disk; mkdir "$disk"
[ "$(stat -f -c %T "$disk")" != tmpfs ] || { skip "a file on a disk" "a disk"; exit 0; }
# reboot N: another boot id, and a run directory that nobody has written to.
reboot() {
	mount -t tmpfs -o mode=755 tmpfs /run; mkdir -p /run/lock /run/netns
	printf '00000000-0000-4000-8000-%012d\n' "$1" >"$T/boot"
	mount --bind "$T/boot" /proc/sys/kernel/random/boot_id
}
back() { umount /proc/sys/kernel/random/boot_id; umount /run; }
cut() { # OWNER: with its guardian, as the power does it
	local g; g=$(pgrep -P "$1" -x fl-guardian)
	kill -9 $g "$1" 2>/dev/null; wait "$1" 2>/dev/null
}
# Any moment; every other time one after the first thing was journaled, however slow the machine is.
moment() { # I MOST: ms
	[ $(($1 % 2)) = 0 ] || in_time 5 test -d /var/lib/faultline/sessions
	sleep "0.$(printf %03d $((RANDOM % $2)))"
}
# A target that sees the disk under another path, as a container sees a volume.
target() {
	bg unshare -m bash -c "mkdir -p '$T/vol' && mount --bind '$disk' '$T/vol' && exec sleep 300"
	target=$BG_PID
	seen() { [ -e "/proc/$target/root$T/vol/conf" ]; }
	wait_for 5 seen
}
state() { sha256sum <"$disk/conf"; stat -c '%u %g %a %y %s' "$disk/conf"; getfattr -d -m - --absolute-names "$disk/conf" 2>/dev/null; }

# --- files ---
head -c 300000 /dev/urandom >"$disk/conf"; chmod 640 "$disk/conf"; chown 17:18 "$disk/conf"; touch -d 2020-02-02 "$disk/conf"
state >"$T/right"
bad=0 spoilt=0 kept=0
for i in $(seq "$moments"); do
	for mode in "flip --count 5000" truncate "replace --content x"; do
		target
		# shellcheck disable=SC2086
		"$FL" inject config_corruption pid:"$target" --path "$T/vol/conf" --allow-host-root --for 60s --mode $mode >"$T/out" 2>"$T/err" &
		owner=$!
		moment "$i" 160
		cut "$owner"; kill -9 "$target"; wait "$target" 2>/dev/null
		state | cmp -s - "$T/right" || spoilt=$((spoilt + 1))
		[ ! -e /var/lib/faultline/sessions ] || kept=$((kept + 1))
		reboot "$i"
		"$FL" recover >"$T/recover.out" 2>&1 || { bad=$((bad + 1)); cat "$T/recover.out" "$T/err"; }
		back
		state | cmp -s - "$T/right" || { bad=$((bad + 1)); note "$mode: not as it was"; cat "$T/recover.out"; }
		[ ! -e /var/lib/faultline/sessions ] || { bad=$((bad + 1)); note "$mode: something is left"; }
		"$FL" recover >/dev/null # what is in /run of the boot before, in this test
	done
done
check_num "files not put back after a power cut, of $((3 * moments))" "$bad" eq 0
check_num "... of which were spoilt at that moment" "$spoilt" ge "$moments"
note "FIGURE power cuts: $((3 * moments)) moments of config_corruption, $spoilt with the file spoilt, $kept with a journal, $bad not restored"

# --- a file on what is not mounted yet is not gone ---
target
"$FL" inject config_corruption pid:"$target" --path "$T/vol/conf" --allow-host-root --for 60s >"$T/out" 2>&1 &
owner=$!
wait_for 5 grep -q 'is active' "$T/out"
cut "$owner"; kill -9 "$target"; wait "$target" 2>/dev/null
reboot 77
mv "$disk" "$disk.away"; mkdir "$disk"
sed -i "s#\"mount\":\"[^\"]*\"#\"mount\":\"$disk\"#" /var/lib/faultline/sessions/*/journal.jsonl
"$FL" recover >"$T/recover.out" 2>&1
check_num "with its file system not mounted yet: exit status" $? eq 3
check "it says so" grep -q 'nothing is mounted' "$T/recover.out"
rmdir "$disk"; mv "$disk.away" "$disk"
check "later it is put back" "$FL" recover
back
state | cmp -s - "$T/right"; check_num "as it was" $? eq 0
"$FL" recover >/dev/null

# --- a cache that is on disk, in a named namespace ---
if [ -x "$(command -v redis-server)" ]; then
	mknet cut 1; mkdir "$T/redis"
	redis() { ip netns exec flt-cut redis-server --port 6379 --bind 127.0.0.1 --appendonly yes --appendfsync always --save '' --dir "$T/redis" >"$T/redis.log" 2>&1 & server=$!; wait_for 5 r ping; }
	r() { ip netns exec flt-cut redis-cli -e "$@"; }
	redis
	for i in $(seq 200); do echo "SET item:$i right-$i"; done | r >/dev/null
	all() { for i in $(seq 200); do echo "GET item:$i"; done | r; }
	all >"$T/values"
	bad=0 spoilt=0
	for i in $(seq "$moments"); do
		"$FL" inject cache_poisoning netns:flt-cut --keys 'item:*' --value poison --for 60s >"$T/out" 2>&1 &
		owner=$!
		moment "$i" 290
		cut "$owner"; kill -9 "$server"; wait "$server" 2>/dev/null
		names=$(ls -i /run/netns/flt-cut | cut -d' ' -f1)
		mkdir -p "$T/netns"; touch "$T/netns/n"; mount --bind /run/netns/flt-cut "$T/netns/n"
		reboot $((100 + i)); touch /run/netns/flt-cut; mount --bind "$T/netns/n" /run/netns/flt-cut
		lasting=$(ls /var/lib/faultline/sessions 2>/dev/null)
		if [ -n "$lasting" ]; then
			"$FL" recover >"$T/recover.out" 2>&1; rc=$?
			[ $rc = 3 ] || { bad=$((bad + 1)); note "a store that does not run passed for restored: $rc"; cat "$T/recover.out"; }
		fi
		redis
		all | cmp -s - "$T/values" || spoilt=$((spoilt + 1))
		"$FL" recover >"$T/recover.out" 2>&1 || { bad=$((bad + 1)); cat "$T/recover.out"; }
		all | cmp -s - "$T/values" || { bad=$((bad + 1)); note "values are not as they were"; }
		umount /run/netns/flt-cut; back; umount "$T/netns/n"
		"$FL" recover >/dev/null
	done
	kill "$server"; wait "$server" 2>/dev/null
	check_num "caches not put back, of $moments" "$bad" eq 0
	check_num "... of which held wrong values" "$spoilt" ge 1
	note "FIGURE power cuts: $moments moments of cache_poisoning, $spoilt with wrong values on disk, $bad not restored"
fi
