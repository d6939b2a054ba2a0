#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# measure.sh - what measurement costs, from this machine, now: docs/figures.md says how each figure is
# taken. wrk against nginx at the highest rate, with and without, in turns. `make bench`.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
. tests/net.sh
. tools/bench/table.sh
. tests/measure.sh
[ -x "$BUILD/tests/tools/meter_toggle" ] || { echo "no $BUILD/tests/tools/meter_toggle: run 'make tests'" >&2; exit 2; }
start_nginx
# load CONNECTIONS: a second of it, with p99 in us
load() { client wrk -t 1 -c "$1" -d 1 --latency http://10.77.1.2:8080/small >"$T/wrk"; }
p99() { awk '$1 == "99%" { v = $2 + 0; print /us$/ ? v : /ms$/ ? v * 1e3 : v * 1e6 }' "$T/wrk"; }
# Requests no two of which are alike: neither their paths nor the length of their headers.
cat >"$T/varied.lua" <<-L
	request = function()
		return wrk.format("GET", "/small?" .. math.random(1e9), { ["X-Id"] = string.rep("x", math.random(40)) })
	end
L

# turns WHAT CONNECTIONS [OPTION OF WRK]...: its rate with measurement to its rate without, where nginx is a
# measured service and wrk comes from outside, and where wrk is one as well. A machine that others use is faster and
# slower from one second to the next, so turns are 100 ms.
turns() {
	bg client wrk -t 1 -c "$2" -d 240 "${@:3}" http://10.77.1.2:8080/small >/dev/null
	sleep 0.5
	turns_of "wrk, $1: rate with its server measured, to none" netns:flt-shop
	turns_of "wrk, $1: rate with both ends measured, to none" netns:flt-shop netns:flt-user
	kill "$BG_PID"
	wait "$BG_PID" 2>/dev/null
}
turns_of() { # WHAT TARGET...
	nice -n -20 "$BUILD/tests/tools/meter_toggle" fltv2 200 100 "${@:2}" >"$T/turns"
	line "$1" "$(jq .ratio "$T/turns")" ge 0.95
	jq -r '"  (95 % interval of this median: \(.low) to \(.high); \(.rate) packets/s)"' "$T/turns"
}
for c in 32 256; do
	turns "$c connections" $c
	: >"$T/p99s"
	for i in 1 2 3 4 5 6 7 8 9; do
		# What comes second may find a warmer or a busier machine: take turns.
		for on in $((i % 2)) $((1 - i % 2)); do
			[ $on = 0 ] || meter
			load $c
			[ $on = 0 ] || meter_off
			eval "p99_$on=$(p99)"
		done
		# shellcheck disable=SC2154
		{ calc "$p99_1 / $p99_0" >>"$T/p99s"; echo >>"$T/p99s"; }
	done
	line "  its p99, both ends measured" "$(median <"$T/p99s")" le 1.10
done
turns "32 connections, each request another" 32 -s "$T/varied.lua"

# --- program time: the kernel's accounting, whose own time is in it ---
echo 1 >/proc/sys/kernel/bpf_stats_enabled 2>/dev/null
meter
load 32
seen
n=$(row client http requests)
line "program time a request, at one veth: ns" "$(jq --argjson n "$n" '.run_ns / 2 / $n' "$T/seen")"
line "  packets a request there" "$(jq --argjson n "$n" '.runs / 2 / $n' "$T/seen")"
meter_off
echo 0 >/proc/sys/kernel/bpf_stats_enabled 2>/dev/null

# --- 50 services: what reading once a second costs ---
targets=
for i in $(seq 1 50); do
	ip netns add "flt-s$i" && _nets="$_nets flt-s$i"
	ip link add "fltvs$i" type veth peer name eth0 netns "flt-s$i"
	ip addr add "10.78.$i.1/24" dev "fltvs$i" && ip link set "fltvs$i" up
	ip -n "flt-s$i" addr add "10.78.$i.2/24" dev eth0 && ip -n "flt-s$i" link set eth0 up
	ip -n "flt-s$i" route add default via "10.78.$i.1"
	targets="$targets netns:flt-s$i=s$i"
done
# shellcheck disable=SC2086
meter $targets
for i in $(seq 1 50); do innet user curl -s -m 1 "http://10.78.$i.2/"; done
ticks() { awk '{ print $14 + $15 }' "/proc/$METER/stat"; }
before=$(ticks)
for _ in $(seq 1 200); do seen; done
line "50 services, reading and printing once a second: % of a CPU" "$(calc "($(ticks) - $before) / $(getconf CLK_TCK) / 200 * 100")" le 2
line "  edges, seen from both ends" "$(jq '.rows | length' "$T/seen")"
line "  resident memory of the reader: MiB" "$(awk '/VmRSS/ { print $2 / 1024 }' "/proc/$METER/status")"
meter_off
