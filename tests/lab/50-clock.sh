#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# time_skew and time_jump: programs of every make follow within 0.1 s, MONOTONIC stays, children follow,
# the vDSO is the same byte for byte afterwards; also when the owner, or owner and guardian, are killed.
. "$(dirname "$0")/../lib.sh"
show=$BUILD/tests/tools/clock_show
# (A guest of another architecture has no compiler, but what cross.sh made.)
cp "$show.static" "$T/static" 2>/dev/null || gcc -O1 -static -o "$T/static" "$TOP/tests/tools/clock_show.c" || not_ok "a static binary"

# Everything below is a child of one shell, which is the target.
cat >"$T/show.py" <<'PY'
import ctypes, os, sys, time
libc = ctypes.CDLL(None)
class ts(ctypes.Structure):
    _fields_ = [("s", ctypes.c_long), ("ns", ctypes.c_long)]
def kernel(clock):
    t = ts()
    libc.syscall(ctypes.c_long(228 if os.uname().machine == "x86_64" else 113), ctypes.c_int(clock), ctypes.byref(t))
    return t.s + t.ns / 1e9
while True:
    with open(sys.argv[1], "a") as f:
        f.write("%.6f %.6f - 0\n" % (time.time() - kernel(0), time.monotonic() - kernel(1)))
    time.sleep(0.1)
