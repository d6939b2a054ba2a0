#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# TCP connections as wholes: refused, silent for too long, too many, never closed or closed late; by the measure of
# curl, of ss in both ends' namespaces and of a client with connections of its own.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
mknet a 1
# The server: what comes goes back; "bye" makes it close.
cat >"$T/server.py" <<'PY'
import socketserver, sys
class H(socketserver.BaseRequestHandler):
    def handle(self):
        while True:
            d = self.request.recv(4096)
            if not d: return
            self.request.sendall(d)
            if d == b"bye": return
class S(socketserver.ThreadingTCPServer):
    daemon_threads = True; allow_reuse_address = True; request_queue_size = 256
    def handle_error(self, *a): pass
S((sys.argv[1], 7000), H).serve_forever()
PY
# The client: a line a command, a line of answer; connections have names.
#   open NAME [SECONDS] -> ms or the error;  say NAME TEXT [SECONDS] -> ms or the error
#   wait NAME SECONDS -> ms until the other end closes, or the error;  close NAME;  many N -> how many could be opened
cat >"$T/client.py" <<'PY'
import socket, sys, time
addr, c = sys.argv[1], {}
def dial(s=0.6): return socket.create_connection((addr, 7000), timeout=s)
def do(w):
    t = time.monotonic()
    if w[0] == "open": c[w[1]] = dial(float((w + ["0.6"])[2]))
    elif w[0] == "say":
        s = c[w[1]]; s.settimeout(float((w + ["0.6"])[3])); s.sendall(w[2].encode())
        if not s.recv(4096): return "closed"
    elif w[0] == "wait":
        s = c[w[1]]; s.settimeout(float(w[2]))
        if s.recv(4096): return "data"
    elif w[0] == "close": c.pop(w[1]).close(); return "done"
    elif w[0] == "many":
        n = 0
        for i in range(int(w[1])):
            try: c["m%d" % i] = dial(); n += 1
            except OSError: pass
        return n
    return "%.1f" % ((time.monotonic() - t) * 1000)
for line in sys.stdin:
    try: print(do(line.split()), flush=True)
    except OSError as e: print(type(e).__name__, flush=True)
PY
bg ip netns exec flt-a python3 "$T/server.py" 0.0.0.0
bg python3 "$T/server.py" 10.77.1.1
open_ports() { innet a ss -Htln sport = 7000 | grep -q . && ss -Htln sport = 7000 | grep -q .; }
wait_for 5 open_ports
mkfifo "$T/in" "$T/out.client"
python3 "$T/client.py" 10.77.1.2 <"$T/in" >"$T/out.client" &
_pids="$_pids $!"
exec 5>"$T/in" 6<"$T/out.client"
do_() { echo "$*" >&5; read -r -t 20 -u 6 _a; echo "${_a:-nothing}"; }
is_ms() { awk -v a="$1" -v l="${2:-300}" 'BEGIN { exit !(a ~ /^[0-9.]+$/ && a < l) }'; }
good() { check "$1" is_ms "$(do_ "${@:2}")"; }
same() { if [ "$2" = "$3" ]; then ok "$1: $2"; else not_ok "$1: $2, not $3"; fi; }
opens() { is_ms "$(do_ open again)"; }
freed() {
	kill -9 "$(jq -r .pid "/run/faultline/${ID%.*}/session.json")"
	_t=$(now_us)
	until "${@:2}" || [ $(($(now_us) - _t)) -gt 4000000 ]; do :; done
	check_num "$1: owner killed, ms until it is over" $((($(now_us) - _t) / 1000)) le 2000
	wait_for 5 sh -c '! ls /run/faultline/?????? >/dev/null 2>&1'
}

# --- connect_refused ---
good "before: a connection" open old
fault connect_refused netns:flt-a --direction to
same "connect_refused: a new connection" "$(do_ open new)" ConnectionRefusedError
same "curl says refused (7)" "$(curl -s --max-time 2 http://10.77.1.2:7000/; echo $?)" 7
good "one that stands is served" say old hello
check "what the target begins is not refused" innet a timeout 2 bash -c ': </dev/tcp/10.77.1.1/7000'
same "the server has heard of none" "$(hits "$ID" injected)" 2
heal
fault connect_refused netns:flt-a --direction from
innet a timeout 2 bash -c ': </dev/tcp/10.77.1.1/7000' 2>"$T/err"
check "the other way round: the target's own are" grep -q refused "$T/err"
good "... and those to it are not" open new
heal
fault connect_refused netns:flt-a --direction to
freed connect_refused opens
same "IPv6 has no server here" "$(curl -s --max-time 2 'http://[fd77:1::2]:7000/'; echo $?)" 7

