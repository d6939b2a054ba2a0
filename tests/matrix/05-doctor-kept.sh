#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# doctor's word, kept: each kind that it says yes to is done to a target, which notices it (the sign in
# `kinds`; where that is "-", the fault's own proof of hits has to do); each kind that it says no to is refused,
# with a reason. On every kernel of tools/vm/matrix.sh, and here. ONLY_KINDS chooses a part; the short
# form (no FLTEST_LONG, no guest) tries one kind of each way of acting.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../matrix.sh"
end_group() {
	for h in $HIERARCHIES; do
		[ ! -d "$h/$P/kept" ] || xargs -r kill -9 <"$h/$P/kept/cgroup.procs" 2>/dev/null
		wait_for 1 rmdir "$h/$P/kept"
	done
	groups_down
}
trap '_rc=$?; world_down; end_group; (exit $_rc); cleanup' EXIT
SHORT=
[ -n "${FLTEST_LONG:-}${FLTEST_VM:-}" ] ||
	SHORT="latency network_loss tcp_reset dns_error http_error memory disk_fill config_corruption pause time_skew syscall_error crash"
ONLY_KINDS=${ONLY_KINDS:-$SHORT}

"$FL" doctor -o json >"$T/doctor" 2>/dev/null
doctor() { jq -r --arg k "$1" ".faults[] | select(.name == \$k) | $2" "$T/doctor"; }
# So that its members have a group of their own for memory, CPU, blocks and pids, where the v2 tree has the controllers.
for c in memory cpu io pids; do
	for d in "$V2" "$V2/$P"; do mkdir -p "$d"; echo +$c >"$d/cgroup.subtree_control" 2>/dev/null; done
done
world_up
group kept
DATA=/run/flt-kept
mkdir -p $DATA
_own="mount -t tmpfs -o size=64m own $DATA && cp $PROBE_FILE $DATA/conf && exec"
target_up() {
	probe kept kept -- ip netns exec flt-m2 sh -c "$_own \"\$0\" \"\$@\"" "$BY" "$M/kept" --family --peer 10.77.3.1 --file $DATA/conf
	settle kept
}
counted() { "$BY" --read "$M/kept" 2>/dev/null | awk -v sign="$1" 'BEGIN { n = split(sign, s, ",") }
	{ for (i = 3; i <= NF; i++) { split($i, a, "="); for (j = 1; j <= n; j++) if (a[1] == s[j]) sum += a[2] } } END { print sum + 0 }'; }
gone() { ! pgrep -f "m/kept( |\$)" >/dev/null; }

# What the matrix's table does to a target that has all; a file system and a store of its own.
options_of() { # KIND OPTIONS
	case $1 in
	disk_fill) echo "--path $DATA --bytes 1MiB" ;;
	disk_io) echo "--path $DATA --size 1MiB --workers 1" ;;
	io_throttle) echo "--path $DATA/disk --wbps 64KiB" ;;
	cache_poisoning) echo "--keys flt:* --address 127.0.0.1" ;;
	*) echo "${2//@FILE@/$DATA/conf}" ;;
	esac
}
store_up() {
	command -v redis-server >/dev/null || return 1
	into kept ip netns exec flt-m2 redis-server --save '' --bind 127.0.0.1 --dir "$T" >/dev/null 2>&1 &
	_pids="$_pids $!"
	wait_for 5 innet m2 redis-cli set flt:1 right
}

# A disk of the target's own, and a member that writes to it. (Its group is that of the target.)
disk_up() {
	local pid
	pid=$(pgrep -f "m/kept( |\$)" | tail -n 1)
	truncate -s 16M "$T/image" && mkfs.ext4 -q "$T/image" && nsenter -t "$pid" -m sh -c "mkdir -p $DATA/disk && mount -o loop '$T/image' $DATA/disk" 2>/dev/null || return 1
	# shellcheck disable=SC2016
	into kept nsenter -t "$pid" -m sh -c 'while dd if=/dev/zero of=$0/x bs=64k count=64 oflag=direct; do :; done' $DATA/disk >/dev/null 2>&1 &
	_pids="$_pids $!"
}

# kept KIND SIGN OPTIONS: done, and noticed.
kept() {
	_before=$(counted "$2")
	# shellcheck disable=SC2086
	into login "$FL" inject "$1" "cgroup:$V2/$P/kept" $3 --for 1200ms -o json >"$T/out" 2>"$T/err" &
	wait $!; _rc=$?
	# (A limit that its probe never meets is no hit.)
	case $_rc.$1 in
	1.cpu_throttle | 1.pids_limit | 1.memory_pressure) ok "$1: doctor says yes, and it was done"; return ;;
	esac
	[ $_rc = 0 ] || { not_ok "doctor says yes to $1, and it is not done: status $_rc: $(head -n 1 "$T/err")$(jq -r '.effect // empty' "$T/out" 2>/dev/null)"; return; }
	case $2 in
	-) ok "$1: doctor says yes, and it hit" ;; # (status 1 where it had no hits)
	gone | main) check "$1: doctor says yes, and the process is gone" wait_for 2 gone ;;
	# A round trip that began while it was on is counted when it ends.
	*) noticed() { [ "$(counted "$1")" -gt "$_before" ]; }
		check "$1: doctor says yes, and the target noticed" wait_for 2 noticed "$2" ;;
	esac
}
# refused KIND OPTIONS: and nothing was done.
refused() {
	# shellcheck disable=SC2086
	"$FL" inject "$1" "cgroup:$V2/$P/kept" $2 --for 1s >"$T/out" 2>"$T/err"; _rc=$?
	check "$1: doctor says no ($(doctor "$1" .reason | cut -c1-100)), and it is refused: $_rc $(head -n 1 "$T/err" | cut -c1-100)" \
		[ $_rc -ge 2 -a -s "$T/err" ]
}

target_up
while read -r kind class sign options; do
	case $kind in '' | '#'*) continue ;; esac
	[ -z "${ONLY_KINDS:-}" ] || case " $ONLY_KINDS " in *" $kind "*) ;; *) continue ;; esac
	options=$(options_of "$kind" "$options")
	if [ "$(doctor "$kind" .supported)" != true ]; then
		refused "$kind" "$options"
		continue
	fi
	case $kind in
	io_throttle) disk_up || { note "$kind: no disk can be made here for the target"; continue; } ;;
	cache_poisoning) store_up || { note "$kind: there is no redis-server here to be poisoned"; continue; } ;;
	# Whether a JVM has the agent is its own affair; tests/docker has one.
	jvm_exception) continue ;;
	esac
	kept "$kind" "$sign" "$options"
	if [ "$class" = deadly ]; then end_probe kept; target_up; fi
done <"$(dirname "$0")/kinds"
