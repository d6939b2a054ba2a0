#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: alone
# Measurement at scale harms nobody: 10,000 connections are held open, each of which has asked once, while 1,000 new
# ones a second come for 10 s and ask once each; then those that were held ask once more. Without measurement, and
# with it at both ends and read once a second. Every connection works, every one and every request is counted at both
# ends, none is lost; median and 99th percentile of the new ones' requests, the reader's time and memory and the
# kernel's memory stay within bounds. One pair of runs, FLTEST_LONG=1 three; up to four short ones more when the times
# are not what they should be. Then a table with room for 1,024 flows, and 5,000 connections: what is evicted is counted,
# and what is in it is measured. tests/tools/conns.c is both ends.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
. "$(dirname "$0")/../measure.sh"
. "$TOP/tools/bench/table.sh"
conns=$BUILD/tests/tools/conns
# shellcheck disable=SC2086,SC2154
bg $first ip netns exec flt-shop "$conns" serve 8080
check "the server answers" wait_for 5 curl -fs -o /dev/null http://10.77.1.2:8080/

# asker: one in user, with a pipe to it. begin COMMAND: have it done; tell COMMAND: and wait until it is.
asker() {
	rm -f "$T/ask.in"; mkfifo "$T/ask.in"
	: >"$T/ask.out"
	# shellcheck disable=SC2086
	$first ip netns exec flt-user "$conns" ask 10.77.1.2 8080 <"$T/ask.in" >"$T/ask.out" 2>"$T/ask.err" 9>&- &
	ASKER=$!
	_pids="$_pids $ASKER"
	exec 8>"$T/ask.in"
}
begin() { _told=$(wc -l <"$T/ask.out"); echo "$*" >&8; }
_done() { [ "$(wc -l <"$T/ask.out")" -gt "$_told" ]; }
ended() { wait_for 20 _done || { not_ok "the client comes to an end"; sed 's/^/#   /' "$T/ask.err"; }; }
tell() { begin "$@"; ended; }
asker_off() {
	exec 8>&-
	wait "$ASKER"
	made=$(jq -s '[.[].made] | add' "$T/ask.out") failed=$(jq -s '[.[].failed] | add' "$T/ask.out")
}

