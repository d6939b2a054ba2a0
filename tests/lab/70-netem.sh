#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# Latency and loss beside netem, on a kernel that has it: two equal namespaces, faultline on the host
# side of one, netem on the interface of the other, in turns in one run. What the machine itself adds
# (an emulated one a lot) both have to bear, so ours is compared with netem's own error.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
if ! "$FL" doctor -o json 2>/dev/null | jq -e .features.netem.supported >/dev/null; then
	skip "latency and loss beside netem" netem
	exit 0
fi
mknet a 1
mknet b 2
# Our packets wait for a process twice more. An emulated processor has no constant pace: there the
# median is compared, and the tail, which is the host's, is only told.
rounds=3 count=20000 rate=40000 what=mean
[ -z "${FLTEST_VM:-}" ] || rate=4000 what=median
netem() { ip netns exec flt-b tc qdisc replace dev eth0 root netem limit 100000 "$@"; }
# sample NAME N: 100 more round trips to namespace N; then mean_of NAME, p99_of NAME.
sample() { pings 100 "10.77.$2.2"; cat "$T/pings" >>"$T/rtt.$1"; }
of() { sort -n "$T/rtt.$1" >"$T/pings"; }
mean_of() { of "$1"; mean; }
median_of() { of "$1"; percentile 0.5; }
p99_of() { of "$1"; percentile 0.99; }
# off STATISTIC NAME PLAIN: how far NAME is from 50 ms more than PLAIN; wrong: the same without its sign
off() { calc "$("$1_of" "$2") - $("${4:-$1}_of" "$3") - 50"; }
wrong() { _o=$(off "$@"); echo "${_o#-}"; }

# --- 50 ms, both ways of making it ---
for ((i = 0; i < rounds; i++)); do
	sample plain-a 1
	sample plain-b 2
	fault latency netns:flt-a --delay 50ms
	netem delay 50ms
	sample ours 1
	sample netem 2
	heal
	ip netns exec flt-b tc qdisc del dev eth0 root
done
slack=$(calc "0.3 + $(wakes 2)")
for stat in mean median p99; do
	base=$stat; [ $stat != p99 ] || base=mean
	note "FIGURE latency 50 ms, $stat off by $(off $stat ours plain-a $base) ms, netem's by $(off $stat netem plain-b $base) ms"
done
check_num "every ping came back" "$(wc -l <"$T/rtt.ours")" eq $((100 * rounds))
check_num "none of them too early" "$(of ours; percentile 0)" ge 50
check_num "the $what is as exact as netem's, and $slack ms" "$(wrong $what ours plain-a)" le "$(calc "$(wrong $what netem plain-b) + $slack")"
[ -n "${FLTEST_VM:-}" ] ||
	check_num "p99 is late by 2 ms more at most" "$(off p99 ours plain-a mean)" le "$(calc "$(wrong p99 netem plain-b mean) + 2")"

# --- 30 % loss: a count, so the interval is that of chance on every machine (once in
# 100,000 runs it is missed; another seed each time) ---
seed=$RANDOM
interval=$(calc "4.417 * sqrt(0.3 * 0.7 / $count)")
lose() { flow --from "flt-$1" --count $count --rate $rate --wait 300 "10.77.$2.1"; }
lose a 1
check_num "without it, none is lost" "$(got lost)" eq 0
fault network_loss netns:flt-a --percent 30% --seed $seed --peer-port 5400
lose a 1
ours=$(got loss) lost=$(got lost)
check_num "the proof counts what is missing" "$(hits "$ID" injected)" eq "$lost"
heal
netem loss 30%
lose b 2
netem=$(got loss)
note "FIGURE loss 30 % of $count (seed $seed): $ours, netem's $netem, 99.999 % interval 0.3 +- $interval"
near "loss" "$ours" 0.3 "$interval"
near "netem's loss" "$netem" 0.3 "$interval"
