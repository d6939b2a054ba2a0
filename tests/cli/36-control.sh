#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# control: true: nothing is injected, and whatever is reported is a false alarm.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"
DURATION=600ms
# with_controls FILE: an experiment with a fault and two controls, one of them as short as can be.
with_controls() {
	suite "$1" payment_latency
	cat >>"$1" <<-'Y'
		  - name: nothing
		    control: true
		    blast_radius: {duration: 600ms}
		  - name: nothing_more
		    control: true
		    hypothesis: success_rate >= 50%
		    blast_radius: {target: payment-svc, traffic: 0%, duration: 600ms}
		    measurement: {metrics: [success_rate], capture_window: t-1s to t+1s}
	Y
}
pipeline guess "$T/out/events.jsonl"
with_controls "$T/s.yaml"
"$FL" check "$T/s.yaml" >"$T/said" 2>&1
check_num "check takes it" $? eq 0
check "... without a word on the controls" sh -c "! grep -qE '^[^:]*:(1[5-9]|[2-9][0-9]):|nothing' '$T/said'"
"$FL" run "$T/s.yaml" --dry-run >"$T/plan" 2>&1
check "a dry run names them" grep -q 'nothing .*a control: nothing is injected for 600ms' "$T/plan"
"$FL" run "$T/s.yaml" --out "$T/out" >"$T/board" 2>"$T/progress"; status=$?
check_num "a pipeline that guesses is not accepted: exit 1" $status eq 1
check "both controls were scored" test "$(field "$T/out" '[.[] | select(.control and .status == "ok" and (.detected | not) and .false_alarms == 1 and .proof == [])] | length')" = 2
check "nothing is detected where there is nothing" grep -q '^Detected: 1/1$' "$T/board"
check "they stand apart" grep -q '^Controls, nothing injected: 2 of 2 with a false alarm$' "$T/board"
check "... not in the table" sh -c "! grep -q '^|.*nothing' '$T/board'"
check "they count in precision" grep -q '^Precision: 0.33$' "$T/board"
check "... not in recall" grep -q '^Recall: 1.00$' "$T/board"
check "the progress says so" grep -q 'nothing: ok, a control with 1 false alarm' "$T/progress"
check "score has them as JSON" jq -e '.controls == 2 and .controls_alarmed == 2 and .control_alerts == 2 and .scored == 1 and .total == 1' <("$FL" score -o json "$T/out")
check "the report says that nothing was injected" grep -q 'Nothing was injected: for ' "$T/out/chaos_report.md"
"$FL" report "$T/out" --lang vi --force >/dev/null
check "... in the other language, too" grep -q 'Không inject gì' "$T/out/chaos_report.md"
check "no ledger entry, no fault event of a control" sh -c "! jq -e 'select(.experiment == \"nothing\" and (.event | startswith(\"fault\")))' '$T/out/events.jsonl' | grep -q ."

kill "$BG_PID"
pipeline good "$T/good/events.jsonl"
with_controls "$T/s.yaml"
"$FL" run "$T/s.yaml" --out "$T/good" -q >"$T/board" 2>&1
check_num "one that knows is: exit 0" $? eq 0
check "... its controls were silent" grep -q '^Controls, nothing injected: 0 of 2 with a false alarm$' "$T/board"

# What does not belong there is refused, with its place.
refused() {
	sed "s/    control: true/&\n    $2/" "$T/s.yaml" >"$T/bad.yaml"
	"$FL" check "$T/bad.yaml" >"$T/said" 2>&1; local r=$?
	if [ $r = 2 ] && grep -qE "bad.yaml:[0-9]+:[0-9]+: .*$3" "$T/said"; then ok "$1"; else not_ok "$1 ($r)"; sed 's/^/#   /' "$T/said"; fi
}
refused "a fault in a control" "fault_type: latency" 'control: true injects nothing .*a fault does not belong'
refused "faults in a control" "faults: [{type: latency, target: a}]" 'a fault does not belong'
refused "a root cause in a control" "ground_truth: payment-svc" 'a ground_truth does not belong'
sed 's/    control: true/    control: perhaps/' "$T/s.yaml" >"$T/bad.yaml"
"$FL" check "$T/bad.yaml" >"$T/said" 2>&1
check_num "control: perhaps" $? eq 2
sed 's/    control: true/    control: false/' "$T/s.yaml" >"$T/bad.yaml"
"$FL" check "$T/bad.yaml" >"$T/said" 2>&1
check "control: false is an experiment like others" grep -q "'hypothesis' is missing\|'rollback' is missing\|is missing" "$T/said"
