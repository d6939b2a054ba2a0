#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# faultline probe: the log form, the summary, the signals, wrong options.
. "$(dirname "$0")/../lib.sh"

mkdir "$T/www" && echo fine >"$T/www/health"
python3 - "$T/www" "$T/port" <<'PY' &
import http.server, os, sys
os.chdir(sys.argv[1])
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *a): pass
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
open(sys.argv[2] + ".new", "w").write(str(s.server_address[1]))
os.rename(sys.argv[2] + ".new", sys.argv[2])
s.serve_forever()
PY
_pids="$_pids $!"
wait_for 5 test -f "$T/port"
url=http://127.0.0.1:$(cat "$T/port")

"$FL" probe "$url/health" -s 5s -t 10s -i 50ms -n 4 -l "$T/probe.log" >"$T/out"
check_num "a healthy URL: exit 0" $? eq 0
check "four lines in the log, in the agreed form" test "$(grep -cE '^[0-9]{10} pass [0-9]+$' "$T/probe.log")" = 4
check "the same lines live, and a summary" diff <(head -n 4 "$T/out") "$T/probe.log"
check "the summary counts" grep -qE '^4 tries, 4 passed \(100.0 %\)' "$T/out"

"$FL" probe "$url/missing" -s 5s -t 10s -i 50ms -n 2 -l "$T/probe.log" >/dev/null
check_num "a failing URL: exit 1" $? eq 1
check "a failure names the code" test "$(grep -cE '^[0-9]{10} fail 404 [0-9]+$' "$T/probe.log")" = 2
check_num "the log is added to" "$(wc -l <"$T/probe.log")" eq 6
"$FL" probe "http://127.0.0.1:1/" -i 50ms -n 1 >"$T/out"
check "no answer is 000" grep -qE '^[0-9]{10} fail 000 [0-9]+$' "$T/out"

bg "$FL" probe "$url/health" -s 5s -t 10s -i 50ms -o json >"$T/json"
wait_for 5 grep -q latency_ms "$T/json"
kill -INT "$BG_PID"
wait "$BG_PID"
check_num "SIGINT ends it in order" $? eq 0
check "-o json: a summary after SIGINT" jq -es 'last.summary.passed >= 1 and last.summary.pass_rate == 1' "$T/json"
check "-o json: every line is JSON" jq -es 'all(.[:-1][]; .pass == true and .http_code == 200)' "$T/json"

usage() { "$FL" probe "$@" >"$T/err" 2>&1; [ $? = 2 ]; }
check "no URL: exit 2" usage
check "an interval without unit: exit 2" usage "$url" -i 5
check "a negative interval: exit 2" usage "$url" -i -5s
check "another scheme: exit 2" usage file:///etc/passwd
check "a bad regex: exit 2" usage "$url" --body-regex '('
check "an unknown option: exit 2" usage "$url" --wrong
check "a log that cannot be written: exit 2" usage "$url" -n 1 -l /nonexistent/probe.log
