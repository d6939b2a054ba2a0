#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: alone
# The control group: a delay of 20 ms on half of the flows, while the load doubles in the middle and every answer takes
# twice as long, is told to the millisecond; where nothing is done to the treated, nothing is found. Before against
# during, which is what is left without a control group, is off by far more.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
mknet shop 1; mknet user 2
bg ip netns exec flt-shop python3 "$TOOLS/servers/steady_load.py" serve 10.77.1.2 4
wait_for 10 ip netns exec flt-user bash -c ': </dev/tcp/10.77.1.2/80' 2>/dev/null
pipeline silent

# NAME KIND PARAMS: one experiment on half of the flows, whose load doubles in its middle; into $T/NAME
experiment() {
	rm -f "$T/double"
	cat >"$T/$1.yaml" <<-Y
		suite:
		  name: half
		  services: {shop: 'netns:flt-shop', user: 'netns:flt-user'}
		  probe: {url: 'http://127.0.0.1:$PORT/health', interval: 100ms, steady_window: 1s, recover_within: 10s}
		  pipeline: {url: 'http://127.0.0.1:$PORT', timeout: 500ms, retries: 0}
		  baseline: 3s
		  cooldown: 100ms
		  grace: 300ms
		experiments:
		  - name: $1
		    hypothesis: success_rate >= 50%
		    fault_type: $2
		    params: $3
		    blast_radius: {target: shop, traffic: 0% (synthetic), duration: 10s}
		    rollback: {automatic: true, trigger_when: success_rate < 1%, method: faultline stop}
		    measurement: {metrics: [success_rate], capture_window: t-1s to t+1s}
		    abort_conditions: ['slo_breach > 100']
		    ground_truth: {root_service: shop}
	Y
	bg ip netns exec flt-user python3 "$TOOLS/servers/steady_load.py" ask 10.77.1.2 40 "$T/double"
	load=$BG_PID
	"$FL" run "$T/$1.yaml" --out "$T/$1" --seed "${SEED:-1}" -q >"$T/board" 2>"$T/said" &
	run=$!
	wait_for 20 eval "grep -qs fault-on '$T/$1/events.jsonl' || ! kill -0 $run 2>/dev/null"
	sleep 5
	touch "$T/double"
	wait $run || sed 's/^/#   /' "$T/said"
	kill "$load"
	wait "$load" 2>/dev/null
}
# edge NAME FILTER: of the edge's entry
edge() { jq -r ".[0].control_group[0].edges[] | select(.client == \"user\" and .service == \"shop\") | $2" "$T/$1/chaos_results.json"; }
told() { # NAME: for people who read the test's output
	note "FIGURE $1: mean $(edge "$1" '.latency_ms.mean | "\(.difference) ms [\(.low) .. \(.high)], p \(.p)"'), p50 $(edge "$1" '.latency_ms.p50 | "\(.difference) [\(.low) .. \(.high)]"'), p99 $(edge "$1" '.latency_ms.p99 | "\(.difference) [\(.low) .. \(.high)]"'), of $(edge "$1" '"\(.treated.requests) treated and \(.control.requests) control requests"')"
}

experiment late latency '{delay: 20ms, share: 50%}'
told late
check "the scoreboard has its line" grep -q '^- late, user > shop: latency +[12][0-9.]* ms \[.* points \[.*; of [0-9]* treated and [0-9]* control tries$' "$T/board"
check "the reports are written" "$FL" report "$T/late"
check "chaos_report.md has it" grep -q 'user > shop.*what it left alone at the same time (95 %): latency +[12]' "$T/late/chaos_report.md"
check "report.html has it" grep -q 'user &gt; shop.*what it left alone at the same time (95 %): latency +[12]' "$T/late/report.html"
check_num "both sides were asked" "$(edge late '[.treated.requests, .control.requests] | min')" ge 1000
check_num "all groups of both have flows" "$(edge late '[.treated.groups, .control.groups] | min')" ge 7
check_num "20 ms are 20 ms: the mean (us)" "$(edge late '.latency_ms.mean.difference * 1000 | round')" ge 19000
check_num "... and no more" "$(edge late '.latency_ms.mean.difference * 1000 | round')" le 21000
check_num "the median too (us)" "$(edge late '(.latency_ms.p50.difference - 20) * 1000 | fabs | round')" le 1000
check "its interval is narrow and holds it" test "$(edge late '.latency_ms.mean | .low < 20.2 and .high > 19.8 and .high - .low < 3')" = true
check "chance does not explain it" test "$(edge late '.latency_ms.mean.p < 0.001')" = true
check "no errors are claimed" test "$(edge late '.error_rate | .p > 0.05 and .low <= 0 and .high >= 0')" = true
check "before it there was nothing" test "$(edge late '.before.mean | (.difference | fabs) < 1.5')" = true
check_num "no flow was in no group" "$(jq '.[0].control_group[0].ungrouped' "$T/late/chaos_results.json")" eq 0
naive=$(jq '.[0].kernel[] | select(.client == "user" and .service == "shop" and .metric == "latency") | (.during.mean - .before.mean - 10) * 1000 | fabs | round' "$T/late/chaos_results.json")
note "FIGURE before against during is off by $naive us (half of the flows: 10 ms are true)"
check_num "before against during is off by more than 1 ms" "$naive" gt 1000
check_num "what is measured without groups has all requests" \
	"$(jq '.[0] | (.kernel[] | select(.client == "user" and .service == "shop" and .metric == "latency") | .during.n) as $all | (.control_group[0].edges[] | select(.client == "user") | .treated.requests + .control.requests) as $both | [$all - $both, $both - $all] | max * 100 / $all | floor' "$T/late/chaos_results.json")" le 5

# No packet is that large: the flows of the share are drawn, and nothing is done to them.
for SEED in 2 3; do
	experiment "nothing$SEED" loss '{percent: 100%, packet-size: 65000-65535, share: 50%}'
	told "nothing$SEED"
	check "nothing done, nothing found in the mean" test "$(edge "nothing$SEED" '.latency_ms.mean | .p >= 0.01 and (.difference | fabs) < 1')" = true
	check "... in errors" test "$(edge "nothing$SEED" '.error_rate.p >= 0.05')" = true
done

# Attempts to connect are drawn by "percent": those that are refused against those that are let through.
bg ip netns exec flt-user bash -c 'while :; do curl -s -m 1 -o /dev/null http://10.77.1.2/1; sleep 0.01; done'
experiment refused connect_refused '{percent: 50%, direction: to}'
check "attempts are compared" test "$(jq -r '.[0].control_group[0].unit' "$T/refused/chaos_results.json")" = attempt
check_num "every attempt that is drawn is an error, no other one (%)" "$(edge refused '.error_rate.difference * 100 | round')" ge 99
check "... of both there were some" test "$(edge refused '.treated.tries >= 20 and .control.tries >= 20')" = true
