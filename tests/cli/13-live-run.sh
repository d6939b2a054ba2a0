#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# list, set and stop on the faults of a `run` that goes on meanwhile.
. "$(dirname "$0")/../lib.sh"
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
listed() { "$FL" list -o json | jq -r "$1"; }
mknet a 1
# (http.server itself would look up its own name, and wait for a resolver that is not there.)
bg innet a python3 -c 'import http.server as h, socketserver as s
s.ThreadingTCPServer(("10.77.1.2", 8080), h.SimpleHTTPRequestHandler).serve_forever()' >/dev/null 2>&1
wait_for 10 curl -s -o /dev/null http://10.77.1.2:8080/
cat >"$T/suite.yaml" <<END
suite:
  probe: {url: 'http://10.77.1.2:8080/', interval: 50ms, steady_window: 400ms, recover_within: 2s}
  baseline: 300ms
  cooldown: 100ms
  grace: 200ms
experiments:
  - name: two_faults
    hypothesis: success_rate >= 50%
    faults: [{type: 'null', params: {hits: 3}}, {type: latency, params: {delay: 40ms}}]
    blast_radius: {target: 'netns:flt-a', traffic: 0% (synthetic), duration: 4s}
    rollback: {automatic: true, trigger_when: success_rate < 1%, method: faultline stop}
    measurement: {metrics: [success_rate, p99], capture_window: t-1s to t+1s}
    ground_truth: {root_service: a}
END
"$FL" run "$T/suite.yaml" --out "$T/out" -q >"$T/run" 2>&1 & run=$!
check "a run's faults are listed while they are on" wait_for 15 sh -c "'$FL' list -o json | jq -e 'length == 2 and all(.[]; .active)'" || sed 's/^/# /' "$T/run"
session=$(listed '.[0].id[0:6]')
same "their session is the run's" "$(listed '.[0].purpose')" run
same "kinds and backends" "$(listed 'sort_by(.id) | map(.kind + "/" + .backend) | join(" ")')" "null/none latency/hold"
check "set on one without rules goes through its owner" "$FL" set "$session.1" hits=77
same "... and list shows it" "$(listed 'map(select(.kind == "null"))[0].matched')" 77
"$FL" set "$session.2" delay=120ms -o json >"$T/set"
check "set on one with rules is a map write" jq -e '.map_write_us > 0' "$T/set"
check_num "... which the packets obey (ms)" "$(ping -q -c 3 -i 0.01 10.77.1.2 | awk -F/ '/^rtt/ {print $5}')" ge 120
check "stop of one fault switches off that one" "$FL" stop "$session.2"
check_num "... packets are on time (ms)" "$(ping -q -c 3 -i 0.01 10.77.1.2 | awk -F/ '/^rtt/ {print $5}')" lt 100
same "... the other one is still on" "$(listed 'sort_by(.id) | map(.active) | join(" ")')" "true false"
check "stop of the session ends the run" "$FL" stop "$session"
wait $run; rc=$?
same "... which says that it was aborted" "$rc $(jq -r '.[0].status' "$T/out/chaos_results.json")" "5 aborted"
check "nothing is left of it" sh -c "[ ! -e /run/faultline ] || [ -z \"\$(find /run/faultline -mindepth 1 -maxdepth 1)\" ]"
rm -rf /run/faultline
