#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# pause (each method), fd_exhaustion, and the signals: what the target itself feels, that it is as
# before afterwards, and SIGKILL.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../target.sh"

# The target counts, forks a child now and then, and says whether it could open a file.
cat >"$T/worker.py" <<'PY'
import errno, os, sys, time
out = open(sys.argv[1], "w", buffering=1)
n = 0
while True:
    try:
        os.close(os.open("/dev/null", os.O_RDONLY)); word = "ok"
    except OSError as e:
        word = errno.errorcode[e.errno]
    if n % 10 == 0 and os.fork() == 0:
        end = time.time() + 0.3
        while time.time() < end: pass
        os._exit(0)
    try:
        while os.waitpid(-1, os.WNOHANG)[0]: pass
    except ChildProcessError: pass
    n += 1
    out.write("%d %s\n" % (n, word))
    time.sleep(0.02)
PY
mktarget a python3 "$T/worker.py" "$T/log"
lines() { wc -l <"$T/log"; }
runs() { _l=$(lines); sleep 0.1; [ "$(lines)" -gt "$_l" ]; }
halted() { ! runs; }
check "the target runs" wait_for 3 runs

# --- pause ---
by_cgroup() { "$FL" inject pause "cgroup:$_v2/$CG" "$@"; }
for method in v2 v1 sigstop; do
	case $method in
	v2) [ -n "$_v2" ] || { skip "pause by v2" "cgroup v2"; continue; }; args="--method freezer" ;;
	v1) [ -e "/sys/fs/cgroup/freezer/$CG" ] || { skip "pause by v1" "cgroup v1 freezer"; continue; }
		# Out of its v2 cgroup, the target has only the v1 one.
		for q in $(cat "$_v2/$CG/cgroup.procs"); do echo "$q" >"$_v2/cgroup.procs" 2>/dev/null; done; args="--method freezer" ;;
	sigstop) args="--method sigstop" ;;
	esac
	# shellcheck disable=SC2086
	"$FL" inject pause "pid:$TARGET" $args --for 60s -o json >"$T/out" & p=$!
	check "$method: it stops" wait_for 2 halted
	a=$(cpu_ns) l=$(lines)
	sleep 0.6
	check_num "$method: CPU time used while frozen (ns)" $(($(cpu_ns) - a)) eq 0
	check_num "$method: work done while frozen" $(($(lines) - l)) eq 0
	kill -INT $p; wait $p
	check "$method: it goes on, the same process" sh -c "kill -0 $TARGET"
	check "$method: it works" wait_for 2 runs
	check "$method: the backend" jq -e --arg m $method '.injected >= 1 and (.backend | test($m; "i"))' "$T/out"
	note "FIGURE pause by $(jq -r .backend "$T/out"): 0 ns of CPU in 0.6 s, $(jq -r .effect "$T/out")"
done
[ -z "$_v2" ] || for q in $(cat "/sys/fs/cgroup/freezer/$CG/cgroup.procs"); do echo "$q" >"$_v2/$CG/cgroup.procs"; done
kill_check pause halted runs
kill_check pause halted runs --method sigstop
"$FL" inject pause "pid:$TARGET" --for 60s --detach >"$T/out"
"$FL" inject pause "pid:$TARGET" --for 1s >"$T/out" 2>&1
check_num "a pause while paused is refused: status" $? eq 3
"$FL" stop --all >/dev/null

# --- descriptors ---
limits() { for q in $(cat "${CG_DIRS##* }/cgroup.procs"); do awk '/open files/ {print $4, $5}' "/proc/$q/limits" 2>/dev/null; done | sort -u; }
answer() { [ "$(tail -n 1 "$T/log" | cut -d' ' -f2)" = "$1" ]; }
starved() { answer EMFILE; }
before=$(limits)
served() { answer ok && [ "$(limits)" = "$before" ]; }
"$FL" inject fd_exhaustion "pid:$TARGET" --for 60s -o json >"$T/out" & p=$!
check "fd_exhaustion: the target's own open() answers EMFILE" wait_for 2 starved
sleep 0.5
l=$(lines)
sleep 0.3
check_num "... each one" "$(tail -n +$((l + 1)) "$T/log" | grep -vc EMFILE)" eq 0
kill -INT $p; wait $p
check "... and opens again when it is over" wait_for 2 served
note "FIGURE fd_exhaustion: $(jq -r .effect "$T/out")"
check "limits of the target and of children born meanwhile are as before" test "$(limits)" = "$before"
"$FL" inject fd_exhaustion "pid:$TARGET" --spare 1 --for 60s >"$T/out" & p=$!
wait_for 5 grep -q active "$T/out"
sleep 0.1 # the target tries every 20 ms
check "with one to spare it can open one" answer ok
kill -INT $p; wait $p
kill_check fd_exhaustion starved served

# --- signals ---
"$FL" inject crash "pid:$TARGET" --signal SEGV --for 200ms -o json >"$T/out"
check "crash: it is gone" sh -c "! kill -0 $TARGET 2>/dev/null"
check "... by SIGKILL, as the kernel shields it, and the proof says so" jq -e '.injected == 1 and (.effect | test("SIGKILL, the init"))' "$T/out"
sleep 1000 & q=$!; _pids="$_pids $q"
"$FL" inject crash "pid:$q" --signal ABRT --for 100ms -o json >"$T/out"
wait $q; rc=$?
check_num "a plain process dies of the signal that was asked (128 + ABRT)" $rc eq 134
check "... nobody starts it again, and that is no error" jq -e '.injected == 1' "$T/out"
for which in main all; do
	bash -c 'sleep 1000 & sleep 1000 & wait' & q=$!; _pids="$_pids $q"
	wait_for 2 sh -c "[ \$(pgrep -cP $q) = 2 ]"
	kids=$(pgrep -P $q)
	"$FL" inject kill "pid:$q" --which $which --for 100ms -o json >"$T/out"
	check "kill of $which: processes hit" jq -e --arg w $which '.effect | test(if $w == "all" then "of 3 processes" else "of 1 process" end)' "$T/out"
	alive=0; for k in $kids; do kill -0 "$k" 2>/dev/null && alive=$((alive + 1)); done
	check_num "... children alive" $alive eq $([ $which = main ] && echo 2 || echo 0)
	for k in $kids; do kill "$k" 2>/dev/null; done
done
