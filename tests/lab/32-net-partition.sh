#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Partitions, and faults that meet: peers, ports, directions; two faults on one target, one fault on
# two targets, a peer's rules from several prefixes.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
mknet a 1
mknet b 2
mknet c 3
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
for n in a b c; do ip -n flt-$n -6 route add default via "fd77:$(($(printf %d "'$n") - 96))::1"; done
# delivered FROM TO ADDRESS [PORT]: how many of 50 packets arrive.
delivered() {
	flow --from "flt-$1" ${2:+--to "flt-$2"} --count 50 --rate 5000 --wait 50 --port "${4:-5400}" "$3"
	got received
}
# late FROM TO ADDRESS: the median delay, ms
late() { flow --from "flt-$1" --to "flt-$2" --count 100 --wait 200 "$3"; got p50_ms; }
# Neighbour discovery needs the link-local addresses, which are tentative for a second.
wait_for 5 innet a ping -6 -n -c 1 -W 1 fd77:2::2
wait_for 5 innet b ping -6 -n -c 1 -W 1 fd77:3::2
check_num "a reaches b" "$(delivered a b 10.77.2.2)" eq 50
check_num "a reaches b by IPv6" "$(delivered a b fd77:2::2)" eq 50

# --- both ways, by CIDR ---
fault network_partition netns:flt-a --peer 10.77.2.0/24
check_num "CIDR: a does not reach b" "$(delivered a b 10.77.2.2)" eq 0
check_num "CIDR: b does not reach a" "$(delivered b a 10.77.1.2)" eq 0
check_num "CIDR: a reaches c" "$(delivered a c 10.77.3.2)" eq 50
check_num "CIDR: b reaches c" "$(delivered b c 10.77.3.2)" eq 50
check_num "CIDR: IPv6 is another peer" "$(delivered a b fd77:2::2)" eq 50
check_num "the proof counts both directions" "$(hits "$ID" injected)" eq 100
heal

# --- by target name, IPv4 and IPv6 at once ---
fault network_partition netns:flt-a --peer netns:flt-b
check_num "name: a does not reach b" "$(delivered a b 10.77.2.2)" eq 0
check_num "name: nor by IPv6" "$(delivered a b fd77:2::2)" eq 0
check_num "name: a reaches c" "$(delivered a c 10.77.3.2)" eq 50
heal

# --- one way ---
fault network_partition netns:flt-a --peer 10.77.2.2 --direction from
check_num "one way: a does not reach b" "$(delivered a b 10.77.2.2)" eq 0
check_num "one way: b reaches a" "$(delivered b a 10.77.1.2)" eq 50
heal

# --- by port and protocol ---
fault network_partition netns:flt-a --port 5500-5599
check_num "port: in the range, nothing" "$(delivered a b 10.77.2.2 5555)" eq 0
check_num "port: outside it, all" "$(delivered a b 10.77.2.2 5600)" eq 50
heal
fault network_partition netns:flt-a --local-port 5400
check_num "local port: what the target serves is cut" "$(delivered b a 10.77.1.2 5400)" eq 0
check_num "local port: what it asks of others is not" "$(delivered a b 10.77.2.2 5400)" eq 50
heal
fault network_partition netns:flt-a --protocol icmp
check_num "protocol: UDP passes" "$(delivered a b 10.77.2.2)" eq 50
check "protocol: ping does not" bash -c "! ping -n -c 2 -W 0.2 -i 0.1 10.77.1.2"
heal

# --- all of it, and back ---
fault network_partition netns:flt-a
check_num "alone: not even the host" "$(delivered a '' 10.77.1.1)" eq 0
check_num "alone: no IPv6 either" "$(delivered a b fd77:2::2)" eq 0
heal
check_num "healed: a reaches b" "$(delivered a b 10.77.2.2)" eq 50

# --- two faults on one target: both are done to a packet ---
fault latency netns:flt-a --delay 20ms
fault network_loss netns:flt-a --percent 50 --peer 10.77.2.0/24
flow --from flt-a --to flt-b --count 2000 --rate 10000 --wait 200 10.77.2.2
near "two faults: half is lost" "$(got loss)" 0.5 "$(calc "$Z * sqrt(0.25 / 2000)")"
settles "two faults: the rest is late" "late a b 10.77.2.2" 20 5
check_num "two faults: another peer loses none" "$(delivered a c 10.77.3.2)" eq 50
settles "two faults: but is late as well" "late a c 10.77.3.2" 20 5
heal

# --- one fault on two targets ---
fault latency netns:flt-a netns:flt-b --delay 20ms
settles "two targets: the first" "late a c 10.77.3.2" 20 5
settles "two targets: the second" "late b c 10.77.3.2" 20 5
settles "two targets: none of it the other way" "late c a 10.77.1.2" 0 1
check_num "two targets: one proof" "$(hits "$ID" injected)" ge 200
heal

# --- limits are errors, and change nothing ---
fault network_loss netns:flt-a --percent 0.001 --peer 10.1.0.0/17,10.2.0.0/18,10.3.0.0/19,10.4.0.0/20,10.5.0.0/21,10.6.0.0/22,10.7.0.0/23,10.8.0.0/24
"$FL" inject network_loss netns:flt-a --percent 1 --peer 10.9.0.0/25 --for 1s >"$T/out" 2>&1
check_num "nine prefix lengths in one fault's session are its own" $? le 1
heal
"$FL" inject network_loss netns:flt-a --percent 1 --for 1s --peer 10.0.0.0/9,10.1.0.0/17,10.2.0.0/18,10.3.0.0/19,10.4.0.0/20,10.5.0.0/21,10.6.0.0/22,10.7.0.0/23,10.8.0.0/24 >"$T/out" 2>&1
check_num "nine prefix lengths in one table are refused" $? eq 3
check "and the message says why" grep -q "prefix lengths" "$T/out"
for bad in --peer=10.0.0.0/33 --peer=300.1.1.1 --peer=netns:nonesuch --percent=101 --port=0-70000 --nth=0; do
	"$FL" inject network_loss netns:flt-a --percent 1 "$bad" --for 1s >"$T/out" 2>&1
	check_num "$bad is refused" $? eq 2
done
"$FL" inject network_loss netns:flt-a --percent 1 --nth 5 --for 1s >"$T/out" 2>&1
check_num "parameters of two models are refused" $? eq 2
