#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Single packets: doubled, damaged, reordered, connections reset.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
mknet a 1
n=10000
run() { flow --from flt-a --count $n --rate 20000 --wait 200 10.77.1.1; }
chance() { calc "$Z * sqrt($1 * (1 - $1) / $n)"; }

fault duplicate netns:flt-a --percent 20
run
near "duplicate 20 %" "$(calc "$(got copies) / $n")" 0.2 "$(chance 0.2)"
check_num "none lost" "$(got lost)" eq 0
check_num "none damaged" "$(got damaged)" eq 0
# A copy waits as long as its original.
fault latency netns:flt-a --delay 20ms
median() { run; got p50_ms; }
settles "with a delay behind it" median 20 5
near "copies are still there" "$(calc "$(got copies) / $n")" 0.2 "$(chance 0.2)"
heal
fault duplicate netns:flt-a --percent 100 --direction to
flow --to flt-a --count 1000 10.77.1.2
check_num "to the target: each twice" "$(got copies)" eq 1000
heal

fault corrupt netns:flt-a --percent 20 --bytes 3 --fix-checksum
run
near "corrupt 20 %, seen by the application" "$(calc "$(got damaged) / $n")" 0.2 "$(chance 0.2)"
check_num "all of them came" "$(($(got lost) <= $(got damaged)))" eq 1
"$FL" set "$ID" fix-checksum=no >/dev/null
run
near "with a wrong checksum it is a loss" "$(got loss)" 0.2 "$(chance 0.2)"
check_num "and nothing damaged comes through" "$(got damaged)" eq 0
heal

# A quarter goes at once, the others wait 10 ms: order is lost, nothing else.
fault reorder netns:flt-a --percent 25 --delay 10ms
settles "reorder: 75 % come late" median 10 5
check_num "reorder: none lost" "$(got lost)" eq 0
near "reorder: those that were overtaken" "$(calc "$(got overtaken) / $n")" 0.75 0.05
heal
fault reorder netns:flt-a --percent 100 --gap 5 --delay 10ms
run
near "reorder: every 5th overtakes" "$(calc "$(hits "$ID" injected) / $n")" 0.2 0.005
heal

# --- reset: both ends of a connection learn of it at once ---
for way in from to; do
	innet a "$BUILD/tests/tools/tcpwait" listen 7000 >"$T/server" & server=$!
	wait_for 5 grep -q ready "$T/server"
	"$BUILD/tests/tools/tcpwait" 10.77.1.2 7000 >"$T/client" & client=$!
	wait_for 5 grep -q connected "$T/client"
	fault tcp_reset netns:flt-a --direction $way --port 7000
	kill -USR1 $client
	wait $client $server
	check "reset ($way): the client sees it" grep -q 'Connection reset' "$T/client"
	check "reset ($way): the server sees it" grep -q 'Connection reset' "$T/server"
	check_num "reset ($way): the proof" "$(hits "$ID" injected)" ge 1
	heal
done
run
check_num "afterwards all is well" "$(($(got lost) + $(got copies) + $(got damaged) + $(got overtaken)))" eq 0
