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
check_num "nobody listens: the run comes to its end" $? eq 1
verdict "nobody listens: recorded before and during" '(.pipeline.reachable_before | not) and (.pipeline.reachable_during | not)'
