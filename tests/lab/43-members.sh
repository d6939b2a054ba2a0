#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Who is hit: a network namespace whose process shares its cgroup with the shell that types the command
# and with what else was started there, as in the scope of a login.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../target.sh"

# The login: this shell and all that it starts are in one group of each hierarchy.
mktarget login sleep 1000
for d in $CG_DIRS; do echo $$ >"$d/cgroup.procs"; done
trap 'for d in $CG_DIRS; do echo $$ >"${d%/*}/cgroup.procs"; done; rmtargets; cleanup' EXIT
ip netns add flt-x && _nets="$_nets flt-x"
ip netns add flt-y && _nets="$_nets flt-y"
bg ip netns exec flt-x sleep 1000; member=$BG_PID
bg sleep 1000; neighbour=$BG_PID
wait_for 5 grep -q sleep "/proc/$member/comm"
state() { awk '$1 == "State:" {print $2}' "/proc/$1/status"; }
is() { [ "$(state "$1")" = "$2" ]; }
on() { # KIND OPTION...: on the namespace, until off
	"$FL" inject "$1" netns:flt-x "${@:2}" --for 60s >"$T/on" 2>&1 & fault=$!
	wait_for 5 grep -q 'is active' "$T/on" || { not_ok "$1 is on"; sed 's/^/#   /' "$T/on"; }
}
off() { kill -INT $fault; wait $fault; }

# --- time_skew ---
# What a program that starts now takes for the time, against the uptime; it has a moment to be seen.
skew() { "$@" python3 -c 'import time; time.sleep(0.3); print(int(time.time() - time.monotonic() - '"$boot"'))'; }
boot=$(python3 -c 'import time; print(time.time() - time.monotonic())')
on time_skew --offset 3600s
check_num "time_skew: a member that starts meanwhile (s)" "$(skew ip netns exec flt-x)" ge 3598
check_num "time_skew: whoever starts beside it (s)" "$(skew)" le 2
check_num "time_skew: another namespace (s)" "$(skew ip netns exec flt-y)" le 2
off
check "time_skew: only members, by the proof" grep -q 'wall clock of [12] processes moved' "$T/on"

# Programs that are over before anybody can look are told apart.
# shellcheck disable=SC2016
bg ip netns exec flt-x bash -c 'while [ ! -e "$1/now" ]; do sleep 0.05; done; for i in {1..14}; do date +%s; done >"$1/dates"; sleep 1000' quick "$T"; quick=$BG_PID
wait_for 5 grep -q bash "/proc/$quick/comm"
on time_skew --offset 3600s
touch "$T/now"
all_dates() { [ "$(wc -l <"$T/dates")" = 14 ]; }
wait_for 10 all_dates
off
figure() { awk -v k="$1" '$1 == k { print $2 }' "$T/on"; }
check_num "time_skew: each program that began is counted" "$(figure matched)" ge 16
check_num "time_skew: ... as moved or as not" "$(($(figure injected) + $(figure skipped)))" eq "$(figure matched)"
right=$(awk -v now="$(date +%s)" '$1 < now + 3000 { n++ } END { print n + 0 }' "$T/dates")
check_num "time_skew: those that were over too soon, of $right that had the true time" "$(figure skipped)" le "$((right + 2))"
check "time_skew: the text says it" bash -c "[ '$(figure skipped)' = 0 ] || grep -q 'effect .*; $(figure skipped) programs had ended before theirs could be' '$T/on'"
kill "$quick"

# --- pause ---
on pause
check "pause: the member stands" wait_for 2 is "$member" T
check "pause: the neighbour does not" is "$neighbour" S
bg sleep 1000; late=$BG_PID
bg ip netns exec flt-x sleep 1000; late_member=$BG_PID
check "pause: a member that starts meanwhile stands" wait_for 2 is "$late_member" T
check "pause: who starts meanwhile beside it does not" is "$late" S
off
check "pause: the member goes on" wait_for 2 is "$member" S
check "pause: the late one too" wait_for 2 is "$late_member" S
out=$("$FL" inject pause netns:flt-x --method freezer --for 1s 2>&1); rc=$?
check_num "pause: the shared cgroup is not frozen, even if asked: status" $rc eq 3
check "... with the reason" grep -q 'no cgroup freezer for itself' <<<"$out"

