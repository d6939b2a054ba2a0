#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: busy
# What -o json prints is what docs/schema says, command by command.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"
SCHEMA=$TOP/docs/schema
PORT=

# valid NAME [lines]: standard input is of that schema.
coproc VALID { exec /usr/bin/python3 "$TOP/tests/tools/schema_valid.py" --serve; }
valid() {
	cat >"$T/document"
	echo "$SCHEMA/$1.json ${2:-one} $T/document" >&"${VALID[1]}"
	read -r _said <&"${VALID[0]}"
	[ "$_said" = valid ] || { echo "$_said"; return 1; }
}
# printed STATUS SCHEMA ARGUMENT...: with that status ("*": any), a document of that schema and a newline.
printed() {
	local status=$1 name=$2 r; shift 2
	timeout 60 "$FL" "$@" >"$T/out" 2>"$T/err" </dev/null; r=$?
	if { [ "$status" = '*' ] || [ $r = "$status" ]; } && valid ${name/:/ } <"$T/out" >"$T/why" 2>&1; then
		ok "$name: $*"
	else
		not_ok "$name: $* (status $r)"; tail -3 "$T/why" | sed 's/^/#   /'
	fi
	seen="${seen:-} ${name%:*}"
}
not_valid() { ! valid "$@"; }

mknet a 1
mknet b 2
python3 "$TOP/tests/golden/make_run.py" "$T/run"
python3 "$TOP/tests/golden/make_run.py" "$T/later"
jq '.started += 86400 | .verdict = {exit_status: 5, why: "aborted"}' "$T/later/run.json" >"$T/x" && mv "$T/x" "$T/later/run.json"

# --- without faults ---
printed 0 check check "$TOP/experiments/demo.yaml" -o json
echo 'experiments: [{name: x}]' >"$T/bad.yaml"
printed 2 check check "$T/bad.yaml" -o json
printed 2 check check "$TOP/experiments/demo.yaml" /nonexistent -o json
printed 2 error score /nonexistent -o json
printed '*' doctor doctor -o json
printed 0 doctor-syscalls doctor --syscalls -o json
printed 0 score score "$T/run" -o json
printed 1 history history "$T/run" "$T/later" -o json
printed 0 compare compare "$T/run" "$T/later" -o json
printed 0 report report "$T/run" -o json
printed 0 report-export report "$T/run" --export rcaeval -o json
printed '*' accept accept "$T/run" -o json
printed 0 import import pumba -o json -- netem --duration 8s --interface e loss --percent 30 web
printed 2 import import pumba -o json -- kil web
printed '*' import import w3d2 -o json "$TOP/tests/fuzz/corpus/exercise/entry"
printed 0 lab-status lab status -o json
printed 0 lab lab down -o json

# --- faults ---
printed 0 inject-dry-run inject latency netns:flt-a --delay 5ms --dry-run -o json
printed 0 inject inject null netns:flt-a --hits 2 --for 200ms -o json
# Whether IPv6 says something of its own in that time is not in our hands.
printed '*' inject inject latency netns:flt-a,netns:flt-b --delay 5ms --for 200ms -o json
printed 0 list list -o json
printed 0 inject-detach inject latency netns:flt-a,netns:flt-b --delay 5ms --for 60s --detach -o json
id=$(jq -r .id "$T/out")
printed 0 list list -o json
check "... with both targets" jq -e '.[0].targets == ["netns:flt-a", "netns:flt-b"]' "$T/out"
printed 0 set set "$id" delay=6ms -o json
printed 0 stop stop "$id" -o json
printed 2 stop stop nobody.1 -o json
printed 0 recover recover -o json
"$FL" inject null netns:flt-a --hits 1 --for 60s --detach >/dev/null
printed 0 halt halt a schema -o json
printed 0 allow allow -o json
printed 0 allow allow -o json

