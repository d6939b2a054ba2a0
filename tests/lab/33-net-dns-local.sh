#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# DNS whose resolver is in the target's own namespace, as most are: stubs at 127.0.0.x and ::1, behind a DNAT
# as Docker's is, made by iptables of both kinds; and one that asks another one outside. Each lookup is one
# hit, wherever its answer comes from.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
mknet up 1
mknet app 2
mknet other 3
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
# server NAMESPACE PORT ADDRESSES OPTION...
server() {
	_n=$1 _p=$2 _a=$3; shift 3
	bg ip netns exec "flt-$_n" dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --user=root \
		--bind-interfaces --port="$_p" --listen-address="$_a" --pid-file= --cache-size=0 "$@" >>"$T/dnsmasq.log" 2>&1
}
server up 53 10.77.1.2 --address=/ext.lab/ext.tcx.test/ext.clsact.test/10.1.2.9
server app 53 127.0.0.53,::1,10.77.2.2 --address=/svc.lab/svc.tcx.test/svc.clsact.test/10.1.2.3 --server=/ext.lab/ext.tcx.test/ext.clsact.test/10.77.1.2
server app 5353 127.0.0.11,127.0.0.12 --address=/svc.lab/svc.tcx.test/svc.clsact.test/10.1.2.4 --server=/ext.lab/ext.tcx.test/ext.clsact.test/10.77.1.2
server other 53 127.0.0.53 --address=/svc.lab/10.1.2.5
# As the containers of a host with iptables of either kind have it.
for kind in nft:127.0.0.11 legacy:127.0.0.12; do
	for proto in udp tcp; do
		innet app "iptables-${kind%:*}" -t nat -A OUTPUT -d "${kind#*:}" -p $proto --dport 53 -j DNAT --to-destination "${kind#*:}:5353"
	done
done
# ask NAMESPACE NAME OPTION...: status, milliseconds, answer to $T/dig; as dig tells them.
ask() {
	_n=$1 _name=$2; shift 2
	innet "$_n" dig +tries=1 +time=2 "$@" "$_name" >"$T/dig" 2>&1
	status=$(sed -n 's/.*status: \([A-Z]*\),.*/\1/p' "$T/dig")
	ms=$(sed -n 's/^;; Query time: \([0-9]*\) msec/\1/p' "$T/dig")
	answer=$(awk '!/^;/ && NF { print $NF }' "$T/dig")
	status=${status:-none} ms=${ms:-2000}
}
is() { if [ "$2" = "$3" ]; then ok "$1 ($2)"; else not_ok "$1: '$2' is not '$3'"; sed 's/^/#   /' "$T/dig"; fi; }
# late DESCRIPTION MS: as in 33-net-dns.sh.
late() { check_num "$1: not too early" "$ms" ge $(($2 - 11)); check_num "$1: nor twice" "$ms" lt $(($2 + 150)); }
counted() { is "$1: matched and injected" "$(hits "$ID" matched) $(hits "$ID" injected)" "$2 $2"; }
for s in app:127.0.0.53 app:::1 app:127.0.0.11 app:127.0.0.12 app:10.77.1.2; do
	wait_for 5 ip netns exec "flt-${s%%:*}" dig +tries=1 +time=1 "@${s#*:}" a.ext.lab
done
innet app iptables-save -t nat >"$T/nat.before"
innet app ip -o link >"$T/links.before"

for attach in tcx clsact; do
export FAULTLINE_ATTACH=$attach
fault dns_latency netns:flt-app --delay 200ms --name '*.lab'
n=0
for server in 127.0.0.53 ::1 127.0.0.11 127.0.0.12; do
	for how in +notcp +tcp; do
		for name in a.svc.lab a.ext.lab; do
			ask app $name @$server $how
			late "$attach: $name @$server $how" 200
			is "and right" "$status" NOERROR
			n=$((n + 1))
		done
	done
done
ask app a.ext.lab @10.77.1.2
late "$attach: asked outside" 200
ask up a.ext.lab @10.77.2.2
late "$attach: asked from outside, and it asks outside itself" 200
ask app a.ext.lab @10.77.1.2
late "$attach: asked outside again" 200
counted "$attach: each lookup once" $((n + 3))
ask app other @127.0.0.53
check_num "another name is not" "$ms" lt 100
ask other a.svc.lab @127.0.0.53
check_num "nor somebody else's resolver at the same address" "$ms" lt 100
"$FL" set "$ID" delay=50ms name=a.svc.lab >/dev/null
ask app a.svc.lab @127.0.0.11
late "changed" 50
heal
ask app a.svc.lab @127.0.0.11
check_num "ended" "$ms" lt 100

