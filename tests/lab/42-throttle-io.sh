#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: alone
# io_throttle: by what fio gets from a disk, in the target and beside it; that the proof counts what was really held back;
# that the limits are put back byte for byte.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
. "$(dirname "$0")/../target.sh"
trap '_rc=$?; rmtargets; (exit $_rc); cleanup' EXIT
truncate -s 64M "$T/image"; mkfs.ext4 -q "$T/image"
# A target does what is written to its /mnt/do, a line at a time, and has a disk of its own at /mnt/disk. (A process that
# joins it from outside would be a stranger in its groups.)
mkworker() { # NAME
	# shellcheck disable=SC2016
	mktarget "$1" bash -c 'mkdir /mnt/disk && mount -o loop "$0" /mnt/disk; mkfifo /mnt/do; exec 3<>/mnt/do
		while read -r line <&3; do rm -f /mnt/done; bash -c "$line" >/mnt/said 2>&1; : >/mnt/done; done' "$2"
	wait_for 5 test -p "/proc/$TARGET/root/mnt/do"
}
go() { rm -f "/proc/$1/root/mnt/done"; echo "$2" >"/proc/$1/root/mnt/do"; } # PID COMMAND
said() { wait_for "${2:-20}" test -e "/proc/$1/root/mnt/done"; cat "/proc/$1/root/mnt/said"; }
# Two seconds of fio, and what it says: MiB/s, operations a second.
fio_of() { # read|write [BLOCK [OPTION...]]
	 echo "fio --name=x --filename=/mnt/disk/x --size=32m --direct=1 --rw=$1 --bs=${2:-64k} --runtime=2 --time_based --output-format=json ${*:3}"
}
got() { said "$1" | sed -n '/^{/,$p' | jq -r ".jobs[0].$2 | .bw_bytes / 1048576, .iops"; } # PID read|write
mib() { go "$TARGET" "$(fio_of "$@")"; got "$TARGET" "$1" | sed -n 1p; }
ops() { go "$TARGET" "$(fio_of "$@")"; got "$TARGET" "$1" | sed -n 2p; }
same() { if [ "$2" = "$3" ]; then ok "$1: $2"; else not_ok "$1: $2, not $3"; fi; }

mkworker a "$T/image"
wait_for 5 test -d "/proc/$TARGET/root/mnt/disk/lost+found"
disk=$(stat -c %Hd:%Ld "/proc/$TARGET/root/mnt/disk")
files() { for f in "/sys/fs/cgroup/blkio/$CG"/blkio.throttle.*_device "$_v2/$CG/io.max"; do echo "${f##*/}: $(cat "$f" 2>/dev/null | xargs)"; done | xargs; }
before=$(files)
back() { [ "$(files)" = "$before" ]; }
go "$TARGET" "dd if=/dev/zero of=/mnt/disk/x bs=1M count=32 conv=fsync"; said "$TARGET" >/dev/null
check_num "before: it reads (MiB/s)" "$(mib read)" gt 20
check_num "... and writes" "$(mib write)" gt 20

fault io_throttle "pid:$TARGET" --path /mnt/disk --rbps 2MiB
near "rbps 2MiB, by fio (MiB/s)" "$(mib read)" 2 0.2
sleep 1.2 # (what list says is a second old at most)
n=$(hits "$ID" injected)
# (The kernel lets the bytes of a tenth of a second through at once: three of these; the next one waits.)
check_num "requests that were held back are counted (of about 64)" "$n" ge 10
check_num "... and no more than there were" "$n" le 80
check_num "writes are free (MiB/s)" "$(mib write)" gt 20
sleep 1.2
check_num "... and are no hits" "$(hits "$ID" injected)" eq "$n"
"$FL" set "$ID" rbps=1MiB >/dev/null
near "set: rbps 1MiB" "$(mib read)" 1 0.1
"$FL" inject io_throttle "pid:$TARGET" --path /mnt/disk --rbps 1MiB --for 1s >"$T/out" 2>"$T/err"; _rc=$?
check_num "a second one is refused" $_rc gt 0
check "... in words" grep -q "lowered by another fault already" "$T/err"
heal
same "afterwards the limits are what they were" "$(files)" "$before"
check_num "... and it reads as before (MiB/s)" "$(mib read)" gt 20

fault io_throttle "pid:$TARGET" --path /mnt/disk/x --wbps 1MiB --riops 50
near "wbps 1MiB (MiB/s)" "$(mib write)" 1 0.1
near "riops 50, beside it" "$(ops read 4k)" 50 5
heal
fault io_throttle "pid:$TARGET" --path /mnt/disk --wiops 40
near "wiops 40" "$(ops write 4k)" 40 4
heal
same "afterwards the limits are what they were" "$(files)" "$before"

