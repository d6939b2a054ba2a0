#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Attaching: tcx and clsact, beside other people's filters; several sessions on one interface; what
# is left when an owner is killed.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
mknet a 1
mknet b 2
late() { flow --from flt-a --count 50 --wait 300 10.77.1.1; got p50_ms; }
# The same, and a byte to $T/sent for each packet.
sent_late() { printf '%050d' 0 >>"$T/sent"; late; }
# owner: the pid of the session of $ID.
owner() { jq -r .pid "/run/faultline/${ID%.*}/session.json"; }
clean() { settles "$1" late 0 1; }
qdiscs() { tc qdisc show dev fltv1 | sed 's/ refcnt.*//'; }

hitting() { [ "$(hits "$ID" injected)" -gt 0 ]; }

ways="tcx clsact"
if ! "$FL" doctor -o json | jq -e .features.tcx.supported >/dev/null; then
	ways=clsact
	skip "attaching by tcx" tcx
fi
for how in $ways; do
	if [ $how = clsact ]; then export FAULTLINE_ATTACH=clsact; fi
	qdiscs_before=$(qdiscs)
	fault latency netns:flt-a --delay 20ms --protocol udp
	settles "$how: a fault" late 20 5
	if [ $how = clsact ]; then check "$how: there is a filter" bash -c "tc filter show dev fltv1 ingress | grep -q fl_ingress"; fi
	if [ $how = tcx ]; then check "$how: there is no qdisc" [ "$(qdiscs)" = "$qdiscs_before" ]; fi
	# A second session, behind the first: a packet waits in both delay lines, once in each.
	first=$ID before=$(hits "$ID" injected)
	fault latency netns:flt-a --delay 30ms --protocol udp
	second=$ID
	settles "$how: two sessions add up" late 50 5
	check_num "$how: each counts each once" "$(($(hits "$first" injected) - before))" eq "$(hits "$second" injected)"
	"$FL" stop "$first" >/dev/null
	settles "$how: the second stays" late 30 5
	# The first one's place is free again; a later session comes behind.
	fault network_loss netns:flt-a --percent 100 --max-hits 10 --protocol udp
	check_num "$how: loss behind a delay line" "$(flow --from flt-a --count 50 --wait 300 10.77.1.1; got received)" eq 40
	heal
	clean "$how: stopped"
	check "$how: the qdiscs are as before" [ "$(qdiscs)" = "$qdiscs_before" ]

	# An older session that attaches later must come before: else a packet that one gives back
	# looks fresh to the other, for ever.
	rm -f "$T/late" # a "begun" of the turn before is none
	"$BUILD/tests/tools/latefault" netns:flt-a 20ms >"$T/late" & older=$!
	wait_for 5 grep -q begun "$T/late"
	fault latency netns:flt-a --delay 30ms --protocol udp
	kill -USR1 $older
	wait_for 5 grep -q active "$T/late"
	rm -f "$T/sent"
	settles "$how: the older session attaches later" sent_late 50 5
	check_num "$how: each packet waits once there" "$(hits "$ID" injected)" eq "$(wc -c <"$T/sent")"
	"$FL" stop "$ID" >/dev/null
	kill -TERM $older
	wait $older
	check_num "$how: the older session ends well" $? eq 0

	steady a 1 b 2
	fault latency netns:flt-a --delay 100ms --direction both
	check "$how: packets are hit" wait_for 2 hitting
	victim=$(owner)
	t0=$(now_us)
	kill -9 "$victim"
	clean_since "$t0"
	check_num "$how: clean within 2 s of SIGKILL (ms)" "$CLEAN_MS" le 2000
	steady_end
	check "$how: the session is gone" wait_for 5 bash -c '! ls /run/faultline/?????? 2>/dev/null'
	check "$how: the qdiscs are as before" [ "$(qdiscs)" = "$qdiscs_before" ]
done