# (Names of their own: a segment that was dropped is sent again for a minute, also after the fault.)
for how in +notcp +tcp; do
	for code in nxdomain drop; do
		fault dns_error netns:flt-app --rcode $code --name "*.$attach.test"
		n=0
		for server in 127.0.0.53 ::1 127.0.0.12; do
			for name in svc ext; do
				[ $code$name != dropsvc ] || continue
				ask app $name.$attach.test @$server $how +time=1
				is "$attach: $code $how $name @$server" "$status" "$(echo ${code^^} | sed 's/DROP/none/')"
				n=$((n + 1))
			done
		done
		counted "$code $how" $n
		heal
	done
done
done
unset FAULTLINE_ATTACH

# Each way round alone. On loopback an answer is given and got in one.
fault dns_error netns:flt-app --rcode refused --direction from
ask app a.svc.lab @127.0.0.53; is "from: its own resolver" "$status" REFUSED
ask app a.ext.lab @10.77.1.2; is "from: not what it gets from outside" "$status" NOERROR
ask up a.svc.lab @10.77.2.2; is "from: what it gives" "$status" REFUSED
heal
fault dns_error netns:flt-app --rcode refused --direction to
ask app a.svc.lab @127.0.0.53; is "to: its own resolver" "$status" REFUSED
ask app a.ext.lab @10.77.1.2; is "to: what it gets" "$status" REFUSED
ask up a.svc.lab @10.77.2.2; is "to: not what it gives" "$status" NOERROR
ask up a.ext.lab @10.77.2.2; is "to: what it asks for somebody else is what it gets" "$status" REFUSED
heal
fault dns_error netns:flt-app --rcode refused --peer 127.0.0.53
ask app a.svc.lab @127.0.0.53; is "one resolver by its address" "$status" REFUSED
ask app a.svc.lab @127.0.0.11; is "and no other" "$status" NOERROR
heal
fault dns_error netns:flt-app --rcode refused --peer 10.77.1.2
ask app a.ext.lab @127.0.0.53; is "what its resolver asks of a named one" "$status" REFUSED
heal
fault dns_error netns:flt-app --name '*.lab' --percent 30 --seed 7 --rcode nxdomain
for i in $(seq 40); do ask app "n$i.svc.lab" @127.0.0.11; echo "$status"; done | sort | uniq -c >"$T/share"
is "what a share hits is what a client sees" "$(hits "$ID" injected)" "$(awk '/NXDOMAIN/ {print $1}' "$T/share")"
is "of all that it asked" "$(hits "$ID" matched)" 40
heal

# SIGKILL and expiry: clean at once, and nothing of ours in the namespace.
gone() { ask app a.svc.lab @127.0.0.11; [ "$status" = NOERROR ] && [ "$ms" -lt 100 ]; }
for attach in tcx clsact; do
	FAULTLINE_ATTACH=$attach "$FL" inject dns_latency netns:flt-app --delay 1s --for 60s >"$T/inject.out" 2>&1 & I=$!
	wait_for 5 sh -c "$FL list -o json | jq -e 'any(.active)'"
	ask app a.svc.lab @127.0.0.11
	late "$attach: before it is killed" 1000
	kill -9 $I; wait $I 2>/dev/null
	if in_time 2 gone; then ok "$attach: killed: clean within 2 s"; else not_ok "$attach: killed: not clean"; fi
	"$FL" recover >"$T/recover" 2>&1
	check "$attach: the links of the namespace" diff "$T/links.before" <(innet app ip -o link)
	check "$attach: its filters" sh -c "! ip netns exec flt-app tc qdisc show dev lo | grep clsact"
done
ID=$("$FL" inject dns_error netns:flt-app --for 1s --detach)
ask app a.svc.lab @127.0.0.11; is "on for a second" "$status" SERVFAIL
if in_time 3 gone; then ok "and then over"; else not_ok "and then over"; fi
check "its NAT" diff <(grep -v '^#\|^:' "$T/nat.before") <(innet app iptables-save -t nat | grep -v '^#\|^:')
