#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How the lab behaves: quiet when nothing is wrong; refused tokens; one stopped service that retries,
# time limits and full pools carry up to the frontend; a pipeline that sees it and names the root.
# lane: quiet (the shop is watched while nothing is wrong)
. "$(dirname "$0")/../lib.sh"
export FAULTLINE_LAB_CGROUP=faultline-lab-${T##*.}
LAB=/run/faultline/lab/lab.json
PIPE=http://127.0.0.1:8000
trap '"$FL" lab down >/dev/null 2>&1; cleanup' EXIT

addr() { jq -r ".services[\"$1\"].addr" $LAB; }
metric() { curl -s -m 3 "http://$(addr "$1"):8080/metrics" | awk -v s="$2" 'index($0, s " ") == 1 { print $NF }'; }
code() { curl -s -m 5 -o "$T/body" -w '%{http_code}' "$@"; }
alerts() { curl -s -m 3 "$PIPE/alerts?since=$1"; }
cpu_s() { cat /proc/[0-9]*/stat 2>/dev/null | grep -E '\((lab-|redis|dnsmasq)' | sed 's/.*) //' | awk '{ s += $12 + $13 } END { print s / 100 }'; }

check "up" "$FL" lab up
quiet_until=$(($(date +%s) + 30))

# --- while it is quiet: the pipeline's manners, the load, the cost ---
check "a window without its end is a bad request" test "$(code -d '{"window": {"start": 1}}' $PIPE/correlate)" = 400
check "a cluster without alerts is a bad request" test "$(code -d '{"cluster": {}}' $PIPE/rca)" = 400
check "what is no JSON is a bad request" test "$(code -d '<html>' $PIPE/rca)" = 400
check "since must be a number" test "$(code "$PIPE/alerts?since=yesterday")" = 400
check "another method is not allowed" test "$(code $PIPE/correlate)" = 405
check "an unknown path is not found" test "$(code $PIPE/metrics)" = 404
check "no alerts, no cluster" test "$(curl -s -d '{"window": {"start": 0, "end": 9e9}}' $PIPE/correlate | jq '.clusters | length')" = 0
check "an empty cluster has no root" test "$(curl -s -d '{"cluster": {"alerts": []}}' $PIPE/rca | jq -c '[.root_service, .evidence]')" = '[null,[]]'
check "the pipeline was told nothing but targets and edges" test "$(jq -c 'keys' /run/faultline/lab/pipeline.json)" = '["edges","targets"]'

sent() { curl -s 127.0.0.1:8001/metrics | awk '/^load_journeys_total/ { s += $NF } END { print s + 0 }'; }
a=$(sent) c=$(cpu_s) t=$(date +%s%N)
sleep 10
t=$(($(date +%s%N) - t))
rate=$(awk -v a="$a" -v b="$(sent)" -v t=$t 'BEGIN { printf "%.1f", (b - a) / t * 1e9 }')
share=$(awk -v a="$c" -v b="$(cpu_s)" -v t=$t 'BEGIN { printf "%.1f", (b - a) / t * 1e11 }')
# Poisson, 600 expected: 4.4 standard deviations are 18 %.
check_num "journeys arrive at the rate asked for" "$rate" gt 49
check_num "and not faster" "$rate" lt 71
check_num "the whole lab takes less than one CPU (percent)" "$share" lt 80
note "FIGURE lab: $rate journeys a second, $share % of one CPU with load and pipeline"
failed=$(curl -s 127.0.0.1:8001/metrics | awk '/^load_journeys_total/ && !/code="200"/ { s += $NF } END { print s + 0 }')
check_num "no journey failed" "$failed" eq 0

while [ "$(date +%s)" -lt $quiet_until ]; do sleep 0.5; done
alerts 0 >"$T/quiet"
# A machine that stands still is something to raise an alert for. A detector that cries wolf does it twice.
if [ "$(jq '.alerts | length' "$T/quiet")" != 0 ]; then
	lenient "another 30 s, for the first had: $(jq -r '.alerts[].message' "$T/quiet" | paste -sd ';')"
	again=$(date +%s)
	sleep 30
	alerts $again >"$T/quiet"
fi
check "30 s without a fault raise no alert" test "$(jq '.alerts | length' "$T/quiet")" = 0
jq -r '.alerts[].message' "$T/quiet" | sed 's/^/# /'

# --- tokens ---
now=$(date +%s)000
buy() { code -X POST -H "Authorization: $1" -d '{"order": "t1", "sku": 1, "qty": 1}' "http://$(addr api-gateway):8080/api/checkout"; }
good=$(curl -s -d '{"user": "t"}' "http://$(addr auth-svc):8080/token" | jq -r .token)
check "a good token is accepted" test "$(buy "$good")" = 200
check "an expired one is refused" test "$(buy "Bearer v1.auth-svc.t.$((now - 60000)).$((now - 30000))")" = 401
check "and the reason is told" grep -q '"expired"' "$T/body"
check "one issued in the future is refused" test "$(buy "Bearer v1.auth-svc.t.$((now + 60000)).$((now + 90000))")" = 401
check "and the reason is told" grep -q '"issued_in_future"' "$T/body"
check "none is refused" test "$(code -X POST -d '{}' "http://$(addr payment-svc):8080/charge")" = 401
check_num "refusals are counted with their issuer" "$(metric api-gateway 'lab_tokens_refused_total{issuer="auth-svc",reason="expired"}')" ge 1

# --- one stopped service ---
main=$(cat "/proc/$(jq '.services["payment-svc"].pid' $LAB)/task/"*/children | awk '{ print $1 }')
retries=$(metric checkout-svc 'lab_upstream_retries_total{peer="payment-svc"}')
kill -STOP "$main"
began=$(date +%s.%N)
curl -s -m 40 -X POST -H "Authorization: $good" -d '{"order": "t2", "sku": 1, "qty": 1}' \
	"http://$(addr checkout-svc):8080/checkout" >"$T/order" &
order=$!
full() { [ "$(metric checkout-svc 'lab_pool_in_use{peer="payment-svc"}')" = "$(metric checkout-svc 'lab_pool_size{peer="payment-svc"}')" ]; }
check "checkout's pool of connections to payment fills" wait_for 8 full
cascaded() { curl -s -m 3 "http://$(addr frontend):8080/metrics" | grep -q 'path="/checkout",code="50[34]"'; }
check "time limits cascade to the frontend" wait_for 12 cascaded
named() { alerts "$began" | jq -e '[.alerts[] | select(.service == "payment-svc" or .peer == "payment-svc")] | length >= 2'; }
check "alerts about payment-svc" wait_for 12 named
note "FIGURE lab: first alert $(alerts "$began" | jq "[.alerts[].fired_at] | min - $began | . * 10 | round / 10") s after payment-svc was stopped"
wait $order
check "an order is tried ten times" test "$(jq .tries "$T/order")" = 10
check_num "retries are counted" "$(metric checkout-svc 'lab_upstream_retries_total{peer="payment-svc"}')" gt "$((retries + 50))"
check_num "and orders given up" "$(metric checkout-svc 'lab_upstream_given_up_total{peer="payment-svc"}')" gt 0

curl -s -d "{\"window\": {\"start\": $began, \"end\": $(date +%s)}}" $PIPE/correlate >"$T/clusters"
check "one incident, one cluster" test "$(jq '.clusters | length' "$T/clusters")" = 1
jq '{cluster: .clusters[0]}' "$T/clusters" | curl -s -d @- $PIPE/rca >"$T/rca"
check "its root is payment-svc, not the loudest one" test "$(jq -r .root_service "$T/rca")" = payment-svc
check_num "with evidence" "$(jq '.evidence | length' "$T/rca")" ge 2
check_num "and confidence" "$(jq .confidence "$T/rca")" gt 0.5

kill -CONT "$main"
well() { [ "$(code -m 1 "$(jq -r .health $LAB)")" = 200 ]; }
check "it recovers by itself" wait_for 15 well
