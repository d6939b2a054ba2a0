#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# What is done to new connections and to large packets, by the measure of ping, curl and a pooled client: before,
# during, after; and when the owner is killed.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
mknet a 1
mknet b 2
cat >"$T/server.py" <<'PY'
import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b"x" * int(self.path.strip("/") or 6)
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a): pass
class S(http.server.ThreadingHTTPServer):
    daemon_threads = True; request_queue_size = 128
    def handle_error(self, *a): pass
S(("0.0.0.0", 8080), H).serve_forever()
PY
# A client with one connection: a request for each line of input, and how it went: ms, or the error.
cat >"$T/pooled.py" <<'PY'
import http.client, sys, time
c = http.client.HTTPConnection(sys.argv[1], 8080, timeout=float(sys.argv[2])); c.connect(); c.auto_open = 0
for line in sys.stdin:
    t = time.monotonic()
    try:
        c.request("GET", "/" + line.strip()); c.getresponse().read()
        print("%.1f" % ((time.monotonic() - t) * 1000), flush=True)
    except Exception as e: print(type(e).__name__, flush=True)
PY
bg python3 "$T/server.py"
for n in a b; do bg ip netns exec flt-$n python3 "$T/server.py"; done
U=http://10.77.1.2:8080
for n in 1.1 1.2 2.2; do wait_for 5 curl -s -o /dev/null http://10.77.$n:8080/; done
# get [PATH] [SECONDS]: a new connection: "CODE CONNECT_MS BYTES EXIT" of curl.
get() {
	_o=$(curl -s -o /dev/null --max-time "${2:-0.6}" -w '%{http_code} %{time_connect} %{size_download}' "$U/${1:-}"); _rc=$?
	awk -v rc=$_rc '{ printf "%s %.1f %s %s\n", $1, $2 * 1000, $3, rc }' <<<"$_o"
}
works() { [ "$(get "$1" 2 | cut -d' ' -f1,4)" = "200 0" ]; }
pooled() { # ADDRESS SECONDS: asked by `ask [PATH]`
	mkfifo "$T/pool.in" "$T/pool.out"
	python3 "$T/pooled.py" "$1" "$2" <"$T/pool.in" >"$T/pool.out" &
	POOL=$!
	_pids="$_pids $POOL"
	exec 5>"$T/pool.in" 6<"$T/pool.out"
}
ask() { echo "${1:-}" >&5; read -r -t 10 -u 6 _a; echo "${_a:-nothing}"; }
pool_end() { exec 5>&- 6<&-; kill $POOL; wait $POOL 2>/dev/null; rm "$T/pool.in" "$T/pool.out"; }
answers() { check "$1" awk -v a="$(ask)" 'BEGIN { exit !(a ~ /^[0-9.]+$/ && a < 300) }'; }
# freed DESCRIPTION COMMAND...: its owner is killed; the command succeeds within 2 s.
freed() {
	kill -9 "$(jq -r .pid "/run/faultline/${ID%.*}/session.json")"
	_t=$(now_us)
	until "${@:2}" || [ $(($(now_us) - _t)) -gt 4000000 ]; do :; done
	check_num "$1: owner killed, ms until it is over" $((($(now_us) - _t) / 1000)) le 2000
	wait_for 5 sh -c '! ls /run/faultline/?????? >/dev/null 2>&1'
}

# --- mtu_blackhole: exact to the byte ---
echoed() { ping -n -q -c 3 -i 0.01 -W 0.3 -M "do" -s "$2" "$1" 2>"$T/ping.err" | sed -n 's/.* \([0-9]*\) received.*/\1/p'; }
fault mtu_blackhole netns:flt-a --mtu 1400
check_num "IPv4: of 1,400 bytes come" "$(echoed 10.77.1.2 1372)" eq 3
check_num "IPv4: of 1,401 none" "$(echoed 10.77.1.2 1373)" eq 0
check "and nobody is told" [ ! -s "$T/ping.err" ]
check_num "IPv6: of 1,400 bytes come" "$(echoed fd77:1::2 1352)" eq 3
check_num "IPv6: of 1,401 none" "$(echoed fd77:1::2 1353)" eq 0
check "what is larger is counted, the rest is not" [ "$(hits "$ID" injected)/$(hits "$ID" matched)" = 6/6 ]
check "a small answer comes" works 6
check_num "a large one never" "$(get 100000 | cut -d' ' -f3)" eq 0
# Segments of 1,500 bytes, in super-packets of up to 64 KiB: they are measured as the wire has them.
"$FL" set "$ID" mtu=1500 >/dev/null
check "through 1,500 bytes 10 MB come" works 10000000
"$FL" set "$ID" mtu=1499 >/dev/null
check_num "through 1,499 nothing" "$(get 10000000 | cut -d' ' -f3)" eq 0
freed "mtu_blackhole" works 100000
fault mtu_blackhole netns:flt-a --mtu 1000 --direction from --peer 10.77.2.0/24
check_num "another peer has no limit" "$(echoed 10.77.1.2 1400)" eq 3
heal

# --- connect_drop, connect_latency: the handshake alone ---
pooled 10.77.1.2 2
answers "a pooled connection is asked"
fault connect_drop netns:flt-a --direction to
check_num "connect_drop: a new connection gets no answer" "$(get | cut -d' ' -f4)" eq 28
answers "... and one that stands is served"
check "... nor is another service hit" curl -s -o /dev/null --max-time 1 http://10.77.2.2:8080/
check "... nor what the target itself begins" innet a curl -s -o /dev/null --max-time 1 http://10.77.1.1:8080/
freed "connect_drop" works 6
# Half of the attempts, each as a whole: one that fails does so however often its SYN is sent again (after 1 s).
fault connect_drop netns:flt-a --percent 50 --seed 5
attempts=
for _i in 1 2 3 4 5 6 7 8 9 10 11 12; do curl -s -o /dev/null --max-time 1.6 $U/ & attempts="$attempts $!"; done
wait $attempts 2>/dev/null
sent=$(hits "$ID" matched) lost=$(hits "$ID" injected)
check_num "12 attempts, SYNs sent" "$sent" gt 12
# Those that came through sent one, the others two.
check_num "each that was lost was lost both times" "$lost" eq $((2 * (sent - 12)))
heal

fault connect_latency netns:flt-a --delay 200ms --direction to
# The least of five: what else this machine does can only add to it.
took() { for _i in 1 2 3 4 5; do get 6 2; done | cut -d' ' -f2 | sort -n | head -n 1; }
settles "connect_latency: curl connects in ms" took 200 10
answers "... one that stands is as fast as before"
"$FL" set "$ID" delay=50ms >/dev/null
settles "... set to 50 ms" took 50 10
note "FIGURE connect_latency 50 ms: curl connects in $(took) ms"
quick() { awk -v t="$(took)" 'BEGIN { exit !(t < 20) }'; }
freed connect_latency quick
pool_end

# --- what cannot be meant: refused before anything is touched ---
refused() {
	"$FL" inject "$@" --for 1s >"$T/out" 2>"$T/err"
	check_num "$*: refused" $? eq 2
	check "... in words: $(head -n 1 "$T/err")" grep -q "$WORD" "$T/err"
}
WORD=68 refused mtu_blackhole netns:flt-a --mtu 67
WORD=mtu refused mtu_blackhole netns:flt-a
WORD="about TCP" refused connect_drop netns:flt-a --protocol udp
WORD="about TCP" refused tcp_reset netns:flt-a --protocol udp
WORD="delay of 0" refused connect_latency netns:flt-a --delay 0
