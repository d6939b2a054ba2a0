#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# --dry-run of inject and run: who would be hit is who is hit, and nothing is touched.
. "$(dirname "$0")/../lib.sh"
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
mknet a 1
mknet b 2
bg innet a python3 -c 'import http.server as h, socketserver as s
class H(h.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"ok")
s.ThreadingTCPServer(("10.77.1.2", 8080), H).serve_forever()' >/dev/null 2>&1
wait_for 10 curl -s -o /dev/null http://10.77.1.2:8080/
server=$(ip netns pids flt-a)
# A connection that talks, one that has been still for long, one to another port.
bg python3 -c 'import socket, time
talks = socket.create_connection(("10.77.1.2", 8080)); still = socket.create_connection(("10.77.1.2", 8080))
open("'"$T"'/ports", "w").write("%d %d" % (talks.getsockname()[1], still.getsockname()[1]))
while True:
    talks.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"); talks.recv(500); time.sleep(0.2)'
wait_for 10 test -s "$T/ports"
read -r talks still <"$T/ports"
state() { ip -o link; tc filter show dev fltv1 ingress; find /sys/fs/bpf /run/faultline /var/lib/faultline 2>/dev/null; bpftool net show dev fltv1 2>/dev/null; }
state >"$T/state"
dry() { "$FL" inject "$@" --dry-run -o json >"$T/dry" 2>"$T/err" || sed 's/^/# /' "$T/err"; }

dry latency netns:flt-a --delay 20ms --share 50% --for 60s
same "the target and its processes" "$(jq -r '.targets[0] | "\(.name) \([.processes[].pid] | join(" ")) \(.processes[0].command)"' "$T/dry")" "netns:flt-a $server python3"
same "the interface" "$(jq -r '.targets[0].interfaces[0]' "$T/dry")" fltv1
check "the connection that talks" jq -e --arg p "$talks" '[.targets[0].flows[] | select(.peer == "10.77.1.1:" + $p and .local == "10.77.1.2:8080" and .idle_s < 3 and (.spared | not))] | length == 1' "$T/dry"
same "the share" "$(jq -r .share "$T/dry")" "100% of the matching packets that wait, 50% of the flows that are touched at all"
check "what undoes it: the kernel" jq -e '.undone_by | test("^the kernel")' "$T/dry"
same "no stack is known here" "$(jq -r .stack "$T/dry")" null
printf 'services: {shop: "netns:flt-a", other: "netns:flt-b"}\n' >/etc/faultline/stack.yaml
for t in shop netns:flt-a "pid:$server"; do
	dry pause "$t"
	same "of a stack that is described: $t is a service of it" "$(jq -c .stack "$T/dry")" '{"hit":["shop"],"services":2}'
done
rm /etc/faultline/stack.yaml
sleep 11
dry latency netns:flt-a --delay 20ms
same "one that has been still for more than 10 s is not" "$(jq -r '[.targets[0].flows[].peer] | sort | join(" ")' "$T/dry")" "10.77.1.1:$talks"
dry latency netns:flt-a --delay 20ms --peer-port 9
same "what the match does not want is not" "$(jq '.targets[0].flows | length' "$T/dry")" 0
dry latency netns:flt-a --delay 20ms --peer 10.77.2.0/24
same "... nor another peer" "$(jq '.targets[0].flows | length' "$T/dry")" 0
mkdir -p /etc/faultline/protect.d; echo 'ports: [8080]' >/etc/faultline/protect.d/x.yaml
dry latency netns:flt-a --delay 20ms
same "what is protected says so" "$(jq -r '[.targets[0].flows[].spared] | unique | join(" ")' "$T/dry")" true
rm -r /etc/faultline/protect.d
dry pause netns:flt-a
same "a kind for processes: those, and no flows" "$(jq -r '"\([.targets[0].processes[].pid] | join(" ")) \(.targets[0].flows)"' "$T/dry")" "$server null"
dry crash netns:flt-a
check "a process that dies is brought back by nobody" jq -e '.undone_by | test("nobody supervises stays down")' "$T/dry"
"$FL" inject latency netns:flt-a --delay 20ms --dry-run >"$T/text"
check "for people: processes, flows, share, undo" sh -c "grep -q 'processes  1: $server python3' '$T/text' && grep -q '10.77.1.2:8080 - 10.77.1.1:$talks' '$T/text' && grep -q 'share       100' '$T/text' && grep -q 'undone by   the kernel' '$T/text' && grep -q 'nothing was touched' '$T/text'"
"$FL" inject latency netns:nope --delay 20ms --dry-run >"$T/text" 2>&1; rc=$?
same "a target that is not there" $rc 2
state | diff "$T/state" - >"$T/diff"
check "nothing was touched" test ! -s "$T/diff"

# Whom it names are whom it hits: the same table for a fault that is on.
"$FL" inject pause netns:flt-a --for 20s >/dev/null & p=$!
wait_for 5 sh -c "grep -q '^State:.*T' /proc/$server/status"
ok "the process that was named is the one that is paused"
dry latency netns:flt-a --delay 1ms
check "a fault that is on the target already is told" jq -e '.also[0] | test("pause by root.* is on netns:flt-a too")' "$T/dry"
kill -INT $p; wait $p

# --- run ---
cat >"$T/suite.yaml" <<END
suite: {baseline: 1s, cooldown: 1s, grace: 1s}
experiments:
  - name: two
    hypothesis: success_rate >= 50%
    faults: [{type: latency, params: {delay: 20ms}}, {type: pause}]
    blast_radius: {target: 'netns:flt-a', traffic: 0% (synthetic), duration: 60s}
    rollback: {automatic: true, trigger_when: success_rate < 1%, method: faultline stop}
    measurement: {metrics: [success_rate, p99], capture_window: t-1s to t+1s}
    ground_truth: {root_service: a}
END
"$FL" run "$T/suite.yaml" --dry-run -o json --out "$T/out" >"$T/dry" 2>"$T/err" || sed 's/^/# /' "$T/err"
same "each fault of a run" "$(jq -r '.experiments[0].would_hit | map("\(.kind) \(.targets[0].processes[0].pid) \(.for_s)") | join(", ")' "$T/dry")" "latency $server 60, pause $server 60"
check "... with its flows" jq -e --arg p "$talks" '.experiments[0].would_hit[0].targets[0].flows[0].peer == "10.77.1.1:" + $p' "$T/dry"
"$FL" run "$T/suite.yaml" --dry-run --out "$T/out" >"$T/text" 2>&1
check "... for people" sh -c "grep -q 'latency would hit' '$T/text' && grep -q 'pause would hit' '$T/text' && grep -q 'nothing was touched' '$T/text'"
check "... and no results are made" test ! -e "$T/out"
