#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# Delay and rate by departure time (fq): exact, in order, on a default qdisc only, and gone with its
# owner. What it refuses is refused on every kernel.
#
# fq hands a packet on from whichever CPU is at it, and the receiver has a queue for each, so that a
# few may be overtaken behind fq; pinned to one CPU they show the order in which they left.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
mknet a 1
mknet b 2
in_order() { taskset -c 0 "$udpflow" "$@" >"$T/flow"; }
# about MS TOLERANCE: the median of 50 packets. Waited for: an emulated machine has pauses of its own.
about() { flow --to flt-a --count 50 10.77.1.2 && awk -v v="$(got p50_ms)" -v x="$1" -v t="$2" 'BEGIN { exit !(v > x - t && v < x + t) }'; }
edt() { fault "$1" netns:flt-a --backend edt --direction to "${@:2}"; }
roots() { tc qdisc show dev fltv1 | sed 's/ refcnt.*//'; }
before=$(roots)

refused() { # STATUS WORD OPTION...
	"$FL" inject latency netns:flt-a --delay 10ms --backend edt --for 1s "${@:3}" >"$T/out" 2>&1
	check_num "refused with status $1 and '$2'" $? eq "$1"
	check "... the reason is told" grep -q "$2" "$T/out"
}
refused 2 'no qdisc' --direction from
refused 2 'no qdisc' --direction both
refused 2 'horizon' --direction to --delay 11s
"$FL" doctor >"$T/doctor"
if ! tc qdisc add dev fltv1 root fq 2>/dev/null; then
	refused 3 'sch_fq' --direction to
	check "doctor says why" bash -c 'grep -A1 " latency " "$0" | grep -q "edt: no, sch_fq"' "$T/doctor"
	check "nothing was left by the attempt" [ "$(roots)" = "$before" ]
	skip "delay and rate by edt" "fq"
	exit
fi
tc qdisc del dev fltv1 root
as_before() { [ "$(roots)" = "$before" ]; }
hitting() { [ "$(hits "$ID" injected)" -gt 0 ]; }

# --- delay ---
check_num "doctor says that both kinds can" "$(grep -c 'edt: yes' "$T/doctor")" eq 2
pings 100 10.77.1.2
base=$(mean)
edt latency --delay 50ms
check "there is an fq" bash -c 'tc qdisc show dev fltv1 root | grep -q "^qdisc fq fa17:"'
check "list names the backend" [ "$(hits "$ID" backend)" = edt ]
pings 200 10.77.1.2
check_num "none too early" "$(percentile 0)" ge 50
near "50 ms, median" "$(calc "$(percentile 0.5) - $base")" 50 2
check_num "the proof counts them" "$(hits "$ID" injected)" ge 200
(sleep 0.2; "$FL" set "$ID" delay=10ms >/dev/null) &
in_order --to flt-a --count 2000 --rate 2000 10.77.1.2
wait $!
check_num "a shorter delay in between: none lost, overtaken, doubled" "$(($(got lost) + $(got overtaken) + $(got copies)))" eq 0
check "then it is the new one" wait_for 5 about 10 6
"$FL" set "$ID" delay=20s >"$T/out" 2>&1
check_num "set cannot go beyond the horizon either" $? eq 2
"$FL" set "$ID" delay=100ms >/dev/null
(sleep 0.2; heal) &
in_order --to flt-a --count 1000 --rate 2000 10.77.1.2
wait $!
check_num "the end of it: none overtaken" "$(got overtaken)" eq 0
note "FIGURE edt, its end: $(calc "$(got lost) / 2") ms of packets lost while the kernel swaps the qdisc"
check "afterwards the default qdisc is back" [ "$(roots)" = "$before" ]

