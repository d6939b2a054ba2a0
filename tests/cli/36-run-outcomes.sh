#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What becomes of an experiment: no hit, a fault that fails at each of its steps, a refuted
# hypothesis, stages.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"

pipeline silent
target=$BG_PID
export DURATION=400ms
# outcome NAME: run $T/NAME.yaml; $out, $rc.
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
outcome() {
	out=$T/$1
	"$FL" run "$T/$1.yaml" --out "$out" -q "${@:2}" >"$T/$1.board" 2>&1
	rc=$?
}
verdict() { check "$1" jq -e ".[0] | $2" "$out/chaos_results.json"; }

PARAMS='{hits: 0}' suite "$T/nothing.yaml" x
outcome nothing
check_num "no hit: exit status" $rc eq 1
verdict "no hit: not_manifested" '.status == "not_manifested" and .proof[0].injected == 0'
check "no hit: not a miss, left out of recall" grep -qx 'Detected: 0/0' "$T/nothing.board"
check "no hit: said on the scoreboard" grep -q -- '- x: not_manifested' "$T/nothing.board"
sed 's/^    fault_type:.*/    faults: [{type: "null"}, {type: "null", params: {hits: 0}}]/; /^    params:/d' "$T/nothing.yaml" >"$T/half.yaml"
outcome half
verdict "half a combination without a hit: not_manifested" '.status == "not_manifested"'

for step in arm activate; do
	PARAMS="{fail: $step}" suite "$T/$step.yaml" x y
	outcome $step
	check_num "$step fails: exit status" $rc eq 1
	verdict "$step fails: failed, with its words" ".status == \"failed\" and (.error | contains(\"$step fails\"))"
	check "$step fails: the next one has its turn" jq -e 'length == 2' "$out/chaos_results.json"
done
PARAMS='{fail: disarm, file: '"$T/mark"'}' suite "$T/disarm.yaml" x
outcome disarm
check "disarm fails once: tried again, and undone" test ! -e "$T/mark"
PARAMS='{fail: proof}' suite "$T/proof.yaml" x
outcome proof
verdict "proof fails: nothing is claimed" '.status == "not_manifested"'

# A target that dies in the middle, of whatever: its experiment is as it is, and the run is no success.
sleep 300 & victim=$!; _pids="$_pids $victim"
DURATION=1500ms suite "$T/died.yaml" x
sed -i "s/^    fault_type:.*/    faults: [{type: pause, target: 'pid:$victim'}]/; /^    params:/d" "$T/died.yaml"
(wait_for 10 sh -c "'$FL' list -o json | jq -e '.[0].active'" && kill -9 $victim) &
outcome died
check_num "a target that died: exit status" $rc eq 1
check "... the verdict says why" jq -e '.verdict.why | test("ended a target that is no longer running")' "$out/run.json"
verdict "... the result when and who" '.proof[0] | .targets_died == 1 and (.changes | any(.what == "died" and .target == "pid:'$victim'"))'

HYPOTHESIS='p99 latency <= 1us AND success_rate >= 50%' suite "$T/refuted.yaml" x
outcome refuted --journal "$T/journal.json"
verdict "refuted, clause by clause" '.hypothesis | .verdict == "refuted" and (.clauses | map(.verdict)) == ["refuted", "held"] and .clauses[0].value > 1e-6'

check "... in the journal: valid, deviated and failed, as Chaos Toolkit has it" sh -c "python3 '$TOP/tests/tools/journal_valid.py' '$T/journal.json' && jq -e '.deviated and .status == \"failed\" and .run[1].tolerance_met == false' '$T/journal.json'"

# Stages: this sandbox's /var/lib/faultline is empty.
suite "$T/dev.yaml" x
sed 's/0% (synthetic)/0% (synthetic), stage: staging/' "$T/dev.yaml" >"$T/staging.yaml"
rm -f /var/lib/faultline/ledger.json
outcome staging
verdict "staging before dev: skipped" '.status == "skipped" and (.error | contains("skipped stage")) and .times.inject == null'
check "check says so as well" grep -q 'skipped-stage' <("$FL" check "$T/staging.yaml")
"$FL" run "$T/staging.yaml" --out "$T/forced" -q --force-stage >/dev/null 2>&1
out=$T/forced
verdict "--force-stage runs it and leaves a mark" '.status == "ok" and .stage_forced'
echo '{"host": "another", "null@pid:1": {"dev": {"passed": 1, "name": "x"}}}' >/var/lib/faultline/ledger.json
cp /var/lib/faultline/ledger.json "$T/ledger"
"$FL" check "$T/staging.yaml" >"$T/foreign" 2>&1
check_num "a ledger from another host: exit" $? eq 3
check "... said so" grep -q 'ledger of another host (another)' "$T/foreign"
"$FL" run "$T/staging.yaml" --out "$T/foreign-run" -q >"$T/foreign" 2>&1
check_num "... nothing runs by it" $? eq 3
check "... and it is not overwritten" cmp "$T/ledger" /var/lib/faultline/ledger.json
rm -f /var/lib/faultline/ledger.json
outcome dev
verdict "dev passes" '.status == "ok" and .stage == "dev" and (.stage_forced | not)'
check "the pass outlives /run, so a reboot" sh -c "[ ! -e /run/faultline ] && ! '$FL' check '$T/staging.yaml' | grep -q skipped-stage"
same "... readable without root" "$(stat -c '%a %U' /var/lib/faultline /var/lib/faultline/ledger.json | tr '\n' ' ')" "755 root 644 root "
mkdir /run/faultline && mv /var/lib/faultline/ledger.json /run/faultline/
check "a ledger where it used to be counts" sh -c "! '$FL' check '$T/staging.yaml' | grep -q skipped-stage"
mkdir /var/lib/faultline/ledger.json
"$FL" check "$T/staging.yaml" >"$T/unreadable" 2>&1
check_num "a ledger that cannot be read is not an empty one: exit" $? eq 2
check "... said so" grep -q 'cannot read /var/lib/faultline/ledger.json' "$T/unreadable"
rmdir /var/lib/faultline/ledger.json
"$FL" run "$T/staging.yaml" --out "$T/later" -q >/dev/null 2>&1
out=$T/later
verdict "then staging may" '.status == "ok" and (.stage_forced | not)'
check "... and the ledger has moved" sh -c "[ -e /var/lib/faultline/ledger.json ] && [ ! -e /run/faultline/ledger.json ]"
HYPOTHESIS='p99 latency <= 1us' suite "$T/worse.yaml" x
outcome worse
check "a failure of dev takes its pass back" grep -q skipped-stage <("$FL" check "$T/staging.yaml")