# --- idle_timeout: a connection that is silent for 2 s is forgotten, one that talks each second is not ---
for n in p q r; do do_ open $n >/dev/null; do_ say $n hi >/dev/null; done
fault idle_timeout netns:flt-a --timeout 2s
began=$(now_us)
for _i in 1 2 3; do sleep 0.9; good "idle_timeout: one that talks" say p hi; done
same "one that was there and silent has been forgotten" "$(do_ say q hi)" TimeoutError
good "a new one comes about" open s
good "... and is served" say s hi
sleep 1.7
good "... after 1.7 s of silence as well" say s hi
sleep 2.1
same "... after 2.1 s it is not" "$(do_ say s hi)" TimeoutError
check "both ends still think that it is open" sh -c "ip netns exec flt-a ss -Htn state established sport = 7000 | grep -q ."
"$FL" set "$ID" timeout=1s >/dev/null
good "its end can be set: another" open t
sleep 1.1
same "... forgotten after 1.1 s" "$(do_ say t hi)" TimeoutError
heal
good "afterwards one that was not forgotten for good goes on" open u
# To the tenth of a second: 21 connections, each silent for longer than the one before.
fault idle_timeout netns:flt-a --timeout 2s --action reset
cat >"$T/edges.py" <<'PY'
import socket, sys, time
cs = []
for i in range(21):
    s = socket.create_connection(("10.77.1.2", 7000), timeout=2); s.sendall(b"x"); s.recv(9); cs.append((time.monotonic(), s))
alive, dead = 0, 99
for i, (t, s) in enumerate(cs):
    due = t + 1.5 + i * 0.05
    time.sleep(max(0, due - time.monotonic())); silent = time.monotonic() - t
    try: s.sendall(b"x"); ok = bool(s.recv(9))
    except ConnectionResetError: ok = False
    if ok: alive = max(alive, silent)
    else: dead = min(dead, silent)
print("%.3f %.3f" % (alive, dead))
PY
read -r alive dead < <(python3 "$T/edges.py")
check_num "the longest silence that is allowed, s" "$alive" le 2.01
check_num "the shortest that is not" "$dead" ge 1.99
check_num "... and they are no further apart than those that were tried" "$(calc "$dead - $alive")" lt 0.2
note "FIGURE idle_timeout 2 s: alive after $alive s of silence, reset after $dead s"
heal
# What it forgot goes on when it is over: TCP sends again what was dropped.
talks() { is_ms "$(do_ say v hi 1.2)" 2000; }
fault idle_timeout netns:flt-a --timeout 500ms
do_ open v >/dev/null
sleep 0.7
same "forgotten" "$(do_ say v hi 0.3)" TimeoutError
freed idle_timeout talks

# --- connection_limit: exact ---
fault connection_limit netns:flt-a --connections 5
same "connection_limit 5: of 8 come about" "$(do_ many 8)" 5
good "those that stand from before are served" say v hi
do_ close m0 >/dev/null
good "one closed, one more" open w
same "... and no further one" "$(do_ open x)" TimeoutError
"$FL" set "$ID" connections=6 >/dev/null
good "set to 6: one more" open x
do_ say x bye >/dev/null
do_ say x bye >/dev/null
do_ close x >/dev/null
good "one that the server closed makes room" open y
same "... for one" "$(do_ open z)" TimeoutError
check "the proof counts attempts, and those that got no answer" [ "$(hits "$ID" matched)" -gt "$(hits "$ID" injected)" ]
freed connection_limit opens

# --- half_open, slow_close ---
closed() { is_ms "$(do_ wait h "$1")" "${2:-1000}"; }
do_ open h >/dev/null
fault half_open netns:flt-a
good "half_open: the last answer still comes" say h bye
check "... its server has closed" wait_for 2 sh -c 'ip netns exec flt-a ss -Htn state fin-wait-1 sport = 7000 | grep -q .'
same "... its client does not know" "$(do_ wait h 0.8)" TimeoutError
check "... and has it open" sh -c 'ss -Htn state established dport = 7000 | grep -q .'
same "a closed port says nothing either" "$(curl -s --max-time 0.5 http://10.77.1.2:7009/; echo $?)" 28
freed half_open closed 3 3500
fault half_open netns:flt-a --flags fin
same "--flags fin: a reset passes" "$(curl -s --max-time 0.5 http://10.77.1.2:7009/; echo $?)" 7
heal
fault slow_close netns:flt-a --delay 400ms
late_once() { do_ open h >/dev/null; do_ say h bye >/dev/null; do_ wait h 2; }
late() { for _i in 1 2 3; do late_once; done | sort -n | head -n 1; }
settles "slow_close: the client learns of the end after ms" late 400 15
note "FIGURE slow_close 400 ms: a client learns of it after $(late) ms"
check "the answer before it is as fast as ever" is_ms "$(do_ open h >/dev/null; do_ say h bye)" 100
do_ open h >/dev/null
freed slow_close is_ms "$(do_ say h bye)"
soon() { is_ms "$(late)" 200; }
check "... and the end is at once" soon

refused() {
	"$FL" inject "$@" --for 1s >"$T/out" 2>"$T/err"
	_rc=$?
	same "$*: refused ($(head -n 1 "$T/err"))" $_rc 2
	check "... in words" grep -q "$WORD" "$T/err"
}
WORD="timeout of 0" refused idle_timeout netns:flt-a --timeout 0
WORD="about TCP" refused idle_timeout netns:flt-a --timeout 1s --protocol udp
WORD="1..32768" refused connection_limit netns:flt-a --connections 0
WORD="delay of 0" refused slow_close netns:flt-a --delay 0
WORD="fin" refused half_open netns:flt-a --flags psh