# --- a schedule ---
fault io_throttle "pid:$TARGET" --path /mnt/disk --rbps steps:4MiB,1MiB/3s
near "steps: 4MiB at first" "$(mib read)" 4 0.4
sleep 1.2
near "... then 1MiB" "$(mib read)" 1 0.1
heal

# --- who is killed, and what was there ---
own() { # BYTES (0: none): what its operator allows it to read
	if [ -d "/sys/fs/cgroup/blkio/$CG" ]; then echo "$disk $1" >"/sys/fs/cgroup/blkio/$CG/blkio.throttle.read_bps_device"
	else echo "$disk rbps=$([ "$1" = 0 ] && echo max || echo "$1")" >"$_v2/$CG/io.max"; fi
}
own 8388608
before=$(files)
fault io_throttle "pid:$TARGET" --path /mnt/disk --rbps 1MiB --wiops 100
check "it is on" test "$(files)" != "$before"
kill -9 "$(jq -r .pid "/run/faultline/${ID%.*}/session.json")"
check "its owner killed: the guardian puts back what was there" in_time 2 back
same "... which is" "$(files)" "$before"
wait_for 5 no_session

# --- a hit is a request that had to wait ---
nothing() { # DESCRIPTION JOB
	go "$TARGET" "$2"
	"$FL" inject io_throttle "pid:$TARGET" --path /mnt/disk --rbps 4MiB --wbps 4MiB --for 2s >"$T/out" 2>"$T/err"; _rc=$?
	said "$TARGET" >/dev/null
	check_num "$1: status" $_rc eq 1
	check "... nothing was hit" grep -q '^NOTHING WAS HIT' "$T/out"
	check "... and why" grep -q 'had to wait' "$T/out"
}
nothing "one that sleeps" "sleep 2"
nothing "one that reads less than it is left" "$(fio_of read 4k --rate=256k)"
go "$TARGET" "cat /mnt/disk/x >/dev/null"; said "$TARGET" >/dev/null
nothing "one that reads out of the page cache" "for i in 1 2 3 4 5; do cat /mnt/disk/x >/dev/null; sleep 0.3; done; :"
go "$TARGET" "$(fio_of read)"
"$FL" inject io_throttle "pid:$TARGET" --path /mnt/disk --rbps 4KiB --for 1s -o json >"$T/out" 2>"$T/err"; _rc=$?
said "$TARGET" >/dev/null
check_num "one whose only request waits until the end: that is a hit" $_rc eq 0
check "the effect says how often, and by which limit" jq -e --arg d "$disk" '[.. | .effect? | strings] | any(test("held back [1-9][0-9]* times, .*" + $d))' "$T/out"

# --- beside it ---
a=$TARGET cg=$CG
fault io_throttle "pid:$a" --path /mnt/disk --rbps 1MiB
mktarget b sleep 1000
rm -f "$T/b.json"
(
	for d in $CG_DIRS; do echo "$BASHPID" >"$d/cgroup.procs"; done
	exec nsenter -t "$a" -m fio --name=x --filename=/mnt/disk/x --size=32m --direct=1 --rw=read --bs=64k --runtime=1 --time_based --output-format=json >"$T/b.json" 2>"$T/b.err"
)
[ -s "$T/b.json" ] || sed "s/^/# /" "$T/b.err"
check_num "another group reads the same disk as before (MiB/s)" "$(jq '.jobs[0].read.bw_bytes / 1048576' "$T/b.json")" gt 20
heal
TARGET=$a CG=$cg

# --- refused ---
refused() { # WORDS STATUS OPTION...
	"$FL" inject io_throttle "pid:$TARGET" "${@:3}" --for 1s >"$T/out" 2>"$T/err"; _rc=$?
	check_num "${*:3}: refused" $_rc eq "$2"
	check "... in words: $(head -n 1 "$T/err")" grep -q "$1" "$T/err"
}
refused "says no limit" 2 --path /mnt/disk
refused "not absolute" 2 --path disk --rbps 1MiB
refused "less than 4KiB" 2 --path /mnt/disk --rbps 100
refused "outside" 2 --path /mnt/disk --riops 0
refused "no lower than what is there" 2 --path /mnt/disk --rbps 16MiB
refused "in memory (tmpfs)" 3 --path /mnt --rbps 1MiB
refused "No such file" 3 --path /mnt/none --rbps 1MiB
go "$TARGET" "mkdir -p /mnt/l /mnt/u /mnt/w /mnt/o && mount -t overlay -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w overlay /mnt/o"
said "$TARGET" >/dev/null
refused "an overlay" 3 --path /mnt/o --rbps 1MiB
same "none of them left anything" "$(files)" "$before"
exit 0
