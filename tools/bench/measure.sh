#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# measure.sh - what measurement costs, from this machine, now: docs/figures.md says how each figure is
# taken. wrk against nginx at the highest rate, with and without, in turns. `make bench`.
cd "$(dirname "$0")/../.."
. tests/lib.sh
. tests/net.sh
. tests/measure.sh
# row WHAT VALUE [OP LIMIT]: a line of the table; OP and LIMIT as check_num has them.
line() {
	_mark=
	if [ $# = 4 ]; then
		_mark="must be $3 $4"
		awk -v a="$2" -v o="$3" -v b="$4" 'BEGIN { exit !((o == "le" && a <= b) || (o == "ge" && a >= b)) }' || _mark="$_mark: MISSED"
	fi
	printf '%-62s %10.3f  %s\n' "$1" "$2" "$_mark"
}
median() { sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
start_nginx
# load CONNECTIONS: requests/s and p99 in us
load() { client wrk -t 1 -c "$1" -d 2 --latency http://10.77.1.2:8080/small >"$T/wrk"; }
rate() { awk '/Requests\/sec/ { print $2 }' "$T/wrk"; }
p99() { awk '$1 == "99%" { v = $2 + 0; print /us$/ ? v : /ms$/ ? v * 1e3 : v * 1e6 }' "$T/wrk"; }

for c in 32 256; do
	: >"$T/rates"; : >"$T/p99s"
	for i in 1 2 3 4 5; do
		for on in $((i % 2)) $((1 - i % 2)); do
			[ $on = 0 ] || meter
			load $c
			[ $on = 0 ] || meter_off
			eval "rate$on=$(rate) p99_$on=$(p99)"
		done
		# shellcheck disable=SC2154
		{ calc "$rate1 / $rate0" >>"$T/rates"; echo >>"$T/rates"; calc "$p99_1 / $p99_0" >>"$T/p99s"; echo >>"$T/p99s"; }
	done
	line "wrk, $c connections, measured at both ends to not: rate" "$(median <"$T/rates")" ge 0.95
	line "  its p99" "$(median <"$T/p99s")" le 1.10
	note "$c connections: $(tr '\n' ' ' <"$T/rates")"
done

# --- program time a packet: kernel accounting, less what the accounting itself takes ---
echo 1 >/proc/sys/kernel/bpf_stats_enabled 2>/dev/null
meter
load 32
seen
line "program time a packet, mean of requests, answers and ACKs: ns" "$(jq '.run_ns / .runs' "$T/seen")"
line "  packets a request at one veth" "$(jq '.runs / 2 / ([.rows[] | select(.protocol == "http") | .requests] | max)' "$T/seen")"
meter_off
echo 0 >/proc/sys/kernel/bpf_stats_enabled 2>/dev/null
