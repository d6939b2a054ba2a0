#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: long
# The documents do what they say: every command block is run on a lab of its own, and what it prints is what is
# shown, numbers apart (tests/tools/doc_run.py has the rules). What cannot be run here says so, and is listed.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/lab.sh"
cd "$TOP" || exit 1
export T FL

# --- the reader's faultline: his, but that it does not wait as long as it says ---
mkdir "$T/bin"
cat >"$T/bin/faultline" <<'W'
#!/bin/bash
# Times that only pass are short, what would go on for ever is looked at twice, a suite is its first experiment, and
# ID, as any id that was printed on another day, is that of the last fault that was detached.
declare -A short=([inject--for]=600ms [inject--every]=300ms [graph--for]=1s [baseline--for]=1s [plan--watch]=1s
	[check--watch]=1s [top--count]=1 [probe--interval]=100ms [probe--count]=3)
args=() command=$1 detach='' given=' ' last=''
for a; do
	[ "$a" != -- ] || break
	[ "$a" != --detach ] || detach=1
	given+="$a "
done
for a; do
	case $command$last in
	inject--for) [ -n "$detach" ] || a=${short[inject--for]} ;;
	*) [ -z "${short[$command$last]:-}" ] || a=${short[$command$last]} ;;
	esac
	if [[ $command = set || $command = stop ]] && [[ $a = ID || $a =~ ^[a-z0-9]{6}(\.1)?$ ]]; then a=$(cat "$T/id"); fi
	args+=("$a")
	last=$a
done
more() { case $given in *" $1 "* | *" --dry-run "* | *" --help "*) ;; *) args+=("$@") ;; esac; }
case $command in
run) more --scale 0.02; case $given in *' --resume '*) ;; *) more --only 1 ;; esac ;;
plan) more --watch 1s ;;
top) more --count 1 ;;
graph) more --for 1s ;;
check) case $given in *' --host '*) more --watch 1s ;; esac ;;
inject) [ -n "$detach" ] || more --for 600ms ;;
esac
[ -n "$detach" ] || exec "$FL" "${args[@]}"
"$FL" "${args[@]}" | tee "$T/id"
exit "${PIPESTATUS[0]}"
W
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
bg ip netns exec flt-gw python3 "$T/service.py" 10.77.2.2 http://10.77.3.2:8080/
gw=$BG_PID
bg ip netns exec flt-web python3 "$T/service.py" 10.77.1.2 http://10.77.2.2:8080/
for n in web db; do
	wait_for 10 sh -c "ip netns pids flt-$n | grep -q ."
	ip netns attach shop-$n "$(ip netns pids flt-$n | head -n 1)" && _nets="shop-$n $_nets"
done
check "the stack of its own is up" wait_for 10 curl -sf -m 2 http://10.77.1.2:8080/
bg sh -c 'while :; do curl -s -o /dev/null -m 2 http://10.77.1.2:8080/; sleep 0.05; done'
echo "$gw" >/run/gw.pid
printf 'services:\n  db: netns:shop-db\n  web: netns:shop-web\n  gw: "pid:/run/gw.pid"\n' >"$T/stack.yaml"

printf '#!/bin/sh\nexec "$@"\n' >"$T/bin/sudo"
command -v dot >/dev/null || printf '#!/bin/sh\ngrep -q "^digraph"\n' >"$T/bin/dot"
chmod +x "$T/bin/"*

# shellcheck disable=SC2046,SC2086 # names of pages have no blanks
python3 tests/tools/doc_run.py "$T/bin" ${DOC_PAGES:-README.md $(ls docs/*.md docs/faults/*.md experiments/exercise/*.md)} >"$T/pages.out" 2>&1
while IFS= read -r line; do
	case $line in
	'ok '*) ok "${line#ok }" ;;
	'not ok '*) not_ok "${line#not ok }" ;;
	'#'*) echo "$line" ;;
	*) echo "# $line" ;;
	esac
done <"$T/pages.out"
"$FL" stop --everyone --yes >/dev/null 2>&1
"$FL" allow >/dev/null 2>&1
rm -f /etc/faultline/stack.yaml
check "they were as many as there should be" test "$(sed -n 's/^# \([0-9]*\) commands ran/\1/p' "$T/pages.out")" -ge "${DOC_MIN:-60}"
