#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The example of the exercise, experiments/exercise/: its file needs nothing invented, its stack is one that Compose
# reads and has what the file speaks of, and its pipeline answers as the starter pack describes it.
# (The stack itself needs a Docker engine: DEMO=exercise tools/demo-docker.sh.)
. "$(dirname "$0")/../lib.sh"
dir=$TOP/experiments/exercise

"$FL" check "$dir/experiments.yaml" >"$T/check" 2>&1
check_num "check takes the file" $? eq 0
check "... all ten" grep -q ': 10 experiments, 0 errors' "$T/check"
check "... and invents, ignores or leaves out nothing" sh -c '! grep -E "\[(invented|ignored|unmeasured)" "$0"' "$T/check"
"$FL" import w3d2 "$dir/experiments.yaml" --out "$T/own.yaml" >/dev/null 2>&1
cat >"$T/agree.py" <<'END_PY'
import sys, yaml
top, own = sys.argv[1:]
entries = yaml.safe_load(open(own))["experiments"]
compose = yaml.safe_load(open(top + "/experiments/docker/compose.yaml"))["services"]
compose.update(yaml.safe_load(open(top + "/experiments/exercise/compose.yaml"))["services"])
kinds = [e["fault_type"] for e in entries]
want = ["latency", "network_loss", "availability", "cpu_saturation", "memory", "time_skew", "disk_fill",
        "network_partition", "dns_latency", "http_error"]
bad = [] if kinds == want else ["kinds: %s" % kinds]
for e in entries:
    roots = e["ground_truth"].get("root_service", [])
    bad += ["%s: no service %s" % (e["name"], s) for s in e["blast_radius"]["target"].split(" <-> ") + roots if s not in compose]
sys.exit("\n".join(bad) or None)
END_PY
check "the ten kinds of the catalogue, on services of the stack" /usr/bin/python3 "$T/agree.py" "$TOP" "$T/own.yaml"
# (Compose wants the build contexts to be there, if only by name.)
mkdir -p "$TOP"/build/docker/{shop,monitoring,exercise}
for compose in docker-compose 'docker compose'; do
	# shellcheck disable=SC2086
	if $compose version >/dev/null 2>&1; then
		check "both Compose files are one, says $compose" $compose -f "$TOP/experiments/docker/compose.yaml" -f "$dir/compose.yaml" config -q
	else
		note "$compose is not asked: it is not installed"
	fi
done

# A detector that has found one thing, at the time 1000.9.
cat >"$T/detector.py" <<'END_PY'
import http.server, json
ALERT = {"id": 3, "service": "payment-svc", "name": "latency", "severity": "crit", "fired_at": 1000.9, "value": 0.7,
         "baseline": 0.1, "level": 0.3, "message": "payment-svc: slow", "ended_at": None}
class Detector(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def answer(self, body):
        self.send_response(200); self.end_headers(); self.wfile.write(json.dumps(body).encode())
    def do_GET(self):
        self.answer({"alerts": [ALERT] if int(self.path.split("=")[1]) <= 1000 else []})
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/correlate":
            window = body["window"]
            hit = window["start"] <= 1000.9 <= window["end"]
            self.answer({"clusters": [{"id": 1, "services": ["payment-svc"], "alerts": [ALERT]}] if hit else []})
        else:
            assert body["cluster"]["alerts"] == [ALERT]
            self.answer({"root_service": "payment-svc", "confidence": 0.9, "evidence": [{"text": "slow"}]})
http.server.HTTPServer(("127.0.0.1", 8002), Detector).serve_forever()
END_PY
bg python3 "$T/detector.py"
detector=$BG_PID
bg python3 "$dir/pipeline.py"
url=http://127.0.0.1:8000
get() { curl -s -m 5 "$url$1" | jq -c "$2"; }
post() { curl -s -m 5 -d "$2" "$url$1" | jq -c "$3"; }
status() { curl -s -m 5 -o /dev/null -w '%{http_code}' "$@"; }
up() { [ "$(status $url/health)" = 200 ] && [ "$(status http://127.0.0.1:8002/?since=0)" = 200 ]; }
check "the pipeline comes up" wait_for 10 up
check "/alerts: a bare array, fire_ts in whole seconds" \
	test "$(get '/alerts?since=5' '[.[] | [.id, .fire_ts, .service, .metric, .severity]]')" = '[[3,1000,"payment-svc","latency","crit"]]'
check "... none since then" test "$(get '/alerts?since=1001' .)" = '[]'
check "/correlate takes a window in seconds" test "$(post /correlate '{"window": 9999999999}' '[.clusters[0].services, .clusters[0].alerts[0].fire_ts]')" = '[["payment-svc"],1000]'
check "... in which nothing fired" test "$(post /correlate '{"window": 60}' .)" = '{"clusters":[]}'
check "/rca takes a window, its last second included" \
	test "$(post /rca '{"window_start": 990, "window_end": 1000}' .)" = '{"root_service":"payment-svc","confidence":0.9,"evidence":["slow"]}'
check "... no cause where nothing fired" test "$(post /rca '{"window_start": 1001, "window_end": 1100}' .root_service)" = null
for body in '{"window": {"start": 1, "end": 2}}' '{"window": true}' '[]' 'x' ''; do
	check "/correlate refuses '$body'" test "$(status -d "$body" $url/correlate)" = 422
done
check "/rca refuses a cluster" test "$(status -d '{"cluster": {"alerts": []}}' $url/rca)" = 422
check "/alerts refuses a time that is no number" test "$(status $url/alerts?since=now)" = 422
check "what is not there is 404" test "$(status $url/events)$(status -d '{}' $url/events)" = 404404
kill "$detector"
wait "$detector" 2>/dev/null
check "without its detector it says so, and does not say that nothing fired" test "$(status "$url/alerts?since=5")" = 502
