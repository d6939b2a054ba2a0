#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# net.sh - the figures of network faults, from this machine, now: docs/figures.md says how each is
# taken. Pairs are interleaved and medians compared, since a shared machine drifts. `make bench`.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
. tests/net.sh
. tools/bench/table.sh
mknet a 1
mknet b 2

# --- what a packet costs that no rule wants ---
# (Whatever it holds, the session opened second is up to 15 % slower: once each way.)
for sizes in "1 10000" "10000 1"; do
	# shellcheck disable=SC2086 # two words
	"$BUILD/tests/tools/rulecost" $sizes 20 netns:flt-a 10.77.1.2 netns:flt-b 10.77.2.2
done | jq -s '{one: ((.[0].few_ns + .[1].many_ns) / 2), empty: ((.[0].empty_ns + .[1].empty_ns) / 2),
	ratio: (.[0].ratio / .[1].ratio | sqrt)}' >"$T/cost"
line "packet that matches nothing, 1 rule: ns" "$(jq .one "$T/cost")" le 100
line "  the same in an empty program (the accounting itself): ns" "$(jq .empty "$T/cost")"
line "10,000 rules to 1 rule, time of such a packet: ratio" "$(jq .ratio "$T/cost")" le 1.2

# --- a hooked veth and an unhooked one; both ends come before whatever else wants a CPU ---
mkdir "$T/www" && echo hello >"$T/www/small" && chmod 755 "$T" "$T/www"
cat >"$T/nginx.conf" <<E
daemon off; pid $T/pid; error_log /dev/null; worker_processes 1; events { worker_connections 64; }
http { access_log off; keepalive_requests 1000000000; client_body_temp_path $T/b; proxy_temp_path $T/p;
fastcgi_temp_path $T/f; uwsgi_temp_path $T/u; scgi_temp_path $T/s; server { listen 8080; root $T/www; } }
E
for n in a b; do
	sed "s,$T/pid,$T/pid-$n," "$T/nginx.conf" >"$T/nginx-$n.conf"
	bg nice -n -20 ip netns exec flt-$n nginx -c "$T/nginx-$n.conf"
done
wait_for 5 curl -fs -o /dev/null http://10.77.1.2:8080/small
wait_for 5 curl -fs -o /dev/null http://10.77.2.2:8080/small
requests() { nice -n -20 wrk -t 1 -c 8 -d 1 "http://10.77.$1.2:8080/small" | awk '/Requests\/sec/ { print $2 }'; }
compare() { # DESCRIPTION LIMIT KIND OPTION...: pairs through a, which is hooked, and b, which is not
	_w=$1 _l=$2; shift 2
	: >"$T/ratios"
	[ $# = 0 ] || fault "$@"
	for _i in 1 2 3 4 5 6 7 8 9 10; do
		# What comes second may find a warmer or a busier machine: take turns.
		[ $((_i % 2)) = 0 ] || _without=$(requests 2)
		_with=$(requests 1)
		[ $((_i % 2)) = 1 ] || _without=$(requests 2)
		calc "$_with / $_without" >>"$T/ratios"; echo >>"$T/ratios"
	done
	heal
	line "$_w" "$(median <"$T/ratios")" ${_l:+ge "$_l"}
}
compare "wrk, no fault on either side (this machine's noise now): ratio" ""
compare "wrk, faults for other peers against none: ratio" 0.97 network_loss netns:flt-a --percent 100 --peer 10.99.0.0/16 --direction both
compare "wrk, http_error for another path against none: ratio" "" http_error netns:flt-a --path /other

# --- from exec to active, and what it holds ---
: >"$T/ms"
for _ in 1 2 3 4 5 6 7; do
	t0=$(date +%s%N)
	fault latency netns:flt-a --delay 50ms
	t1=$(date +%s%N)
	calc "($t1 - $t0) / 1e6" >>"$T/ms"; echo >>"$T/ms"
	rss=$(awk '/VmHWM/ { print $2 / 1024 }' "/proc/$(jq .pid "/run/faultline/${ID%.*}/session.json")/status")
	heal
done
line "inject, from exec to active: ms" "$(median <"$T/ms")" le 300
line "inject, resident memory: MiB" "$rss" le 32
fault network_loss netns:flt-a --percent 100 --peer-port 5401
"$BUILD/tests/tools/settime" "${ID%.*}" 0 flt-a 10.77.1.1 50 >"$T/set"
line "from the map write to the first packet that obeys: ms" "$(jq '([.on_us, .off_us] | max) / 1000' "$T/set")" le 1
: >"$T/ms"
for percent in 10 20 30 40 50; do
	t0=$(date +%s%N)
	"$FL" set "$ID" percent=$percent >/dev/null
	calc "($(date +%s%N) - $t0) / 1e6" >>"$T/ms"; echo >>"$T/ms"
done
line "the command 'set' as a whole: ms" "$(median <"$T/ms")"
heal

# --- accuracy and throughput of the delay line ---
pings 500 10.77.1.2
base=$(mean) base99=$(percentile 0.99)
fault latency netns:flt-a --delay 50ms
pings 500 10.77.1.2
line "latency 50 ms, error of the mean: ms" "$(calc "$(mean) - $base - 50")" le 0.3
line "latency 50 ms, error of p99: ms" "$(calc "$(percentile 0.99) - $base99 - 50")" le 2
heal
for flows in 1 8; do
	fault latency netns:flt-a --delay 50ms --direction to
	innet a iperf3 -s -1 >/dev/null 2>&1 &
	wait_for 5 innet a bash -c 'ss -Htln sport = 5201 | grep -q .'
	iperf3 -J -c 10.77.1.2 -P $flows -t 4 >"$T/iperf"
	wait $!
	line "TCP through a 50 ms hold, $flows flow(s): Gbit/s" "$(jq '.end.sum_received.bits_per_second / 1e9' "$T/iperf")" ge "$([ $flows = 8 ] && echo 1 || echo 0)"
	line "  retransmitted segments" "$(jq .end.sum_sent.retransmits "$T/iperf")" le 0
	heal
done
fault latency netns:flt-a --delay 50ms
flow --from flt-a --count 200000 --rate 100000 --wait 300 10.77.1.1
line "100,000 small packets a second through it: lost of 200,000" "$(got lost)" le 0
line "  late at p99: ms" "$(calc "$(got p99_ms) - 50")"
heal
