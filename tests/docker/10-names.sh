#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Containers as targets: what each way of naming them finds, on a real engine, and what is refused.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
show() { "$BUILD/tests/tools/target_show" "$@"; }
field() { jq -r "$1" "$T/out"; }
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
# fails DESCRIPTION STATUS PATTERN SPEC...: ends with STATUS and says PATTERN.
fails() {
	_d=$1 _s=$2 _p=$3; shift 3
	show "$@" >"$T/out" 2>"$T/err"; _r=$?
	if [ $_r = "$_s" ] && grep -qE -- "$_p" "$T/err"; then ok "$_d"; else
		not_ok "$_d (status $_r)"; sed 's/^/#   /' "$T/err"
	fi
}
# The host side of NAME's interface IF, by the number that sysfs has of it.
host_side() { ip -o link | awk -F': ' -v n="$(docker exec "$1" cat "/sys/class/net/$2/iflink")" '$1 == n {sub(/@.*/, "", $2); print $2}'; }

_t0=$(date +%s%N)
check "a Docker engine in the sandbox" docker_up
note "FIGURE a private dockerd is up after $((($(date +%s%N) - _t0) / 1000000)) ms"
docker_image tiny
docker network create --ipv6 --subnet fd00:77::/64 six >/dev/null
docker network create --internal inner >/dev/null
shop="--label com.docker.compose.project=shop --label com.docker.compose.service"
# shellcheck disable=SC2086
{
	docker run -d --name web --network six tiny sleep 1000 & a=$!
	docker run -d --name shop-pay-1 $shop=pay tiny sleep 1000 & b=$!
	docker run -d --name shop-cart-1 --label tier=back $shop=cart tiny sleep 1000 & c=$!
	docker run -d --name shop-cart-2 --label tier=back $shop=cart tiny sleep 1000 & d=$!
	docker run -d --name other-cart-1 --label com.docker.compose.project=other --label com.docker.compose.service=stock tiny sleep 1000
	wait $a $b $c $d
} >/dev/null
docker network connect inner web

# --- what a name finds ---
show --veth --process docker:web >"$T/out" || not_ok "docker:NAME resolves"
same "a container: name, provider, process" "$(field '.name, .provider, .pid' | xargs)" "web docker $(docker_pid web)"
same "its veths, one a network" "$(field '.veths | map(.ifname) | sort | join(" ")')" "$(for i in eth0 eth1; do host_side web $i; done | sort | xargs)"
same "its addresses, of both kinds" "$(field '.addrs | map(select(test("^::ffff:172.|^fd00:77:"))) | length')" 3
same "its namespaces" "$(field '.netns_inode, .pidns_inode' | xargs)" "$(stat -Lc %i "/proc/$(docker_pid web)/ns/net" "/proc/$(docker_pid web)/ns/pid" | xargs)"
v1=/$DOCKER_CGROUP/$(docker_id web)
v2=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
[ ! -e /sys/fs/cgroup/memory ] || same "its v1 cgroup" "$(field .cgroup_v1)" "$v1"
same "its v2 cgroup, and the id of that" "$(field '.cgroup, .cgroup_id' | xargs)" "$v2$v1 $(stat -c %i "$v2$v1")"
docker exec -d web sleep 1001; wait_for 3 pgrep -fx 'sleep 1001'
show docker:web >"$T/out"
same "a process of docker exec is its own too" "$(field '.pids | length')" 2
show "docker:$(docker_id web)" >"$T/out"
same "by id" "$(field .name)" web
show "docker:$(docker_id web | cut -c1-10)" >"$T/out"
same "by the beginning of its id" "$(field .name)" web
show docker:shop/pay >"$T/out"
same "by Compose project and service" "$(field .name)" shop-pay-1
show pay >"$T/out"
same "a plain name is a Compose service" "$(field '.name, .provider, .pid' | xargs)" "pay docker $(docker_pid shop-pay-1)"
show web >"$T/out"
same "or a container" "$(field '.name, .pid' | xargs)" "web $(docker_pid web)"
docker pause web >/dev/null
show --process docker:web >"$T/out"
same "a paused one is there" "$(field .pid)" "$(docker_pid web)"
docker unpause web >/dev/null