# What the reader has had of the processor, ns; its memory, MiB; that of its maps, bytes.
cpu_ns() { awk '{ print $1 }' "/proc/$METER/schedstat"; }
rss() { awk '/^VmRSS/ { print $2 / 1024 }' "/proc/$METER/status"; }
maps() { awk '/^memlock:/ { bytes = $2 } /^map_id:/ && !($2 in had) { had[$2]; sum += bytes } END { print sum + 0 }' "/proc/$METER"/fdinfo/*; }

# typical FIELD: of what came of each second, the median. What others do on this machine is in some of them.
typical() { tail -n "$_seconds" "$T/ask.out" | jq ".$1" | median; }
# load ON SECONDS: one run; $p50 and $p99 of the requests that came, us; with measurement (ON: 1) $T/seen is all of it.
load() {
	_seconds=$2
	[ "$1" = 0 ] || { meter; maps0=$(maps); }
	asker
	tell hold 10000
	[ "$1" = 0 ] || { seen; ns0=$(cpu_ns) rss0=$(rss); }
	for ((_i = 0; _i < $2; _i++)); do
		begin come 1000 1000
		sleep 0.5 # once a second, in the middle of it, it is read
		[ "$1" = 0 ] || seen
		ended
	done
	[ "$1" = 0 ] || cpu=$(calc "($(cpu_ns) - $ns0) / $2 / 1e7") rss1=$(rss) maps1=$(maps)
	p50=$(typical p50_us) p99=$(typical p99_us)
	note "FIGURE $([ "$1" = 1 ] && echo measured || echo without): connect p50 $(typical connect_p50_us) us, p99 $(typical connect_p99_us); request p50 $p50, p99 $p99, p99.9 $(typical p999_us)"
	tell leave
	asker_off
	check_num "$((20000 + 1000 * $2)) requests on $((10000 + 1000 * $2)) connections: failed" "$failed" eq 0
	check_num "answered" "$made" eq $((20000 + 1000 * $2))
	[ "$1" = 1 ] || return
	meter_off
	tail -n 1 "$T/meter.out" >"$T/seen"
	for v in client server; do
		check_num "$v: requests" "$(row $v http requests)" eq $((20000 + 1000 * $2))
		check_num "$v: 2xx" "$(row $v http 'status[2]')" eq $((20000 + 1000 * $2))
		check_num "$v: connections" "$(row $v http connects)" eq $((10000 + 1000 * $2))
		check_num "$v: failures" "$(($(row $v http resets) + $(row $v http timeouts) + $(row $v http refused)))" eq 0
	done
	for what in flows_evicted events_lost requests_unpaired; do check_num "$what" "$(jq ".$what" "$T/seen")" eq 0; done
}
n=0
pair() { # SECONDS
	# What comes second may find a warmer or a busier machine: take turns.
	for on in $((n % 2)) $((1 - n % 2)); do
		load $on "$1"
		eval "p50_$on=$p50 p99_$on=$p99"
	done
	n=$((n + 1))
	# shellcheck disable=SC2154
	{ calc "$p50_1 / $p50_0" >>"$T/p50"; calc "$p99_1 / $p99_0" >>"$T/p99"; echo | tee -a "$T/p50" >>"$T/p99"; }
	note "FIGURE the reader, once a second: $cpu % of a CPU, $rss1 MiB resident; maps $(calc "$maps1 / 1048576") MiB"
	check_num "the reader: % of a CPU" "$cpu" lt 2
	check_num "the reader: MiB resident" "$rss1" lt 64
	check_num "... more than when nobody came" "$(calc "$rss1 - $rss0")" lt 1
	check_num "the kernel's maps: bytes more than before the first connection" $((maps1 - maps0)) eq 0
	check_num "... of" "$maps0" gt 1048576
}
least() { sort -n "$T/$1" | head -n 1; }
# A reading keeps one CPU from all else for some of the thousand requests that come meanwhile: more at p99.
declare -A limit=([p50]=1.5 [p99]=2)
much() { awk -v a="$(least p50)" -v b="$(least p99)" "BEGIN { exit !(a > ${limit[p50]} || b > ${limit[p99]}) }"; }
pair 10
if [ -n "${FLTEST_LONG:-}" ]; then pair 10; pair 10; fi
# What others do meanwhile can make a pair wrong; what is wrong with measurement is so in each.
while [ $n -lt 5 ] && much; do pair 5; done
for q in p50 p99; do
	note "FIGURE $q of a request, measured to without, the median of $n: $(median <"$T/$q")"
	check_num "$q of a request, measured to without, the least of $n" "$(least $q)" le ${limit[$q]}
done

# --- a table that is too small ---
METER_MAX_CONNECTIONS=512 meter
asker
tell hold 5000
seen
evicted=$(jq .flows_evicted "$T/seen")
note "FIGURE room for 512 of 5,000 connections, 1,024 of 10,000 flows: $evicted evicted"
check_num "evicted: no less than there was no room for" "$evicted" ge $((10000 - 1024))
check_num "evicted: not many more" "$evicted" le $((10000 - 512))
check_num "client: requests" "$(row client http requests)" eq 5000
check_num "server: requests" "$(row server http requests)" eq 5000
check_num "client: connections" "$(row client http connects)" eq 5000
tell come 1000 500
seen
check_num "client: requests of new connections among them" "$(row client http requests)" eq 1000
check_num "server: the same" "$(row server http requests)" eq 1000
check_num "client: their connections" "$(row client http connects)" eq 1000
# What was evicted is seen again when it asks.
tell leave
asker_off
check_num "failed" "$failed" eq 0
seen
check_num "client: last requests" "$(row client http requests)" eq 5000
check_num "server: the same" "$(row server http requests)" eq 5000
check "the meter ends" meter_off
