#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# DNS faults on the services of a Compose file: a user-defined network, whose resolver is Docker's own at
# 127.0.0.11 inside each container. Names of services, aliases, names outside; by dig and by getaddrinfo.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
. "$(dirname "$0")/../net.sh"
. "$TOP/tools/image-root.sh"
# The world outside: a DNS server in a namespace of ours.
mknet dns 1
bg ip netns exec flt-dns dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= \
	--bind-interfaces --listen-address=10.77.1.2 --cache-size=0 --address=/ext.lab/10.1.2.9 >"$T/dnsmasq.log" 2>&1
docker_up
root=$T/root
image_base "$root"
image_put "$root" /bin/busybox "$(command -v dig)" "$(command -v getent)"
cp -L --parents /lib/*-linux-gnu/libnss_dns.so.2 /lib/*-linux-gnu/libresolv.so.2 "$root"
ln -s busybox "$root/usr/bin/sleep"
tar -C "$root" -c . | docker import - tiny >/dev/null
docker network create app >/dev/null
for c in web cli by; do
	docker run -d --name $c --network app --network-alias $c.alias --dns 10.77.1.2 tiny sleep 1000 >/dev/null &
done
wait $(jobs -p | grep -v "$DOCKER_PID\|$BG_PID")
cli=$(docker_pid cli)
same() { if [ "$2" = "$3" ]; then ok "$1 ($2)"; else not_ok "$1: '$2' is not '$3'"; sed 's/^/#   /' "$T/dig"; fi; }
# ask CONTAINER NAME OPTION...: status and milliseconds, as dig in there tells them.
ask() {
	_c=$1 _name=$2; shift 2
	docker exec "$_c" dig +tries=1 +time=2 "$@" "$_name" >"$T/dig" 2>&1
	status=$(sed -n 's/.*status: \([A-Z]*\),.*/\1/p' "$T/dig") ms=$(sed -n 's/^;; Query time: \([0-9]*\) msec/\1/p' "$T/dig")
	status=${status:-none} ms=${ms:-2000}
}
late() { check_num "$1: not too early" "$ms" ge $(($2 - 11)); check_num "$1: nor twice" "$ms" lt $(($2 + 200)); }
counted() { same "$1" "$(hits "$ID" matched) $(hits "$ID" injected)" "$2 $2"; }
# lookup CONTAINER NAME: whether getaddrinfo finds it there, and its own milliseconds.
lookup() {
	docker exec "$1" busybox time -p getent ahostsv4 "$2" >"$T/dig" 2>&1 && status=NOERROR || status=none
	ms=$(awk '/^real/ {print $2 * 1000}' "$T/dig")
}
docker exec cli busybox cat /etc/resolv.conf >"$T/resolv"
check "Docker's resolver is meant" grep -q 'nameserver 127.0.0.11' "$T/resolv"
wait_for 10 sh -c "docker exec cli dig +tries=1 +time=1 a.ext.lab | grep -q 10.1.2.9" || not_ok "names outside are found"
nsenter -t "$cli" -n iptables-save 2>/dev/null | grep -v '^[#:]' >"$T/nat.before"
nsenter -t "$cli" -n ip -o link >"$T/links.before"
docker diff cli >"$T/diff.before"

for attach in tcx clsact; do
export FAULTLINE_ATTACH=$attach
fault dns_latency docker:cli --delay 300ms
n=0
for name in web web.alias a.ext.lab; do
	for how in +notcp +tcp; do
		ask cli $name $how
		late "$attach: $name $how" 300
		same "and right" "$status" NOERROR
		n=$((n + 1))
	done
done
ask cli a.ext.lab @10.77.1.2
late "$attach: a server outside, asked itself" 300
counted "$attach: one hit for each" $((n + 1))
lookup cli web; late "$attach: getaddrinfo of a service" 300
lookup cli a.ext.lab; late "$attach: getaddrinfo of a name outside" 300
counted "$attach: one for each of these" $((n + 3))
ask by web; check_num "$attach: another container" "$ms" lt 150
lookup by a.ext.lab; check_num "$attach: and its getaddrinfo" "$ms" lt 150
"$FL" set "$ID" delay=100ms name='*.ext.lab' >/dev/null
ask cli a.ext.lab; late "$attach: changed" 100
ask cli web; check_num "$attach: only what it names" "$ms" lt 80
heal
ask cli web; check_num "$attach: ended" "$ms" lt 80

for code in servfail nxdomain refused; do
	fault dns_error docker:cli --rcode $code --name web
	for how in +notcp +tcp; do
		ask cli web $how; same "$attach: $code $how" "$status" "${code^^}"
	done
	counted "both" 2
	ask cli a.ext.lab; same "another name" "$status" NOERROR
	heal
done
fault dns_error docker:cli --rcode nxdomain --name a.ext.lab
lookup cli a.ext.lab; same "$attach: getaddrinfo fails" "$status" none
heal
done
# (Apart: what was dropped from a connection is sent again for a minute, also after the fault.)
for attach in tcx clsact; do
export FAULTLINE_ATTACH=$attach
fault dns_error docker:cli --rcode drop --name $attach.ext.lab
for how in +notcp +tcp; do ask cli $attach.ext.lab $how +time=1; same "$attach: drop $how" "$status" none; done
ask by $attach.ext.lab; same "for nobody else" "$status" NOERROR
heal
done
unset FAULTLINE_ATTACH

for way in from to; do
	fault dns_error docker:cli --rcode refused --direction $way
	ask cli web; same "direction $way" "$status" REFUSED
	heal
done
"$FL" inject dns_error docker:by --for 1s >"$T/inject.out" 2>&1
check "who hit nothing is told where its lookups go" sh -c "tr -s ' \n' ' ' <$T/inject.out | grep -q \"by asks 127.0.0.11 (Docker's own\""
"$FL" inject syscall_error docker:by --syscall bind --errno EIO --for 1s >"$T/inject.out" 2>&1
check "and which calls are missing" sh -c "tr -s ' \n' ' ' <$T/inject.out | grep -q 'No call of the target met its match.*--syscall bind'"
# Killed, and at its end.
clean() { ask cli web; [ "$status" = NOERROR ] && [ "$ms" -lt 100 ]; }
"$FL" inject dns_latency docker:cli --delay 1s --for 60s >"$T/inject.out" 2>&1 & I=$!
wait_for 5 sh -c "$FL list -o json | jq -e 'any(.active)'"
ask cli web; late "before it is killed" 1000
kill -9 $I; wait $I 2>/dev/null
if in_time 2 clean; then ok "killed: clean within 2 s"; else not_ok "killed: clean within 2 s"; fi
"$FL" recover >/dev/null 2>&1
# A container that is started anew takes its fault along.
fault dns_error docker:cli --rcode refused
docker restart -t 0 cli >/dev/null
followed() { ask cli web; [ "$status" = REFUSED ]; }
if wait_for 5 followed; then ok "restarted: the fault is there"; else not_ok "restarted: the fault is there"; fi
heal
cli=$(docker_pid cli)
same "nothing of ours is left in the container" "$(nsenter -t "$cli" -n ip -o link | grep -c 'flh\|clsact')$(nsenter -t "$cli" -n tc qdisc | grep -c clsact)" 00
check "its files" diff "$T/diff.before" <(docker diff cli)
