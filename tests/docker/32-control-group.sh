#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# 2 of 5 containers of a service are hit, the other three are their controls: what the clients of the two see is told from
# what those of the three see, at the same time. A fault on all of them has no control group.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
. "$TOP/tests/tools/run_lib.sh"
docker_up; docker_image tiny
for i in 1 2 3 4 5; do
	docker run -d --name shop-pay-$i --label com.docker.compose.project=shop --label com.docker.compose.service=pay \
		tiny sh -c 'echo ok >/www/index.html; exec busybox httpd -f -p 80 -h /www' >/dev/null
done
docker run -d --name shop-user-1 --label com.docker.compose.project=shop --label com.docker.compose.service=user \
	tiny sleep 1000 >/dev/null
for i in 1 2 3 4 5; do
	a=$(docker_addr shop-pay-$i)
	wait_for 10 curl -sf -o "$T/page" "http://$a/"
	bg nsenter -t "$(docker_pid shop-user-1)" -n bash -c "while :; do curl -s -m 2 -o /dev/null http://$a/; sleep 0.02; done"
done
pipeline silent

# NAME TARGET
experiment() {
	cat >"$T/$1.yaml" <<-Y
		suite:
		  name: some
		  probe: {url: 'http://127.0.0.1:$PORT/health', interval: 100ms, steady_window: 1s, recover_within: 10s}
		  pipeline: {url: 'http://127.0.0.1:$PORT', timeout: 500ms, retries: 0}
		  graph: {services: [user, pay], edges: [[user, pay]]}
		  baseline: 2s
		  cooldown: 100ms
		  grace: 300ms
		experiments:
		  - name: $1
		    hypothesis: p95{service=user} <= 5s
		    fault_type: latency
		    params: {delay: 20ms}
		    blast_radius: {target: $2, traffic: 0% (synthetic), duration: 6s}
		    rollback: {automatic: true, trigger_when: success_rate < 1%, method: faultline stop}
		    measurement: {metrics: [success_rate], capture_window: t-1s to t+1s}
		    abort_conditions: ['slo_breach > 100']
		    ground_truth: {root_service: pay}
	Y
	"$FL" run "$T/$1.yaml" --out "$T/$1" --seed 3 -q --force-stage >"$T/board" 2>"$T/said" || sed 's/^/#   /' "$T/said"
}
group() { jq -r ".[0].control_group[0] | $2" "$T/$1/chaos_results.json"; }
edge() { group "$1" ".edges[] | select(.client == \"user\" and .service == \"pay\") | $2"; }

experiment two '2 instances of pay'
check "instances are compared" test "$(group two .unit)" = instance
check_num "two were hit" "$(edge two .treated.groups)" eq 2
check_num "three were not" "$(edge two .control.groups)" eq 3
near_20() { awk -v x="$(edge two "$1")" 'BEGIN { exit !(x >= 18 && x <= 22) }'; }
check "20 ms are 20 ms: the mean" near_20 .latency_ms.mean.difference
note "FIGURE 2 of 5 containers: mean $(edge two '.latency_ms.mean | "\(.difference) ms [\(.low) .. \(.high)], p \(.p)"'), of $(edge two '"\(.treated.requests) and \(.control.requests) requests"')"
check "its interval holds it" test "$(edge two '.latency_ms.mean | .low < 20 and .high > 20')" = true
check "the scoreboard has its line" grep -q '^- two, user > pay: latency +' "$T/board"
experiment all '5 instances of pay'
check "all of them: nothing to compare with" test "$(jq -c '.[0].control_group' "$T/all/chaos_results.json")" = null
