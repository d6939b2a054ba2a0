#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: long
# faultline serve: hostile and slow requests, thousands of idle connections, many readers of events; its front killed at
# random moments, and itself: no fault ends early or late by it.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/serve/lib.sh"
mknet a 1
serve_begin --listen 127.0.0.1:0
op=$(token op operate)
ulimit -n 12000
front() { pgrep -x fl-serve; }
born=$(front)

python3 "$TOP/tests/tools/serve/hostile.py" "${URL##*:}" "$SOCKET" "$op" >"$T/hostile" 2>&1 || not_ok "hostile.py ended with an error"
tap "$T/hostile"
check_num "so many checks" "$(grep -c '^ok' "$T/hostile")" eq 27
check "all of that by the same process" test "$(front)" = "$born"

# --- readers of events: nobody loses one ---
python3 "$TOP/tests/tools/serve/readers.py" "${URL##*:}" "$op" 1000 8 >"$T/readers" &
readers=$!
wait_for 20 grep -q ready "$T/readers"
as "$op" POST /v1/faults '{"kind":"latency","targets":["netns:flt-a"],"params":{"delay":"1ms"},"for":"60s"}'; is "on, with 1,000 readers" 201 true
id=$(jq -r .id "$T/body")
ping -c 10 -i 0.2 10.77.1.2 >/dev/null
as "$op" DELETE "/v1/faults/$id"; is "off" 200 true
rss=$(awk '/VmRSS/ { print $2 / 1024 }' "/proc/$(front)/status")
wait $readers
read -r _ least most lost < <(tail -n 1 "$T/readers")
note "1,000 readers: $least to $most events each, front $rss MiB"
check_num "each has seen it begin, count and end" "$least" ge 3
check "all of them the same" test "$least" = "$most"
check_num "none is lost" "$lost" eq 0
check_num "memory of the front with them, MiB" "$rss" le 64

# A stream ends with its token, and goes on behind what was seen.
gone=$(token gone look)
curl -sN -m 30 -H "Authorization: Bearer $gone" "$URL/v1/events" >"$T/stream" & stream=$!
wait_for 5 grep -q '^id' "$T/stream"
"$FL" serve token remove gone
check "a token that is taken back gets no more events" wait_for 10 bash -c "! kill -0 $stream 2>/dev/null"
last=$(sed -n 's/^id: //p' "$T/stream" | tail -n 1)
as "$op" POST /v1/faults '{"kind":"null","targets":["netns:flt-a"],"for":"1s"}'
sleep 2 # it is over by itself, and nobody listened
curl -sN -m 2 -H "Authorization: Bearer $op" -H "Last-Event-ID: $last" "$URL/v1/events" >"$T/stream"
check "who comes back has what was missed" bash -c "grep -q 'event: fault-on' '$T/stream' && grep -q 'event: fault-off' '$T/stream' && ! grep -q reset '$T/stream'"
curl -sN -m 2 -H "Authorization: Bearer $op" -H "Last-Event-ID: 1-1" "$URL/v1/events" >"$T/stream"
check "an id of another server: reset" grep -q 'event: reset' "$T/stream"

# --- the front is killed ---
kills=${FLTEST_LONG:+100}; kills=${kills:-15}
as "$op" POST /v1/faults '{"kind":"latency","targets":["netns:flt-a"],"params":{"delay":"30ms"},"for":"300s"}'; is "a fault is on" 201 true
id=$(jq -r .id "$T/body")
pid=$(jq -r .pid "$T/body")
early=0 unanswered=0
for ((i = 0; i < kills; i++)); do
	[ $((i % 3)) != 0 ] || as "$op" PATCH "/v1/faults/$id" '{"params":{"delay":"30ms"}}' &
	sleep "0.$((RANDOM % 400 + 100))"
	kill -KILL "$(front)" 2>/dev/null
	[ "$(ping -c 2 -i 0.01 10.77.1.2 | sed -n 's,^rtt min[^=]*= \([0-9]*\).*,\1,p')" -ge 29 ] || early=$((early + 1))
	wait_for 10 curl -s -o /dev/null --max-time 1 "$URL/" || unanswered=$((unanswered + 1))
done
check_num "the front was killed $kills times: packets that were in time" "$early" eq 0
check_num "it was back each time; not:" "$unanswered" eq 0
check "the fault is the same, of the same process" bash -c "'$FL' list -o json | jq -e '.[0].id == \"$id\" and .[0].pid == $pid'"
as "$op" DELETE "/v1/faults/$id"; is "and is ended by the API" 200 true

# A request in flight when the front dies: carried out, once.
for i in 1 2 3; do
	(as "$op" POST /v1/faults '{"kind":"latency","targets":["netns:flt-a"],"params":{"delay":"30ms"},"for":"4s"}' -H 'Idempotency-Key: flight') &
	sleep 0.05
	kill -KILL "$(front)"
	wait $!
	wait_for 10 curl -s -o /dev/null --max-time 1 "$URL/"
done
settled() { as "$op" POST /v1/faults '{"kind":"latency","targets":["netns:flt-a"],"params":{"delay":"30ms"},"for":"4s"}' -H 'Idempotency-Key: flight'; [ "$code" = 201 ]; }
check "who asks again has an answer" wait_for 10 settled
check "and one fault" test "$("$FL" list -o json | jq length)" -le 1

# --- the back is killed: its faults end when they are to ---
"$FL" stop --everyone --yes >/dev/null 2>&1
as "$op" POST /v1/faults '{"kind":"latency","targets":["netns:flt-a"],"params":{"delay":"30ms"},"for":"3s"}'; is "one for 3 s" 201 true
begun=$(date +%s%N)
kill -KILL "$SERVE"
check "its front goes with it" wait_for 5 bash -c "! pgrep -x fl-serve"
sleep 1
check_num "the fault does not, ms" "$(ping_ms)" ge 29
wait_for 10 bash -c "[ \"\$('$FL' list -o json)\" = '[]' ]"
check_num "it ended when it was to, s" "$(awk -v a="$begun" -v b="$(date +%s%N)" 'BEGIN { print (b - a) / 1e9 }')" ge 2.5
check_num "packets are in time, ms" "$(ping_ms)" le 15
serve_begin --listen 127.0.0.1:0 2>/dev/null
check "a new server takes the place of a dead one" test -S "$SOCKET"
check "and refuses a second one there" bash -c "! '$FL' serve 2>&1 | grep -q listens"
serve_end
rm -rf /etc/faultline/tokens /var/lib/faultline/audit.jsonl /run/faultline-serve
