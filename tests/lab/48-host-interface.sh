#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A target in the host's own network: at the host's interfaces its packets are hit, told by its cgroup, and
# nobody else's are. ("The host" is the sandbox.) Beside the target at every step: another cgroup, one above
# it, and the network of a target of another session.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
v2=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
cg=$v2/fltest-host-${T##*.}
mkdir -p "$cg/in/deep" "$cg/by" || not_ok "there is a v2 tree to test with"
rm_groups() { for _d in "$cg/in/deep" "$cg/in" "$cg/by" "$cg"; do [ ! -d "$_d" ] || wait_for 3 rmdir "$_d"; done; }
trap '_host_rc=$?; for p in $_pids; do kill "$p" 2>/dev/null; done; rm_groups; (exit $_host_rc); cleanup' EXIT
# group DIR COMMAND...: in that cgroup. (A program and no function: bg() ends what it has started itself.)
printf '%s\n' '#!/bin/sh' 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' >"$T/group" && chmod +x "$T/group"
group() { "$T/group" "$@"; }
mknet a 1
mknet b 2
T_A=10.77.1.2
cat >"$T/server.py" <<'END'
import http.server, socket, sys
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *args): pass
Server(("::", int(sys.argv[1])), Handler).serve_forever()
END
bg "$T/group" "$cg/in/deep" python3 "$T/server.py" 8001
bg "$T/group" "$cg/by" python3 "$T/server.py" 8002
bg "$T/group" "$cg" python3 "$T/server.py" 8003
cat >"$T/echo.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", int(sys.argv[1])))
while True: s.sendto(*s.recvfrom(100))
END
bg "$T/group" "$cg/in" python3 "$T/echo.py" 8004
bg "$T/group" "$cg/by" python3 "$T/echo.py" 8005
cat >"$T/ask.py" <<'END'
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2); t = time.monotonic()
s.sendto(b"x", (sys.argv[1], int(sys.argv[2]))); s.recv(9); print((time.monotonic() - t) * 1000)
END
for p in 8001 8002 8003; do wait_for 5 curl -s -o /dev/null "http://127.0.0.1:$p/"; done
# get NAME URL: status and milliseconds of a request from namespace NAME.
get() { innet "$1" curl -s -o /dev/null --max-time 4 -w '%{http_code} %{time_total}' "$2" | awk '{print $1, $2 * 1000}'; }
took() { get "$@" | cut -d' ' -f2; }
status() { get "$@" | cut -d' ' -f1; }
# rtt DIR ADDRESS [PING OPTION...]: of a ping out of the cgroup DIR, the mean.
rtt() { _g=$1 _a=$2; shift 2; group "$_g" ping -n -c 3 -i 0.05 -W 2 "$@" "$_a" | awk -F/ '/^(rtt|round)/ {print $5}'; }
# least COMMAND...: the least of three readings. A busy machine makes one large, a fault all.
least() {
	for _try in 1 2 3; do "$@"; done | awk '$1 != "" && (m == "" || $1 < m) { m = $1 } END { print m }'
}
others() { # STEP: nobody else is hit
	check_num "$1: another cgroup's server (ms)" "$(least took a http://10.77.1.1:8002/)" lt 240
	check_num "$1: the one above (ms)" "$(least took a http://10.77.1.1:8003/)" lt 240
	check_num "$1: another cgroup's packets (ms)" "$(least rtt "$cg/by" $T_A)" lt 240
	check_num "$1: packets of the one above (ms)" "$(least rtt "$cg" $T_A)" lt 240
	check_num "$1: what is only forwarded (ms)" "$(innet a ping -n -c 3 -i 0.05 -W 2 10.77.2.2 | awk -F/ '/^rtt/ {print $5}')" lt 240
	check_num "$1: a request that leaves from another cgroup" "$(group "$cg/by" curl -s -o /dev/null -w '%{http_code}' --max-time 3 http://127.0.0.1:8002/)" eq 200
}
sysctl -qw net.ipv4.ip_forward=1

# --- who may be a target ---
refused() { # DESCRIPTION STATUS PATTERN TARGET [OPTION...]
	_d=$1 _s=$2 _p=$3; shift 3
	"$FL" inject latency "$@" --delay 1ms --for 50ms >"$T/out" 2>&1; _r=$?
	if [ $_r = "$_s" ] && grep -q -- "$_p" "$T/out"; then ok "$_d"; else not_ok "$_d (status $_r)"; sed 's/^/#   /' "$T/out"; fi
}
refused "not without being asked for" 2 "allow-host-interface" "cgroup:$cg/in"
refused "a process is no cgroup" 3 "others may be in that of pid:" "pid:$BG_PID" --allow-host-interface
ip tuntap add flttun mode tun && ip link set flttun up
refused "beside a tunnel, where packets would be seen twice" 3 "flttun (tun) would be seen twice" "cgroup:$cg/in" --allow-host-interface
ip link del flttun
check "what needs no interface needs no permission" "$FL" inject null "cgroup:$cg/in" --for 50ms

