#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# SIGKILL of the runner at random moments: the guardian takes everything back, the results are valid,
# --resume goes on with the next experiment, and what comes out is one run.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"

pipeline silent
PARAMS="{file: '$T/mark'}" DURATION=500ms suite "$T/s.yaml" a b c
out=$T/out
clean() { [ ! -e "$T/mark" ] && [ -z "$(ls /run/faultline 2>/dev/null | grep -v ledger.json)" ]; }

RANDOM=4711
note "seed of the moments: 4711"
kills=0 dirty=0 slow=0 broken=0
while [ $kills -lt 8 ]; do
	rm -rf "$out"
	"$FL" run "$T/s.yaml" --out "$out" -q >/dev/null 2>&1 &
	pid=$!
	sleep "$(awk -v r=$RANDOM 'BEGIN { print 0.1 + 1.9 * r / 32768 }')"
	kill -9 $pid
	wait $pid 2>/dev/null
	kills=$((kills + 1))
	t0=$(date +%s%N)
	wait_for 5 clean || dirty=$((dirty + 1))
	ms=$((($(date +%s%N) - t0) / 1000000))
	[ $ms -gt $slow ] && slow=$ms
	[ ! -e "$out/chaos_results.json" ] || jq -e 'length >= 1 and all(.[]; .status)' "$out/chaos_results.json" >/dev/null || broken=$((broken + 1))
done
check_num "$kills kills: not clean again" $dirty eq 0
check_num "ms until the slowest was clean" $slow lt 2000
check_num "results that are not valid" $broken eq 0
note "FIGURE run: clean $slow ms after SIGKILL, worst of $kills random moments"

# A kill inside the fault of the second experiment, then resume.
rm -rf "$out"
second() { event "$out" '.event == "fault-on" and .experiment == "b"'; }
"$FL" run "$T/s.yaml" --out "$out" -q >/dev/null 2>&1 &
pid=$!
wait_for 10 second || not_ok "the second experiment began"
kill -9 $pid
wait $pid 2>/dev/null
check "the open experiment is written as aborted" jq -e 'map([.name, .status]) == [["a", "ok"], ["b", "aborted"]]' "$out/chaos_results.json"
wait_for 5 clean || not_ok "clean before the resume"
"$FL" run "$T/s.yaml" --out "$out" --resume -q >"$T/resumed" 2>&1
check "resume goes on with the next" jq -e 'map([.name, .status]) == [["a", "ok"], ["b", "aborted"], ["c", "ok"]]' "$out/chaos_results.json"
check "the first was not run again" test "$(jq -s '[.[] | select(.event == "fault-on" and .experiment == "a")] | length' "$out/events.jsonl")" = 1
check "run.json counts it" jq -e '.resumed == 1 and .not_run == 0 and .ended' "$out/run.json"
check "the scoreboard has all three" grep -qx 'Total: 3' "$T/resumed"
check "every line of events.jsonl is JSON" jq -es 'length > 20' "$out/events.jsonl"
cp "$out/chaos_results.json" "$T/kept"
"$FL" run "$T/s.yaml" --out "$out" --resume -q >/dev/null 2>&1
check "resuming a finished run changes no result" cmp -s "$T/kept" "$out/chaos_results.json"

sed 's/hits/hits /; s/grace: 600ms/grace: 700ms/' "$T/s.yaml" >"$T/other.yaml"
"$FL" run "$T/other.yaml" --out "$out" --resume >"$T/other" 2>&1
check_num "resume with another config is refused" $? eq 2
check "because results of two configs are no one run" grep -q 'another version' "$T/other"
"$FL" run "$T/s.yaml" --out "$T/new" --resume >"$T/new.err" 2>&1
check_num "nothing to resume" $? eq 2
echo '{' >"$out/run.json"
"$FL" run "$T/s.yaml" --out "$out" --resume >"$T/bad" 2>&1
check_num "a damaged run.json" $? eq 2
