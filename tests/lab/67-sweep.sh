#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# A sweep of a pipeline whose limit is known, on the lab: both limits are found, the fault is armed once and every size is a
# change of it; an end by a signal leaves a valid result; what cannot be swept is refused before anything is touched.
. "$(dirname "$0")/../lib.sh"
export FAULTLINE_LAB_CGROUP=faultline-lab-${T##*.}
LAB=/run/faultline/lab/lab.json
trap '"$FL" lab down >/dev/null 2>&1; cleanup' EXIT

cat >"$T/sweep.yaml" <<Y
suite:
  name: known limit
  stack: lab
  pipeline: {forget_path: /forget}
  probe: {interval: 50ms, timeout: 300ms, steady_window: 200ms, recover_within: 20s}
  baseline: 700ms
  cooldown: 0s
  grace: 50ms
experiments:
  - name: nobody_there
    hypothesis: "success_rate >= 1%"
    fault_type: latency
    params: {delay: 100ms, port: 9}
    blast_radius: {target: 1 instance of auth-svc, traffic: 0% (synthetic), duration: 300ms}
    rollback: {automatic: true, trigger_when: never, method: faultline stop --all}
    measurement: {metrics: [success_rate], capture_window: t-1s to t+1s}
    abort_conditions: [any SLO breach beyond budget for 60s]
    ground_truth: {root_service: auth-svc}
  - name: payment_latency
    hypothesis: "success_rate >= 1%"
    fault_type: latency
    params: {delay: 100ms, direction: from}
    sweep: {param: delay, from: 5ms, to: 1s, scale: log}
    blast_radius: {target: 1 instance of payment-svc, traffic: 0% (synthetic), duration: 800ms}
    rollback: {automatic: true, trigger_when: never, method: faultline stop --all}
    measurement: {metrics: [success_rate], capture_window: t-1s to t+1s}
    abort_conditions: [any SLO breach beyond budget for 60s]
    ground_truth: {root_service: payment-svc}
Y
field() { jq -r "$1" "$T/out/sweep.json"; }

# --- refused before anything is touched (no lab, no pipeline is needed to say so) ---
refused() { # DESCRIPTION WORDS ARGUMENT...
	"$FL" sweep "$T/own.yaml" --out "$T/none" "${@:3}" >"$T/said" 2>&1
	check_num "$1" $? eq 2
	check "... and says why" grep -q -- "$2" "$T/said"
}
sed 's/stack: lab/description: none/' "$T/sweep.yaml" >"$T/own.yaml"
refused "no pipeline" 'names no pipeline' --probe http://127.0.0.1:1/
own() { refused "$1" "$2" --probe http://127.0.0.1:1/ --pipeline http://127.0.0.1:1/ "${@:3}"; }
own "bounds swapped" '--from 5ms --to 1s' --from 1s --to 5ms
own "a range that the kind does not have" 'at most one hour' --to 2h
own "a size of nothing" 'a size of 0ms is no fault' --from 0ms
own "a parameter that is not live" 'cannot be changed while the fault is on' --param backend
own "no such parameter" 'its sizes are: delay' --param delays
own "no time" 'fewer than 8 say nothing' --budget 5s
own "no such experiment" 'names no experiment' --only 7
sed -i 's/param: delay,/param: delays,/' "$T/own.yaml"
check "check says it as well" sh -c "'$FL' check '$T/own.yaml' | grep -q ':[0-9]*: warning \\[sweep\\] .*its sizes are: delay'"
check "nothing was begun" test ! -e "$T/none"

# --- on the lab ---
check "the lab is up" "$FL" lab up --no-load
payment=$(jq -r '.services["payment-svc"].addr' $LAB)
bg python3 "$TOP/tests/tools/servers/limit_pipeline.py" 0 "http://$payment:8080/metrics" 60 payment-svc >"$T/port"
wait_for 10 test -s "$T/port"
at=(--pipeline "http://127.0.0.1:$(cat "$T/port")" --seed 5)
began=$SECONDS
"$FL" sweep "$T/sweep.yaml" "${at[@]}" --budget 26s --width 40% --out "$T/out" >"$T/said" 2>"$T/progress"
check_num "a sweep of at most 26 seconds" $? le 1
note "FIGURE sweep: $(field '.sweeps[0].trials | length') trials in $((SECONDS - began)) s: $(field '.sweeps[0].sentence')"
# How narrow depends on how many trials there was time for. The delay is what its request takes, but for the request itself.
check "the pipeline's limit is where it is" jq -e '.sweeps[0].curves.reported.interval | .[0] <= 61e6 and .[1] >= 50e6 and .[1] / .[0] < 60' "$T/out/sweep.json"
check "the users' limit is closed in on" jq -e '.sweeps[0].curves.felt | .yes > 0 and .interval[1] / .interval[0] < 60' "$T/out/sweep.json"
check "one trial had no fault, at least" jq -e '.sweeps[0].curves.reported.catch_trials > 0' "$T/out/sweep.json"
check "the sentence" grep -qiE '^(from which size on )?users feel payment latency .*the pipeline reports it ' "$T/said"
check "the fault was armed once" test "$(jq -r '.[].proof[0].fault' "$T/out/chaos_results.json" | sort -u | wc -l)" = 1
check "... and each trial has its own hits" jq -e '[.[] | select(.trial.size != "none")] | length > 2 and all(.[]; .status == "ok" and .proof[0].injected > 5 and .proof[0].injected < 500)' "$T/out/chaos_results.json"
check "... its own size" jq -e 'all(.[]; .trial.size == "none" or .trial.size == .proof[0].params.delay)' "$T/out/chaos_results.json"
check "a trial without a fault hits nobody" jq -e '[.[] | select(.trial.size == "none")] | length > 0 and all(.[]; .proof[0].injected == 0)' "$T/out/chaos_results.json"
check "it was told to forget before each trial" test "$(curl -s "http://127.0.0.1:$(cat "$T/port")/told" | jq .told_to_forget)" = "$(field '.sweeps[0].trials | length')"
check "the report has the picture" sh -c "[ \$(grep -c '<svg class=.curves' '$T/out/report.html') = 1 ] && grep -qi '^\*\*.*users feel payment latency' '$T/out/chaos_report.md'"
check "nothing is on" sh -c "[ \"\$('$FL' list -o json | jq length)\" = 0 ]"

# --- several, the first of which says nothing; ended by a signal ---
"$FL" sweep "$T/sweep.yaml" "${at[@]}" --all --out "$T/cut" >"$T/said" 2>"$T/progress" &
pid=$!
wait_for 30 jq -e '.sweeps[1].trials | length > 0' "$T/cut/sweep.json"
kill -INT $pid
wait $pid
check_num "ended by a signal" $? eq 5
check "a fault that met nobody: enough after three trials" jq -e '.sweeps[0] | .ended == "useless" and .why == "nothing met the fault" and ([.trials[] | select(.size > 0)] | length) == 3' "$T/cut/sweep.json"
check "... what was found of the next one so far is there" jq -e '.sweeps[1].ended == "unfinished" and (.sweeps[1].trials | length) >= 1' "$T/cut/sweep.json"
check "... each had a fault of its own" test "$(jq -r '.[].proof[0].fault' "$T/cut/chaos_results.json" | sort -u | wc -l)" = 2
check "... the map" grep -q '^payment-svc  *? / ?' "$T/said"
check "... nothing is on" sh -c "[ \"\$('$FL' list -o json | jq length)\" = 0 ]"
