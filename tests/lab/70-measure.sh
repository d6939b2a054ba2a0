#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Measurement: counts are what was done, a delay on an edge is seen by its client and not by its server.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
. "$(dirname "$0")/../measure.sh"
start_nginx
meter
client() { innet user python3 "$(dirname "$0")/../http_client.py" "$@" >"$T/got"; }

# --- HTTP: what a client did is what both ends saw ---
reset
client 10.77.1.2 8080 600 /small /big HEAD:/small /nope /503 /204
client fd77:1::2 8080 60 /small /big HEAD:/small
seen
for v in server client; do
	check_num "$v: requests" "$(row $v http requests)" eq 660
	check_num "$v: 2xx" "$(row $v http status[2])" eq 460
	check_num "$v: 4xx" "$(row $v http status[4])" eq 100
	check_num "$v: 5xx" "$(row $v http status[5])" eq 100
	check_num "$v: connections" "$(row $v http connects)" eq 2
	check_num "$v: bytes of /big" "$(row $v http bytes_to_client)" ge $((120 * 300000))
	check_num "$v: port" "$(row $v http port)" eq 8080
done
check_num "nothing is lost or unpaired" "$(lost)" eq 0

# --- faults lie outside of what is measured ---
base=$(row client http p50_us)
fault latency netns:flt-shop --delay 50ms --direction both
client 10.77.1.2 8080 20 /small
reset
client 10.77.1.2 8080 40 /small
seen
# (The histogram's own error is 6 %; the rest of the room is for a busy machine, which only adds.)
near "100 ms on the server's veth: the client's p50 (ms)" "$(calc "($(row client http p50_us) - $base) / 1000")" 110 16
check_num "the server's p50 (ms) has none of it" "$(calc "$(row server http p50_us) / 1000")" lt 50
check_num "connect: the client's (ms)" "$(calc "$(row client http connect_p50_us) / 1000")" ge 95
check_num "connect: the server's (ms)" "$(calc "$(row server http connect_p50_us) / 1000")" lt 50
heal
fault latency netns:flt-user --delay 50ms
reset
client 10.77.1.2 8080 40 /small
seen
near "50 ms on the client's veth: the client's p50 (ms)" "$(calc "($(row client http p50_us) - $base) / 1000")" 56 9
check_num "the server's p50 (ms) has none of it" "$(calc "$(row server http p50_us) / 1000")" lt 25
check_num "both saw them all" "$(($(row client http requests) + $(row server http requests)))" eq 80
heal
fault http_error netns:flt-shop --status 503 --percent 100
reset
client 10.77.1.2 8080 40 /small
seen
check_num "HTTP 503: the client's 5xx" "$(row client http status[5])" eq 40
check_num "the server's" "$(row server http status[5])" eq 0
heal

# --- connections that fail ---
reset
innet user curl -s -o /dev/null http://10.77.1.2:8081/
seen
check_num "refused, by the client's veth" "$(row client turns refused)" eq 1
check_num "refused, by the server's veth" "$(row server turns refused)" eq 1
meter_off
