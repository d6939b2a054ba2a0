#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: long
# A node of a Swarm: two engines, each in a network and mount namespace of its own, joined by a bridge in
# a third. The overlay network's end of a task's eth0 lies in a namespace that has no process and no name
# here; it is mounted below the exec root of the engine, in the engine's mount namespace.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
show() { "$BUILD/tests/tools/target_show" "$@"; }
field() { jq -r "$1" "$T/out"; }
PIDS=([1]="" [2]="")
# node N: what follows is about that engine. (Images and services go by $DOCKER_HOST.)
node() {
	PIDS[${NODE:-0}]=$DOCKER_PID
	NODE=$1
	DOCKER_DIR=$T/n$1 DOCKER_SOCK=$T/n$1/s DOCKER_CGROUP=fltest-swarm$1-${T##*.} DOCKER_PID=${PIDS[$1]}
	DOCKER_HOST=unix://$DOCKER_SOCK
	DOCKER_ENTER=(nsenter "--net=/run/netns/flt-sw$1" unshare --mount sh -c 'mkdir -p /run/docker && mount -t tmpfs none /run/docker && exec "$@"' sh)
}
node_up() {
	ip netns add "flt-sw$1" && _nets="$_nets flt-sw$1"
	ip link add "swv$1" netns flt-swhub type veth peer name eth0 netns "flt-sw$1"
	ip -n flt-swhub link set "swv$1" master swb up
	ip -n "flt-sw$1" addr add "10.97.0.1$1/24" dev eth0
	ip -n "flt-sw$1" link set eth0 up; ip -n "flt-sw$1" link set lo up
	ip -n "flt-sw$1" route add default dev eth0
	node "$1"
	docker_up --live-restore=false --bip "10.9$1.0.1/24" && docker_image tiny
}
swarm_down() {
	for _n in 2 1; do
		node $_n
		timeout 30 docker swarm leave --force >/dev/null 2>&1
		docker_down
	done
}
trap '_docker_rc=$?; swarm_down; (exit $_docker_rc); cleanup' EXIT
# The container of service $1 on the node at hand; "" while there is none that runs.
task() { docker ps -q --no-trunc --filter "label=com.docker.swarm.service.name=$1" | head -n 1; }
has_task() { [ -n "$(task "$1")" ]; }
addr() { docker inspect -f '{{.NetworkSettings.Networks.over.IPAddress}}' "$1"; }
rtt() { timeout 10 docker exec "$1" ping -c 3 -i 0.1 -W 2 "$2" | awk -F/ '/^round-trip/ {print $4}'; }
lost() { timeout 20 docker exec "$1" ping -c 40 -i 0.05 -W 1 "$2" | sed -n 's/.* \([0-9]*\)% packet loss.*/\1/p'; }
inject() { # KIND TARGET...: in the background; active when it returns
	"$FL" inject "$@" --for 60s >"$T/inject.out" 2>&1 & INJECT=$!
	wait_for 5 sh -c "$FL list -o json | jq -e 'any(.active)'" || { not_ok "$* is on"; sed 's/^/#   /' "$T/inject.out"; }
}
finish() { kill -INT "$INJECT"; wait "$INJECT"; }

renewed_from() { _task=$(task web); [ -n "$_task" ] && [ "$_task" != "$1" ]; }
ip netns add flt-swhub && _nets="$_nets flt-swhub"
ip -n flt-swhub link add swb type bridge && ip -n flt-swhub link set swb up
check "an engine in a namespace of its own" node_up 1
check "and another one" node_up 2
node 1
docker swarm init --advertise-addr 10.97.0.11 >/dev/null || not_ok "a Swarm begins"
token=$(docker swarm join-token -q worker)
node 2
check "two nodes make a Swarm" docker swarm join --token "$token" 10.97.0.11:2377
node 1
docker network create -d overlay --attachable over >/dev/null
for s in web calm; do
	# Without IPVS in the kernel there are no virtual addresses.
	docker service create -d --name $s --mode global --network over --endpoint-mode dnsrr --no-resolve-image \
		--restart-delay 100ms --stop-grace-period 200ms tiny sleep 1000 >/dev/null || not_ok "a service"
done
for n in 2 1; do node $n; wait_for 20 has_task web && wait_for 20 has_task calm || not_ok "tasks on node $n"; done
node 2; far=$(task web); far_addr=$(addr "$far")
node 1; web=$(task web); web_addr=$(addr "$web"); calm_addr=$(addr "$(task calm)"); web_name=$(docker inspect -f '{{.Name}}' "$web"); web_name=${web_name#/}
far() { node 2; "$@"; _far_rc=$?; node 1; return $_far_rc; }
wait_for 10 far rtt "$far" "$web_addr"

# --- who it is ---
inner=$(nsenter --mount="/proc/$DOCKER_PID/ns/mnt" sh -c "stat -c %i $DOCKER_DIR/exec/netns/1-* $DOCKER_DIR/exec/netns/lb_* 2>/dev/null; stat -c %i /run/docker/netns/1-* 2>/dev/null" | xargs)
show --veth --process web >"$T/out" || not_ok "a service of a Swarm resolves"
pid=$(docker_pid "$web")
same "a plain name is a service of the Swarm: its task here" "$(field '.pid, .name, .provider' | xargs)" "$pid web docker"
same "it has an interface for the overlay network and one for the bridge" "$(field '.veths | length')" 2
case " $inner " in *" $(field '.veths[] | .netns_inode' | grep -vx "$(stat -Lc %i /run/netns/flt-sw1)") "*) ok "the other end of the first lies in the namespace of the overlay network" ;;
*) not_ok "the other end lies in the overlay network's namespace: $(field '.veths[] | .netns_inode' | xargs) is none of $inner" ;; esac
show --veth "docker:$web_name" >"$T/out"
same "a task by its name" "$(field .pid)" "$pid"
show --veth "docker:${web_name%.*}" >"$T/out"
same "and without its id" "$(field .pid)" "$pid"

