#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# DNS, with a real dnsmasq: late and failing answers, by name, over UDP and TCP, IPv4 and IPv6.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
mknet a 1
bg ip netns exec flt-a dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --user=root \
	--bind-interfaces --listen-address=10.77.1.2,fd77:1::2 --pid-file= \
	--address=/svc.lab/10.1.2.3 --address=/other.lab/10.1.2.4 --txt-record=big.svc.lab,"$(printf 'x%.0s' {1..200})" >"$T/dnsmasq.log" 2>&1
# ask NAME OPTION...: status, milliseconds, answer to $T/dig; as dig tells them.
ask() {
	_name=$1; shift
	dig +tries=1 +time=2 "$@" "$_name" >"$T/dig" 2>&1
	status=$(sed -n 's/.*status: \([A-Z]*\),.*/\1/p' "$T/dig")
	ms=$(sed -n 's/^;; Query time: \([0-9]*\) msec/\1/p' "$T/dig")
	answer=$(awk '!/^;/ && NF { print $NF }' "$T/dig")
	status=${status:-none} ms=${ms:-2000}
}
is() { if [ "$2" = "$3" ]; then ok "$1 ($2)"; else not_ok "$1: '$2' is not '$3'"; sed 's/^/#   /' "$T/dig"; fi; }
# late DESCRIPTION MS: the last answer came that late; how exactly is 30-net-latency.sh's.
# (dig tells the difference of two times of a clock that goes on with the kernel's ticks, of 10 ms at most, cut to
# whole ms. How exact a delay is, is measured by others.)
late() { check_num "$1: not too early" "$ms" ge $(($2 - 11)); check_num "$1: nor late by another 100 ms" "$ms" lt $(($2 + 100)); }
wait_for 5 dig +tries=1 +time=1 @10.77.1.2 a.svc.lab
wait_for 5 dig +tries=1 +time=1 @fd77:1::2 a.svc.lab

fault dns_latency netns:flt-a --delay 200ms --name '*.svc.lab'
for server in 10.77.1.2 fd77:1::2; do
	for how in +notcp +tcp; do
		ask payment.svc.lab @$server $how
		late "late: $server $how" 200
		is "and right" "$status $answer" "NOERROR 10.1.2.3"
		ask other.lab @$server $how
		check_num "another name is not: $server $how" "$ms" lt 100
	done
done
ask PAYMENT.svc.LAB @10.77.1.2
late "case does not matter" 200
ask svc.lab @10.77.1.2
check_num "*.svc.lab is not svc.lab itself" "$ms" lt 100
check_num "one hit for each" "$(hits "$ID" injected)" eq 5

"$FL" set "$ID" delay=50ms name=other.lab >/dev/null
ask other.lab @10.77.1.2
late "changed: another name, less" 50
ask payment.svc.lab @10.77.1.2
check_num "and no longer the first" "$ms" lt 100
heal

for code in servfail nxdomain refused; do
	fault dns_error netns:flt-a --rcode $code --name payment.svc.lab
	for how in +notcp +tcp; do
		ask payment.svc.lab @10.77.1.2 $how
		is "$code $how" "$status" "${code^^}"
	done
	ask b.svc.lab @10.77.1.2
	is "another name is answered" "$status $answer" "NOERROR 10.1.2.3"
	heal
done
fault dns_error netns:flt-a --rcode drop --name payment.svc.lab
ask payment.svc.lab @10.77.1.2 +time=1
is "drop: no answer" "$status" none
heal
# A client's side: the answers come to it.
fault dns_error netns:flt-a --rcode refused --direction to
ask a.svc.lab @10.77.1.2
is "not on a resolver's way out when the target is a client" "$status" NOERROR
heal
fault dns_error netns:flt-a --percent 0 --name a.svc.lab
ask a.svc.lab @10.77.1.2
is "0 % of them" "$status" NOERROR
heal
for bad in 'a..b' 'x.*.lab' '.lab' '*.'; do
	"$FL" inject dns_latency netns:flt-a --delay 1s --name "$bad" --for 1s >"$T/out" 2>&1
	check_num "name '$bad' is refused" $? eq 2
done
ask payment.svc.lab @10.77.1.2
is "afterwards all is well" "$status $answer" "NOERROR 10.1.2.3"
