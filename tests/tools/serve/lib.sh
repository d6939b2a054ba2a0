# SPDX-License-Identifier: GPL-2.0-only
# lib.sh - sourced by tests of `faultline serve`: one that runs ($URL, $SOCKET, $SERVE), a request, what came of it.
SOCKET=/run/faultline-serve/serve.sock

# serve_begin OPTION...: with a token, so that --listen is taken.
serve_begin() {
	"$FL" serve token remove first >/dev/null 2>&1
	"$FL" serve token add first --role administer >/dev/null
	bg "$FL" serve "$@" >"$T/serve.out" 2>"$T/serve.err"
	SERVE=$BG_PID
	wait_for 10 test -S "$SOCKET"
	wait_for 10 grep -q . "$T/serve.out"
	wait_for 10 curl -s --unix-socket "$SOCKET" -o /dev/null http://localhost/v1/me
	URL=$(sed -n 's,^and at \(http://[^/]*\)/.*,\1,p' "$T/serve.out")
}
serve_end() { kill "$SERVE" && wait_for 10 bash -c "! kill -0 $SERVE 2>/dev/null"; }
token() { "$FL" serve token add "$1" --role "$2"; }

# as TOKEN METHOD PATH [BODY] [CURL-OPTION...]: $code, and the answer in $T/body. TOKEN "": nobody.
as() {
	local auth=() body=()
	[ -z "$1" ] || auth=(-H "Authorization: Bearer $1")
	[ -z "${4:-}" ] || body=(-H 'Content-Type: application/json' -d "$4")
	: >"$T/body"
	code=$(curl -s -m 60 --path-as-is -o "$T/body" -w '%{http_code}' -X "$2" "${auth[@]}" "${body[@]}" "${@:5}" "$URL$3")
}
# is DESCRIPTION STATUS FILTER: the last answer has that status (a pattern of grep), and jq's FILTER holds for it.
is() {
	if grep -qx "$2" <<<"$code" && { [ "$3" = true ] || jq -e "$3" "$T/body" >/dev/null; }; then ok "$1 ($code)"; else
		not_ok "$1 ($code, not $2 $3)"; head -c 400 "$T/body" | sed 's/^/#   /'; echo
	fi
}
ping_ms() { ping -c 3 -i 0.2 10.77.1.2 | sed -n 's,^rtt.* = [^/]*/\([0-9.]*\)/.*,\1,p'; }
