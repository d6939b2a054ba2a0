#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Protected containers: by name, by label, by whatever else they could be reached through.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
refused() { # DESCRIPTION STATUS PATTERN ARGS...: of inject
	_w=$1 _s=$2 _p=$3; shift 3
	"$FL" inject "$@" >"$T/out" 2>"$T/err"; rc=$?
	if [ $rc = "$_s" ] && tr '\n' ' ' <"$T/err" | grep -qE "$_p"; then ok "$_w"; else not_ok "$_w: $rc $(cat "$T/err")"; fi
}
P=/etc/faultline/protect.d
mkdir -p $P
protect() { cat >$P/x.yaml; }

docker_up; docker_image tiny
docker run -d --name gold --label tier=gold tiny sleep 1000 >/dev/null & a=$!
docker run -d --name plain --label tier=tin tiny sleep 1000 >/dev/null & b=$!
wait $a $b
docker run -d --name guest --network container:gold tiny sleep 1000 >/dev/null
for n in 1 2; do docker run -d --name "shop-web-$n" --label com.docker.compose.project=shop --label com.docker.compose.service=web tiny sleep 1000 >/dev/null; done
gold=$(docker_pid gold)

protect <<<'labels: [tier=gold]'
refused "a label" 2 "docker:gold is protected by labels: tier=gold .$P/x.yaml:1" null docker:gold --for 1s
refused "... by its id" 2 'protected by labels' null "docker:$(docker_id gold)" --for 1s
refused "... by a process of it" 2 "protected by labels: .*process $gold in it" null "pid:$gold" --for 1s
refused "... by its cgroup" 2 'protected by labels' null "cgroup:$(awk -F: '/:(pids|memory):|^0::\/./ { print $3; exit }' "/proc/$gold/cgroup")" --for 1s
refused "... by a label of the same containers" 2 'protected by labels' null docker:label=tier=gold --for 1s
refused "... by who shares its network, for a fault of the network" 2 'protected by labels' latency docker:guest --delay 1ms --for 1s
check "... whose processes are not protected" "$FL" inject null docker:guest --for 100ms
check "another value is not" "$FL" inject null docker:plain --for 100ms
protect <<<'labels: [tier]'
refused "a label with any value" 2 'protected by labels: tier' null docker:plain --for 1s
protect <<<'names: [plain]'
refused "a name" 2 'docker:plain is protected by names: plain' null docker:plain --for 1s
refused "... by a process of it" 2 'protected by names' null "pid:$(docker_pid plain)" --for 1s
check "another name is not" "$FL" inject null docker:gold --for 100ms
protect <<<'names: [web]'
refused "a Compose service" 2 'protected by names: web' null docker:shop/web --for 1s
refused "... a container of it" 2 'protected by names: web' null docker:shop-web-2 --for 1s

# Who joins a set later and is protected is left alone.
protect <<<'labels: [tier=gold]'
docker rm -f shop-web-2 >/dev/null
"$FL" inject latency docker:shop/web --delay 300ms --for 60s >"$T/inject" 2>&1 & p=$!
wait_for 10 sh -c "'$FL' list -o json | jq -e '.[0].active'"
docker run -d --name shop-web-3 --label tier=gold --label com.docker.compose.project=shop --label com.docker.compose.service=web tiny sleep 1000 >/dev/null
docker run -d --name shop-web-4 --label com.docker.compose.project=shop --label com.docker.compose.service=web tiny sleep 1000 >/dev/null
rtt() { ping -c 3 -i 0.2 -W 2 -q "$(docker_addr "$1")" | awk -F/ '/^rtt/ { print int($5) }'; }
slow() { [ "$(rtt "$1")" -ge 250 ]; }
check "one that joins is hit" wait_for 10 slow shop-web-4
check_num "... one that is protected is not (ms)" "$(rtt shop-web-3)" lt 250
kill -INT $p; wait $p

# The engine is there and does not answer: nobody can tell.
ip netns add flt-a && _nets="$_nets flt-a"
kill -STOP "$DOCKER_PID"
refused "an engine that does not answer: nothing begins" 3 'cannot tell which containers are protected' null netns:flt-a --for 1s
kill -CONT "$DOCKER_PID"
wait_for 10 docker_answers
rm -rf $P
