#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# file_latency, file_error: by what the target's own calls return and how long they take; that nobody else waits;
# that whoever waits goes on, whatever happens to faultline. Marks are made on the target's own tmpfs (and ext4) only.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
. "$(dirname "$0")/../target.sh"
# An event that nobody answers holds its caller for ever: whatever goes wrong, the server is ended (in this sandbox).
(sleep 150; pkill -9 -x fl-files) & watchdog=$!
trap '_rc=$?; kill $watchdog; pkill -9 -x fl-files; rmtargets; (exit $_rc); cleanup' EXIT
mktarget a sleep 1000
echo content >"/proc/$TARGET/root/mnt/f"
spec=cgroup:$_v2/$CG
"$FL" doctor -o json >"$T/doctor" 2>/dev/null
has() { jq -e --arg f "$1" '[.. | objects | .[$f]? | objects][0].supported' "$T/doctor" >/dev/null; }
# proof FIELD VALUE: what `list` says; it is as new as the owner's last look.
proof() { [ "$(hits "$ID" "$1")" = "$2" ]; }

# calls FILE N SECONDS: of N opens with a read each, "OPENED READ ms_open ms_read errnos", one line; a member, or
# (as_stranger) somebody else on the same mount.
cat >"$T/calls.py" <<'P'
import errno, os, sys, time
file, n = sys.argv[1], int(sys.argv[2])
opened = read = 0
t_open, t_read, errors = [], [], set()
for i in range(n):
    a = time.monotonic()
    try: fd = os.open(file, os.O_RDWR); opened += 1
    except OSError as e: errors.add(errno.errorcode[e.errno]); fd = -1
    t_open.append(time.monotonic() - a)
    if fd < 0: continue
    a = time.monotonic()
    try: os.pread(fd, 10, 0); read += 1
    except OSError as e: errors.add(errno.errorcode[e.errno])
    t_read.append(time.monotonic() - a)
    os.close(fd)
ms = lambda v: 1e3 * sum(v) / len(v) if v else 0
print(opened, read, "%.3f" % ms(t_open), "%.3f" % ms(t_read), ",".join(sorted(errors)) or "-")
P
as_member() { (for d in $CG_DIRS; do echo $BASHPID >"$d/cgroup.procs"; done; exec nsenter -t "$TARGET" -m -p "$@"); }
as_stranger() { nsenter -t "$TARGET" -m -p "$@"; }
calls() { as_member python3 "$T/calls.py" "$@" >"$T/calls"; }
field() { awk -v n="$1" '{print $n}' "$T/calls"; }

calls /mnt/f 20; usual=$(field 4)
fault file_latency "$spec" --path /mnt --delay 20ms
calls /mnt/f 20
near "a read is late by 20 ms" "$(calc "$(field 4) - $usual")" 20 2
check_num "... and an open is not (ms)" "$(field 3)" lt 5
as_stranger python3 "$T/calls.py" /mnt/f 20 >"$T/calls"
check_num "somebody else's read on the same mount is not (ms)" "$(field 4)" lt 5
"$FL" set "$ID" delay=60ms >/dev/null
calls /mnt/f 5
near "set: by 60 ms" "$(calc "$(field 4) - $usual")" 60 4
check "the proof counts them" wait_for 2 proof injected 25
heal
calls /mnt/f 20
check_num "afterwards it is not (ms)" "$(field 4)" lt 5

fault file_latency "$spec" --path '/mnt/?' --delay 10ms --jitter 10ms --at any --seed 7
# (A caller that wakes late on a busy machine makes the figure worse, never better.)
jittered() {
	calls /mnt/f 100
	awk '{ exit !($3 >= 7.5 && $3 <= 12.5 && $4 >= 7.5 && $4 <= 12.5) }' "$T/calls"
}
again jittered
near "any, with jitter: an open is late by 10 ms on average" "$(field 3)" 10 2.5
near "... and a read" "$(field 4)" 10 2.5
heal
fault file_latency "$spec" --path '/mnt/*.db' --delay 50ms
calls /mnt/f 10
check_num "another file: not late (ms)" "$(field 4)" lt 5
check "... nor counted" proof matched 0
heal

fault file_error "$spec" --path /mnt/f --percent 20% --seed 3
errno=EIO; has file_errno || errno=EPERM
calls /mnt/f 2000
near "a fifth of 2000 reads fail" "$(calc "(2000 - $(field 2)) / 2000")" 0.2 "$(calc "$Z * sqrt(0.2 * 0.8 / 2000)")"
check "... with $errno" [ "$(field 5)" = $errno ]
heal
fault file_error "$spec" --path /mnt/f --at open --nth 4 --max-hits 7
calls /mnt/f 100
check "every fourth open, seven of them" [ "$(field 1)" = 93 ]
heal
calls /mnt/f 100
check "afterwards: none" [ "$(field 1) $(field 2) $(field 5)" = "100 100 -" ]

# --- a member with a mount namespace of its own ---
fault file_latency "$spec" --path /mnt/f --delay 50ms
(for d in $CG_DIRS; do echo $BASHPID >"$d/cgroup.procs"; done
	exec nsenter -t "$TARGET" -m unshare --mount --propagation private sh -c 'sleep 0.5; exec "$@"' sh python3 "$T/calls.py" /mnt/f 5) >"$T/calls"
near "a member in a mount namespace of its own: late, too" "$(field 4)" 50 10
heal

