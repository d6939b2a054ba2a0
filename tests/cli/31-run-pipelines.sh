#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Pipelines as they should not be: each is recorded, none stops the run or is scored as something
# else than it is.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"
export DURATION=700ms

# All at once, each with a pipeline of its own.
for mode in silent wrong early no-time future html e500 shape endless hang; do
	pipeline $mode "$T/$mode/events.jsonl"
	suite "$T/$mode.yaml" x
	"$FL" run "$T/$mode.yaml" --out "$T/$mode" -q >"$T/$mode.board" 2>&1 &
	eval "run_${mode/-/_}=$!"
done
# one MODE: wait for its run; $out, $rc.
one() {
	out=$T/$1
	eval "wait \$run_${1/-/_}"
	rc=$?
}
verdict() { check "$1" jq -e ".[0] | $2" "$out/chaos_results.json"; }

one silent
check_num "silent: not accepted" $rc eq 1
verdict "silent: a miss, and the pipeline was there" '.status == "ok" and (.detected | not) and .mttd_s == null and .pipeline.reachable_during and .rca_service == null'
check "silent: the scoreboard says N and n/a" grep -q '^| 1 | x                 | N        | -     | -            | -           |$' "$T/silent.board"
check "silent: precision is undefined, not 0" grep -qx 'Precision: n/a' "$T/silent.board"

one wrong
verdict "wrong: detected, the wrong one blamed" '.detected and .rca_service == "checkout-svc" and (.rca_correct | not)'
check_num "wrong: not accepted" $rc eq 1

one early
verdict "early: one false alarm in the baseline" '.detected and .false_alarms == 1'
check "early: counted on the scoreboard" grep -qx 'False alarms in baseline windows: 1' "$T/early.board"

one no-time
verdict "no-time: alerts without a time detect nothing" '(.detected | not) and .alerts_by_window.without_time > 0'

one future
verdict "future: alerts from the future detect nothing" '(.detected | not) and .alerts_by_window.after_the_window > 0'

for mode in html e500 shape endless hang; do
	one $mode
	check_num "$mode: the run comes to its end, not accepted" $rc eq 1
	verdict "$mode: recorded with its words" '.status == "ok" and (.detected | not) and (.pipeline.error | length > 10)'
	check "$mode: as an event" event "$out" '.event == "pipeline-error"'
done
verdict "hang: not reachable during the fault" '.pipeline.reachable_during | not'
check "hang: named as a gap (7.5)" grep -q '^- x: .*→' "$T/hang.board"

PORT=9 # nobody listens on discard
suite "$T/none.yaml" x
pipeline good
sed -i "s|probe: {url: 'http://127.0.0.1:9|probe: {url: 'http://127.0.0.1:$PORT|; s|pid:[0-9]*|pid:$BG_PID|" "$T/none.yaml"
out=$T/none
"$FL" run "$T/none.yaml" --out "$out" -q >"$T/none.board" 2>&1
check_num "nobody listens: the run ends before it began" $? eq 3
check "... says where, and the way on" grep -q 'no pipeline takes a connection at http://127.0.0.1:9/alerts.*nothing was injected' "$T/none.board"
check "... by its option" grep -q -- '--pipeline-may-be-down' "$T/none.board"
check "... and there are no results" test ! -e "$out/chaos_results.json"
"$FL" run "$T/none.yaml" --out "$out" -q --pipeline-may-be-down >"$T/none.board" 2>&1
check_num "nobody listens, and that is allowed: the run comes to its end" $? eq 1
check "... the gap says what it is" grep -q '^- x: no alert within .* the pipeline could not be reached, before it or during it .*→ it does not run, or its address is wrong' "$T/none.board"
check "... and no rule blames the detector" sh -c "! grep -q '(7\.[15])' '$T/none.board'"
verdict "nobody listens: recorded before and during" '(.pipeline.reachable_before | not) and (.pipeline.reachable_during | not)'

# It ends while the run goes on, at EVENT; the health page is another's.
dies() {
	out=$T/dies-$1
	pipeline good
	PORT_HEALTH=$PORT TARGET=$BG_PID
	pipeline silent
	suite "$out.yaml" x
	sed -i "s|probe: {url: 'http://127.0.0.1:$PORT|probe: {url: 'http://127.0.0.1:$PORT_HEALTH|; s|pid:[0-9]*|pid:$TARGET|
		s|baseline: 500ms|baseline: 2500ms|" "$out.yaml"
	"$FL" run "$out.yaml" --out "$out" -q >"$out.board" 2>&1 &
	_run=$!
	wait_for 20 event "$out" "$2"
	kill "$BG_PID"
	wait $_run
	rc=$?
}
dies before '.event == "state" and .to == "BASELINE"'
check_num "it ends in the first baseline: so does the run" $rc eq 3
check "... which says why" grep -q 'no pipeline takes a connection.*nothing was injected' "$out.board"
verdict "... and injected nothing" '.status == "failed" and .times.inject == null and (.error | test("nothing was injected"))'
DURATION=3s
dies during '.event == "fault-on"'
check_num "it ends with the fault: the run does not" $rc eq 1
verdict "... there before, not during" '.pipeline.reachable_before and (.pipeline.reachable_during | not)'
check "... gap 7.5" grep -q '^- x: the pipeline stopped answering with the fault on pid:.*(7\.5)' "$out.board"
