#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# TCP through a delay line: fast, nothing lost or out of order. And how soon a change is obeyed.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
mknet a 1

# transfer FLOWS SECONDS: from the host into the target, to $T/iperf.
transfer() {
	innet a iperf3 -s -1 >/dev/null 2>&1 &
	_server=$!
	wait_for 5 innet a bash -c 'ss -Htln sport = 5201 | grep -q .'
	iperf3 -J -c 10.77.1.2 -P "$1" -t "$2" >"$T/iperf" 2>&1
	wait $_server
	gbits=$(jq '.end.sum_received.bits_per_second / 1e9' "$T/iperf")
	again=$(jq '.end.sum_sent.retransmits' "$T/iperf")
}
fast() { transfer "$@"; awk -v g="$gbits" 'BEGIN { exit !(g >= 1) }'; }
ofo() { ip netns exec flt-a nstat -az TcpExtTCPOFOQueue | awk '/OFO/ { print $2 }'; }

fault latency netns:flt-a --delay 50ms --direction to
before=$(ofo)
again fast 8 3
check_num "8 flows through 50 ms: Gbit/s" "$gbits" ge 1
check_num "retransmitted segments" "$again" eq 0
check_num "segments that came out of order" "$(($(ofo) - before))" eq 0
note "FIGURE TCP through a 50 ms hold, 8 flows: $(printf %.2f "$gbits") Gbit/s, $again retransmits"
heal
fault latency netns:flt-a --delay 50ms --direction from
# The data goes by no line then, and a bare veth at full speed drops some by itself.
again fast 8 2
check_num "acknowledgements through 50 ms: Gbit/s" "$gbits" ge 1
heal
# The fault ends in the middle of a flow: what is held comes out first, nothing is lost.
for way in from to; do
	fault latency netns:flt-a --delay 100ms --direction $way
	(sleep 0.5; heal) &
	if [ $way = from ]; then flow --from flt-a --count 20000 --rate 20000 10.77.1.1; else flow --to flt-a --count 20000 --rate 20000 10.77.1.2; fi
	wait $!
	check_num "ended in between ($way): was late" "$(got max_ms)" ge 99
	check_num "ended in between ($way): late no more" "$(calc "$(got mean_ms)")" lt 90
	check_num "ended in between ($way): lost" "$(got lost)" eq 0
	check_num "ended in between ($way): overtaken" "$(got overtaken)" le 5
done

# The same when its time is over.
"$FL" inject latency netns:flt-a --delay 100ms --for 700ms >"$T/out" 2>&1 &
wait_for 5 grep -q active "$T/out"
flow --from flt-a --count 20000 --rate 20000 10.77.1.1
wait $!
check_num "its time is over: was late" "$(got max_ms)" ge 99
check_num "its time is over: late no more" "$(got mean_ms)" lt 90
check_num "its time is over: lost" "$(got lost)" eq 0
check_num "its time is over: overtaken" "$(got overtaken)" le 5

# --- from the map write to the first packet that obeys ---
fault network_loss netns:flt-a --percent 100 --peer-port 5401
"$BUILD/tests/tools/settime" "${ID%.*}" 0 flt-a 10.77.1.1 50 >"$T/set"
check_num "change to the first packet that obeys, median us (on)" "$(jq .on_us "$T/set")" le 1000
check_num "the same (off)" "$(jq .off_us "$T/set")" le 1000
note "FIGURE from the map write to the first packet that obeys: median $(jq .on_us "$T/set") us on, $(jq .off_us "$T/set") us off, 50 tries"
heal
