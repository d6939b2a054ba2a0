#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: long
# Nothing is done to the lab, again and again, while it is busy, and strangers are noisy beside it: no gap blames
# a detector for it, nobody felt it, no symptom is claimed, and no stranger stands in the results. (The unit tests
# have hundreds of such experiments; three here, 200 in the long form.)
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/lab.sh"
. "$TOP/tests/tools/run_lib.sh"
nulls=3
[ "${FLTEST_LONG:-}" = 1 ] && nulls=200

# A stranger in the network of its own that the meter knows by its name, with answers that get slower and slower.
mknet noisy 9
ip link set lo up
bg ip netns exec flt-noisy python3 -c '
import http.server, time
n = [0]
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        n[0] += 1
        time.sleep(min(n[0] / 2000, 0.2))
        self.send_response(503 if n[0] % 3 == 0 else 200); self.end_headers()
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer(("10.77.9.2", 80), H).serve_forever()'
wait_for 10 curl -s -o "$T/page" http://10.77.9.2/
bg sh -c 'for i in $(seq 5000); do curl -s -o /dev/null http://10.77.9.2/; done'

pipeline silent
{
	cat <<-Y
		suite:
		  name: nothing
		  stack: lab
		  pipeline: {url: 'http://127.0.0.1:$PORT', timeout: 500ms, retries: 0}
		  probe: {interval: 200ms, steady_window: 1s, recover_within: 10s}
		  baseline: 6s
		  cooldown: 100ms
		  grace: 300ms
		experiments:
	Y
	for i in $(seq $nulls); do
		cat <<-Y
			  - name: nothing_$i
			    hypothesis: success_rate >= 50%, p95{service=payment-svc} <= 10s
			    fault_type: 'null'
			    params: {hits: 3}
			    blast_radius: {target: 'payment-svc', traffic: 0% (synthetic), duration: 6s}
			    rollback: {automatic: true, trigger_when: success_rate < 1%, method: faultline stop}
			    measurement: {metrics: [success_rate, p99], capture_window: t-1s to t+1s}
			    abort_conditions: ['slo_breach > 100']
			    ground_truth: {root_service: payment-svc}
		Y
	done
} >"$T/nothing.yaml"
"$FL" run "$T/nothing.yaml" --out "$T/out" -q >"$T/board" 2>"$T/progress"
count() { jq "[.[] | select($1)] | length" "$T/out/chaos_results.json"; }
check_num "every one ran" "$(count '.status == "ok"')" eq $nulls
visible=$(grep -c '(7\.1)' "$T/board")
note "FIGURE null experiments on the lab: $visible of $nulls called a visible anomaly, $(count '.felt == "yes"') felt, $(count '.moments.first_symptom != null') with a symptom"
# (One in a hundred may be. Of a few, one is no sign of more than that: two of three are.)
if [ "$nulls" -ge 100 ]; then
	check_num "called a visible anomaly, of a hundred" "$((visible * 100 / nulls))" le 1
else
	check_num "called a visible anomaly, of $nulls" "$visible" le 1
fi
check_num "felt, of a hundred" "$(($(count '.felt == "yes"') * 100 / nulls))" le 1
check_num "each was tested for it" "$(count '.felt == "no" and ([.felt_tests[] | select(.tested)] | length >= 2)')" ge $((nulls * 9 / 10))
check_num "figures were looked at in each" "$(count '.anomaly.looked_at >= 6')" eq $nulls
check_num "... and the rule tried on its own baseline" "$(jq '[.[].anomaly.baseline_tried] | add' "$T/out/chaos_results.json")" gt 0
check_num "a stranger is in no figure" "$(jq '[.[].kernel[] | select(.service == "netns:flt-noisy" or .client == "netns:flt-noisy" or (.service | startswith("flt-")))] | length' "$T/out/chaos_results.json")" eq 0
check "the scoreboard says what was looked at" grep -q 'figures that it can show on none left its baseline' "$T/board"
