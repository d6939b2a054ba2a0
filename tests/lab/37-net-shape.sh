#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# Rate limits: within 5 % from 1 Mbit/s to 1 Gbit/s, queue and burst as asked; TCP fills the line.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
mknet a 1
# overload MBITS SECONDS SIZE: UDP at twice the rate: a sender that is held up still sends too much.
overload() {
	_pps=$(awk -v m="$1" -v s="$3" 'BEGIN { print int(2 * m * 1e6 / 8 / (s + 42)) }')
	flow --from flt-a --count "$(awk -v p="$_pps" -v t="$2" 'BEGIN { print int(p * t) }')" --rate "$_pps" --size "$3" --wait 600 10.77.1.1
}
fault bandwidth netns:flt-a --rate 1mbit --burst 2k
for mbits in 1 10 100; do
	"$FL" set "$ID" rate=${mbits}mbit >/dev/null
	overload $mbits 1.2 1000
	near "UDP at $mbits Mbit/s" "$(calc "$(got line_bps) / 1e6")" $mbits "$(calc "$mbits * 0.05")"
	check_num "$mbits Mbit/s: none overtaken" "$(got overtaken)" eq 0
	check_num "$mbits Mbit/s: what is too much is lost" "$(got lost)" gt 0
	near "$mbits Mbit/s: the queue is 500 ms long" "$(got max_ms)" 500 40
done
"$FL" set "$ID" queue=50ms >/dev/null
overload 100 1 1000
near "a queue of 50 ms" "$(got max_ms)" 50 10
# Below the rate nothing waits, and a pause buys no more than the burst.
flow --from flt-a --count 500 --rate 1000 --size 1000 10.77.1.1
check_num "below the rate: none lost" "$(got lost)" eq 0
check_num "below the rate: no wait" "$(got p50_ms)" lt 1
flow --to flt-a --count 200 10.77.1.2
check_num "the other way it is free" "$(got p99_ms)" lt 5
heal

# A delay line that does not run for a while is late: what need not wait stays behind what does.
fault bandwidth netns:flt-a --rate 1mbit --burst 2k
owner=$("$FL" list -o json | jq '.[0].pid')
"$udpflow" --from flt-a --count 100 --rate 200 --size 1000 10.77.1.1 >"$T/flow" &
sender=$!
sleep 0.3
kill -STOP "$owner" $sender
sleep 0.3
kill -CONT $sender
sleep 0.1
kill -CONT "$owner"
wait $sender
check_num "a delay line that is late: none lost" "$(got lost)" eq 0
check_num "a delay line that is late: none overtaken" "$(got overtaken)" eq 0
heal

# transfer SECONDS: TCP out of the target, what the receiver got, per second of the line's time.
transfer() {
	iperf3 -s -1 >/dev/null 2>&1 &
	_server=$!
	wait_for 5 bash -c 'ss -Htln sport = 5201 | grep -q .'
	innet a iperf3 -J -c 10.77.1.1 -t "$1" -O 1 >"$T/iperf" 2>&1
	wait $_server
	# Payload of full segments: 1448 of 1514 bytes on the wire.
	mbits=$(jq '.end.sum_received.bits_per_second / 1e6 * 1514 / 1448' "$T/iperf")
}
fills() { transfer 2; awk -v m="$mbits" -v r="$1" 'BEGIN { exit !(m >= 0.95 * r) }'; }
for rate in 20 1000; do
	fault bandwidth netns:flt-a --rate ${rate}mbit --burst 64k
	again fills $rate
	near "TCP at $rate Mbit/s" "$mbits" $rate "$(calc "$rate * 0.05")"
	note "FIGURE TCP through a line of $rate Mbit/s: $(printf %.1f "$mbits") Mbit/s"
	heal
done

# Both directions and both targets are lines of their own.
mknet b 2
fault bandwidth netns:flt-a netns:flt-b --rate 10mbit --direction both
check_num "a rule for each line" "$(jq '.[0].rules | length' "/run/faultline/${ID%.*}/faults.json")" eq 4
overload 10 1 1000
near "one of four lines" "$(calc "$(got line_bps) / 1e6")" 10 0.7
heal
flow --from flt-a --count 5000 --rate 20000 --size 1000 10.77.1.1
check_num "afterwards it is free" "$(got p99_ms)" lt 5
