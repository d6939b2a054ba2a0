#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: long
# What no fault touches: the connection that the person sits on, and what /etc/faultline/protect.d names.
. "$(dirname "$0")/../lib.sh"
mknet a 1
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
refused() { # DESCRIPTION STATUS PATTERN COMMAND...
	_w=$1 _s=$2 _p=$3; shift 3
	"$@" >"$T/out" 2>"$T/err"; rc=$?
	same "$_w" "$rc $(tr '\n' ' ' <"$T/err" | grep -cE "$_p")" "$_s 1" || cat "$T/err"
}
P=/etc/faultline/protect.d
mkdir -p $P
protect() { cat >$P/test.yaml; }
serve() { # ADDR PORT: an echo server in flt-a
	bg innet a python3 -c 'import socketserver as s, sys, socket
class H(s.StreamRequestHandler):
    def handle(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for line in self.rfile: self.wfile.write(line); self.wfile.flush()
class S(s.ThreadingTCPServer):
    allow_reuse_address = True
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
S((sys.argv[1], int(sys.argv[2])), H).serve_forever()' "$1" "$2" >/dev/null 2>&1
	wait_for 10 python3 "$TOP/tests/tools/servers/echo_rtt.py" "$1" "$2" 0.01
}
rtt() { python3 "$TOP/tests/tools/servers/echo_rtt.py" "$1" "$2" "$3" 2>/dev/null || echo "5000 0 1"; }
on() { # KIND ARGS...: it is on when this returns; off() ends it
	"$FL" inject "$@" --for 60s -o json >"$T/proof" 2>"$T/err" & p=$!
	wait_for 10 sh -c "'$FL' list -o json | jq -e '.[0].active'" || cat "$T/err"
}
off() { kill -INT $p; wait $p; }
for a in 10.77.1.2 fd77:1::2; do serve $a 7001; serve $a 7002; done

# --- ports and networks, every kind that acts on packets, both families ---
kinds='latency:--delay=1500ms network_loss:--percent=100 network_partition: bandwidth:--rate=8kbit corrupt:--percent=100 reorder:--percent=100,--delay=1500ms duplicate:--percent=100 tcp_reset:--percent=100 connect_drop: connect_refused: connect_latency:--delay=1500ms http_error:--status=500 http_latency:--delay=1500ms dns_error: dns_answer:--a=192.0.2.99 dns_latency:--delay=1500ms'
known=$("$FL" inject --help | awk '/^  / { print $1 }')
protect <<<'ports: [7001]'
for kind in $kinds; do
	args=${kind#*:} kind=${kind%%:*}
	grep -qx "$kind" <<<"$known" || { not_ok "no kind $kind"; continue; }
	# shellcheck disable=SC2086
	on "$kind" netns:flt-a ${args//,/ }
	rtt 10.77.1.2 7001 0.5 >"$T/10.77.1.2" & other=$!
	rtt fd77:1::2 7001 0.5 >"$T/fd77:1::2"
	wait $other
	off
	for a in 10.77.1.2 fd77:1::2; do
		read -r worst back sent <"$T/$a"
		check "$kind, $a: a protected port is not touched ($worst ms, $back of $sent)" awk -v w="$worst" -v b="$back" -v s="$sent" 'BEGIN { exit !(b > 2 && b == s && w < 700) }'
	done
	check "... and nothing of it is counted as hit, but as spared" jq -e '(.effect | test("packets of protected ports spared"))' "$T/proof"
done
"$FL" inject partition netns:flt-a --local-port 7001 --for 60s >"$T/text" & p=$!
wait_for 10 sh -c "'$FL' list -o json | jq -e '.[0].active'"
rtt 10.77.1.2 7001 0.3 >/dev/null; off
check "where all that was wanted is protected, the proof says so" grep -q 'All that met its match is protected' "$T/text"
on partition netns:flt-a
check "another port is" sh -c "! timeout 1 python3 '$TOP/tests/tools/servers/echo_rtt.py' 10.77.1.2 7002 0.1"
off
protect <<<'cidrs: [10.77.1.1/32]'
on partition netns:flt-a
check "a protected network is not touched, whatever the protocol" ping -c 3 -i 0.1 -W 1 10.77.1.2
check "... another is" sh -c "! ping -6 -c 1 -W 1 fd77:1::2"
off
check "... counted" jq -e '.injected > 0 and (.effect | test("packets of protected networks spared"))' "$T/proof"
protect <<<'ports: [53]'
on partition netns:flt-a
check "with protected ports, what has none is still hit" sh -c "! ping -c 1 -W 1 10.77.1.2"
off

# --- names, labels, cgroups; what is wrong with a file ---
protect <<<'names: ["flt-*"]'
refused "a protected name" 2 "refused: netns:flt-a is protected by names: flt-. .$P/test.yaml:1" "$FL" inject null netns:flt-a --for 1s
other=$(innet a sh -c 'sleep 300 >/dev/null & echo $!'); _pids="$_pids $other"
refused "... whatever its processes are called" 2 'protected by names.*netns:flt-a' "$FL" inject null "pid:$other" --for 1s
bg sh -c 'ip netns exec flt-a sleep 300 & wait'
wait_for 5 pgrep -P "$BG_PID" -x sleep
refused "... and whatever holds them" 2 'protected by names.*netns:flt-a' "$FL" inject null "pid:$BG_PID" --for 1s
protect <<<'names: [other]'
check "another name is none" "$FL" inject null netns:flt-a --for 100ms
bad() { protect; refused "$1" "$2" "$3" "$FL" inject null netns:flt-a --for 100ms; }
bad "an unknown key: place and nearest" 2 "$P/test.yaml:2:1: unknown key 'cidr'.*did you mean 'cidrs'" <<<$'names: [x]\ncidr: [10.0.0.0/8]'
bad "no network" 2 "$P/test.yaml:1:9: '10.0.0' is no IPv4 or IPv6 address" <<<'cidrs: [10.0.0]'
bad "no port" 2 "$P/test.yaml:1:9:" <<<'ports: [99999]'
bad "no cgroup" 2 "no cgroup: its path" <<<'cgroups: [/sys/fs/cgroup/x]'
bad "no YAML" 2 "$P/test.yaml:" <<<'names: ['
bad "an empty file" 2 "the file is empty" </dev/null
protect <<<'names: [x]'
chmod 666 $P/test.yaml; refused "a file that others may write to" 3 'not trusted' "$FL" inject null netns:flt-a --for 1s
chmod 644 $P/test.yaml; chmod 777 $P; refused "a folder that others may write to" 3 'not trusted' "$FL" inject null netns:flt-a --for 1s
chmod 755 $P; chown 1 $P/test.yaml; refused "a file that is not root's" 3 'not trusted' "$FL" inject null netns:flt-a --for 1s
rm $P/test.yaml; mkdir $P/test.yaml; refused "a file that cannot be read" 3 'cannot read' "$FL" inject null netns:flt-a --for 1s
rmdir $P/test.yaml; echo 'names: [x]' >$P/test.yml; refused "a name that would be passed over" 3 'only files that end in .yaml' "$FL" inject null netns:flt-a --for 1s
rm $P/test.yml; ln -s /nowhere $P/test.yaml; refused "a link to nothing" 3 'cannot read' "$FL" inject null netns:flt-a --for 1s
rm $P/test.yaml
cg=$(awk -F: '{ print $3; exit }' "/proc/$other/cgroup")
if [ "$cg" != / ]; then
	protect <<<"cgroups: [\"$cg\"]"
	refused "a process of a protected cgroup, whatever it is called" 2 "protected by cgroups: .*process $other in it" "$FL" inject null "pid:$other" --for 1s
	refused "... its network namespace, for a fault of the network" 2 'protected by cgroups' "$FL" inject partition netns:flt-a --for 1s
else
	note "this shell is in the root cgroup"
fi
rm -rf $P

# --- what is written there while a fault is on ---
mknet b 2
mkdir -p $P
ends() { # DESCRIPTION PATTERN: the session that is on ends by what comes on stdin, and says why
	protect
	check "$1" in_time 8 sh -c "! kill -0 $p 2>/dev/null"
	wait $p; _rc=$?
	same "... its exit status, and why" "$_rc $(jq -r '.ended_by.why' "$T/proof" | grep -cE "$2")" "$3 1" || cat "$T/proof" "$T/err"
}
protect <<<'names: [nobody]'
on null netns:flt-a
ends "a name that is protected from now on ends its fault" "ended: netns:flt-a is protected by names: flt-a .$P/test.yaml:1" 0 <<<'names: [flt-a]'
protect <<<'names: [nobody]'
on latency netns:flt-a --delay 1ms
ping -c 1 -W 1 10.77.1.2 >/dev/null
protect <<<'labels: [tier=gold]'
sleep 1.5
check "another one does not" kill -0 $p
ends "protected networks that the fault does not know of end it" "more networks or ports are protected" 0 <<<'cidrs: [10.77.1.1/32]'
protect <<<'names: [nobody]'
on latency netns:flt-a --delay 1ms --peer netns:flt-b
ends "so does the name of a peer" "peer netns:flt-b is protected by names: flt-b" 1 <<<'names: [flt-b]'
refused "a peer that a name protects is refused" 2 'refused: peer netns:flt-b is protected by names: flt-b' "$FL" inject latency netns:flt-a --peer netns:flt-b --delay 1ms --for 1s
protect <<<'names: [nobody]'
on null netns:flt-a
protect <<<'names: ['
sleep 1.5
check "a file in the middle of being written ends nothing" kill -0 $p
id=$("$FL" list -o json | jq -r '.[0].id')
refused "... nothing is set meanwhile" 2 "$P/test.yaml" "$FL" set "$id" hits=2
ends "one that stays like that does" "ended: " 0 <<<'names: [ '
rm -rf $P

# --- the host itself ---
sleep 300 & host=$!; _pids="$_pids $host"
refused "a fault of the network on a process of the host" 2 'refused: the network of the host' "$FL" inject latency "pid:$host" --delay 1ms --for 1s
for kind in latency null pause; do
	refused "$kind on init" 2 'refused: init' "$FL" inject $kind pid:1 $([ $kind = latency ] && echo --delay 1ms) --for 1s
done

# --- what is allowed, and not what it looks like ---
"$FL" inject latency netns:flt-a --delay 1h --for 100ms >"$T/text" 2>"$T/err"
check "a delay that no connection survives is announced" grep -q 'note: a delay of 1h is longer than TCP waits for an answer when it connects (127s): nothing connects' "$T/err"
check "... and one that is longer than the fault" grep -q 'note: a delay of 1h is longer than the fault is on (100ms): what is held is let go' "$T/err"
noted() { "$FL" inject "$@" --for 300ms >"$T/text" 2>"$T/err"; }
noted latency netns:flt-a --delay 70s --direction both
check "both directions count twice" grep -q 'note: a delay of 70s in both directions is longer than TCP waits' "$T/err"
noted latency netns:flt-a --delay 70s
check "... one does not" sh -c "! grep -q 'TCP waits' '$T/err'"
noted latency netns:flt-a --delay 1h --protocol udp
check "nothing is said of TCP where it is spared" sh -c "! grep -q TCP '$T/err'"
noted dns_latency netns:flt-a --delay 12s
check "a lookup that nobody waits for" grep -q 'note: a delay of 12s is longer than a resolver waits' "$T/err"
noted http_latency netns:flt-a --delay 5min
check "HTTP connects, however slow it is" sh -c "! grep -q 'TCP' '$T/err'"
id=$("$FL" inject latency netns:flt-a --delay 1ms --for 60s --detach 2>"$T/err")
check "... a short one is not" sh -c "! grep -q note: '$T/err'"
"$FL" set "$id" delay=3min >/dev/null 2>"$T/err"
check "... nor unsaid when it is set" grep -q 'note: a delay of 180s is longer' "$T/err"
"$FL" stop "$id" >/dev/null

# --- the connection that the person sits on ---
# The person is in flt-a and has come to the host by ssh; the fault is on flt-a. Other traffic is hit.
seat() { # ADDR-OF-HOST PORT ADDR-OF-TARGET COMMAND...: what the command prints is in $T/typed
	_addr=$1 _port=$2; shift 2
	"$BUILD/tests/tools/sshd" "$_addr" "$_port" "$@" >"$T/typed" 2>"$T/typed.err" & sshd=$!
	wait_for 5 sh -c "ss -Hltn 'sport = :$_port' | grep -q ."
	innet a python3 "$TOP/tests/tools/servers/echo_rtt.py" "$_addr" "$_port" 60 >"$T/seat" 2>/dev/null
	wait $sshd
}
port=2200
for args in "latency --delay 1500ms" "loss --percent 100" "partition" "bandwidth --rate 8kbit" "corrupt --percent 100" "reorder --percent 100 --delay 1500ms" "tcp_reset --percent 100"; do
	for addr in 10.77.1.1 fd77:1::1; do
		port=$((port + 1))
		# shellcheck disable=SC2086
		set -- $args; kind=$1; shift
		seat $addr $port env -u SSH_CONNECTION "$FL" inject "$kind" netns:flt-a "$@" --for 700ms -o json
		wait_for 5 test ! -e /run/faultline
		read -r worst back sent <"$T/seat"
		check "$args, $addr: the person's connection is not touched ($worst ms, $back of $sent)" awk -v w="$worst" -v b="$back" -v s="$sent" 'BEGIN { exit !(b > 3 && b == s && w < 700) }'
		check "... and is named: $(grep -h note: "$T/typed.err")" grep -qE "note: your ssh connection (10.77.1.2|fd77:1::2) port [0-9]+ > $addr port $port would be hit; it is left out" "$T/typed.err"
		check "... counted: $(jq -r .effect "$T/typed")" jq -e '.effect | test("packets of your own connection spared")' "$T/typed"
	done
done
# Nobody else's is spared: a second connection between the same two, and what sshd forwards.
"$BUILD/tests/tools/sshd" 10.77.1.1 2300 sh -c "until [ -e '$T/enough' ]; do sleep 0.1; done; sleep 1" & other=$!
wait_for 5 sh -c "ss -Hltn 'sport = :2300' | grep -q ."
innet a python3 "$TOP/tests/tools/servers/echo_rtt.py" 10.77.1.1 2300 60 >"$T/second" 2>/dev/null & p=$!
FORWARD=10.77.1.2:7001 seat 10.77.1.1 2301 "$FL" inject partition netns:flt-a --for 1500ms -o json
touch "$T/enough"
wait $p $other
read -r worst back sent <"$T/second"
check "another's connection is hit ($worst ms, $back of $sent)" awk -v w="$worst" -v b="$back" -v s="$sent" 'BEGIN { exit !(w > 700 || b < s) }'
read -r worst back sent <"$T/seat"
check "... the person's is not ($worst ms)" awk -v w="$worst" 'BEGIN { exit !(w < 700) }'
same "... and what is forwarded is not named" "$(grep -c note: "$T/typed.err")" 1
seat 10.77.1.1 2302 "$FL" inject latency netns:flt-a --delay 1ms --port 9 --for 100ms
same "what would not be hit is not named" "$(grep -c note: "$T/typed.err")" 0

# --- the Docker engine over TCP ---
DOCKER_HOST=tcp://10.77.1.2:7001 on partition netns:flt-a
read -r worst back sent <<<"$(rtt 10.77.1.2 7001 0.5)"
check "the engine's connection is not touched ($worst ms, $back of $sent)" awk -v b="$back" -v s="$sent" 'BEGIN { exit !(b > 3 && b == s) }'
off
check "... and is named" grep -q "note: the docker engine's API at 10.77.1.2 port 7001 would be hit" "$T/err"