# --- fd_exhaustion ---
opens() { "$@" python3 -c 'open("/etc/passwd")' 2>/dev/null; }
limit() { awk '/open files/ {print $4}' "/proc/$1/limits"; }
before=$(limit "$member")
on fd_exhaustion
lowered() { [ "$(limit "$member")" -lt "$before" ]; }
check "fd_exhaustion: the member is at its limit" wait_for 2 lowered
check "fd_exhaustion: the neighbour keeps its own" test "$(limit "$neighbour")" = "$before"
check "fd_exhaustion: a program beside it opens a file" opens
off
check "fd_exhaustion: the member has its old limit" test "$(limit "$member")" = "$before"

# --- a process that leaves the target while a fault is on, without a new program, and one that comes ---
cat >"$T/mover.py" <<'END'
import ctypes, os, resource, signal, sys, time
libc = ctypes.CDLL(None)
home, away = os.open(sys.argv[1], os.O_RDONLY), os.open(sys.argv[2], os.O_RDONLY)
out = os.open(sys.argv[3], os.O_WRONLY | os.O_CREAT)
boot = float(sys.argv[4])
def move(fd):
    libc.setns(fd, 0)
signal.signal(signal.SIGUSR1, lambda *a: move(away))
signal.signal(signal.SIGUSR2, lambda *a: move(home))
while True:
    line = "%d %d\n" % (abs(time.time() - time.monotonic() - boot) > 60, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    os.pwrite(out, line.ljust(32).encode(), 0)
    time.sleep(0.02)
END
bg ip netns exec flt-x python3 "$T/mover.py" /run/netns/flt-x /run/netns/flt-y "$T/mover" "$boot"; mover=$BG_PID
wait_for 5 test -s "$T/mover"
read -r _ before <"$T/mover"
moved() { read -r _m _ <"$T/mover"; [ "$_m" = "$1" ]; }
limited() { read -r _ _l <"$T/mover"; if [ "$1" = yes ]; then [ "$_l" -lt "$before" ]; else [ "$_l" = "$before" ]; fi; }
on time_skew --offset 3600s
check "time_skew: a member" wait_for 2 moved 1
kill -USR1 "$mover"
check "time_skew: it leaves" wait_for 3 moved 0
kill -USR2 "$mover"
check "time_skew: it comes back" wait_for 3 moved 1
off
on fd_exhaustion
check "fd_exhaustion: a member" wait_for 2 limited yes
kill -USR1 "$mover"
check "fd_exhaustion: it leaves" wait_for 2 limited no
kill -USR2 "$mover"
check "fd_exhaustion: it comes back" wait_for 2 limited yes
off
check "fd_exhaustion: all as before" wait_for 2 limited no
kill "$mover"

# --- fd_exhaustion: who is born meanwhile, and nobody looks before the owner dies ---
# It has 300 files open: its limit while the fault is on is no odd one.
cat >"$T/heir.py" <<'END'
import os, resource, signal, sys, time
files = [os.open("/dev/null", os.O_RDONLY) for _ in range(300)]
def sleep(name):
    os.close(files.pop())
    with open("%s.%s" % (sys.argv[1], name), "w") as f:
        f.write(str(os.getpid()))
    time.sleep(1000)
def born(*_):
    if os.fork() == 0: # a grandchild whose parents live, one that is an orphan
        if os.fork() == 0:
            sleep("grandchild")
        os.wait()
        os._exit(0)
    if os.fork() == 0:
        if os.fork() == 0:
            sleep("orphan")
        os._exit(0)
    if os.fork() == 0: # and one that has set a limit of its own
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
        os.closerange(3, 400)
        with open("%s.own" % sys.argv[1], "w") as f:
            f.write(str(os.getpid()))
        time.sleep(1000)
signal.signal(signal.SIGUSR1, born)
while True:
    time.sleep(1)
END
bg ip netns exec flt-x python3 "$T/heir.py" "$T/heir"; heir=$BG_PID
open_files() { [ "$(find "/proc/$heir/fd" -type l | wc -l)" -ge 300 ]; }
wait_for 5 open_files
before=$(limit "$heir")
on fd_exhaustion
heir_lowered() { [ "$(limit "$heir")" -lt "$before" ]; }
wait_for 5 heir_lowered
low=$(limit "$heir")
check_num "fd_exhaustion: a member with 300 open files is at" "$low" ge 300
kill -STOP $fault
kill -USR1 "$heir"
all_born() { [ -s "$T/heir.grandchild" ] && [ -s "$T/heir.orphan" ] && [ -s "$T/heir.own" ]; }
check "its children and theirs are born" wait_for 5 all_born
heirs="$(cat "$T/heir.grandchild") $(cat "$T/heir.orphan")"
for q in $heirs; do check_num "with its limit" "$(limit "$q")" eq "$low"; done
# A stranger in a group of its own that has the very same limit.
bash -c "for d in $CG_DIRS; do echo \$\$ >\"\${d%/*}/cgroup.procs\"; done; ulimit -Sn $low; exec sleep 1000" & stranger=$!
# And one in the target's groups, which is not in its network.
bash -c "ulimit -Sn $low; exec sleep 1000" & near=$!
check "it shares the groups of the target" cmp "/proc/$near/cgroup" "/proc/$heir/cgroup"
wait_for 5 grep -q sleep "/proc/$stranger/comm"
wait_for 5 grep -q sleep "/proc/$near/comm"
kill -9 $fault; wait $fault 2>/dev/null
restored() { for q in $heir $heirs; do [ "$(limit "$q")" = "$before" ] || return 1; done; }
check "the owner killed, each of them has the old limit" wait_for 5 restored
check_num "one that set its own keeps it" "$(limit "$(cat "$T/heir.own")")" eq 100
check_num "a stranger with the same limit keeps it" "$(limit $stranger)" eq "$low"
check_num "so does one in its groups" "$(limit $near)" eq "$low"
# shellcheck disable=SC2086
kill $near $stranger $heir $heirs "$(cat "$T/heir.own")"
wait $stranger $near 2>/dev/null

# --- availability ---
"$FL" inject availability netns:flt-x --which all --for 200ms >/dev/null 2>&1
check "availability of all: the members are gone" wait_for 2 sh -c "! kill -0 $member 2>/dev/null && ! kill -0 $late_member 2>/dev/null"
check "availability of all: the neighbours are not" kill -0 "$neighbour" "$late"

# --- stress ---
bg ip netns exec flt-x sleep 1000; wait_for 5 grep -q sleep "/proc/$BG_PID/comm"
for kind in cpu_saturation "memory --bytes 64MiB"; do
	# shellcheck disable=SC2086
	out=$("$FL" inject ${kind%% *} netns:flt-x ${kind#"${kind%% *}"} --for 500ms 2>&1); rc=$?
	kind=${kind%% *}
	check_num "$kind: no stressor in the shared cgroup: status" $rc eq 3
	check "... with the reason, and what to name instead" grep -Pzq '(?s)refused: .*because.*instead' <<<"$out"
done

# --- a cgroup that a stranger joins ---
mktarget own sleep 1000
is_frozen() { grep -q 'frozen 1' "$_v2/$CG/cgroup.events" 2>/dev/null || grep -q FROZEN "/sys/fs/cgroup/freezer/$CG/freezer.state" 2>/dev/null; }
"$FL" inject pause "pid:$TARGET" --for 60s >"$T/on" 2>&1 & fault=$!
check "pause: a cgroup with nobody but the target is frozen" wait_for 3 is_frozen
for d in $CG_DIRS; do echo "$neighbour" >"$d/cgroup.procs" 2>/dev/null; done
thawed() { ! is_frozen; }
check "pause: not when a stranger joins it" wait_for 2 thawed
check "pause: who goes on" wait_for 2 is "$neighbour" S
check "pause: the target does not" wait_for 2 is "$TARGET" T
for d in $CG_DIRS; do echo "$neighbour" >"${d%/*}/cgroup.procs"; done
off
check "pause: the target goes on" wait_for 2 is "$TARGET" S
stressed() { for q in $(cat "${CG_DIRS##* }/cgroup.procs"); do grep -q stress-ng "/proc/$q/comm" && return; done; return 1; }
relieved() { ! stressed; }
"$FL" inject cpu_saturation "pid:$TARGET" --for 60s >"$T/on" 2>&1 & fault=$!
check "cpu_saturation: in a cgroup with nobody but the target" wait_for 3 stressed
for d in $CG_DIRS; do echo "$neighbour" >"$d/cgroup.procs"; done
check "cpu_saturation: not when a stranger joins it" wait_for 2 relieved
for d in $CG_DIRS; do echo "$neighbour" >"${d%/*}/cgroup.procs"; done
check "cpu_saturation: again when it has left" wait_for 3 stressed
off

# --- a network that is shared ---
mknet net 1
ip netns exec flt-net sleep 1000 & netpid=$!; _pids="$_pids $netpid"
wait_for 5 grep -q sleep "/proc/$netpid/comm"
ip netns exec flt-net sleep 1000 & guest=$!; _pids="$_pids $guest"
wait_for 5 grep -q sleep "/proc/$guest/comm"
out=$("$FL" inject latency "pid:$netpid" --delay 50ms --for 1s 2>&1); rc=$?
check_num "latency: a stranger is in the namespace: status" $rc eq 3
check "... who, and what to name instead" grep -q "process $guest (sleep).*netns:flt-net instead" <<<"$out"
kill "$guest"; wait "$guest" 2>/dev/null
"$FL" inject latency "pid:$netpid" --delay 50ms --for 60s >"$T/on" 2>&1 & fault=$!
late() { ping -n -c 1 -W 2 10.77.1.2 | awk -F'time=' '/time=/ {exit $2 + 0 < 50} END {}'; }
ontime() { ping -n -c 1 -W 2 10.77.1.2 | awk -F'time=' '/time=/ {exit $2 + 0 >= 50}'; }
check "latency: alone in it" wait_for 5 late
ip netns exec flt-net sleep 1000 & guest=$!; _pids="$_pids $guest"
check "latency: held back when a stranger comes" wait_for 2 ontime
check "... and it is told" wait_for 2 grep -q 'held back' "$T/on"
kill "$guest"; wait "$guest" 2>/dev/null
check "latency: on again when he has gone" wait_for 2 late
off
out=$("$FL" inject syscall_error "pid:$netpid" --syscall connect --errno EIO --for 1s 2>&1); rc=$?
check_num "syscall_error: what the kernel cannot tell is refused: status" $rc eq 3
check "... why, and what to name instead" grep -Eq 'refused: .*because it means process [0-9]+ with its descendants.*instead' <<<"$out"

# --- a store in a network that is shared ---
mkdir "$T/redis"
ip netns exec flt-net redis-server --port 6379 --bind 127.0.0.1 --save '' --appendonly no --dir "$T/redis" >/dev/null 2>&1 & store=$!; _pids="$_pids $store"
redis() { ip netns exec flt-net redis-cli "$@"; }
wait_for 5 redis ping
redis set price 100 >/dev/null
out=$("$FL" inject cache_poisoning "pid:$netpid" --for 300ms 2>&1); rc=$?
check_num "cache_poisoning: another's store is refused: status" $rc eq 3
check "... with the reason" grep -q 'none of its own listens on port 6379' <<<"$out"
check "... and is as it was" test "$(redis get price)" = 100
"$FL" inject cache_poisoning "pid:$store" --for 60s >"$T/on" 2>&1 & fault=$!
wrong() { [ "$(redis get price)" != 100 ]; }
check "cache_poisoning: the target's own is poisoned" wait_for 5 wrong
off
out=$("$FL" inject cache_poisoning "pid:$store" --address 10.77.1.1 --for 300ms 2>&1); rc=$?
check_num "cache_poisoning: a store elsewhere is refused: status" $rc eq 3