# --- network faults on the overlay network ---
inject latency web --delay 50ms --direction from
check_num "latency (ms)" "$(far rtt "$far" "$web_addr")" ge 50
check_num "and none for another service's task on this node (ms)" "$(far rtt "$far" "$calm_addr")" lt 40
finish
inject loss web --percent 50 --direction from --seed 1
_lost=$(far lost "$far" "$web_addr")
check_num "loss (%, the upper bound)" "$_lost" lt 90
check_num "loss (%, the lower bound)" "$_lost" gt 10
finish
inject partition web --peer "$far_addr"
check "a partition" sh -c "! timeout 5 docker exec $web ping -c 1 -W 1 $far_addr"
check_num "and from no other (ms)" "$(rtt "$web" "$calm_addr")" lt 40
finish
check_num "all is as before (ms)" "$(far rtt "$far" "$web_addr")" lt 40
inject latency web --delay 50ms --direction from
docker kill "$web" >/dev/null
renewed() { [ "$(task web)" != "$web" ] && has_task web; }
check "the Swarm makes a new task" wait_for 20 renewed
on_new() { new_addr=$(addr "$(task web)"); awk -v r="$(far rtt "$far" "$new_addr")" 'BEGIN { exit !(r >= 50) }'; }
check "and the fault is on that one" wait_for 10 on_new
finish

# --- what needs no interface ---
bg nsenter --net=/run/netns/flt-sw1 sleep 306; on_host=$BG_PID
for t in web "docker:$web_name" "pid:$on_host" netns:flt-sw1; do
	[ "$t" != "docker:$web_name" ] || t=docker:$(docker inspect -f '{{.Name}}' "$(task web)" | tr -d /)
	check "null on $t" "$FL" inject null "$t" --for 50ms
done
check "pause on a service" "$FL" inject pause web --for 100ms
check "pause on a process in the network of the node" "$FL" inject pause "pid:$on_host" --for 100ms
check "cpu on a service" "$FL" inject cpu web --load 10% --for 200ms
# Swarm puts another task in the place of one that ended: the old one is not started as well.
running() { docker ps -q --filter label=com.docker.swarm.service.name=web | wc -l; }
for kind in stop restart; do
	old=$(task web)
	"$FL" inject $kind web --grace 100ms --for 1s >"$T/inject.out" 2>&1
	same "$kind on a service: status" $? 0
	check "another task takes its place" wait_for 20 renewed_from "$old"
	sleep 1
	same "and is the only one here" "$(running)" 1
done
docker service rm web calm >/dev/null
