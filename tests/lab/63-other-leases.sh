#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A fault whose end has to wait for a store that is slow takes none of the run's other faults with it: their
# leases are renewed meanwhile.
. "$(dirname "$0")/../lib.sh"
mknet busy 1
redis-server --port 6390 --bind 127.0.0.1 --save '' --appendonly no --dir "$T" >"$T/redis.log" 2>&1 &
_pids="$_pids $!"
r() { redis-cli -p 6390 -e "$@"; }
wait_for 5 r ping
for i in $(seq 1 40); do echo "SET item:$i right"; done | r >/dev/null
bg python3 "$TOP/tests/tools/servers/drip.py" redis 6390 6379 >"$T/drip.out"
store=$BG_PID
wait_for 5 grep -q ready "$T/drip.out"
bg python3 -m http.server --bind 127.0.0.1 --directory "$T" 8011 >/dev/null 2>&1
bg ip netns exec flt-busy sleep 300
cat >"$T/s.yaml" <<Y
suite:
  name: test
  probe: {url: 'http://127.0.0.1:8011/', interval: 200ms, steady_window: 400ms, recover_within: 5s}
  baseline: 500ms
  cooldown: 100ms
  grace: 600ms
experiments:
  - name: x
    hypothesis: success_rate >= 0%
    blast_radius: {target: 'netns:flt-busy', traffic: 0% (synthetic), duration: 9s}
    faults:
      - {fault_type: latency, params: {delay: 120ms}, target: 'netns:flt-busy'}
      - {fault_type: cache_poisoning, params: {keys: 'item:*', value: wrong}, target: 'pid:$store', duration: 2s}
    rollback: {automatic: true, trigger_when: success_rate < 1%, method: faultline stop}
    measurement: {metrics: [success_rate, p99], capture_window: t-1s to t+1s}
    abort_conditions: ['slo_breach > 100']
    ground_truth: {root_service: payment-svc}
Y
bg "$FL" run "$T/s.yaml" --out "$T/out" >"$T/stdout" 2>"$T/stderr"
run=$BG_PID
wrong() { [ "$(r get item:7)" = wrong ]; }
check "both are on" wait_for 20 wrong || cat "$T/stderr"
kill -USR2 "$store"
sleep 2.2 # the cache's fault is ending now, and its store takes its time
slow=0
for _ in 1 2 3 4 5 6 7 8; do
	ms=$(ping -c 1 -W 1 10.77.1.2 | sed -n 's/.*time=\([0-9.]*\).*/\1/p')
	awk -v m="${ms:-0}" 'BEGIN { exit !(m > 100) }' && slow=$((slow + 1))
	sleep 0.3
done
check_num "pings that are delayed while the other fault's end waits, of 8" "$slow" ge 7
kill -USR1 "$store"
wait "$run"
back() { [ "$(for i in $(seq 1 40); do r get item:$i; done | grep -cx right)" = 40 ]; }
check "the values are right in the end" wait_for 20 back
over() { [ ! -e /run/faultline ] || [ -z "$(ls -A /run/faultline)" ]; }
check "and the session is over" wait_for 10 over