# --- delay, each way, both kinds of address ---
fault latency "cgroup:$cg/in" --delay 300ms --direction from --allow-host-interface
check_num "from: the target's packets (ms)" "$(rtt "$cg/in" $T_A)" ge 300
check_num "from: of a group below, over IPv6 (ms)" "$(rtt "$cg/in/deep" fd77:1::2)" ge 300
check_num "from: what its server answers (ms)" "$(took a http://10.77.1.1:8001/)" ge 300
check_num "from: with the mark of the session that holds it (ms)" "$(rtt "$cg/in" $T_A -m $((0xfa170001)))" ge 300
check_num "from: with the mark of a later session (ms)" "$(rtt "$cg/in" $T_A -m $((0xfa17ffff)))" ge 300
check_num "from: the loopback is left out (ms)" "$(group "$cg/in" curl -s -o /dev/null -w '%{time_total}' http://127.0.0.1:8002/ | awk '{print $1 * 1000}')" lt 240
others from
heal
fault latency "cgroup:$cg/in" --delay 300ms --direction to --allow-host-interface
check_num "to: what its server gets (ms)" "$(took a http://10.77.1.1:8001/)" ge 300
check_num "to: over IPv6 (ms)" "$(took a 'http://[fd77:1::1]:8001/')" ge 300
check_num "to: at another interface (ms)" "$(took b http://10.77.2.1:8001/)" ge 300
check_num "to: UDP (ms)" "$(innet a python3 "$T/ask.py" 10.77.1.1 8004)" ge 300
check_num "to: another cgroup's UDP (ms)" "$(innet a python3 "$T/ask.py" 10.77.1.1 8005)" lt 240
others to
check_num "what was hit is told" "$(hits "$ID" injected)" gt 0
heal
check_num "healed (ms)" "$(took a http://10.77.1.1:8001/)" lt 240

# --- the other kinds ---
fault loss "cgroup:$cg/in" --percent 50 --direction from --seed 3 --allow-host-interface
_lost=$(group "$cg/in" ping -n -q -c 60 -i 0.01 -W 1 $T_A | sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p')
check_num "loss (%, the lower bound)" "$_lost" gt 20
check_num "loss (%, the upper bound)" "$_lost" lt 80
others loss
heal
fault partition "cgroup:$cg/in" --allow-host-interface
check_num "partition: its server is away" "$(status a http://10.77.1.1:8001/)" eq 0
check "partition: its client too" sh -c "! timeout 5 bash -c 'echo \$\$ >$cg/in/cgroup.procs; exec ping -c 1 -W 1 $T_A'"
others partition
heal
fault partition "cgroup:$cg/in" --peer 10.77.2.0/24 --allow-host-interface
check_num "partition from a peer" "$(status b http://10.77.2.1:8001/)" eq 0
check_num "and from no other" "$(status a http://10.77.1.1:8001/)" eq 200
heal
fault http_error "cgroup:$cg/in" --status 503 --percent 100 --allow-host-interface
check_num "an HTTP error of its server" "$(status a http://10.77.1.1:8001/)" eq 503
check_num "and of no other" "$(status a http://10.77.1.1:8002/)" eq 200
heal
fault tcp_reset "cgroup:$cg/in" --percent 100 --allow-host-interface
innet a curl -s -o /dev/null --max-time 3 http://10.77.1.1:8001/; _r=$?
check "a reset (curl says $_r)" test $_r = 7 -o $_r = 56 # of the connection as it begins, or of the request
check_num "and of no other" "$(status a http://10.77.1.1:8002/)" eq 200
heal
fault bandwidth "cgroup:$cg/in" --rate 1mbit --direction from --allow-host-interface
check_num "a rate: 60 packets of 1.4 KB at 1 Mbit/s (ms)" "$(rtt "$cg/in" $T_A -s 1400 -c 60 -l 60)" ge 100
others bandwidth
heal
"$FL" inject latency "cgroup:$cg/in" --delay 1ms --backend edt --direction from --allow-host-interface --for 50ms >"$T/out" 2>&1
check_num "departure times are for an interface that is a target's alone" $? gt 0

# --- beside a target that has an interface of its own ---
fault latency netns:flt-b --delay 20ms --direction from
"$FL" inject latency "cgroup:$cg/in" --delay 300ms --direction from --allow-host-interface --for 60s >"$T/second" 2>&1 & second=$!
wait_for 5 grep -q "is active" "$T/second"
near "two sessions, packets of both (ms)" "$(rtt "$cg/in" 10.77.2.2)" 320 40
check_num "of one (ms)" "$(rtt "$cg/by" 10.77.2.2)" lt 240
check_num "of the other (ms)" "$(rtt "$cg/in" $T_A)" ge 300
kill -INT "$second"; wait "$second"
heal
# A container in the host's network does not get by the faults of another target.
fault latency netns:flt-a --delay 300ms --direction to
for m in 1 2 65535; do check_num "with mark 0xfa17 and $m (ms)" "$(rtt "$cg/by" $T_A -m $((0xfa170000 + m)))" ge 300; done
heal
