#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Trouble with the engine itself while a fault is on: killed and back, gone for good, its stream of
# events cut, a container removed: the fault holds as long as it can, everybody is told, nothing stays.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
. "$TOP/tests/tools/run_lib.sh"
rtt() { ping -c 1 -W 1 "$1" 2>/dev/null | sed -n 's/.*time=\([0-9.]*\) ms/\1/p'; }
slow() { awk -v r="$(rtt "$1")" 'BEGIN { exit !(r != "" && r >= 60) }'; }
fast() { awk -v r="$(rtt "$1")" 'BEGIN { exit !(r != "" && r < 30) }'; }
inject() { # KIND TARGET...: in the background; active when it returns
	"$FL" inject "$@" --for 60s -o json >"$T/inject.json" 2>"$T/inject.err" & INJECT=$!
	wait_for 5 sh -c "$FL list -o json | jq -e 'any(.active)'"
}
finish() { kill -INT "$INJECT"; wait "$INJECT"; }
told() { grep -q "$1" "$T/inject.err"; }
count() { jq -r --arg w "$1" '[.changes[]? | select(.what == $w)] | length' "$T/inject.json"; }
clean() { ! tc filter show dev "$1" ingress 2>/dev/null | grep -q . && [ -z "$(ls /run/faultline 2>/dev/null)" ] && ! ip -o link | grep -q ': flh'; }

docker_up; docker_image tiny
docker run -d --name web tiny sleep 1000 >/dev/null
addr=$(docker_addr web)

# --- the engine dies and comes back; meanwhile the container is as it was ---
inject latency docker:web --delay 60ms --direction to
docker_kill
if docker_answers; then not_ok "a killed engine answers"; else ok "a killed engine answers no more"; fi
check "an engine that dies is told of" wait_for 2 told 'nobody tells what becomes of the target'
check "and the fault is on all the same" slow "$addr"
docker_up
check "its containers live through that" docker_is web running
check "as is its return" wait_for 3 told 'is known again'
docker restart -t 0 web >/dev/null
check "after which the container is followed again" wait_for 2 told 'web is running again'
check "with the fault" wait_for 2 slow "$(docker_addr web)"
finish
check_num "the result has it (lost)" "$(count supervisor-lost)" ge 1
check_num "the result has it (back)" "$(count supervisor-back)" ge 1

# --- it is restarted, and the container with it, while nobody listens ---
inject latency docker:web --delay 60ms --direction to
docker_kill
kill -9 "$(pgrep -fx 'sleep 1000')"
docker_up; docker start web >/dev/null 2>&1
check "what happened while nobody listened is found out" wait_for 3 slow "$(docker_addr web)"
finish

# --- gone for good, and the container with it ---
inject latency docker:web --delay 60ms
docker rm -f web >/dev/null
check "a container that is removed is told of" wait_for 2 told 'web is no longer running'
docker_kill
check "the engine as well" wait_for 2 told 'nobody tells'
finish
status=$?
check "the end is an orderly one" [ "$status" -le 1 ]
check "nothing of it stays" wait_for 3 clean docker0
"$FL" inject latency docker:web --delay 1ms --for 1s >"$T/out" 2>&1
check_num "without an engine: the environment lacks something" $? eq 3
check "and the message says what" grep -q "no answer from $DOCKER_SOCK" "$T/out"
docker_up

# --- a run: the experiment is marked ---
docker run -d --name web tiny sleep 1000 >/dev/null
bg ping -q -i 0.05 "$(docker_addr web)" >/dev/null
pipeline silent
cat >"$T/suite.yaml" <<END
suite:
  probe: {url: 'http://127.0.0.1:$PORT/health', interval: 50ms, steady_window: 400ms, recover_within: 2s}
  pipeline: {url: 'http://127.0.0.1:$PORT', timeout: 500ms, retries: 0}
  baseline: 500ms
  cooldown: 100ms
  grace: 500ms
experiments:
  - name: one
    hypothesis: success_rate >= 50%
    fault_type: latency
    params: {delay: 60ms}
    blast_radius: {target: 1 instance of docker:web, traffic: 0% (synthetic), duration: 2500ms}
    rollback: {automatic: true, trigger_when: success_rate < 1%, method: faultline stop}
    measurement: {metrics: [success_rate, p99], capture_window: t-1s to t+1s}
    ground_truth: {root_service: web}
END
"$FL" run "$T/suite.yaml" --out "$T/run" >"$T/run.out" 2>&1 & RUN=$!
wait_for 8 grep -qs '"fault-on"' "$T/run/events.jsonl" || sed 's/^/# /' "$T/run.out"
docker restart -t 0 web >/dev/null
wait_for 2 event "$T/run" '.event == "target-moved"'
docker_kill
wait $RUN
check "events.jsonl: when the container went down" event "$T/run" '.event == "target-down" and .experiment != null'
check "when the fault was on it again" event "$T/run" '.event == "target-moved" and .target == "web" and .t > .since'
check_ms "and how late (ms)" "$(jq -s '[.[] | select(.event == "target-moved") | .after_ms] | max' "$T/run/events.jsonl")" 1000
check "and that the engine was lost" event "$T/run" '.event == "target-supervisor-lost"'
check "the result as well" jq -e '.[0].proof[0].changes | map(.what) | index("moved") and index("supervisor-lost")' "$T/run/chaos_results.json"
check "and the experiment was carried out" [ "$(field "$T/run" '.[0].status')" = ok ]
check "nothing of it stays" wait_for 3 clean docker0
docker_up
