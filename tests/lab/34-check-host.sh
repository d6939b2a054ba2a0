#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# check --host: targets, probe, pipeline and traffic of this host, all findings in one go; and a run says before the
# fault that nobody would notice it.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"
mknet a 1
mknet b 2
bg ip netns exec flt-a python3 -m http.server --bind 10.77.1.2 8080 >/dev/null 2>&1
wait_for 5 curl -s -o /dev/null http://10.77.1.2:8080/
bg sh -c 'while :; do curl -s --max-time 1 -o /dev/null http://10.77.1.2:8080/; sleep 0.1; done'
# entry NAME KIND TARGET PARAMS
entry() {
	cat <<-Y
		  - name: $1
		    hypothesis: 'pass_rate >= 1%'
		    fault_type: $2
		    params: {$4}
		    blast_radius: {target: $3, traffic: 0%, duration: 1s}
		    rollback: {automatic: true, trigger_when: 'pass_rate < 1% for 20s', method: none}
		    measurement: {metrics: [pass_rate], capture_window: t-1s to t+2s}
		    ground_truth: {root_service: a}
	Y
}
{
	echo 'suite:'
	echo '  probe: {url: "http://10.77.1.2:8080/", interval: 200ms, steady_window: 1s, recover_within: 5s}'
	echo '  baseline: 2s'; echo '  cooldown: 1s'; echo '  grace: 1s'
	echo 'experiments:'
	entry dns dns_latency netns:flt-a 'delay: 100ms'
	entry slow latency netns:flt-a 'delay: 1ms' | sed 's/pass_rate >= 1%/pass_rate >= 1%, retry_count <= 1000/'
	entry quiet network_loss netns:flt-b 'percent: 1%'
} >"$T/good.yaml"
{ cat "$T/good.yaml"; entry lost latency netns:flt-none 'delay: 1ms'; } >"$T/bad.yaml"

"$FL" check --host --watch 2s "$T/good.yaml" >"$T/out" 2>"$T/err"
check_num "a suite that can run here" $? eq 0
check "... nobody asks port 53, and what to do instead" grep -q "\[unseen-dns\] dns: in [0-9]* s nobody asked flt-a on port 53.*'fault_type: latency'" "$T/out"
check "... nothing comes from or to the other" grep -q '\[unseen-service\] quiet: in [0-9]* s nothing came from or to flt-b' "$T/out"
check "... what is seen is not spoken of" sh -c "! grep -q '\] slow:' '$T/out'"
check "... the probe's answer" grep -q '^probe http://10.77.1.2:8080/: HTTP 200' "$T/err"
check "... and nothing is left at the interfaces" sh -c "! tc filter show dev flt-a ingress | grep -q bpf"
"$FL" check --host --watch 0 --probe http://10.77.1.2:1/ --pipeline http://10.77.1.2:1 "$T/bad.yaml" >"$T/out" 2>"$T/err"
check_num "one that cannot" $? eq 3
for rule in host-target host-probe host-pipeline; do
	check "... $rule, with all the others" grep -q "\[$rule\]" "$T/out"
done
check "... --watch 0 watches nothing" sh -c "! grep -q unseen- '$T/out'"
"$FL" check --host --watch 0 -o json --probe http://10.77.1.2:1/ "$T/bad.yaml" >"$T/json" 2>/dev/null
check "... as JSON" jq -e '[.findings[].rule] | index("host-target") and index("host-probe")' "$T/json"
# What the probe of a run would not pass is no answer as it should be.
bg ip netns exec flt-a python3 -c "
import http.server
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(s):
        s.send_response(204)
        s.end_headers()
http.server.HTTPServer(('10.77.1.2', 8204), H).serve_forever()" >/dev/null 2>&1
wait_for 10 curl -sf -o /dev/null http://10.77.1.2:8204/
"$FL" check --host --watch 0 --probe http://10.77.1.2:8204/ "$T/good.yaml" >"$T/out" 2>"$T/err"
check_num "a probe that gets 204" $? eq 3
check "... and passes with 200 only" grep -q 'HTTP 204 .*passes with 200 only' "$T/out"
"$FL" check --probe http://x/ "$T/good.yaml" >/dev/null 2>&1
check_num "--probe without --host is refused" $? eq 2
"$FL" check --host --watch 60s "$T/good.yaml" >"$T/out" 2>/dev/null &
pid=$!
sleep 1.5
kill -INT $pid
wait $pid
check_num "a signal ends the watch" $? eq 5
check "... and what was found is printed" grep -q '3 experiments, 0 errors' "$T/out"

"$FL" run "$T/good.yaml" --only 1,2 --out "$T/run" >/dev/null 2>"$T/err"
check "a run says it before the fault" sh -c "sed '/dns: FAULT ON/,\$d' '$T/err' | grep -q 'dns: in [0-9]* s nobody asked flt-a on port 53'"
check "retry_count in a hypothesis is judged" jq -e '.[1].hypothesis.clauses[1] | .metric == "retry_count" and .verdict == "held" and .value >= 0' "$T/run/chaos_results.json"
check "... and records it" jq -e '.[0].unseen[0].rule == "unseen-dns" and .[1].unseen == null' "$T/run/chaos_results.json"
