#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A fault that hit nothing says so, and why that may be: in the words of its kind, with the options given.
. "$(dirname "$0")/../lib.sh"
mknet a 1
bg ip netns exec flt-a python3 -m http.server --bind 10.77.1.2 8080 >/dev/null 2>&1
wait_for 5 curl -s -o /dev/null http://10.77.1.2:8080/
# hint KIND OPTION...: what a second of it prints, on one line; ping and curl meanwhile where $TRAFFIC is set.
hint() {
	"$FL" inject "$1" netns:flt-a --for 1s "${@:2}" >"$T/out" 2>&1 & _i=$!
	while [ -n "${TRAFFIC:-}" ] && kill -0 $_i 2>/dev/null; do
		ping -n -c 1 -W 1 10.77.1.2 >/dev/null 2>&1; curl -s --max-time 1 -o /dev/null http://10.77.1.2:8080/pay
	done
	wait $_i; rc=$?
	said=$(tr -s ' \n' ' ' <"$T/out")
}
says() { case $said in *"$1"*) ok "it says $1" ;; *) not_ok "not said: '$1'"; sed 's/^/#   /' "$T/out" ;; esac; }
says_not() { case $said in *"$1"*) not_ok "said: '$1'"; sed 's/^/#   /' "$T/out" ;; *) ok "it does not say $1" ;; esac; }

TRAFFIC=1
hint bandwidth --rate 1gbit
check_num "bandwidth that delayed nothing: status" $rc eq 1
says "NOTHING WAS HIT"; says "--rate, or fits in --burst"; says_not draw; says_not --percent
hint network_loss --nth 1000000
says "matched. The model lost none"; says "smaller --nth"
hint latency --delay 1ms --percent 0
says "a higher --percent"
hint http_error --path /nothing --method POST --direction from
says "No HTTP/1.x exchange"; says "--path /nothing, --method POST"; says "Is --direction from the right way round?"; says_not --peer
hint tcp_reset --peer 192.0.2.1
says "--peer 192.0.2.1"; says_not --path
TRAFFIC=
hint latency --delay 1ms --share 5%
says "No packet met its match: is there traffic at all?"; says "Is --share 5% too small?"; says_not --path
# A cache that is not asked by DNS, as getaddrinfo finds it.
mkdir -p /var/run/nscd
bg python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX); s.bind("/var/run/nscd/socket"); time.sleep(1000)'
wait_for 5 test -S /var/run/nscd/socket
hint dns_latency --delay 1s --name shop.lab
says "No DNS answer met its match"; says "--name shop.lab"; says "ask nscd"; says_not draw
"$FL" doctor >"$T/doctor"
check "doctor knows resolvers inside a namespace" grep -q "loopback-dns .*127.0.0.11.*127.0.0.53" "$T/doctor"
check "and nscd" sh -c "tr -s ' \n' ' ' <$T/doctor | grep -q 'not what this host.s nscd answers'"
