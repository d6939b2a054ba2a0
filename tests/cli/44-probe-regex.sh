#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A health answer on which a backtracking matcher takes minutes: the run goes on, sees that the steady state is
# lost, and is not taken for hung by its guardian.
. "$(dirname "$0")/../lib.sh"
cat >"$T/srv.py" <<'P'
import http.server
class H(http.server.BaseHTTPRequestHandler):
    n = 0
    def log_message(self, *a): pass
    def do_GET(self):
        H.n += 1
        b = b'{"status":"ok", "done":1}' if H.n < 12 else b'ok' * 49152
        self.send_response(200)
        self.send_header('Content-Length', str(len(b)))
        self.end_headers()
        self.wfile.write(b)
s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), H)
print(s.server_port, flush=True)
s.serve_forever()
P
bg python3 "$T/srv.py" >"$T/port"
wait_for 5 test -s "$T/port"
port=$(cat "$T/port")
cat >"$T/s.yaml" <<Y
suite:
  name: test
  probe: {url: 'http://127.0.0.1:$port/health', interval: 200ms, steady_window: 400ms, recover_within: 2s, body_regex: 'ok.*done'}
  baseline: 500ms
  cooldown: 100ms
  grace: 600ms
experiments:
  - name: x
    hypothesis: success_rate >= 50%
    fault_type: 'null'
    params: {hits: 3}
    blast_radius: {target: 'pid:$BG_PID', traffic: 0% (synthetic), duration: 4s}
    rollback: {automatic: true, trigger_when: success_rate < 1%, method: faultline stop}
    measurement: {metrics: [success_rate, p99], capture_window: t-1s to t+1s}
    abort_conditions: ['slo_breach > 100']
    ground_truth: {root_service: payment-svc}
Y
"$FL" run "$T/s.yaml" --out "$T/out" >"$T/stdout" 2>"$T/stderr"
check_num "exit status: the steady state was not found again" $? eq 1
log=$(find "$T/out" -name probe.log)
check_num "answers that passed" "$(grep -cv ' 0 ' "$log")" ge 1
check_num "tries of some seconds, none missing" "$(wc -l <"$log")" ge 20
sed -i 's/ok\.\*done/(ok)*\\1/' "$T/s.yaml"
"$FL" run "$T/s.yaml" --out "$T/out2" >"$T/stdout" 2>"$T/stderr"
check_num "a back-reference is refused" $? eq 2
check "... as such" grep -q back-reference "$T/stderr"
