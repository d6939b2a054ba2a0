#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# SIGINT and SIGTERM in every state: back at once, valid partial results, exit status 5. Rollback by
# trigger and by abort condition; a system that does not recover.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"

pipeline silent
good=$BG_PID
target=$good

in_state() { event "$out" ".event == \"state\" and .to == \"$1\""; }
# interrupt STATE SIGNAL: start a run of three, send the signal when it is in STATE.
interrupt() {
	out=$T/$1
	rm -rf "$out"
	"$FL" run "$T/s.yaml" --out "$out" --journal "$T/journal.json" -q >"$T/$1.out" 2>&1 &
	local pid=$!
	wait_for 10 in_state "$1" || not_ok "$1: the run came there"
	local t0; t0=$(date +%s%N)
	kill -"$2" $pid
	wait $pid
	rc=$?
	took=$((($(date +%s%N) - t0) / 1000000))
	check_num "$2 in $1: exit status" $rc eq 5
	check_ms "$2 in $1: ms until it is gone" $took 1500
}
BG_PID=$target PARAMS="{file: '$T/mark'}" suite "$T/s.yaml" a b c
sed -i 's/cooldown: .*/cooldown: 10s/' "$T/s.yaml" # long enough to be interrupted on any machine
for state in STEADY BASELINE RECOVER COOLDOWN; do
	interrupt $state INT
	check "$state: the results are valid and hold one entry" jq -e 'length == 1 and .[0].name == "a"' "$out/chaos_results.json"
done
check "an experiment that was over stays what it was" jq -e '.[0].status == "ok"' "$T/COOLDOWN/chaos_results.json"
check "what was not over is aborted" jq -se 'map(.[0].status) == ["aborted", "aborted", "aborted"]' "$T"/{STEADY,BASELINE,RECOVER}/chaos_results.json
sed -i 's/duration: [0-9]*ms/duration: 10s/' "$T/s.yaml"
for signal in INT TERM; do
	interrupt INJECT $signal
	check "INJECT, $signal: aborted" jq -e '.[0].status == "aborted" and .[0].rollback.cause == "signal"' "$out/chaos_results.json"
	check "INJECT, $signal: the fault was taken back" test ! -e "$T/mark"
	jq -s '[.[] | select(.event == "signal").mono_ns][0] as $s | [.[] | select(.event == "fault-off").mono_ns][0] - $s | . / 1e6' "$out/events.jsonl" >"$T/ms"
	check_ms "INJECT, $signal: ms from the signal to the rollback" "$(cat "$T/ms")" 250
	check "INJECT, $signal: so does the journal" sh -c "python3 '$TOP/tests/tools/journal_valid.py' '$T/journal.json' && jq -e '.status == \"interrupted\" and .run[0].status == \"aborted\"' '$T/journal.json'"
	check "INJECT, $signal: run.json says how it ended" jq -e '.verdict.exit_status == 5 and .not_run == 2' "$out/run.json"
done

# A second signal does not wait for the pipeline.
pipeline hang
TIMING='pipeline: {url: "http://127.0.0.1:'$PORT'", timeout: 20s}' BG_PID=$target suite "$T/hang.yaml" a
sed -i '/^  pipeline: .*timeout: 500ms/d' "$T/hang.yaml"
out=$T/hang
"$FL" run "$T/hang.yaml" --out "$out" -q >/dev/null 2>&1 &
pid=$!
wait_for 10 in_state INJECT
kill -INT $pid
wait_for 5 in_state ROLLBACK
kill -INT $pid
t0=$(date +%s%N)
wait $pid
check_num "two signals: exit status" $? eq 5
check_ms "two signals: ms until it is gone" $((($(date +%s%N) - t0) / 1000000)) 1500
check "two signals: valid results" jq -e '.[0].status == "aborted"' "$out/chaos_results.json"

# Breaches: the health page goes bad while the fault is on.
export HEALTH_FILE=$T/health
pipeline silent
breach() { # NAME: goes bad in INJECT, good again once it was rolled back
	echo good >"$HEALTH_FILE"
	out=$T/$1
	"$FL" run "$T/$1.yaml" --out "$out" -q >"$T/$1.out" 2>&1 &
	local pid=$!
	wait_for 10 in_state INJECT
	echo bad >"$HEALTH_FILE"
	wait_for 5 in_state ROLLBACK
	[ "$2" = good ] && echo good >"$HEALTH_FILE"
	wait $pid
	rc=$?
}
DURATION=4s TRIGGER='success_rate < 60%' BG_PID=$target suite "$T/trigger.yaml" a
breach trigger good
check "trigger_when ends the fault early" jq -e '.[0] | .status == "aborted" and .rollback.cause == "trigger_when" and (.rollback.why | startswith("success_rate < 60%: it is"))' "$out/chaos_results.json"
check "... and is scored by what was said until the end of its window" jq -e '.[0] | .times.window_end > .times.end' "$out/chaos_results.json"
check "... which the scoreboard says" grep -q '^- a: after [0-9]* s, success_rate < 60%: it is .*; scored by what the pipeline said within' "$T/trigger.out"
check "... as a miss of a pipeline that is silent" grep -qx 'Detected: 0/1' "$T/trigger.out"
check_ms "ms from the breach seen to the rollback" "$(field "$out" '.[0].rollback.breach_to_rollback_ms')" 200
check "it recovered" jq -e '.[0].recovery.recovered' "$out/chaos_results.json"
DURATION=4s TRIGGER=never ABORT='success_rate < 60% for 300ms' BG_PID=$target suite "$T/abort.yaml" a
breach abort good
check "an abort condition as well" jq -e '.[0] | .status == "aborted" and .rollback.cause == "abort_conditions"' "$out/chaos_results.json"
check "... which cuts its window short: not scored" jq -e '.[0].times.window_end == null' "$out/chaos_results.json"
DURATION=4s TRIGGER=never ABORT='any SLO breach beyond budget' BG_PID=$target suite "$T/slo.yaml" a
breach slo good
check "and a breach of the hypothesis" jq -e '.[0].rollback.cause == "abort_conditions"' "$out/chaos_results.json"

TRIGGER=never HYPOTHESIS='success_rate >= 99%' BG_PID=$target suite "$T/lost.yaml" a b
breach lost bad
check_num "a system that does not recover: exit status" $rc eq 1
check "the suite stops there, refuted" jq -e 'length == 1 and .[0].status == "not_recovered" and .[0].hypothesis.verdict == "refuted"' "$out/chaos_results.json"
check_num "and no steady state at all" "$("$FL" run "$T/lost.yaml" --out "$T/never" -q >"$T/never.out" 2>&1; echo $?)" eq 1
check "fails before anything is injected" jq -e '.[0].status == "failed" and .[0].times.inject == null and (.[0].error | contains("steady"))' "$T/never/chaos_results.json"
