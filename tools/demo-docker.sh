#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# demo-docker.sh [BUILD [OPTION...]] - the shop of experiments/docker/compose.yaml as containers, demo.yaml
# run against it (OPTIONs are those of `faultline run`), the scoreboard, and everything taken down.
# DEMO=exercise: the same with the stack and the file of experiments/exercise/; with FILES='FILE...' with each of these
# instead, a line of a table for each. DEMO_PATIENCE: how many seconds the shop may take to become healthy (40);
# SHOP_RATE: user journeys a second (60): fewer for a slow machine.
#
# Where no Docker engine answers one is started for this: in network, mount and pid namespaces of its
# own (tests/sandbox.sh), so that its bridges and firewall rules are not this machine's, with its state in
# a scratch folder. It goes with all it has when the demo ends.
set -u
cd "$(dirname "$0")/.." || exit
[ "$(id -u)" = 0 ] || exec sudo -- env DEMO="${DEMO:-}" FILES="${FILES:-}" DEMO_PATIENCE="${DEMO_PATIENCE:-40}" SHOP_RATE="${SHOP_RATE:-60}" "$0" "$@"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
build=${1:-build}
[ $# = 0 ] || shift
health=http://10.213.77.2:8080/checkout/health
files=(-f experiments/docker/compose.yaml)
name=demo-docker
images='shop monitoring'
case ${DEMO:-} in
'') ;;
exercise)
	files+=(-f experiments/exercise/compose.yaml)
	name=exercise
	images="$images exercise"
	health=http://localhost:8080/checkout/health
	suite=experiments/exercise/experiments.yaml
	;;
*) echo "demo: DEMO=$DEMO is unknown: exercise, or none" >&2; exit 2 ;;
esac
engine=
folder=

compose() {
	if docker compose version >/dev/null 2>&1; then set -- docker compose "$@"; else set -- docker-compose "$@"; fi
	command "$1" "${@:2}"
}
shop() { compose -p faultline-shop "${files[@]}" "$@"; }
# until_ok SECONDS COMMAND...
until_ok() {
	_end=$((SECONDS + $1)); shift
	until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $_end ] || return 1; sleep 0.2; done
}
fail() { echo "demo: $*" >&2; exit 3; }

# --- an engine of our own ---
engine_up() {
	folder=$(mktemp -d /tmp/faultline-docker.XXXXXX)
	export DOCKER_HOST=unix://$folder/docker.sock DOCKER_CONFIG=$folder/config
	mkdir "$DOCKER_CONFIG"
	# Old engines write a key there, wherever their state is.
	[ ! -d /etc/docker ] || mount -t tmpfs tmpfs /etc/docker
	dockerd --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/pid" --host "$DOCKER_HOST" \
		--exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/${folder##*/}" >"$folder/log" 2>&1 &
	engine=$!
	until_ok 30 docker version || { tail -n 5 "$folder/log" >&2; fail "dockerd does not start"; }
	echo "demo: a Docker engine of its own, $(docker version --format '{{.Server.Version}}')"
}
engine_down() {
	docker network prune -f >/dev/null 2>&1
	kill "$engine"
	wait "$engine" 2>/dev/null
	awk -v d="$folder/" 'index($2, d) == 1 {print $2}' /proc/mounts | sort -r | xargs -r umount
	find /sys/fs/cgroup -maxdepth 3 -depth -type d -path "*/${folder##*/}*" -exec rmdir {} + 2>/dev/null
	rm -rf "$folder"
}

# What faultline must leave as it was: files in the containers that their own programs do not write, and
# the host's links and their queues. (A killed container comes back with a veth of another name.)
traces() {
	for c in $(shop ps -q); do docker diff "$c" | grep -Ev '/(data|tmp)(/|$)' | sed "s/^/${c:0:12} /"; done | sort
	{
		ip -o link | awk -F': ' '{sub(/@.*/, "", $2); print "link", $2}'
		tc qdisc show | awk '{print "qdisc", $2, $5}'
	} | sed 's/ veth[0-9a-f]*$/ veth/' | sort | uniq -c
}
finish() {
	shop down --volumes --remove-orphans --timeout 2 >/dev/null 2>&1
	[ -z "$engine" ] || engine_down
}

if ! docker version >/dev/null 2>&1; then
	[ "${FLTEST_SANDBOX:-}" = 1 ] || exec tests/sandbox.sh "$0" "$build" "$@"
	trap finish EXIT
	engine_up
else
	trap finish EXIT
fi
. tools/demo-run.sh
tools/docker-root.sh "$build" || fail "the images' files could not be laid out"
for image in $images; do
	docker build -q -t faultline-$image --label "org.opencontainers.image.version=$(cat VERSION)" \
		--label "org.opencontainers.image.revision=$(git rev-parse HEAD 2>/dev/null)" -f experiments/docker/Dockerfile "$build/docker/$image" >/dev/null ||
		fail "the image faultline-$image could not be built"
done
shop up -d --no-build >"$build/docker/up.log" 2>&1 || { tail -n 5 "$build/docker/up.log" >&2; fail "the shop does not start"; }
until_ok "${DEMO_PATIENCE:-40}" curl -fs -m 2 $health || fail "the shop does not become healthy"
echo "demo: $(shop ps -q | wc -l) containers, and $health answers"
traces >"$build/docker/before"
if [ -n "${FILES:-}" ]; then demo_files "$PWD/$build/faultline" $name --probe $health "$@"; else demo_run "$PWD/$build/faultline" $name "$@"; fi
rc=$?
traces >"$build/docker/after"
echo "demo: files that changed in containers, links and queues on the host, before and after the run:"
diff "$build/docker/before" "$build/docker/after" | sed 's/^/  /' | grep . || echo "  the same"
exit $rc
