#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A stack of one's own, described once: three services in namespaces and behind a pid file, called by their names
# as targets, peers and ground truth, in hypotheses, results, graph, top and /metrics. A stranger beside them
# is measured by nobody's wish and stands in none of it.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
mknet web 1; mknet api 2; mknet db 3; mknet other 4

# ADDRESS [URL]: serves pages, and asks URL for each.
cat >"$T/service.py" <<'P'
import http.server, sys, urllib.request
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        status = 200
        try:
            if len(sys.argv) > 2:
                urllib.request.urlopen(sys.argv[2], timeout=1).read()
        except Exception:
            status = 502
        self.send_response(status); self.send_header("Content-Length", "2"); self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer((sys.argv[1], 80), H).serve_forever()
P
start_api() { bg ip netns exec flt-api python3 "$T/service.py" 10.77.2.2 http://10.77.3.2/; API=$BG_PID; echo "$API" >"$T/api.pid"; }
bg ip netns exec flt-db python3 "$T/service.py" 10.77.3.2
start_api
bg ip netns exec flt-web python3 "$T/service.py" 10.77.1.2 http://10.77.2.2/
bg ip netns exec flt-other python3 "$T/service.py" 10.77.4.2
up() { [ "$(curl -s -o /dev/null -m 2 -w '%{http_code}' "http://10.77.$1.2/")" = 200 ]; }
check "the stack is up" wait_for 10 up 1
check "the stranger is up" wait_for 10 up 4
bg sh -c 'while :; do curl -s -o /dev/null -m 2 http://10.77.1.2/; curl -s -o /dev/null -m 2 http://10.77.4.2/; sleep 0.02; done'

pipeline silent
cat >"$T/shop.yaml" <<Y
suite:
  name: shop
  services:
    web: netns:flt-web
    api: pid:$T/api.pid
    db: netns:flt-db
  probe: {url: 'http://10.77.1.2/', interval: 100ms, steady_window: 1s, recover_within: 10s}
  pipeline: {url: 'http://127.0.0.1:$PORT', timeout: 500ms, retries: 0}
  baseline: 8s
  cooldown: 100ms
  grace: 500ms
experiments:
Y
# NAME KIND PARAMS
experiment() {
	cat >>"$T/shop.yaml" <<-Y
	  - name: $1
	    hypothesis: edge_p95{from=api,to=db} <= 50ms, error_rate{service=web} <= 1%
	    fault_type: $2
	    params: $3
	    blast_radius: {target: db, traffic: 0% (synthetic), duration: 6s}
	    rollback: {automatic: true, trigger_when: success_rate < 0%, method: faultline stop}
	    measurement: {metrics: [success_rate, 'p99{service=api}'], capture_window: t-1s to t+1s}
	    abort_conditions: ['slo_breach > 100']
	    ground_truth: {root_service: db, not_service: web}
	Y
}
experiment db_errors http_error '{status: 503, percent: 100}'
experiment db_late latency '{delay: 150ms, peer: api}'
check "check takes the names" "$FL" check "$T/shop.yaml"
sed 's/root_service: db,/root_service: dbb,/' "$T/shop.yaml" >"$T/wrong.yaml"
check "and no other" sh -c "! '$FL' check '$T/wrong.yaml' >'$T/wrong' 2>&1 && grep -q \"did you mean 'db'\" '$T/wrong'"
sed 's/netns:flt-web/flt-web/' "$T/shop.yaml" >"$T/wrong.yaml"
check "what is no target is named by its line" sh -c "! '$FL' check '$T/wrong.yaml' >'$T/wrong' 2>&1 && grep -q \"wrong.yaml:[0-9]*:.*services: web: 'flt-web' is no target\" '$T/wrong'"
"$FL" run "$T/shop.yaml" --out "$T/out" -q --metrics 9109 >"$T/board" 2>"$T/progress" &
run=$!
wait_for 20 event "$T/out" '.event == "fault-on"'
curl -s http://127.0.0.1:9109/metrics >"$T/metrics"
wait $run
check_num "the run came to its end" $? eq 1
q() { jq -e "$2" "$T/out/$1" >"$T/q.out" || { cat "$T/q.out"; return 1; }; }
check "both hit" q chaos_results.json 'map(.status) == ["ok", "ok"]'
check "the target is called by its name" q chaos_results.json 'map(.target == "db" and .proof[0].targets == ["db"]) | all'
check "all services are measured, the target's callers too" q chaos_results.json '[.[0].kernel[] | .service] | unique == ["api", "db", "web"]'
check "a peer by its name: only its packets" q chaos_results.json '.[1].proof[0].injected > 10'
check "the hypothesis is judged by its edge" q chaos_results.json '.[1].hypothesis.clauses[0] | .verdict == "refuted" and .value > 0.1'
check "the first symptom is on an edge that leads to the target" q chaos_results.json 'map(.moments.first_symptom | [.client, .server] | IN(["api", "db"], ["web", "api"], ["outside", "web"])) | all'
check "... and not before the first hit" q chaos_results.json 'map(.moments | .first_symptom.mono_ns >= .first_hit.mono_ns) | all'
check "what there was to see is looked for on its own edges" q chaos_results.json 'map(.anomaly | .looked_at >= 9 and .controls == 0) | all'
check "... and found" q chaos_results.json 'map(.anomaly.found) | any'
check "users felt it" q chaos_results.json 'map(.felt == "yes" and .felt_by != null) | all'
check "the measured graph is the run's" q run.json '.graph | (.edges | sort) == [["api", "db"], ["web", "api"]] and (.services | sort) == ["api", "db", "web"]'
check "no stranger is in any file" sh -c "! grep -rq 'flt-other\|10.77.4' '$T/out'"
check "a missed fault that was visible is gap 7.1" grep -q '^- db_[a-z]*: no alert while .*(7\.1)' "$T/board"
check "/metrics has the names" grep -q 'client="api",server="db"' "$T/metrics"

# For everybody, without a suite.
mkdir -p /etc/faultline
printf 'services: {web: "netns:flt-web", gw: "pid:%s/api.pid", db: "netns:flt-db"}\n' "$T" >/etc/faultline/stack.yaml
"$FL" inject latency db --delay 50ms --peer gw --detach --for 30s -o json >"$T/inject" 2>&1
check "inject by a name, and list has it" sh -c "'$FL' list -o json | jq -e 'tostring | contains(\"\\\"db\\\"\")'"
check "stop" "$FL" stop --all
"$FL" graph --for 2s -o json >"$T/graph" 2>&1
check "graph" jq -e '[.edges[] | [.client, .server]] | (index([["gw", "db"]]) != null) and (index([["web", "gw"]]) != null)' "$T/graph"
"$FL" top -o json -n 1 -i 2s >"$T/top" 2>&1
check "top" grep -q '"gw"' "$T/top"
check "a namespace that is described goes by its name" sh -c "'$FL' inject null netns:flt-db --for 200ms | grep -q 'null on db'"
"$FL" inject null dbb --for 1s >"$T/err" 2>&1
check "a wrong name gets the nearest" grep -q "did you mean 'db'" "$T/err"
kill "$API"; wait_for 10 sh -c "! kill -0 $API 2>/dev/null"
start_api
"$FL" inject pause gw --for 300ms -o json >"$T/paused" 2>"$T/err"
check "a pid file is read anew" jq -e '.error == null and .matched == 1 and .targets == ["gw"]' "$T/paused"
echo "no number" >"$T/api.pid"
"$FL" inject null gw --for 1s >"$T/err" 2>&1
check_num "a pid file without a number: refused" $? eq 2
check "... by its name" grep -q 'api.pid: there is no process number in that file' "$T/err"
printf 'services: {db: 7, web: [a]}\nother: 1\n' >/etc/faultline/stack.yaml
"$FL" inject null db --for 1s >"$T/err" 2>&1
check "a broken description is no missing one" grep -q 'stack.yaml' "$T/err"
check "... and what has a prefix still works" "$FL" inject null netns:flt-db --for 200ms
rm -f /etc/faultline/stack.yaml
