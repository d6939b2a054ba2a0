#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The dashboard in a headless Chromium: from the token to a stopped fault, two people at once, a token that is taken
# back, the line cut, names that are markup; a telephone's width, dark and light. SERVE_PICTURES=DIR keeps pictures.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/serve/lib.sh"
if ! command -v chromium >/dev/null; then
	skip "the dashboard in a browser" chromium
	exit
fi
mknet a 1
# As hostile as a name can be that a target may have.
evil='flt-<img src=x onerror=alert(1)>'
ip netns add "$evil"
serve_begin --listen 127.0.0.1:0 --runs "$T/runs"
python3 "$TOP/tests/golden/make_run.py" "$T/runs/run-1"
echo '# <script>alert(1)</script>' >"$T/runs/run-1/chaos_report.md"
mv "$T/runs/run-1" "$T/runs/demo-1"
bg ping -i 0.1 10.77.1.2 >/dev/null
export URL FL T
adm=$(token adm administer) look=$(token look look) brief=$(token brief look)
python3 "$TOP/tests/tools/serve/dashboard.py" "$adm" "$look" "$brief" "$SERVE" >"$T/browser" 2>&1 || not_ok "dashboard.py ended with an error"
tap "$T/browser"
check_num "so many checks" "$(grep -c '^ok' "$T/browser")" eq 30
"$FL" stop --everyone --yes >/dev/null 2>&1
serve_end
ip netns del "$evil"
rm -rf /etc/faultline/tokens /var/lib/faultline/audit.jsonl /var/lib/faultline/halt.json /run/faultline-serve