# --- who is not meant: another peer through the same queue, another interface, the host's own ---
BY=$BUILD/tests/tools/bystander
sysctl -qw net.ipv4.ip_forward=1 # of the sandbox
probes=
by() { bg "$@"; probes="$probes $BG_PID"; }
by "$BY" --serve
by ip netns exec flt-b "$BY" --serve
wait_for 5 bash -c 'ss -ltn | grep -q ":8080 "'
by ip netns exec flt-a "$BY" "$T/by.hit" --peer 10.77.1.1
by ip netns exec flt-a "$BY" "$T/by.peer" --peer 10.77.2.2
by ip netns exec flt-b "$BY" "$T/by.other" --peer 10.77.2.1
by "$BY" "$T/by.host" --peer 10.77.2.2
# noticed NAME: how often it found a round trip slow, or none. (A loop ends behind a round trip.)
field() { "$BY" --read "$T/by.$1" | tr ' ' '\n' | sed -n "s/^$2=//p"; }
noticed() { echo $(($(field "$1" slow) + $(field "$1" net) + $(field "$1" dns))); }
looked() { [ "$(field "$1" loops)" -ge "$2" ]; }
for who in hit peer other host; do wait_for 10 looked $who 3; done
# round: with the fault on until the one that is meant has noticed and the others have looked five times more;
# $WHO else has noticed. An emulated processor pauses by itself now and then, but not three times at the same.
round() {
	declare -A had
	for who in hit peer other host; do had[$who]=$(noticed $who); done
	edt latency --delay 600ms --peer 10.77.1.1
	meant() { [ "$(noticed hit)" -gt "${had[hit]}" ]; }
	check "who is meant notices" wait_for 10 meant
	for who in peer other host; do wait_for 10 looked $who $(($(field $who loops) + 5)); done
	WHO=
	for who in peer other host; do [ "$(noticed $who)" = "${had[$who]}" ] || WHO="$WHO $who"; done
	heal
}
hit_each_time="peer other host"
for _ in 1 2 3; do
	round
	hit_each_time=$(comm -12 <(tr ' ' '\n' <<<"$hit_each_time" | sort) <(tr ' ' '\n' <<<"$WHO" | sort) | xargs)
	[ -n "$hit_each_time" ] || break
done
check "nobody else does: not another peer through the same queue, another interface, the host's own ($hit_each_time)" [ -z "$hit_each_time" ]
# shellcheck disable=SC2086
kill $probes

# --- rate ---
edt bandwidth --rate 10mbit --burst 2k
in_order --to flt-a --count 2000 --rate 2000 --size 1000 --wait 600 10.77.1.2
near "UDP at 10 Mbit/s" "$(calc "$(got line_bps) / 1e6")" 10 0.5
check_num "none overtaken" "$(got overtaken)" eq 0
check_num "what is too much is lost" "$(got lost)" gt 0
heal

# --- two sessions on one interface; they add up, the last one takes the qdisc away ---
edt latency --delay 20ms; first=$ID
edt latency --delay 30ms
check "two sessions add up" wait_for 5 about 50 8
"$FL" stop "$first" >/dev/null
check "the second goes on" wait_for 5 about 30 8
# A delay line of a third session behind it: the packet waits for both.
fault latency netns:flt-a --delay 20ms --direction to
check "a delay line adds up, too" wait_for 5 about 50 8
heal
check "the qdisc is gone" [ "$(roots)" = "$before" ]

# --- what is somebody's stays ---
tc qdisc add dev fltv1 root handle 5: pfifo limit 77
refused 3 'a qdisc of its own' --direction to
check "it is as before" bash -c 'tc qdisc show dev fltv1 root | grep -q "pfifo 5: root.*limit 77p"'
tc qdisc del dev fltv1 root
"$FL" inject latency netns:flt-a --backend edt --direction to --delay 10ms --for 60s >"$T/proof" &
check "there is another fq" wait_for 20 bash -c 'tc qdisc show dev fltv1 root | grep -q "^qdisc fq fa17:"'
tc qdisc replace dev fltv1 root handle 6: pfifo limit 78
check "a fault can be stopped whose fq was taken" "$FL" stop --all
wait $!
check "it says so" grep -q 'removed by somebody' "$T/proof"
check "and leaves the new one alone" bash -c 'tc qdisc show dev fltv1 root | grep -q "pfifo 6: root.*limit 78p"'
tc qdisc del dev fltv1 root

# --- the owner is killed; owner and guardian are ---
steady a 1 b 2
killed() { # PROCESS...
	t0=$(now_us)
	kill -9 "$@"
	clean_since "$t0"
	check_num "clean within 2 s of SIGKILL (ms)" "$CLEAN_MS" le 2000
}
edt latency --delay 200ms
check "packets are hit" wait_for 2 hitting
killed "$(jq -r .pid "/run/faultline/${ID%.*}/session.json")"
check "the default qdisc is back" wait_for 5 as_before
check "the session is gone" wait_for 5 bash -c '! ls /run/faultline/?????? 2>/dev/null'
edt latency --delay 200ms
check "packets are hit" wait_for 2 hitting
owner=$(jq -r .pid "/run/faultline/${ID%.*}/session.json")
killed "$(pgrep -P "$owner" fl-guardian)" "$owner"
check_num "guardian killed as well: packets were hit until the lease ended" "$HITS" gt 0
check "... the qdisc waits for recover" bash -c 'tc qdisc show dev fltv1 root | grep -q "^qdisc fq fa17:"'
check "recover" "$FL" recover
check "which removes it" as_before
