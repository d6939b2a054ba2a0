#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A whole run with null faults and a scripted pipeline: order, files, scoreboard to the letter.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"

out=$T/out
pipeline good "$out/events.jsonl"
TIMING='versions: {stack: {version: shop 2.3, commit: 0abc1def}, pipeline: {version: aiops 7}}' \
	suite "$T/s.yaml" payment_latency payment_loss
"$FL" run "$T/s.yaml" --out "$out" --journal "$T/journal.json" >"$T/stdout" 2>"$T/stderr"
check_num "a good pipeline is accepted" $? eq 0
sed "s|$out|DIR|" "$T/stdout" >"$T/board"
check "the scoreboard is the golden one" diff -u "$TOP/tests/golden/run-good.txt" "$T/board"
for f in chaos_results.json probe.log events.jsonl run.json baseline.json; do
	check "$f is there" test -s "$out/$f"
done
check "both results are ok" test "$(field "$out" '[.[].status] | unique == ["ok"]')" = true
check "with hits" test "$(field "$out" '[.[].proof[0].injected] | unique == [3]')" = true
check "with a verdict and its number" test "$(field "$out" '.[0].hypothesis.clauses[0] | .verdict == "held" and .value == 1')" = true
check "detected by the alert's own time" test "$(field "$out" '[.[].mttd_s | . > 0.29 and . < 0.35] | all')" = true
check "run.json says what ran" jq -e '.config.sha256 and .host.kernel and .seed and .ended and .verdict.exit_status == 0' "$out/run.json"
check "... and what was under test" jq -e '.stack == {"version": "shop 2.3", "commit": "0abc1def"} and .pipeline == {"version": "aiops 7", "commit": null}' "$out/run.json"
check "... which the report names" grep -q 'shop 2.3 0abc1def' "$out/chaos_report.md"
check "--journal has the layout of Chaos Toolkit" python3 "$TOP/tests/tools/journal_valid.py" "$T/journal.json"
check "... a completed run of two actions, each with its probe" jq -e '.status == "completed" and (.deviated | not) and [.run[] | .activity.type + " " + .status] == ["action succeeded", "probe succeeded", "action succeeded", "probe succeeded"] and (.experiment.method | length) == 2 and .steady_states.before.steady_state_met and .steady_states.after.steady_state_met and .run[0].output.injected == 3' "$T/journal.json"
check "baseline.json has a window an experiment" jq -e '.windows | length == 2 and .[0].metrics.p99.n > 3' "$out/baseline.json"

check "nothing here has a network of its own to measure, and the manifest says so" jq -e '.kernel_measurement | .on == false and (.why | length > 10)' "$out/run.json"
check "so says the run" grep -q 'kernel measurement is off: ' "$T/stderr"
check "the times of an experiment are there all the same" test "$(field "$out" '.[0].moments | .armed.mono_ns < .active.mono_ns and .active.after_active_s == 0 and (.first_alert.after_active_s | . > 0.2 and . < 0.4) and .first_symptom == null')" = true

jq -r 'select(.event == "state" and .experiment == "payment_latency").to' "$out/events.jsonl" | paste -sd' ' >"$T/states"
check "the states come in their order" grep -qx 'RESOLVE ARM STEADY BASELINE INJECT ROLLBACK RECOVER SCORE' "$T/states"
check "every line of probe.log has the form" test "$(grep -vcE '^[0-9]+ (pass|fail [0-9]{3}) [0-9]+$' "$out/probe.log")" = 0
check "the probe ran without a gap" awk 'NR > 1 && $1 - last > 1 { bad = 1 } { last = $1 } END { exit bad || NR < 40 }' "$out/probe.log"

# Offsets and lengths of several faults, from the events.
sed 's/^    fault_type:.*/    faults: [{type: "null", offset: 200ms, duration: 300ms}, {type: "null", offset: 400ms}]/; /^    params:/d' "$T/s.yaml" >"$T/many.yaml"
"$FL" run "$T/many.yaml" --only 1 --out "$T/many" -q >/dev/null 2>&1
jq -s '[.[] | select(.event == "state" and .to == "INJECT").mono_ns][0] as $t0 | [.[] | select(.event | startswith("fault-")) | [.event, .fault[-1:], ((.mono_ns - $t0) / 1e6)]] | sort_by(.[2])' "$T/many/events.jsonl" >"$T/order"
check "on, on, off, off at their moments" jq -e 'map(.[0]) == ["fault-on", "fault-on", "fault-off", "fault-off"] and ([.[0][2] - 200, .[1][2] - 400, .[2][2] - 500, .[3][2] - 900] | all(. > -5 and . < 180))' "$T/order"

"$FL" run "$T/s.yaml" --out "$out" >"$T/again" 2>&1
check_num "a second run in the same folder is refused" $? eq 2
check "and says how to go on" grep -q -- '--resume' "$T/again"
"$FL" run "$T/s.yaml" --dry-run --out "$T/dry" >"$T/plan" 2>&1
check_num "a dry run" $? eq 0
check "shows the plan and makes nothing" sh -c "grep -q 'payment_loss.*null on pid' '$T/plan' && ! test -e '$T/dry'"
"$FL" run "$T/s.yaml" --only 2 --out "$T/json" -q -o json >"$T/run.out" 2>/dev/null
check "-o json is JSON" test -s "$T/run.out"
check "with the score" jq -e '.exit_status == 1 and .score.detected == 0 and .score.total == 1 and .experiments[0].name == "payment_loss"' "$T/run.out"
"$FL" run "$T/s.yaml" --only 1 --repeat 2 --out "$T/twice" -q >/dev/null 2>&1
check "--repeat makes a folder each" test -s "$T/twice/001/run.json" -a -s "$T/twice/002/run.json"

# A target that is not there, before anything is made.
sed "s/pid:$BG_PID/pid:4000000/" "$T/s.yaml" >"$T/gone.yaml"
"$FL" run "$T/gone.yaml" --out "$T/gone" >"$T/gone.err" 2>&1
check_num "no such target: exit 2 or 3" $? ge 2
check "with its place in the file" grep -q "$T/gone.yaml:1[0-9]:" "$T/gone.err"
check "and no folder" test ! -e "$T/gone"