PY
# A JVM or Go program has no raw system call at hand: a file that it writes carries the kernel's time.
cat >"$T/Show.java" <<'JAVA'
import java.nio.file.*;
public class Show {
    public static void main(String[] a) throws Exception {
        Path out = Path.of(a[0]), probe = Path.of(a[0] + ".probe");
        for (;;) {
            Files.writeString(probe, "x");
            double kernel = Files.getLastModifiedTime(probe).to(java.util.concurrent.TimeUnit.MICROSECONDS) / 1e6;
            double own = System.currentTimeMillis() / 1e3;
            Files.writeString(out, String.format("%.6f 0.000000 - 0%n", own - kernel), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            Thread.sleep(100);
        }
    }
}
JAVA
cat >"$T/show.go" <<'GO'
package main

import ("fmt"; "os"; "time")

func main() {
	for {
		os.WriteFile(os.Args[1]+".probe", []byte("x"), 0644)
		now := time.Now()
		st, _ := os.Stat(os.Args[1] + ".probe")
		f, _ := os.OpenFile(os.Args[1], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0644)
		fmt.Fprintf(f, "%.6f 0.000000 - 0\n", float64(now.UnixMicro()-st.ModTime().UnixMicro())/1e6)
		f.Close()
		time.Sleep(100 * time.Millisecond)
	}
}
GO
kinds="dynamic static fork exec"
starts="$show $T/dynamic.out & $T/static $T/static.out & $show $T/fork.out fork & $show $T/exec.out exec &"
if [ -x "$(command -v python3)" ]; then kinds="$kinds python"; starts="$starts python3 $T/show.py $T/python.out &"; fi
if [ -x "$(command -v javac)" ] && javac -d "$T" "$T/Show.java" 2>"$T/javac.err"; then
	kinds="$kinds jvm"
	starts="$starts java -Xshare:auto -XX:TieredStopAtLevel=1 -cp $T Show $T/jvm.out &"
else
	skip "a JVM follows" java
fi
if [ -x "$(command -v go)" ] && HOME=$T GOFLAGS=-mod=mod go build -o "$T/go" "$T/show.go" 2>"$T/go.err"; then
	kinds="$kinds go"
	starts="$starts $T/go $T/go.out &"
else
	skip "a Go program follows" go
fi
bg bash -c "$starts wait"
shell=$BG_PID
_pids="$_pids $(pgrep -P "$shell")"
for k in $kinds; do wait_for 10 test -s "$T/$k.out" || not_ok "$k runs"; done
_pids="$_pids $(pgrep -P "$shell")"

last() { tail -n 1 "$T/$1.out" | cut -d' ' -f"$2"; }
# shifted KIND SECONDS: its last line is that far off, within 0.1 s.
shifted() { awk -v a="$(last "$1" 1)" -v b="$2" 'BEGIN { d = a - b; exit !(d < 0.1 && d > -0.1) }'; }
all_shifted() { for k in $kinds; do shifted "$k" "$1" || return 1; done; }
clean=$(last dynamic 3)
hashes_clean() { for k in dynamic static fork exec; do [ "$(last $k 3)" = "$clean" ] || return 1; done; }

# --- the effect, and the end of it ---
bg "$FL" inject time_skew pid:$shell --offset 60s --for 4s >"$T/inject.out" 2>&1; owner=$BG_PID
wait_for 3 all_shifted 60
for k in $kinds; do
	d=$(awk -v a="$(last "$k" 1)" 'BEGIN { d = a - 60; print d < 0 ? -d : d }')
	check_num "$k: off by 60 s, but for" "$d" le 0.1
	m=$(last "$k" 2); check_num "$k: MONOTONIC is off by" "${m#-}" lt 0.01
done
check_ms "a forked child had it at once, ms" "$(last fork 4)" 5
waits=$(tail -n 4 "$T/exec.out" | cut -d' ' -f4 | sort -n | sed -n 2p)
check_ms "a new program had it within, ms (median of 4)" "$waits" 200
check_num "a new program had it at all, ms" "$waits" ge 0
note "FIGURE clock +60 s: $(for k in $kinds; do printf '%s %s, ' "$k" "$(last "$k" 1)"; done)an exec'd child after $waits ms"
wait "$owner"
grep -q 'wall clock of' "$T/inject.out" && ok "the result says what was done" || { not_ok "the result says what was done"; sed 's/^/#   /' "$T/inject.out"; }
wait_for 2 all_shifted 0; check "all clocks are right again" all_shifted 0
check "every vDSO is as it was, byte for byte" hashes_clean

# --- live, and drift ---
bg "$FL" inject time_skew pid:$shell --offset=-1h --drift 500ms --for 30s >"$T/inject.out" 2>&1; owner=$BG_PID
wait_for 3 grep -q 'is active' "$T/inject.out"
sleep 1 # drift needs time to show
drift=$(awk -v a="$(last dynamic 1)" 'BEGIN { print a + 3600 }')
check_num "half a second a second" "$drift" gt 0.3
check_num "and no more" "$drift" lt 1.5
id=$(sed -n 's/^\([0-9a-z]*\.[0-9]\) .*/\1/p' "$T/inject.out" | head -n 1)
"$FL" set "$id" drift=0 offset=60s >"$T/set.out" 2>&1 || { not_ok "set"; sed 's/^/#   /' "$T/set.out"; }
wait_for 2 awk -v a="$(last static 1)" 'BEGIN { exit !(a > 60) }'
after=$(last static 1)
check "the offset can be changed live; what drifted stays" awk -v a="$after" 'BEGIN { exit !(a > 60 && a < 63) }'
kill -INT "$owner"; wait "$owner"
wait_for 2 all_shifted 0; check "SIGINT ends it" all_shifted 0

# --- a jump in the middle ---
bg "$FL" inject time_jump pid:$shell --backward 2h --after 1s --for 30s >"$T/inject.out" 2>&1; owner=$BG_PID
wait_for 3 grep -q 'is active' "$T/inject.out"
wait_for 1 shifted dynamic 0; check "before the jump the time is right" shifted dynamic 0
wait_for 3 all_shifted -7200; check "then it is two hours back" all_shifted -7200
kill -INT "$owner"; wait "$owner"
wait_for 2 all_shifted 0; check "and right again afterwards" all_shifted 0

# --- killed ---
bg "$FL" inject time_skew pid:$shell --offset 60s --for 60s >"$T/inject.out" 2>&1; owner=$BG_PID
wait_for 3 all_shifted 60
t0=$(date +%s%N); kill -9 "$owner"
wait_for 2 all_shifted 0; check "SIGKILL of the owner: right again" all_shifted 0
took=$((($(date +%s%N) - t0) / 1000000))
check_ms "within two seconds, ms" "$took" 2000
wait_for 2 hashes_clean; check "and every vDSO as it was" hashes_clean
note "FIGURE clock undone $took ms after SIGKILL of its owner"
bg "$FL" inject time_skew pid:$shell --offset 60s --for 60s >"$T/inject.out" 2>&1; owner=$BG_PID
wait_for 3 all_shifted 60
guardian=$(pgrep -P "$owner" -x fl-guardian)
kill -9 "$guardian" "$owner"
sleep 0.3
check "with the guardian killed too nobody undoes it" shifted dynamic 60
check "recover does" "$FL" recover
wait_for 2 all_shifted 0; check "all clocks are right" all_shifted 0
check "every vDSO is as it was" hashes_clean

# --- what cannot be ---
if "$FL" inject time_skew pid:$shell --for 1s >"$T/e" 2>&1; then not_ok "no offset: accepted"; else check "no offset: refused" grep -q 'neither offset nor drift' "$T/e"; fi
bg "$FL" inject time_skew pid:$shell --offset 60s --for 60s >"$T/inject.out" 2>&1; owner=$BG_PID
wait_for 3 all_shifted 60
if "$FL" inject time_skew pid:$shell --offset 1h --for 1s >"$T/e" 2>&1; then not_ok "a second clock fault: accepted"; else check "a second clock fault on the same target is refused" grep -q 'has another clock fault' "$T/e"; fi
check "and leaves the first alone" all_shifted 60
kill -INT "$owner"; wait "$owner"
