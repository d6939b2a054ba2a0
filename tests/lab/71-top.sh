#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the kernel measured, where it shows: top, graph, /metrics in a real Prometheus, a run whose
# hypothesis and trigger name kernel metrics, its four times, baseline.json from both sources.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lab.sh"
edge='.client == "checkout-svc" and .server == "payment-svc"'
prom=http://127.0.0.1:9090
query() { curl -s "$prom/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[0].value[1] // 0'; }

# --- /metrics, and who reads it -----------------------------------------------------------------
bg "$FL" top --metrics 0 -o json >"$T/top.lines" 2>"$T/top.err"
TOP_PID=$BG_PID
wait_for 5 grep -q serving "$T/top.err"
url=$(sed -n 's/^serving //p' "$T/top.err")
host=${url#http://}; host=${host%/metrics}
cat >"$T/prom.yml" <<-Y
	global: {scrape_interval: 1s}
	scrape_configs:
	  - {job_name: faultline, static_configs: [{targets: ['$host']}]}
	  - {job_name: payment-svc, static_configs: [{targets: ['$(address payment-svc):8080']}]}
Y
bg prometheus --config.file="$T/prom.yml" --storage.tsdb.path="$T/prom" --web.listen-address=127.0.0.1:9090 >"$T/prom.log" 2>&1
check "/metrics is OpenMetrics by its type" grep -qi '^content-type: application/openmetrics-text; version=1.0.0' <(curl -si "$url")
check "anything else is not found" test "$(curl -s -o /dev/null -w '%{http_code}' "http://$host/")" = 404
"$FL" top --metrics "${host##*:}" --count 1 >/dev/null 2>"$T/busy"
check_num "a port in use" $? eq 3
check "is named" grep -q "${host##*:}.*Address already in use" "$T/busy"

# --- the graph is the lab's ------------------------------------------------------------------------
"$FL" graph --for 1s -o json >"$T/graph.json"
jq -r '.graph.edges[] | join(" ")' $LAB | sort >"$T/declared"
jq -r '.edges[] | select(.client != "outside" and .protocols != ["dns"]) | "\(.client) \(.server)"' "$T/graph.json" | sort >"$T/seen"
check "every edge on the wire is a declared one" test -z "$(comm -13 "$T/declared" "$T/seen")"
check_num "edges seen, of $(wc -l <"$T/declared")" "$(wc -l <"$T/seen")" ge 12
check "first and last are of this time" jq -e --argjson now "$(date +%s)" '[.edges[] | .first <= .last and .first > $now - 10 and .last <= $now + 1] | all' "$T/graph.json"

"$FL" top --count 1 --interval 100ms -o json | jq .seconds >"$T/first"
check_num "the first interval is as long as the others, although attaching takes longer" "$(cat "$T/first")" ge 0.099

# --- top --------------------------------------------------------------------------------------------
script -qec "stty rows 12 cols 60; exec $FL top --count 2 --interval 150ms" "$T/screen" >/dev/null </dev/null
check_num "top on a terminal" $? eq 0
tr -d '\r' <"$T/screen" | sed -n '/\x1b\[H/,/\x1b\[J/p' | sed 's/\x1b\[[?0-9]*[A-Za-z]//g' >"$T/lines"
check_num "its longest line of 60 columns" "$(awk '{ if (length > n) n = length } END { print n }' "$T/lines")" le 60
check_num "two screens of 12 rows" "$(wc -l <"$T/lines")" le 24
check "what does not fit is counted" grep -q '^[0-9]* more' "$T/lines"
script -qec "stty rows 60 cols 60; exec $FL top --count 2 --interval 500ms" "$T/tall" >/dev/null </dev/null
tr -d '\r' <"$T/tall" | awk -v RS='\033\\[H' '{ last = $0 } END { print last }' | grep -o '[a-z~-]*>[a-z~-]*' | sort >"$T/edges"
check_num "the names of edges are cut" "$(grep -c '~' "$T/edges")" gt 10
nothing "... so that no two of them look the same" "$(uniq -d "$T/edges")"
check "the terminal is as it was" grep -q $'\x1b\[?1049l' "$T/screen"
"$FL" top no-such-service --count 1 2>/dev/null
check_num "a target that is not there" $? eq 2

# A delay at payment-svc, as an edge's client and its server see it.
lines() { [ "$(wc -l <"$T/top.lines")" -ge "$1" ]; }
id=$("$FL" inject latency payment-svc --delay 50ms --direction from --peer checkout-svc --for 20s --detach)
wait_for 5 lines $(($(wc -l <"$T/top.lines") + 2)) # the first second has requests from before
curl -s "$url" >"$T/metrics"
"$FL" stop "$id" >/dev/null
tail -n 1 "$T/top.lines" >"$T/one.json"
client=$(jq "[.edges[] | select($edge)][0].p50_ms" "$T/one.json")
server=$(jq '[.services[] | select(.service == "payment-svc")][0].p50_ms' "$T/one.json")
note "FIGURE top: +50 ms on checkout-svc > payment-svc: p50 $client ms to the client, payment-svc itself $server ms"
check_num "+50 ms to the client" "$client" ge 50
check_num "and not more than that" "$client" lt 75
check_num "nothing to the server" "$server" lt 25
check "/metrics has the fault" grep -q "^faultline_fault_active{id=\"$id\",kind=\"latency\",target=\"payment-svc\",backend=\"[a-z]*\"} 1$" "$T/metrics"
check_num "and its hits" "$(awk -v id="$id" '/^faultline_faults_hits_total/ && index($0, id) { print $NF }' "$T/metrics")" gt 10
# (Prometheus looks for new targets every five seconds: on a quick machine all of this was quicker.)
wait_for 10 bash -c "curl -s '$prom/api/v1/targets' | jq -e '[.data.activeTargets[] | select(.labels.job == \"faultline\" and .health == \"up\")] | length == 1'"
kill -INT $TOP_PID; wait $TOP_PID
check_num "SIGINT ends top with status 0" $? eq 0
check "a JSON object a line" jq -es 'length > 3 and (map(.services | length == 13) | all)' "$T/top.lines"

# --- a run ------------------------------------------------------------------------------------------
cat >"$T/s.yaml" <<-Y
	suite:
	  stack: lab
	  prometheus: $prom
	  probe: {interval: 100ms, timeout: 5s, steady_window: 500ms, recover_within: 30s}
	  baseline: 4s
	  cooldown: 100ms
	  grace: 800ms
	  metrics: {scrapes: {prometheus: 'up{job="payment-svc"}'}}
	experiments:
	  - name: slow_payment
	    hypothesis: edge_p95{from=checkout-svc,to=payment-svc} <= 150ms, payment_error_rate <= 50%, edge_p95{from=checkout-svc,to=payment-svc,method=POST,path=/charge} <= 150ms
	    fault_type: latency
	    params: {delay: 200ms, direction: from, peer: checkout-svc}
	    blast_radius: {target: payment-svc, traffic: 0% (synthetic), duration: 8s}
	    rollback: {automatic: true, trigger_when: 'edge_p95{from=checkout-svc,to=payment-svc} > 150ms for 5s', method: m}
	    measurement: {metrics: [success_rate, scrapes, checkout_p99], capture_window: t-2s to t+9s}
	    ground_truth: {root_service: payment-svc}
Y
sed 's/payment_error_rate/paymet_error_rate/; s/to=payment-svc} >/to=paymentsvc} >/' "$T/s.yaml" >"$T/bad.yaml"
"$FL" check "$T/bad.yaml" >"$T/bad" 2>&1
check_num "check refuses a service that is none" $? eq 2
check "and names the nearest" grep -q "did you mean 'payment-svc'" "$T/bad"
check "of a metric as well" grep -q "did you mean 'payment_error_rate'" "$T/bad"
out=$T/out
"$FL" run "$T/s.yaml" --out "$out" --metrics 0 -q >"$T/board" 2>"$T/log" &
run=$!
served_there() {
	curl -fs "$(jq -r .metrics_url "$out/run.json")" >"$T/run.metrics" &&
		grep -q '^faultline_requests_total{client="checkout-svc",server="payment-svc"' "$T/run.metrics"
}
check "run --metrics has the services of the stack" wait_for 10 served_there
wait $run
f() { jq -r ".[0] | $1" "$out/chaos_results.json"; }
check "the trigger on a kernel metric fired" test "$(f .rollback.cause)" = trigger_when
check "the hypothesis is judged by the kernel" test "$(f '.hypothesis.clauses | map(.verdict) | join(" ")')" = "refuted held refuted"
check "the times come in their order" test "$(f '.moments | [.armed, .active, .first_hit, .first_symptom] | map(.mono_ns) | . == sort and all(. > 0)')" = true
check "the symptom is on an edge of payment's" test "$(f '.moments.first_symptom | [.client, .server] | index("payment-svc") != null')" = true
rollback=$(jq -r 'select(.event == "rollback").mono_ns' "$out/events.jsonl")
check_ms "from five seconds behind the first symptom to the rollback, ms" "$(f "($rollback - .moments.first_symptom.mono_ns) / 1e6 - 5000 | round")" 1500
note "FIGURE run: first hit $(f '.moments.first_hit.after_active_s * 1000 | round') ms, first symptom $(f '.moments.first_symptom.after_active_s * 1000 | round') ms after the switch"
row=".kernel[] | select(.client == \"checkout-svc\" and .service == \"payment-svc\" and .metric == \"latency\")"
check_num "before, during: what the edge's client saw grew by, ms" "$(f "[$row][0] | .during.p99 - .before.p50")" ge 195
check "baseline.json: the kernel's" jq -e '[.windows[0].services[] | select(.source == "kernel" and .service == "payment-svc" and .metric == "latency" and .n > 10 and .p99 > .mean / 2)] | length >= 2' "$out/baseline.json"
check "and Prometheus'" jq -e '[.windows[0].services[] | select(.source == "prometheus" and .service == "payment-svc" and .metric == "scrapes" and .mean == 1 and .spread == 0 and .n >= 2)] | length == 1' "$out/baseline.json"
check "nothing was lost unsaid" jq -e '.kernel_measurement | .on and .services == 13 and .lost.events_lost == 0' "$out/run.json"
check_num "Prometheus took /metrics: scrapes" "$(query 'sum(max_over_time(up{job="faultline"}[1m]))')" eq 1
check_num "with its requests" "$(query 'sum(max_over_time(faultline_requests_total{server="payment-svc",side="server"}[1m]))')" ge 20
p50=$(query 'histogram_quantile(0.5, sum by (le) (max_over_time(faultline_request_duration_seconds_bucket{server="payment-svc",side="server"}[1m]))) * 1000')
check_num "its median of payment-svc, ms" "$p50" gt 0.05
check_num "is the lab's" "$p50" lt 25
