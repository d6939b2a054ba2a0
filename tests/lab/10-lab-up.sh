#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The lab comes up, answers through its whole chain, is repaired, and goes.
. "$(dirname "$0")/../lib.sh"
export FAULTLINE_LAB_CGROUP=faultline-lab-${T##*.}
LAB=/run/faultline/lab/lab.json
trap '"$FL" lab down >/dev/null 2>&1; cleanup' EXIT

metric() { # SERVICE SERIES: the value of one series
	curl -s -m 3 "http://$(jq -r ".services[\"$1\"].addr" $LAB):8080/metrics" | awk -v s="$2" 'index($0, s " ") == 1 { print $NF }'
}
pid_of() { jq -r ".services[\"$1\"].pid" $LAB; }

started=$(date +%s%N)
check "up" "$FL" lab up
note "FIGURE lab: from nothing to a healthy checkout in $((($(date +%s%N) - started) / 1000000)) ms"
check_num "and within 15 s" $((($(date +%s%N) - started) / 1000000000)) lt 15
check "thirteen services are healthy" test "$("$FL" lab status -o json | jq '[.services[] | select(.state == "healthy")] | length')" = 13
check "a real checkout has the right total" test "$(curl -s -m 3 http://10.213.77.2:8080/checkout/health | jq .total)" = 1010

before=$(metric payment-db 'lab_requests_total{path="/kv/",code="200"}')
sleep 1
check_num "load arrives at the far end of the chain" "$(metric payment-db 'lab_requests_total{path="/kv/",code="200"}')" gt "${before:-0}"
for pair in "frontend api-gateway" "api-gateway checkout-svc" "checkout-svc payment-svc" "payment-svc payment-db" \
	"notification-svc broker" "frontend auth-svc" "inventory-svc cache-svc" "payment-svc log-collector" "api-gateway dns-resolver"; do
	set -- $pair
	check_num "calls on $1 -> $2" "$(metric "$1" "lab_upstream_calls_total{peer=\"$2\",result=\"ok\"}")" gt 0
done
check "log lines reach the volume" nsenter -t "$(pid_of log-collector)" -m test -s /var/log/current.log
check "names resolve inside by the lab's own server" nsenter -t "$(pid_of broker)" -n -m dig +short +time=1 payment-db

check "up again says that it runs" grep -q 'already running' <("$FL" lab up 2>/dev/null)

old=$(pid_of payment-svc)
kill -9 "$old"
gone() { [ "$(pid_of payment-svc)" = 0 ]; }
back() { [ "$(pid_of payment-svc)" != 0 ] && [ "$(pid_of payment-svc)" != "$old" ]; }
check "a killed service is seen to be gone" wait_for 2 gone
check "and starts again after its delay" wait_for 6 back
check "healthy" wait_for 3 curl -sf -m 1 http://10.213.77.13:8080/health

kill -9 "$(pid_of broker)"
broker_gone() { [ "$(pid_of broker)" = 0 ]; }
wait_for 2 broker_gone
"$FL" lab up >"$T/up" 2>&1
grep -q repaired "$T/up" && ok "up repairs what is missing at once" || { not_ok "up repairs what is missing at once"; sed 's/^/#   /' "$T/up"; }

kill -9 "$(jq .supervisor.pid $LAB)"
check "up after the supervisor was killed" grep -q repaired <("$FL" lab up 2>/dev/null)
check "the shop works again" test "$(curl -s -m 3 http://10.213.77.2:8080/checkout/health | jq .total)" = 1010

kill -9 "$(pid_of cache-svc)" "$(jq .supervisor.pid $LAB)"
check "down" grep -q stopped <("$FL" lab down)
check "down again" grep -q 'was not running' <("$FL" lab down)
