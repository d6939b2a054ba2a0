#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# DNS faults on a service of a Compose file, whose resolver is Docker's at 127.0.0.11: by dig, and by the
# service's own getaddrinfo; names of services and names outside; UDP and TCP; and nobody else.
. "$(dirname "$0")/host.sh"
. "$(dirname "$0")/forms.sh"
check "the image, and names outside" eval 'host_image && world'
check "the stack is up" form_up compose
web=$(compose_id web) front=$(compose_id front)
address=$(addr_of compose web)
answers() { curl -sf -o /dev/null --max-time 4 "http://$1/up"; }
check "the service answers" wait_for 30 answers "$address:8080"
check "and by its door, which looks it up" wait_for 30 answers "$(docker_addr "$front")"
check "Docker's resolver is meant" docker exec "$web" busybox grep -q 'nameserver 127.0.0.11' /etc/resolv.conf
# ask CONTAINER NAME OPTION...: $status as dig tells it; lookup NAME: $ms and $found, as getaddrinfo.
ask() { status=$(docker exec "$1" dig +tries=1 +time=4 "${@:3}" "$2" 2>&1 | tee "$T/dig" | sed -n 's/.*status: \([A-Z]*\),.*/\1/p'); status=${status:-none}; }
lookup() { read -r ms found < <(curl -s --max-time 30 "http://$address:8080/lookup?$1"); }
for name in store a.ext.lab; do
	ask "$web" $name; same "before: dig $name" "$status" NOERROR
	lookup $name; check "before: getaddrinfo $name" grep -qE '^[0-9.]+$' <<<"$found"
done
for code in servfail nxdomain; do
	begin dns_error web --rcode $code
	for name in store a.ext.lab; do
		for how in +notcp +tcp; do ask "$web" $name $how; same "$code: dig $name $how" "$status" "${code^^}"; done
		lookup $name; check "$code: getaddrinfo $name fails ($found)" grep -q '^error' <<<"$found"
	done
	ask "$front" store; same "$code: another service asks" "$status" NOERROR
	finish; same "$code: status" $rc 0
	check_num "$code: hits" "$(injected)" ge 6
done
begin dns_error web --rcode nxdomain --name a.ext.lab
ask "$web" a.ext.lab; same "by name: that one" "$status" NXDOMAIN
ask "$web" store; same "by name: no other" "$status" NOERROR
finish; same "by name: status" $rc 0
begin dns_latency web --delay 1500ms
lookup store; check_num "late: getaddrinfo of a service (ms)" "$ms" ge 1490
lookup a.ext.lab; check_num "late: of a name outside (ms)" "$ms" ge 1490
same "and right" "$found" 10.1.2.9
finish; same "dns_latency: status" $rc 0
lookup store; check_num "afterwards (ms)" "$ms" lt 1400
ask "$web" store; same "afterwards: dig" "$status" NOERROR
