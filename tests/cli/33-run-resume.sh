#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# SIGKILL in the middle of a run, at random moments, of the runner, of its guardian, of both: traffic is
# clean within 2 s, everything is taken back, the results are valid, --resume goes on with the next
# experiment, and what comes out is one run. FLTEST_KILLS=50 for more rounds.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"
KILLS=${FLTEST_KILLS:-6}
RANDOM=${FLTEST_SEED:-$(($(date +%s) % 32768))}
note "rounds $KILLS, FLTEST_SEED=$RANDOM"

pipeline silent
PARAMS="{file: '$T/mark'}" DURATION=500ms suite "$T/s.yaml" a b c
mknet a 1
check "the target answers" ping -c 1 -W 2 10.77.1.2
# Each experiment: something the kernel does not undo by itself, and packets that are late.
sed "s|^    fault_type:.*|    faults: [{type: 'null', params: {file: '$T/mark'}}, {type: latency, target: 'netns:flt-a', params: {delay: 150ms}}]|; /^    params:/d" "$T/s.yaml" >"$T/net.yaml"
cmp -s "$T/s.yaml" "$T/net.yaml" && not_ok "the edit changed nothing"
out=$T/out
clean() { [ ! -e "$T/mark" ] && [ -z "$(ls /run/faultline 2>/dev/null)" ]; }
# Each packet on its way in less than 100 ms; the fault makes it 150.
flowing() { ping -q -c 3 -i 0.01 -W 1 10.77.1.2 | awk -F/ '/^rtt/ {exit !($6 < 100)} END {if (!/rtt/) exit 1}'; }
# Packets to be late, all the time.
bg ping -q -i 0.05 10.77.1.2 >/dev/null

worst=0 dirty=0 broken=0 resumed=0 inside=0
for ((i = 0; i < KILLS; i++)); do
	who=$((i % 3)) # 0 the runner, 1 its guardian, 2 both
	rm -rf "$out"
	"$FL" run "$T/net.yaml" --out "$out" -q >/dev/null 2>&1 &
	pid=$!
	# From before there is a session to the second experiment.
	sleep "$(awk -v r=$RANDOM 'BEGIN { print 0.1 + 3.4 * r / 32768 }')"
	guardian=$(pgrep -P $pid -x fl-guardian)
	[ -e "$T/mark" ] && inside=$((inside + 1))
	[ $who = 0 ] || [ -z "$guardian" ] || kill -9 "$guardian"
	[ $who = 1 ] || kill -9 $pid
	t0=$(date +%s%N)
	# A run goes on without its guardian, and ends in order when it is told to.
	[ $who != 1 ] || kill -TERM $pid
	wait $pid 2>/dev/null
	rc=$?
	wait_for 5 flowing || dirty=$((dirty + 1))
	ms=$((($(date +%s%N) - t0) / 1000000))
	[ $ms -gt $worst ] && worst=$ms
	# Nobody is left who could: both killed, or TERM came before the runner listened to it.
	if [ $who = 2 ] || [ $rc = 143 ]; then "$FL" recover >/dev/null || dirty=$((dirty + 1)); fi
	wait_for 5 clean || { dirty=$((dirty + 1)); note "round $i (killed $who): left behind: $(ls /run/faultline "$T/mark" 2>&1 | tr '\n' ' ')"; "$FL" recover >/dev/null; }
	[ ! -e "$out/chaos_results.json" ] && continue
	jq -e 'length >= 1 and all(.[]; .status)' "$out/chaos_results.json" >/dev/null || broken=$((broken + 1))
	# Long form: every run that had begun is resumed, and is one run in the end.
	[ -n "${FLTEST_KILLS:-}" ] && [ $who != 1 ] || continue
	kept=$(jq -c '[.[] | select(.status == "ok")]' "$out/chaos_results.json")
	"$FL" run "$T/net.yaml" --out "$out" --resume -q >/dev/null 2>&1
	resumed=$((resumed + 1))
	jq -e --argjson kept "$kept" 'map(.name) == ["a", "b", "c"] and ([.[] | select(.status != "ok")] | length) <= 1 and .[:($kept | length)] == $kept' "$out/chaos_results.json" >/dev/null &&
		jq -e '.resumed == 1 and .not_run == 0 and .ended' "$out/run.json" >/dev/null ||
		{ broken=$((broken + 1)); note "round $i: after the resume: $(jq -c 'map([.name, .status])' "$out/chaos_results.json")"; }
