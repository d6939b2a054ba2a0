#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Faults on all that Docker calls a network: published ports, user-defined bridges with IPv6, internal
# ones, a network that two containers share. And that nothing is changed in a container, nor left.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
inject() { # KIND TARGET...: in the background; active when it returns
	"$FL" inject "$@" --for 60s >"$T/inject.out" 2>&1 & INJECT=$!
	wait_for 5 sh -c "$FL list -o json | jq -e 'any(.active)'" || { not_ok "$* is on"; sed 's/^/#   /' "$T/inject.out"; }
}
finish() { kill -INT "$INJECT"; wait "$INJECT"; }
# Median of five, ms, of a command's own time.
ms() {
	for _ in 1 2 3 4 5; do
		_t=$(date +%s%N); "$@" >/dev/null 2>&1 || echo 1e9
		echo $((($(date +%s%N) - _t) / 1000))
	done | sort -n | awk 'NR == 3 {print $1 / 1000}'
}
by_port() { curl -s --max-time 5 -o /dev/null http://127.0.0.1:8088/; }
# Round trip from container $1 to $2, ms.
rtt() { docker exec "$1" ping -c 3 -i 0.1 -W 2 "$2" | awk -F/ '/^round-trip/ {print $4}'; }

docker_up; docker_image tiny
docker network create --ipv6 --subnet fd00:88::/64 six >/dev/null
docker network create --internal inner >/dev/null
docker run -d --name web -p 8088:80 tiny httpd -f -p 80 -h /www >/dev/null & a=$!
docker run -d --name peer --network six tiny sleep 1000 >/dev/null & b=$!
docker run -d --name side --network inner tiny sleep 1000 >/dev/null & c=$!
wait $a $b $c
docker network connect six web; docker network connect inner web
docker run -d --name guest --network container:side tiny sleep 1000 >/dev/null
six=$(docker inspect -f '{{.NetworkSettings.Networks.six.GlobalIPv6Address}}' web)
inner=$(docker_addr web inner)
docker diff web >"$T/diff.before"
docker exec web ip link >"$T/link.before"; ip -o link | sed 's/@.*//' >"$T/host.before"
before=$(ms by_port)

inject latency docker:web --delay 50ms --direction from
check_num "through a published port (ms more)" "$(awk "BEGIN {print $(ms by_port) - $before}")" ge 45
check_num "over IPv6 on a user-defined bridge (ms)" "$(rtt peer "$six")" ge 50
check_num "on an internal network (ms)" "$(rtt side "$inner")" ge 50
check "containers see no other links than before" diff "$T/link.before" <(docker exec web ip link)
finish
inject http_error docker:web --status 503 --percent 100
same=$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8088/)
check_num "an HTTP error through a published port" "$same" eq 503
finish
inject partition docker:web --peer docker:side
check "a partition from one peer" sh -c '! docker exec side ping -c 1 -W 1 '"$inner"
check_num "and from no other (ms)" "$(rtt peer "$six")" lt 40
finish
out=$("$FL" inject latency docker:guest --delay 50ms --for 1s 2>&1); rc=$?
check_num "a shared network: refused" $rc eq 3
check "... with whom, and what to name instead" grep -Eq 'it shares its network with docker:side.*ip netns attach.*instead' <<<"$out"
ip netns attach flt-both "$(docker_pid guest)" && _nets="$_nets flt-both"
inject latency netns:flt-both --delay 50ms --direction from
check_num "all of it, named as a namespace (ms)" "$(rtt web "$(docker_addr side inner)")" ge 50
finish
ip netns del flt-both
# The host's own network: by cgroup. (The sandbox is the host.)
docker run -d --name hosted --network host tiny httpd -f -p 8090 -h /www >/dev/null
"$FL" inject latency docker:hosted --delay 50ms --for 50ms >"$T/out" 2>&1
check_num "a container in the host's network is refused" $? eq 2
check "unless it is asked for" grep -q -- --allow-host-interface "$T/out"
gw=$(docker inspect -f '{{.NetworkSettings.Gateway}}' web)
from_web() { # PORT: ms of a request from the container web to the host
	nsenter "--net=/proc/$(docker_pid web)/ns/net" curl -s -o /dev/null --max-time 5 -w '%{time_total}\n' "http://$gw:$1/" | awk '{print int($1 * 1000)}'
}
webrtt() { ping -n -c 3 -i 0.1 -W 2 "$(docker_addr web)" | awk -F/ '/^rtt/ {print $5}'; }
idle=$(from_web 8090)
inject latency docker:hosted --delay 200ms --direction both --allow-host-interface
check_num "with --allow-host-interface its server is late (ms more)" $(($(from_web 8090) - idle)) ge 200
check_num "so is what it sends (ms)" "$(rtt hosted "$(docker_addr web)")" ge 200
check_num "a published port of another is not (ms)" "$(ms by_port)" lt 150
check_num "nor what the host itself sends (ms)" "$(webrtt)" lt 100
check_num "nor another container (ms)" "$(rtt peer "$six")" lt 100
docker restart -t 0 hosted >/dev/null
anew() { [ "$(rtt hosted "$(docker_addr web)" | cut -d. -f1)" -ge 200 ]; }
check "started anew, in another cgroup, it is still hit" wait_for 10 anew
check_num "and the host is not (ms)" "$(webrtt)" lt 100
finish
docker rm -f hosted >/dev/null
check "docker diff: nothing was written in the container" diff "$T/diff.before" <(docker diff web)
check "the host has the links it had" diff "$T/host.before" <(ip -o link | sed 's/@.*//')
check "and their queues and filters" sh -c '! tc qdisc show | grep -q clsact'