# --- both on one interface: filters run behind all of tcx, whoever is older ---
if [ "$ways" != clsact ]; then
	fault latency netns:flt-a --delay 20ms --protocol udp
	first=$ID
	FAULTLINE_ATTACH='' fault latency netns:flt-a --delay 30ms --protocol udp
	rm -f "$T/sent"
	settles "a newer session joins clsact" sent_late 50 5
	check_num "... each packet waits once there" "$(hits "$ID" injected)" eq "$(wc -c <"$T/sent")"
	check_num "... as a filter" "$(tc filter show dev fltv1 ingress | grep -c fl_ingress)" eq 2
	heal
	rm -f "$T/late"
	"$BUILD/tests/tools/latefault" netns:flt-a 20ms >"$T/late" 2>&1 & older=$!
	wait_for 5 grep -q begun "$T/late"
	FAULTLINE_ATTACH='' fault latency netns:flt-a --delay 30ms --protocol udp
	kill -USR1 $older
	wait $older
	check_num "an older session cannot join tcx by clsact" $? eq 3
	check "... and the way out is told" grep -q 'unset FAULTLINE_ATTACH' "$T/late"
	settles "... the other one goes on" late 30 5
	heal
	check "... and nothing stays" wait_for 5 bash -c '! ls /run/faultline/?????? 2>/dev/null'
fi

# --- a clsact qdisc and filters of somebody else (FAULTLINE_ATTACH is still clsact) ---
tc qdisc add dev fltv1 clsact
fault latency netns:flt-a --delay 20ms
heal
check "foreign clsact: it stays although it is empty" bash -c "tc qdisc show dev fltv1 | grep -q clsact"
tc filter add dev fltv1 ingress prio 100 handle 7 bpf bytecode '1,6 0 0 4294967295,' classid 1:1
tc filter show dev fltv1 ingress >"$T/other"
undisturbed() { tc filter show dev fltv1 ingress | cmp -s - "$T/other"; }
check "there is a foreign filter" [ -s "$T/other" ]
fault latency netns:flt-a --delay 20ms
settles "foreign clsact: shared" late 20 5
heal
check "foreign clsact: its filter is as before" undisturbed
check "foreign clsact: still there" bash -c "tc qdisc show dev fltv1 | grep -q clsact"
fault latency netns:flt-a --delay 20ms
kill -9 "$(owner)"
check "foreign clsact: ours goes after SIGKILL, the other stays" wait_for 5 undisturbed
check "foreign clsact: the session is gone" wait_for 5 bash -c '! ls /run/faultline/?????? 2>/dev/null'
tc qdisc del dev fltv1 clsact
unset FAULTLINE_ATTACH

# --- a root qdisc of somebody else ---
tc qdisc add dev fltv1 root handle 5: pfifo limit 77
fault latency netns:flt-a --delay 20ms --direction both
round_trip() { pings 20 10.77.1.2; percentile 0.5; }
settles "foreign root qdisc: the fault works" round_trip 40 5
heal
check "foreign root qdisc: untouched" bash -c "tc qdisc show dev fltv1 | grep -q 'pfifo 5: root.*limit 77p'"
tc qdisc del dev fltv1 root

# --- the host side lies in a namespace of its own ---
ip netns add flt-hub && _nets="$_nets flt-hub"
ip link set fltv1 netns flt-hub
ip -n flt-hub addr add 10.77.1.1/24 dev fltv1
ip -n flt-hub link set fltv1 up
fault latency netns:flt-a netns:flt-b --delay 20ms
in_hub() { flow --from flt-a --to flt-hub --count 50 10.77.1.1; got p50_ms; }
settles "host side in a hub namespace" in_hub 20 5
here() { flow --from flt-b --count 50 10.77.2.1; got p50_ms; }
settles "and another one here, by the same fault" here 20 5
check "its TAP is there as well" bash -c "ip -n flt-hub -o link | grep -q ': flh'"
heal
check "and gone" bash -c "! ip -n flt-hub -o link | grep -q ': flh'"

# --- never the way out of this host ---
ip route add default via 10.77.2.2
"$FL" inject latency netns:flt-b --delay 1ms --for 1s >"$T/out" 2>&1
check_num "the interface with the default route is refused" $? eq 2
"$FL" inject latency netns:flt-b --delay 1ms --for 100ms --allow-host-interface >"$T/out" 2>&1
check_num "unless it is allowed" $? le 1
ip route del default