# --- measurements ---
bg sh -c 'while :; do ip netns exec flt-a ping -c 1 -W 1 10.77.1.1 >/dev/null; sleep 0.2; done'
printed 0 top:lines top netns:flt-a,netns:flt-b --interval 200ms --count 2 --requests -o json
printed 2 top:lines top nobody-svc -o json
printed 0 graph graph netns:flt-a netns:flt-b --for 500ms -o json
printed 0 plan plan netns:flt-a netns:flt-b pid:$BG_PID --watch 500ms -o json
printed 3 error plan netns:flt-none --watch 500ms -o json
pipeline good "$T/out1/events.jsonl"
printed 0 probe:lines probe "http://127.0.0.1:$PORT/health" --count 3 --interval 50ms -o json
printed '*' probe:lines probe "http://127.0.0.1:1/" --count 1 --interval 50ms -o json
suite "$T/s.yaml" payment_latency
printed 0 run-dry-run run "$T/s.yaml" --dry-run -o json
printed '*' run run "$T/s.yaml" --out "$T/out1" -q -o json
check "chaos_results.json of a run is what its schema says" valid chaos_results <"$T/out1/chaos_results.json"
check "... and one that was not this run's" valid chaos_results <"$T/run/chaos_results.json"
seen="$seen chaos_results"
printed '*' history history "$T/out1" -o json
printed '*' score score "$T/out1" -o json
sed -e 's/pid:[0-9]*/netns:flt-a/' "$T/s.yaml" >"$T/net.yaml"
sed -e 's/fault_type: .*/fault_type: latency/; s/params: .*/params: {delay: 5ms}/' "$T/net.yaml" >"$T/sized.yaml"
printed '*' sweep sweep "$T/sized.yaml" --budget 20s --out "$T/swept" -q -o json
check "... is what is in its folder as well" sh -c "/usr/bin/python3 '$TOP/tests/tools/schema_valid.py' '$SCHEMA/sweep.json' <'$T/swept/sweep.json'"
printed 0 baseline baseline "$T/net.yaml" --for 500ms -o json

# --- the schemas themselves ---
left=$(for f in "$SCHEMA"/*.json; do n=$(basename "$f" .json); case " $seen " in *" $n "*) ;; *) echo "$n" ;; esac; done | xargs)
check "every schema was tried ($left)" test -z "$left"
check "... and has its version" sh -c 'for f in "$0"/*.json; do jq -e --arg n "$(basename "$f" .json)" ".[\"\$id\"] | test(\"^faultline:\" + \$n + \":[0-9]+\$\")" "$f" || exit 1; done' "$SCHEMA"
# (serve answers by HTTP: its OpenAPI document is looked at in 50-serve.sh.)
none=$("$FL" --help | awk '/^  [a-z]/ && $1 != "serve" {print $1}' | while read -r c; do [ -e "$SCHEMA/$c.json" ] || echo "$c"; done | xargs)
check "every command has one ($none)" test -z "$none"
check "one more key is none of it" not_valid allow <<<'{"was": null, "still_refused": null, "more": 1}'
check "one less either" not_valid allow <<<'{"was": null}'

# A list of targets by commas is one of targets by blanks, whatever its length.
long=$(printf 'netns:flt-a,netns:flt-b,%.0s' {1..120})netns:flt-a
check "top takes a list by commas" sh -c "'$FL' top netns:flt-a,netns:flt-b --interval 300ms --count 2 -o json | jq -es 'last | .services | map(.service) | index(\"flt-a\") != null or index(\"netns:flt-a\") != null'"
check "... of any length" sh -c "'$FL' top '$long' --interval 200ms --count 1 >'$T/out'"
check "so does graph" sh -c "'$FL' graph '$long' --for 300ms >'$T/out'"
check "each name of it is checked" sh -c "'$FL' top netns:flt-a,nobody-svc --count 1 2>&1 | grep -q \"no target 'nobody-svc'\""
