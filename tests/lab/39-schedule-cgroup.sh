#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: alone
# Schedules of what is no rule in a map, by what the target itself gets: its CPU time on a ramp, its clock, its reads. The
# limit of a control group is journaled anew for each value: the journal does not grow by that, and what was there
# comes back byte for byte, also when the owner is killed on the way.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../target.sh"
trap '_rc=$?; rmtargets; (exit $_rc); cleanup' EXIT
mktarget a python3 -c '
import time
read = open("/mnt/read", "w"); open("/mnt/data", "w").write("x")
while True:
    end = time.monotonic() + 0.05
    while time.monotonic() < end: pass
    began = time.monotonic()
    open("/mnt/data").read(1)
    read.seek(0); read.write("%6.1f" % ((time.monotonic() - began) * 1000)); read.flush()'
wait_for 5 test -s "/proc/$TARGET/root/mnt/read"
limit_cpu 80
files() { cat /sys/fs/cgroup/cpu/"$CG"/cpu.cfs_quota_us "$_v2/$CG"/cpu.max 2>/dev/null | xargs; }
before=$(files)
same() { if [ "$2" = "$3" ]; then ok "$1: $2"; else not_ok "$1: $2, not $3"; fi; }
quota() { files | cut -d' ' -f1; }

# --- a limit of the control group --------------------------------------------------------------------
id=$("$FL" inject cpu_throttle "pid:$TARGET" --share ramp:90%..25%/5s --for 30s --detach)
first=$(quota)
sleep 6.5
busy=$(busy_percent 1)
check_num "the ramp begins at 90 % of 80 % of a CPU (us of 100 ms)" "$first" ge 60000
same "... its end is a quarter of it" "$(quota)" 20000
check_num "... and the target gets no more (%)" "$busy" le 26
check_num "... nor much less (%)" "$busy" ge 14
"$FL" stop "$id" >/dev/null
same "afterwards the limit is what it was" "$(files)" "$before"

id=$("$FL" inject cpu_throttle "pid:$TARGET" --share sine:30%..90%/1s --for 60s --detach)
size() { cat "/run/faultline/${id%.*}"/journal* | wc -c; }
most=0
for _i in $(seq 150); do
	n=$(size); [ "$n" -gt "$most" ] && most=$n
	sleep 0.1
done
# (It is written anew when 512 of its lines are over, each of some 340 bytes.)
check_num "15 s of a sine, some 150 values: the largest size of the journal (bytes)" "$most" lt 262144
note "FIGURE schedule: the journal of cpu_throttle on a sine of a second has at most $most bytes in 15 s"
kill -9 "$(jq -r .pid "/run/faultline/${id%.*}/session.json")"
back() { [ "$(files)" = "$before" ]; }
check "its owner killed on the way: the limit is back" in_time 3 back
wait_for 5 no_session

# --- a clock, by what the target reads -------------------------------------------------------------------
mktarget b python3 -c '
import time
out = open("/mnt/clock", "w")
while True:
    out.seek(0); out.write("%12.2f" % (time.time() - time.monotonic())); out.flush(); time.sleep(0.02)'
wait_for 5 test -s "/proc/$TARGET/root/mnt/clock"
clock() { cat "/proc/$TARGET/root/mnt/clock"; }
was=$(clock)
if "$FL" inject time_skew "pid:$TARGET" --offset ramp:0s..-60s/3s --for 20s --detach >"$T/id" 2>"$T/err"; then
	sleep 1.5
	check_num "half-way on a ramp of the clock by a minute (s)" "$(awk -v a="$(clock)" -v b="$was" 'BEGIN {print b - a}')" ge 20
	wait_for 5 sh -c "'$FL' list | grep -q 'offset is -60s'"
	sleep 0.2
	check_num "at its end (s)" "$(awk -v a="$(clock)" -v b="$was" 'BEGIN {d = b - a - 60; print d < 0 ? -d : d}')" le 0.5
	"$FL" stop --all >/dev/null
	# A drift that grows: in two seconds to a second a second, which makes one; two more make two more.
	was=$(clock)
	"$FL" inject time_skew "pid:$TARGET" --drift ramp:0s..1s/2s --for 20s --detach >"$T/id" && t0=$(date +%s%N)
	sleep 4
	off=$(awk -v a="$(clock)" -v b="$was" -v t=$((($(date +%s%N) - t0) / 1000000)) 'BEGIN {d = a - b - (t / 1000 - 1); print d < 0 ? -d : d}')
	check_num "what a growing drift has come to stays (s off)" "$off" le 0.4
	"$FL" stop --all >/dev/null
else
	skip "a ramp of the clock" "$(tail -n 1 "$T/err")"
fi
exit 0