# --- services of a Swarm, by the labels of their tasks ---
swarm="--label com.docker.swarm.service.name"
for i in 1 2; do # shellcheck disable=SC2086
	docker run -d --name sw_api.$i.abc $swarm=sw_api --label com.docker.swarm.task.name=sw_api.$i.abc tiny sleep 1000 >/dev/null
done
fails "two tasks where one is wanted" 2 "'sw_api' is 2 containers.*docker:sw_api.1.abc, docker:sw_api.2.abc" sw_api
check "a fault is on both" sh -c '$FL inject null docker:sw_api --for 50ms -o json >"$0" && [ $(jq "[.. | strings | select(test(\"^sw_api[.][12][.]abc$\"))] | unique | length" "$0") = 2 ]' "$T/both"
show sw_api.2 >"$T/out"
same "a task by its slot" "$(field .pid)" "$(docker_pid sw_api.2.abc)"
fails "not by half of it" 2 "no running container" docker:sw_api.2.a
# Its labels are those of a task, and there is no Swarm that would put another one in its place.
"$FL" inject crash sw_api.1.abc --for 0.2s >"$T/out" 2>"$T/err"
check_num "a task of a Swarm that this node has left is started again: status" $? eq 0
check "and it runs" docker_is sw_api.1.abc running
# shellcheck disable=SC2086
docker run -d --name mixed $swarm=pay tiny sleep 1000 >/dev/null
fails "a Compose service and one of a Swarm" 2 "docker:shop/pay or docker:label=com.docker.swarm.service.name=pay" pay
docker rm -f mixed sw_api.1.abc sw_api.2.abc >/dev/null

# --- a dry run: which of the known services is it, however it is named? ---
of() { "$FL" inject pause "$1" --dry-run -o json | jq -r '.stack | "\(.services) \(.hit | join(" "))"'; }
for t in docker:shop-pay-1 docker:shop/pay pay "docker:$(docker_id shop-pay-1)" "pid:$(docker_pid shop-pay-1)" "cgroup:$v2/$DOCKER_CGROUP/$(docker_id shop-pay-1)"; do
	same "a dry run of ${t:0:40}: one of the four services" "$(of "$t")" "4 pay"
done
same "... of a label: both of its containers are of one" "$(of docker:label=tier=back)" "4 cart"

# --- what is refused ---
fails "several where one is wanted, with the candidates" 2 "'cart' is 2 containers.*docker:shop-cart-1, docker:shop-cart-2" cart
fails "a label that two have" 2 "2 containers.*shop-cart-1" docker:label=tier=back
fails "an image that all have" 2 "is 5 containers" docker:image=tiny
docker run -d --name other-cart-2 --label com.docker.compose.project=other --label com.docker.compose.service=pay tiny sleep 1000 >/dev/null
fails "a service of two projects" 2 "docker:(shop|other)/pay and docker:(shop|other)/pay" pay
fails "a typing error gets the nearest name" 2 "did you mean docker:web" docker:wob
fails "the same for a plain name" 2 "did you mean 'stock'" stick
fails "a label nobody has" 2 "no running container" docker:label=tier=front
fails "an image nobody has" 2 "no running container" docker:image=nonesuch
fails "no name" 2 "is not PROJECT/SERVICE" 'docker:../../etc'
fails "no name either" 2 "names no container" 'docker:%n%s web'
docker run -d --name host --network host tiny sleep 1000 >/dev/null
docker run -d --name alone --network none tiny sleep 1000 >/dev/null
fails "the network of the host" 2 "network of the host itself" --veth docker:host
check "but its processes" show --process docker:host
fails "no network at all, and why" 2 "its network is 'none'; other faults" --veth docker:alone
docker run -d --name side --network container:shop-pay-1 tiny sleep 1000 >/dev/null
show --veth docker:side >"$T/out" || not_ok "a shared network"
same "a network that is shared: with whom" "$(field .note)" "it shares its network with docker:shop-pay-1: what hits one hits both"
show docker:shop-pay-1 >"$T/out"
same "seen from the other side" "$(field .note)" "it shares its network with docker:side: what hits one hits both"
show docker:shop-cart-1 >"$T/out"
same "one that nobody shares" "$(field .note)" ""
docker kill web >/dev/null
fails "a stopped one, with a process wanted" 2 "no process runs" --process docker:web
fails "a stopped one, with a network wanted" 2 "does not run" --veth docker:web
