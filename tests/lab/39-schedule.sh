#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# Numbers that follow a schedule, by what packets meet: ping's own times of a ramp and of pulses, beside the value that
# the schedule has then. What a person's `set` does to it, what list says, that a killed owner's ramp ends, that the
# journal does not grow, and what a run keeps of it: events, result, report.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
says() { if grep -qE -- "$2" "$3"; then ok "$1"; else not_ok "$1"; sed 's/^/#   /' "$3" | head -n 12; fi; }
now() { date +%s.%N; }
mknet a 1
check "the target answers" ping -c 1 -W 2 10.77.1.2

# --- a ramp, by ping's round trips -----------------------------------------------------------------
# The value at a packet's departure is that of the last tick: a tenth of a second ago at most, on a loop that turns. Of
# 60 packets each shall be no later than the ramp now, and no earlier than the ramp 250 ms ago; 5 ms for the host.
ramp() {
	id=$("$FL" inject latency netns:flt-a --delay ramp:0ms..200ms/5s --for 30s --detach) && t0=$(now)
	ping -D -i 0.1 -c 60 10.77.1.2 | sed -n 's/^\[\([0-9.]*\)\].*time=\([0-9.]*\) ms/\1 \2/p' >"$T/ramp"
	"$FL" list >"$T/list"
	"$FL" stop --all >/dev/null
	awk -v t0="$t0" 'function v(t) { t = t < 0 ? 0 : t > 5 ? 5 : t; return 200 * t / 5 }
		{ sent = $1 - $2 / 1000 - t0; late = $2 - v(sent + 0.05); early = v(sent - 0.25) - $2; off = late > early ? late : early
		  if (NR == 1 || off > most) most = off }
		END { printf "%.1f\n", most }' "$T/ramp"
}
for _try in 1 2 3; do off=$(ramp); awk -v o="$off" 'BEGIN { exit !(o <= 5) }' && break; lenient "a ramp was $off ms off, and was tried again"; done
check_num "60 round trips of a ramp of 200 ms in 5 s, the farthest from it (ms)" "$off" le 5
check_num "... all of them came" "$(wc -l <"$T/ramp")" eq 60
check_num "... the first at no delay (ms)" "$(awk 'NR == 1 {print $2}' "$T/ramp")" lt 10
check_num "... the last at all of it (ms)" "$(awk 'END {print $2}' "$T/ramp")" ge 200
note "FIGURE schedule: 60 round trips of a ramp of 200 ms in 5 s lie at most $off ms outside of what the last 250 ms of it allow"
says "list has its value and its schedule" "delay is 200ms: a ramp from 0s to 200ms in 5s, where it stays" "$T/list"

# --- pulses, by the packets that do not come ---------------------------------------------------------
# Lost while 100 %, for a second, of every two and a half. By the times of the answers: gaps, their lengths and distances.
pulses() {
	"$FL" inject loss netns:flt-a --percent pulse:100%/1s/1500ms --for 30s --detach >"$T/id"
	ping -D -i 0.02 -c 480 10.77.1.2 | sed -n 's/^\[\([0-9.]*\)\].*/\1/p' |
		awk 'NR > 1 && $1 - last > 0.5 { if (began) printf "%.3f %.3f\n", $1 - last, last - began; began = last } { last = $1 }' >"$T/gaps"
	"$FL" stop --all >/dev/null
	awk 'function abs(x) { return x < 0 ? -x : x } { if (abs($1 - 1) > most) most = abs($1 - 1); if (abs($2 - 2.5) > most) most = abs($2 - 2.5) }
		END { printf "%.0f\n", (NR >= 2 ? most * 1000 : 99999) }' "$T/gaps"
}
for _try in 1 2 3; do off=$(pulses); [ "$off" -le 150 ] && break; lenient "pulses were $off ms off, and were tried again"; done
check_num "pulses of 1 s every 2.5 s: lengths and distances, the farthest off (ms)" "$off" le 150
note "FIGURE schedule: pulses of 1 s every 2.5 s have lengths and distances at most $off ms off (answers 20 ms apart)"

# --- a person's set -------------------------------------------------------------------------------------
id=$("$FL" inject latency netns:flt-a --delay ramp:10ms..1s/100s --jitter 0 --for 60s --detach)
"$FL" set "$id" share=50% >"$T/out" 2>"$T/err"
same "another number is set: the schedule goes on" "$(jq -r '.[0].courses[0].ended_by' < <("$FL" list -o json))" null
"$FL" set "$id" delay=30ms share=100% >"$T/out" 2>"$T/err"; rc=$?
same "set on what follows a schedule" $rc 0
says "... says that it ended that" "that ended the schedule of delay: a ramp from 10ms to 1s" "$T/err"
sleep 1.2
rtt=$(ping -q -c 3 -i 0.1 10.77.1.2 | sed -n 's,^rtt.* = \([0-9.]*\)/.*,\1,p')
check_num "... and the value stays (ms)" "$rtt" ge 30
check_num "... as it was set (ms)" "$rtt" lt 45
"$FL" list >"$T/list"
says "list says who ended it" "delay is 30ms, by set, which ended its schedule" "$T/list"
"$FL" set "$id" delay=steps:40ms,80ms/500ms >"$T/out" 2>"$T/err"; rc=$?
same "set begins a schedule" $rc 0
check "... which is followed" wait_for 3 sh -c "'$FL' list | grep -q 'delay is 80ms: steps of 500ms each'"
"$FL" stop --all >/dev/null
same "stopped, nothing is left" "$("$FL" list)" "no faults"

