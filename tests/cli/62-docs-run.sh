#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: long
# The documents do what they say: every command block is run on a lab of its own, and what it prints is what is
# shown, numbers apart (tests/tools/doc_run.py has the rules). What cannot be run here says so, and is listed; what
# wants a Docker engine is run by tests/docker/62-docs-run.sh.
#
# Most of it is waiting, so two readers go through the pages, each in a sandbox of its own with a lab: who comes to a
# page first has it ($DOC_TAKEN).
. "$(dirname "$0")/../lib.sh"
cd "$TOP" || exit 1
pages=$(echo README.md docs/*.md docs/faults/*.md experiments/exercise/*.md)
if [ -z "${DOC_TAKEN:-}" ]; then
	export DOC_TAKEN=$T/taken
	mkdir "$DOC_TAKEN"
	# (Beside each other, so what belongs to the whole machine is looked at here.)
	for n in 1 2; do
		FLTEST_SANDBOX='' FLTEST_SHARED=1 FAULTLINE_LOOP_LOG="$T/loop" bash "$0" >"$T/reader.$n" 2>&1 &
		readers="${readers:-} $!"
	done
	# shellcheck disable=SC2086
	wait $readers
	for n in 1 2; do tap "$T/reader.$n"; done
	check_num "all pages were read" "$(find "$DOC_TAKEN" -mindepth 1 | wc -l)" eq "$(wc -w <<<"${DOC_PAGES:-$pages}")"
	check_num "the commands were as many as there should be" "$(sed -n 's/^# \([0-9]*\) commands ran/\1/p' "$T"/reader.* | awk '{ n += $1 } END { print n + 0 }')" ge "${DOC_MIN:-60}"
	exit
fi
. "$TOP/tests/lab.sh"
export T FL

# --- a stack of its own, as own-stack.md and safety.md have it: web asks gw, gw asks db ---
echo 1 >/proc/sys/net/ipv4/ip_forward
mknet web 1
mknet gw 2
mknet db 3
cat >"$T/service.py" <<'P'
import http.server, sys, urllib.request
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        if len(sys.argv) > 2:
            urllib.request.urlopen(sys.argv[2], timeout=5).read()
        self.send_response(200); self.send_header('Content-Length', '2'); self.end_headers(); self.wfile.write(b'ok')
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer((sys.argv[1], 8080), H).serve_forever()
P
bg ip netns exec flt-db python3 "$T/service.py" 10.77.3.2
bg ip netns exec flt-gw python3 "$T/service.py" 10.77.2.2 http://10.77.3.2:8080/ 2>/dev/null
gw=$BG_PID
bg ip netns exec flt-web python3 "$T/service.py" 10.77.1.2 http://10.77.2.2:8080/ 2>/dev/null
for n in web db; do
	wait_for 10 sh -c "ip netns pids flt-$n | grep -q ."
	ip netns attach shop-$n "$(ip netns pids flt-$n | head -n 1)" && _nets="shop-$n $_nets"
done
check "the stack of its own is up" wait_for 10 curl -sf -m 2 http://10.77.1.2:8080/
bg sh -c 'while :; do curl -s -o /dev/null -m 2 http://10.77.1.2:8080/; sleep 0.05; done'
echo "$gw" >/run/gw.pid
printf 'services:\n  db: netns:shop-db\n  web: netns:shop-web\n  gw: "pid:/run/gw.pid"\n' >"$T/stack.yaml"

mkdir "$T/bin"
cp tests/tools/doc_faultline.sh "$T/bin/faultline"
printf '#!/bin/sh\nexec "$@"\n' >"$T/bin/sudo"
command -v dot >/dev/null || printf '#!/bin/sh\ngrep -q "^digraph"\n' >"$T/bin/dot"
chmod +x "$T/bin/"*

# The pages that take longest first.
# shellcheck disable=SC2086 # names of pages have no blanks
python3 tests/tools/doc_run.py "$T/bin" ${DOC_PAGES:-docs/commands.md docs/plan.md docs/first-experiment.md $pages}
"$FL" stop --everyone --yes >/dev/null 2>&1
"$FL" allow >/dev/null 2>&1
rm -f /etc/faultline/stack.yaml
