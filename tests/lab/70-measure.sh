#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Measurement: counts are what was done, a delay on an edge is seen by its client and not by its server.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
. "$(dirname "$0")/../measure.sh"
start_nginx
meter
# ask URL [OPTION]...: curl, whose [1-N] in a URL is N requests on one connection
ask() { _u=$1; shift; innet user curl -s "$@" -o /dev/null "$_u"; }
shop=http://10.77.1.2:8080

# --- HTTP: what a client did is what both ends saw ---
reset
ask "$shop/{small,big,nope,503,204}?[1-50]"
ask "$shop/small?[1-50]" -I
ask "http://[fd77:1::2]:8080/{small,big}?[1-20]"
seen
for v in server client; do
	check_num "$v: requests" "$(row $v http requests)" eq 340
	check_num "$v: 2xx" "$(row $v http status[2])" eq 240
	check_num "$v: 4xx" "$(row $v http status[4])" eq 50
	check_num "$v: 5xx" "$(row $v http status[5])" eq 50
	check_num "$v: connections" "$(row $v http connects)" eq 3
	check_num "$v: bytes of /big" "$(row $v http bytes_to_client)" ge $((70 * 300000))
	check_num "$v: port" "$(row $v http port)" eq 8080
done
if [ -e /sys/kernel/btf/vmlinux ]; then check_num "client: round trips were sampled" "$(row client http rtts)" gt 0; else skip "round trip times" "BTF"; fi
check_num "nothing is lost or unpaired" "$(lost)" eq 0

# --- faults lie outside of what is measured ---
base=$(row client http p50_us)
fault latency netns:flt-shop --delay 50ms --direction both
ask "$shop/small?[1-20]"
reset
ask "$shop/small?[1-40]"
seen
# (The histogram's own error is 6 %; the rest of the room is for a busy machine, which only adds.)
near "100 ms on the server's veth: the client's p50 (ms)" "$(calc "($(row client http p50_us) - $base) / 1000")" 110 16
check_num "the server's p50 (ms) has none of it" "$(calc "$(row server http p50_us) / 1000")" lt 50
check_num "connect: the client's (ms)" "$(calc "$(row client http connect_p50_us) / 1000")" ge 95
check_num "connect: the server's (ms)" "$(calc "$(row server http connect_p50_us) / 1000")" lt 50
heal
fault latency netns:flt-user --delay 50ms
reset
ask "$shop/small?[1-40]"
seen
near "50 ms on the client's veth: the client's p50 (ms)" "$(calc "($(row client http p50_us) - $base) / 1000")" 56 9
check_num "the server's p50 (ms) has none of it" "$(calc "$(row server http p50_us) / 1000")" lt 25
check_num "both saw them all" "$(($(row client http requests) + $(row server http requests)))" eq 80
heal
fault http_error netns:flt-shop --status 503 --percent 100
reset
ask "$shop/small?[1-40]"
seen
check_num "HTTP 503: the client's 5xx" "$(row client http status[5])" eq 40
check_num "the server's" "$(row server http status[5])" eq 0
heal

# --- connections that fail ---
reset
ask http://10.77.1.2:8081/
seen
check_num "refused, by the client's veth" "$(row client turns refused)" eq 1
check_num "refused, by the server's veth" "$(row server turns refused)" eq 1
meter_off

# --- requests by method and path, as top has them ---
"$FL" top netns:flt-shop netns:flt-user --paths /small,/nope --interval 200ms --metrics 0 -o json >"$T/top.lines" 2>"$T/top.err" &
TOP_PID=$!
_pids="$_pids $TOP_PID"
wait_for 5 grep -q serving "$T/top.err"
ask "$shop/small?[1-30]"
ask "$shop/small?[1-20]" -I
ask "$shop/{big,nope,503}?[1-10]"
ask "$shop/smaller?[1-5]" -X POST -d x
# top METHOD PATH FIELD: over all lines; SERVICES FIELD: the same of the services' lines
top() { jq -s --arg m "$1" --argjson p "$2" "[.[].requests[] | select(.service == \"netns:flt-shop\" and .method == \$m and .path == \$p) | .$3] | add // 0" "$T/top.lines"; }
of_shop() { jq -s "[.[].services[] | select(.service == \"netns:flt-shop\") | .$1] | add // 0" "$T/top.lines"; }
told() { [ "$(of_shop requests)" -ge 85 ]; }
wait_for 5 told
curl -s "$(sed -n 's/^serving //p' "$T/top.err")" >"$T/metrics"
kill -INT $TOP_PID; wait $TOP_PID
check_num "top: all requests of the service" "$(of_shop requests)" eq 85
check_num "top: its errors" "$(of_shop errors)" eq 10
check_num "top: GET /small*" "$(top GET '"/small"' requests)" eq 30
check_num "top: HEAD /small*" "$(top HEAD '"/small"' requests)" eq 20
check_num "top: POST /small*, which /smaller is too" "$(top POST '"/small"' requests)" eq 5
check_num "top: GET /nope*" "$(top GET '"/nope"' 'status["4xx"]')" eq 10
check_num "top: GET of none of them" "$(top GET null requests)" eq 20
check_num "top: its errors" "$(top GET null errors)" eq 10
check "top: no others" jq -es '[.[].requests[] | [.service, .method, .path]] | unique | length == 5' "$T/top.lines"
sample() { awk -v s="$1{client=\"netns:flt-user\",server=\"netns:flt-shop\",side=\"server\",protocol=\"http\"$2}" 'index($0, s) == 1 { print $NF }' "$T/metrics"; }
check_num "/metrics: HEAD /small" "$(sample faultline_requests_total ',method="HEAD",path="/small",status="2xx"')" eq 20
check_num "/metrics: GET of none" "$(sample faultline_request_duration_seconds_count ',method="GET"')" eq 20
check_num "/metrics: 5xx of the edge, once" "$(sample faultline_request_errors_total ',kind="5xx"')" eq 10
check "/metrics: no set of labels twice" test -z "$(grep -v '^#' "$T/metrics" | sed 's/ [^ ]*$//' | sort | uniq -d)"
