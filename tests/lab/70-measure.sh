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
