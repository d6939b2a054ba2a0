#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: alone
# cpu_throttle, pids_limit: by what the target itself gets, and that its limits are put back byte for byte.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
. "$(dirname "$0")/../target.sh"
trap '_rc=$?; rmtargets; (exit $_rc); cleanup' EXIT
# It uses a CPU and tries to start a process 20 times a second: how often it could, and how often not.
mktarget a python3 -c '
import os, time
good = bad = 0
while True:
    end = time.monotonic() + 0.05
    while time.monotonic() < end: pass
    try:
        p = os.fork()
        if not p: os._exit(0)
        os.waitpid(p, 0); good += 1
    except BlockingIOError: bad += 1
    open("/mnt/forks", "w").write("%d %d" % (good, bad))'
forks() { cat "/proc/$TARGET/root/mnt/forks"; }
wait_for 5 forks
limit_cpu 80
files() { cat /sys/fs/cgroup/{cpu/"$CG"/cpu.cfs_quota_us,pids/"$CG"/pids.max} "$_v2/$CG"/{cpu,pids}.max 2>/dev/null | xargs; }
before=$(files)
same() { if [ "$2" = "$3" ]; then ok "$1: $2"; else not_ok "$1: $2, not $3"; fi; }
back() { [ "$(files)" = "$before" ]; }
tried() { # WHICH: 1 good, 2 bad; does it grow within two seconds?
	_b=$(forks | cut -d' ' -f"$1")
	grown() { [ "$(forks | cut -d' ' -f"$1")" -gt "$_b" ]; }
	in_time 2 grown "$1"
}

fault cpu_throttle "pid:$TARGET" --share 50%
near "half of 80 % of a CPU" "$(busy_percent 1)" 40 6
"$FL" set "$ID" share=25% >/dev/null
near "a quarter" "$(busy_percent 1)" 20 5
"$FL" inject cpu_throttle "pid:$TARGET" --share 10% --for 1s >"$T/out" 2>"$T/err"; _rc=$?
check_num "a second one is refused" $_rc eq 3
check "... in words" grep -q "lowered by another fault already" "$T/err"
check_num "the periods in which it waited are counted" "$(hits "$ID" injected)" gt 10
heal
same "afterwards the limits are what they were" "$(files)" "$before"
check_num "... and so is the CPU" "$(calc "$(busy_percent 1)")" gt 55

check "before: it can start processes" tried 1
fault pids_limit "pid:$TARGET"
check "pids_limit: it cannot (EAGAIN)" tried 2
"$FL" set "$ID" spare=1 >/dev/null
check "one to spare: it can" tried 1
heal
same "afterwards the limits are what they were" "$(files)" "$before"

for kind in "cpu_throttle --share 50%" pids_limit; do
	# shellcheck disable=SC2086
	set -- $kind; k=$1; shift
	fault "$k" "pid:$TARGET" "$@"
	kill -9 "$(jq -r .pid "/run/faultline/${ID%.*}/session.json")"
	check "$k, its owner killed: the guardian puts it back" in_time 2 back
	wait_for 5 sh -c "! ls /run/faultline/?????? >/dev/null 2>&1"
done
refused() { # WORDS KIND OPTION...
	"$FL" inject "$2" "pid:$TARGET" "${@:3}" --for 1s >"$T/out" 2>"$T/err"; _rc=$?
	check_num "${*:2}: refused" $_rc eq 2
	check "... in words: $(head -n 1 "$T/err")" grep -q "$1" "$T/err"
}
refused "no throttle" cpu_throttle --share 100%
refused "no throttle" cpu_throttle --share 0
refused "outside" pids_limit --spare 2000000
"$FL" inject cpu_throttle "pid:$TARGET" --share 20% --for 1s -o json >"$T/out" 2>"$T/err"
check "the effect says how often it was met" jq -e '[.. | .effect? | strings] | any(test("throttled [1-9][0-9]* times"))' "$T/out"

# --- one that asks for no more than it is left ---
mktarget b sleep 1000
for kind in "cpu_throttle --share 50%" pids_limit; do
	# shellcheck disable=SC2086
	"$FL" inject $kind "pid:$TARGET" --for 0.5s >"$T/out" 2>"$T/err"; _rc=$?
	check_num "$kind, on one that sleeps: status" $_rc eq 1
	check "... nothing was hit" grep -q '^NOTHING WAS HIT' "$T/out"
	check "... and why" grep -qE 'more CPU time than it was left|no more than it may' "$T/out"
done
note "$(tr -s ' \n' ' ' <"$T/out")"

# --- one that lives in a group below: the kernel counts there ---
if [ -d "/sys/fs/cgroup/pids/$CG" ]; then
	mkdir "/sys/fs/cgroup/pids/$CG/below"
	bg python3 -c '
import os, sys, time
open(sys.argv[1], "w").write(str(os.getpid()))
while True:
    try:
        if not os.fork(): os._exit(0)
        os.wait()
    except BlockingIOError: pass
    time.sleep(0.05)' "/sys/fs/cgroup/pids/$CG/below/cgroup.procs"
	below=$BG_PID
	in_time 5 grep -qx "$below" "/sys/fs/cgroup/pids/$CG/below/cgroup.procs"
	"$FL" inject pids_limit "cgroup:/sys/fs/cgroup/pids/$CG" --for 1s >"$T/out" 2>"$T/err"; _rc=$?
	cat "$T/out" "$T/err" | sed 's/^/# /'
	check_num "a process of a group below is refused: that is a hit" $_rc eq 0
	kill "$below"; wait "$below" 2>/dev/null
	rmdir "/sys/fs/cgroup/pids/$CG/below"
fi