# --- where no event is asked for -----------------------------------------------------------------
refused() { # STATUS WORDS KIND TARGET OPTION...
	"$FL" inject "${@:3}" --for 1s >"$T/out" 2>"$T/err"; _rc=$?
	check_num "${*:3}: refused" $_rc eq "$1"
	check "... in words: $(head -n 1 "$T/err")" grep -q "$2" "$T/err"
}
refused 2 "there is no /nothing" file_error "$spec" --path /nothing
refused 2 "no file system of files" file_error "$spec" --path /proc
refused 2 "ENOENT cannot be given" file_error "$spec" --path /mnt --errno ENOENT
bg sleep 1000; here=pid:$BG_PID
refused 3 "root mount" file_error "$here" --path /etc
refused 3 "keeps its sessions" file_error "$here" --path /run
mkdir "$T/own"; mount -t tmpfs -o size=1m own "$T/own"; echo x >"$T/own/f"
fault file_error "$here" --path "$T/own" --at open
check "on a mount of its own in faultline's namespace: others open" cat "$T/own/f"
heal
umount "$T/own"

# --- a thousand at a time -------------------------------------------------------------------------
cat >"$T/many.py" <<'P'
import os, threading, time, sys
threading.stack_size(65536)
took, gate = [], threading.Barrier(1001)
fds = [os.open("/mnt/f", os.O_RDONLY) for i in range(1000)]
def one(fd):
    gate.wait()
    a = time.monotonic(); os.pread(fd, 5, 0); took.append(time.monotonic() - a)
threads = [threading.Thread(target=one, args=(fd,)) for fd in fds]
for t in threads: t.start()
a = time.monotonic(); gate.wait()
for t in threads: t.join()
took.sort()
print(len(took), "%.0f" % (1e3 * took[0]), "%.0f" % (1e3 * (time.monotonic() - a)))
P
ulimit -n 4096
fault file_latency "$spec" --path /mnt --delay 1500ms
as_member python3 "$T/many.py" >"$T/calls"
check_num "1000 reads at once: none is early (ms)" "$(field 2)" ge 1500
check_ms "... and all are over (ms)" "$(field 3)" 2500
check "... counted" wait_for 2 proof injected 1000
note "FIGURE file_latency: 1000 reads that wait for 1500 ms at once are over after $(field 3) ms"
heal

# --- whatever happens to faultline -----------------------------------------------------------------
went_on() { [ -e "$T/went" ]; }
blocked() { # a read that waits a minute
	rm -f "$T/went"
	fault file_latency "$spec" --path /mnt --delay 60s
	(as_member cat /mnt/f >/dev/null; : >"$T/went") & _pids="$_pids $!"
	wait_for 5 proof matched 1
	owner=$(jq -r .pid "/run/faultline/${ID%.*}/session.json")
	server=$(pgrep -P "$owner" -x fl-files)
}
free_after() { # LIMIT DESCRIPTION
	_t0=$(date +%s%N)
	check "$2: whoever waited goes on" wait_for 10 went_on
	check_ms "... within (ms)" $((($(date +%s%N) - _t0) / 1000000)) "$1"
}
gone() { ! pgrep -x fl-files; }
blocked; kill -9 "$owner"; free_after 500 "SIGKILL of the owner"
check "... and the server is gone" in_time 2 gone
wait_for 5 no_session
blocked; kill -9 "$owner" "$(pgrep -P "$owner" -x fl-guardian)"; free_after 500 "SIGKILL of owner and guardian"
"$FL" recover >/dev/null; wait_for 5 no_session
blocked; kill -9 "$server"; free_after 700 "SIGKILL of the server"
heal; wait_for 5 no_session
blocked; kill -STOP "$server"; free_after 3500 "a server that is stopped"
heal; wait_for 5 no_session
blocked; kill -STOP "$owner"; free_after 1700 "an owner that is stopped"
kill -CONT "$owner"; heal; wait_for 5 no_session
blocked; heal; free_after 300 "stop"

# --- writing, too, where the kernel has events before access ----------------------------------------
if has file_pre_access; then
	truncate -s 16M "$T/disk"; mkfs.ext4 -q "$T/disk"
	as_stranger mkdir -p /mnt/disk; as_stranger mount -o loop "$T/disk" /mnt/disk
	cat >"$T/data.py" <<'P'
import errno, mmap, os
fd = os.open("/mnt/disk/f", os.O_RDWR | os.O_CREAT)
def says(name, what):
    try: what(); print(name, "-", end=" ")
    except OSError as e: print(name, errno.errorcode[e.errno], end=" ")
says("write", lambda: os.pwrite(fd, b"x" * 4096, 0))
says("read", lambda: os.pread(fd, 1, 0))
says("truncate", lambda: os.ftruncate(fd, 4096))
says("mmap", lambda: mmap.mmap(fd, 4096))
P
	as_member python3 "$T/data.py" >"$T/calls"
	check "data: before, all is well" [ "$(xargs <"$T/calls")" = "write - read - truncate - mmap -" ]
	fault file_error "$spec" --path /mnt/disk --at data --errno ENOSPC
	as_member python3 "$T/data.py" >"$T/calls"
	check "data: write, read, truncate and mmap fail with ENOSPC" [ "$(xargs <"$T/calls")" = "write ENOSPC read ENOSPC truncate ENOSPC mmap ENOSPC" ]
	heal
	as_member python3 "$T/data.py" >"$T/calls"
	check "data: afterwards, all is well" [ "$(xargs <"$T/calls")" = "write - read - truncate - mmap -" ]
	as_stranger umount /mnt/disk
	refused 3 "data is not possible" file_error "$spec" --path /mnt --at data
else
	refused 3 "data is not possible" file_error "$spec" --path /mnt --at data
fi
