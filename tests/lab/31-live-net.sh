#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# The commands on faults that packets meet: how soon inject is active and set is obeyed, what they
# cost, that list reads the kernel's counters, that two sessions on one interface add up.
. "$(dirname "$0")/../lib.sh"
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
listed() { "$FL" list -o json | jq -r "$1"; }
# The fastest of some: what else the machine does can only make them slower.
rtt() { ping -q -c "${1:-5}" -i 0.01 10.77.1.2 | sed -n 's,^rtt.* = \([0-9.]*\)/.*,\1,p'; }
mknet a 1
check "the target answers" ping -c 1 -W 2 10.77.1.2

# --- inject: exec to active ---
for i in 1 2 3 4 5; do
	t0=$(date +%s%N); "$FL" inject latency netns:flt-a --delay 50ms --detach >"$T/id"
	echo $((($(date +%s%N) - t0) / 1000000)) >>"$T/start"
	[ $i = 5 ] || "$FL" stop --all >/dev/null
done
ms=$(median <"$T/start")
check_ms "inject from exec to active, fastest of 5 (ms)" "$(sort -n "$T/start" | head -n 1)" 300
id=$(cat "$T/id"); pid=$(listed '.[0].pid')
rss=$(awk '/^VmRSS/ {print $2 / 1024}' "/proc/$pid/status")
check_num "its resident memory (MiB)" "$rss" le 32
note "FIGURE inject: active after $ms ms (median of 5), $rss MiB resident"
check_num "the packets are late (ms)" "$(rtt)" ge 50
check_num "list reads the kernel's counters" "$(listed '.[0].injected')" ge 5
check "set delay" "$FL" set "$id" delay=5ms
check_num "the packets are less late (ms)" "$(rtt)" lt 45
check_num "... but late" "$(rtt)" ge 5
same "list shows the new value" "$(listed '.[0].params.delay')" 5ms
"$FL" set "$id" direction=both >"$T/out" 2>"$T/err"; rc=$?
same "what hooks are for cannot be changed live" "$rc" 2
"$FL" stop "$id" >/dev/null
check_num "stopped: the packets are on time (ms)" "$(rtt)" lt 5

# --- set: map write to the first packet that obeys ---
id=$("$FL" inject loss netns:flt-a --percent 0 --direction to --detach)
"$BUILD/tests/tools/udp_watch" flt-a 10.77.1.2 7777 60000 >"$T/watch" & watch=$!; _pids="$_pids $watch"
sets() { wc -l <"$T/watch"; }
for ((i = 1; i <= 50; i++)); do
	p=$(((i % 2) * 100))
	"$FL" set "$id" percent=$p -o json | jq -r '"\(.written_wall) \(.map_write_us)"' >>"$T/sets"
	wait_for 5 sh -c "[ \$(wc -l <'$T/watch') -ge $i ]" || break
done
kill $watch
same "50 sets, 50 changes of what arrives" "$(sets)" 50
paste -d' ' "$T/watch" "$T/sets" | awk '{printf "%.3f\n", ($2 - $3) * 1000}' >"$T/delays"
ms=$(median <"$T/delays")
check_num "set to the first packet that obeys, median of 50 (ms)" "$ms" le 1
note "FIGURE set: first packet obeys $ms ms after the map write (median of 50; a write takes $(awk '{print $2}' "$T/sets" | median) us)"
"$FL" stop "$id" >/dev/null

# --- two sessions on one interface ---
a=$("$FL" inject latency netns:flt-a --delay 20ms --detach)
b=$("$FL" inject latency netns:flt-a --delay 30ms --direction to --detach)
check_num "two sessions on one interface add up (ms)" "$(rtt)" ge 50
same "list has both" "$(listed 'map(.id) | sort | join(" ")')" "$(printf '%s\n' "$a" "$b" | sort | xargs)"
kill -9 "$(listed ".[] | select(.id == \"$a\").pid")"
check "one owner is killed: its guardian ends its session" wait_for 3 sh -c "'$FL' list -o json | jq -e 'length == 1'"
check_num "... the other fault is still there (ms)" "$(rtt)" ge 30
check_num "... and only that (ms)" "$(rtt)" lt 49
"$FL" stop --all >/dev/null

# --- a fault that cannot hit says so ---
"$FL" inject loss netns:flt-a --percent 50 --peer 192.0.2.1 --for 300ms >"$T/out" & p=$!
rtt 20 >/dev/null; wait $p; rc=$?
same "no packet met the match: status 1" "$rc" 1
check "... and what to look at" grep -q -- "--peer" "$T/out"
# --- the kernel ends it on time, also when its owner cannot ---
id=$("$FL" inject latency netns:flt-a --delay 50ms --for 700ms --detach); t0=$(date +%s%N)
pid=$(listed '.[0].pid'); wait_for 1 [ -n "$pid" ]
check_num "on (ms)" "$(rtt 2)" ge 50
check "off when its time is over" wait_for 2 sh -c "ping -q -c 1 10.77.1.2 | awk -F/ '/^rtt/ {exit !(\$5 < 20)}'"
check_ms "... in time (ms)" $((($(date +%s%N) - t0) / 1000000)) 1500
check "and its session is gone" wait_for 2 sh -c "[ ! -e /run/faultline ]"