# --- the owner is killed on the way ----------------------------------------------------------------------
id=$("$FL" inject latency netns:flt-a --delay ramp:50ms..2s/60s --forever --detach)
pid=$("$FL" list -o json | jq '.[0].pid')
kill -9 "$pid"
check "the owner is killed on a ramp: packets are on time" in_time 3 sh -c "ping -q -c 1 -W 1 10.77.1.2 | awk -F/ '/^rtt/ {ok = \$5 < 20} END {exit !ok}'"
check "... and nothing is left of it" wait_for 3 sh -c "[ ! -e /run/faultline ]"

# --- refusals: before anything is touched, with what can ------------------------------------------------
refuse() { # DESCRIPTION PATTERN ARGUMENT...
	_d=$1 _p=$2; shift 2
	"$FL" inject "$@" --for 1s >"$T/out" 2>"$T/err"; rc=$?
	same "$_d: status 2" $rc 2
	says "... and why" "$_p" "$T/err"
}
refuse "beyond the bounds" "outside 0..100" loss netns:flt-a --percent ramp:0..101%/1s
refuse "beyond what a rule takes" "at most one hour \\(with delay at 2h, by its schedule\\)" latency netns:flt-a --delay ramp:1ms..2h/5s
refuse "not while it is on" "these can follow a schedule: delay, jitter" latency netns:flt-a --delay 1ms --seed ramp:1..2/5s
"$FL" inject latency netns:flt-a --delay sine:1ms..90ms/5s --dry-run >"$T/out"
says "a dry run says it in words" "delay +a sine from 1ms to 90ms and back every 5s" "$T/out"

# --- a run: events, result, report ----------------------------------------------------------------------
printf 'second,p99\n0,5\n1,40\n2,15\n' >"$T/day.csv"
cat >"$T/suite.yaml" <<-Y
	suite:
	  name: slow burns
	  probe: {url: 'http://127.0.0.1:9/', interval: 200ms, steady: 0%, steady_window: 1s, recover_within: 5s}
	  baseline: 1s
	  cooldown: 100ms
	  grace: 200ms
	experiments:
	  - name: slow burn
	    hypothesis: pass_rate >= 0%
	    blast_radius: {target: 'netns:flt-a', traffic: 0% (synthetic), duration: 4s}
	    rollback: {automatic: true, trigger_when: pass_rate < 0%, method: faultline stop}
	    measurement: {metrics: [pass_rate], capture_window: t-1s to t+1s}
	    abort_conditions: ['pass_rate < 0%']
	    ground_truth: {root_service: none}
	    faults:
	      - {type: latency, params: {delay: {ramp: 0ms..60ms, over: 3s}}}
	      - {type: loss, params: {percent: {pulse: 30%, on: 500ms, off: 500ms}}}
	      - {type: connect_latency, params: {delay: {replay: day.csv, column: p99, each: 1s, unit: ms}}}
Y
ping -q -i 0.05 10.77.1.2 >"$T/ping" & _pids="$_pids $!"
"$FL" run "$T/suite.yaml" --dry-run >"$T/out" 2>"$T/err"
says "the dry run of a suite says it in words" "delay +a replay of day.csv, column p99: 3 values from 5ms to 40ms" "$T/out"
"$FL" run "$T/suite.yaml" --out "$T/run" -q >"$T/board" 2>"$T/progress"
events() { jq -rs "[.[] | select(.event == \"fault-value\" and .param == \"$1\") | $2] | $3" "$T/run/events.jsonl"; }
course() { jq -r ".[0].proof[$1].courses[0] | $2" "$T/run/chaos_results.json"; }
same "each pulse is an event" "$(events percent .after 'join(" ")')" "0% 30% 0% 30% 0% 30% 0%"
same "... by the schedule, with what was before" "$(events percent '.by + " " + .before' '.[0]')" "schedule 30%"
check_num "the ramp is told no more than once a second, and its end" "$(events delay '.fault[-1:] + .after' 'map(select(startswith("1"))) | length')" le 4
same "... its last is its end" "$(events delay '.fault[-1:] + .after' 'map(select(startswith("1"))) | last')" "160ms"
same "the rows of a CSV, one after the other" "$(course 2 '[.points[][2]] | join(" ")')" "5ms 40ms 15ms 15ms"
same "the result has the schedule" "$(course 0 .schedule)" "ramp:0s..60ms/3s"
same "... that nothing ended" "$(course 0 .ended_by)" null
check "pulses lie half a second apart in the result" sh -c "jq -e '[.[0].proof[1].courses[0].points | [.[1:-1], .[2:-1]] | transpose[] | select(.[1]) | .[1][0] - .[0][0]] | all(. > 0.3 and . < 0.75)' '$T/run/chaos_results.json'"
says "chaos_report.md draws it" 'delay\*\* followed a schedule: a ramp from 0s to 60ms in 3s, where it stays\. Over the fault window, from 0s to 60ms: ▁.*█' "$T/run/chaos_report.md"
says "report.html has its line" "class='course' d='M" "$T/run/report.html"