done
check_num "SIGKILL in $KILLS runs: rounds that left something" $dirty eq 0
check_ms "traffic is clean again, worst (ms)" $worst 2000
check_num "results that are not valid, or not of one run" $broken eq 0
note "FIGURE run: traffic clean at most $worst ms after SIGKILL at $KILLS random moments ($inside in a fault, $resumed resumed)"

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
printf '{"t": 17, "ev' >>"$out/events.jsonl" # as a crash of the host may leave it
"$FL" run "$T/s.yaml" --out "$out" --resume -q >"$T/resumed" 2>&1 &
pid=$!
third() { jq -R 'fromjson? | select(.event == "fault-on" and .experiment == "c").t' "$out/events.jsonl" | grep -q .; }
wait_for 10 third
"$FL" run "$T/s.yaml" --out "$out" --resume >"$T/second" 2>&1
check_num "a second faultline in the same folder meanwhile" $? eq 2
check "... is told so" grep -q 'another faultline is running into' "$T/second"
wait $pid
check "resume goes on with the next" jq -e 'map([.name, .status]) == [["a", "ok"], ["b", "aborted"], ["c", "ok"]]' "$out/chaos_results.json"
check "the first was not run again" test "$(jq -R 'fromjson? | select(.event == "fault-on" and .experiment == "a").t' "$out/events.jsonl" | wc -l)" = 1
check "run.json counts it" jq -e '.resumed == 1 and .not_run == 0 and .ended' "$out/run.json"
check "the scoreboard has all three" grep -qx 'Total: 3' "$T/resumed"
check "every line of events.jsonl is JSON but the torn one" test $(($(wc -l <"$out/events.jsonl") - $(jq -R 'fromjson? | .t' "$out/events.jsonl" | wc -l))) = 1
cp "$out/chaos_results.json" "$T/kept"
"$FL" run "$T/s.yaml" --out "$out" --resume -q >/dev/null 2>&1
check "resuming a finished run changes no result" cmp -s "$T/kept" "$out/chaos_results.json"

"$FL" run "$T/s.yaml" --out "$out" --resume --scale 0.5 >"$T/scaled" 2>&1
check_num "resume with windows of another length is refused" $? eq 2
check "... and says both" grep -q 'had --scale 1, not 0.5' "$T/scaled"

sed 's/hits/hits /; s/grace: 600ms/grace: 700ms/' "$T/s.yaml" >"$T/other.yaml"
"$FL" run "$T/other.yaml" --out "$out" --resume >"$T/other" 2>&1
check_num "resume with another config is refused" $? eq 2
check "because results of two configs are no one run" grep -q 'another version' "$T/other"
"$FL" run "$T/s.yaml" --out "$T/new" --resume >"$T/new.err" 2>&1
check_num "nothing to resume" $? eq 2
jq 'map(del(.format))' "$T/kept" >"$out/chaos_results.json"
cp "$out/chaos_results.json" "$T/old"
"$FL" run "$T/s.yaml" --out "$out" --resume >"$T/bad" 2>&1
check_num "results of an older version" $? eq 2
check "... said so, and not overwritten" sh -c "grep -q 'an older version' '$T/bad' && cmp '$T/old' '$out/chaos_results.json'"
head -c 700 "$T/kept" >"$out/chaos_results.json"
"$FL" run "$T/s.yaml" --out "$out" --resume >"$T/bad" 2>&1
check_num "torn results" $? eq 2
echo '{' >"$out/run.json"
"$FL" run "$T/s.yaml" --out "$out" --resume >"$T/bad" 2>&1
check_num "a damaged run.json" $? eq 2
