#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# The truth of what is measured: wrk against nginx, redis-benchmark against redis-server, and what they say
# of themselves. Both servers are given some work for each request, so that requests wait for the server
# and not for the client. FLTEST_FULL=1: at 1, 32 and 256 connections, else at 32 alone.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
. "$(dirname "$0")/../measure.sh"
# A CPU that goes to sleep between two requests takes up to 250 us to wake up on a virtual machine, and wakes
# the client later than its veth: none may, as long as this is open (Documentation/power/pm_qos_interface.rst).
exec 8>/dev/cpu_dma_latency && printf '\0\0\0\0' >&8
# Nor may the machine below take a CPU away that has nothing to do, which gets it back as late.
for cpu in $(seq 0 $(($(nproc) - 1))); do
	bg taskset -c "$cpu" chrt -i 0 sh -c 'while :; do :; done'
done
start_nginx
bg nice -n -19 ip netns exec flt-shop redis-server --port 6379 --bind 10.77.1.2 --save '' --protected-mode no --daemonize no >"$T/redis.log"
wait_for 5 redis-cli -h 10.77.1.2 ping
# The servers have one CPU and their client another: waking it up takes as long for the one request as for the other.
for p in $(pgrep -P "$(cat "$T/nginx.pid")") "$(pgrep -n -f 'redis-server .*:6379')"; do
	taskset -pc $(($(nproc) - 1)) "$p" >/dev/null
done
client() { innet user taskset -c 0 nice -n -19 "$@"; }
# One connection alone asks for five times the work: what a third of a millisecond may be off is less than what one
# wake-up takes longer than the next.
echo 'patient:$6$faultline$EKfxs29nsvfcCutyaWmj2frENBkgjRLxaUYzYSrsGhOsHxCfQ6zfyNCa3QJSb8ht6uYBlpjySpuECTNlPFmBC/' >>"$T/users" # 5,000 rounds
# login, loops CONNECTIONS: who asks nginx; what redis is asked for.
login() { if [ "$1" = 1 ]; then printf patient:patient; else printf shop:shop; fi | base64; }
loops() { if [ "$1" = 1 ]; then echo 200000; else echo 40000; fi; }
meter
connections=${FLTEST_FULL:+1 32 256}
connections=${connections:-32}

# wrk_us PERCENT: of its report; us WORD: "1.23ms" as microseconds
us() { awk -v w="$1" 'BEGIN { v = w + 0; print (w ~ /us$/ ? v : w ~ /ms$/ ? v * 1e3 : v * 1e6) }'; }
wrk_us() { us "$(awk -v p="$1%" '$1 == p { print $2 }' "$T/wrk")"; }
# wire_us: what a client sees beside what its veth sees: its own socket and scheduling. By a request that
# costs nothing, one at a time.
wire_us() {
	reset
	client wrk -t 1 -c 1 -d 1 --latency http://10.77.1.2:8080/small >"$T/wrk"
	seen
	calc "$(wrk_us 50) - $(as_wrk 0.5 1)"
}
# as_wrk QUANTILE CONNECTIONS: of what the client's veth saw, as wrk would report it. For each answer that took long it
# adds those that it would have asked for meanwhile ("coordinated omission": stats_correct() in wrk's
# stats.c), at the mean interval of a connection's requests.
as_wrk() {
	interval=$(awk -v c="$2" '/requests in/ { print 1e6 * ($4 + 0) / ($1 / c) }' "$T/wrk")
	jq -r '.rows[] | select(.client == "user" and .vantage == "client" and .protocol == "http") | .buckets_us[] | @tsv' "$T/seen" | awk -v q="$1" -v x="$interval" '
		{ v = ($1 + $2) / 2; add(v, $1, $2, $3); if (v >= 2 * x) for (m = v - x; m > x; m -= x) add(m, m, m, $3) }
		function add(v, lower, upper, n) { print v, lower, upper, n }' | sort -n | awk -v q="$1" '
		{ lower[NR] = $2; upper[NR] = $3; n[NR] = $4; total += $4 }
		END { for (i = 1; i <= NR; i++) { if (below + n[i] >= q * total) { print lower[i] + (upper[i] - lower[i]) * (q * total - below) / n[i]; exit } below += n[i] } }'
}
nginx_truth() { # CONNECTIONS
	wire=$(wire_us)
	reset
	client wrk -t 1 -c "$1" -d 2 --latency -H "Authorization: Basic $(login "$1")" http://10.77.1.2:8080/work >"$T/wrk"
	seen
	close "nginx, $1 connections, p50" "$(as_wrk 0.5 "$1")" "$(wrk_us 50)" "$wire" 3 &&
		close "nginx, $1 connections, p99" "$(as_wrk 0.99 "$1")" "$(wrk_us 99)" "$wire" 10
}
redis_truth() { # CONNECTIONS REQUESTS
	reset
	client redis-benchmark -h 10.77.1.2 -c "$1" -n "$2" --csv eval "local x = 0 for i = 1, $(loops "$1") do x = x + i end return x" 0 >"$T/redis"
	seen
	# (The name of the test, in front, has commas in it.)
	read -r p50 p99 <<<"$(tail -n 1 "$T/redis" | tr -d '"' | awk -F, '{ print $(NF - 3), $(NF - 1) }')"
	close "redis, $1 connections, p50" "$(row client turns p50_us)" "$(calc "1000 * $p50")" "$wire" 3 &&
		close "redis, $1 connections, p99" "$(row client turns p99_us)" "$(calc "1000 * $p99")" "$wire" 10
}
for c in $connections; do
	truth "nginx, $c connections: p50 within 3 %, p99 within 10 % of wrk's" nginx_truth "$c"
	n=$(row client http requests) said=$(awk '/requests in/ { print $1 }' "$T/wrk")
	# It stops in the middle of as many requests as it has connections.
	check_num "nginx, $c connections: requests, $n to wrk's $said" $((n - said)) ge 0
	check_num "nginx, $c connections: no more than were under way" $((n - said)) le "$c"
	# An answer that crosses the client's farewell is one at the server's veth and a timeout at the client's.
	check_num "nginx, $c connections: both ends saw the same" "$(($(row server http requests) + $(row server http timeouts)))" eq "$(($(row client http requests) + $(row client http timeouts)))"
	truth "redis, $c connections: p50 within 3 %, p99 within 10 % of redis-benchmark's" redis_truth "$c" 3000
	# One more: it asks for the server's settings first.
	check_num "redis, $c connections: every command" "$(row client turns requests)" eq 3001
	check_num "redis, $c connections: also seen by the server's veth" "$(row server turns requests)" eq 3001
done
check_num "nothing is lost or unpaired" "$(lost)" eq 0
meter_off
