#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Kill, stop, restart and pause of containers: by the engine, which knows of it; and that everything
# runs again afterwards, also when faultline was killed and `recover` has to do it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
inject() { # KIND [OPTION...] TARGET: in the background; active when it returns
	"$FL" inject "$@" --for 60s >"$T/inject.out" 2>&1 & INJECT=$!
	wait_for 5 sh -c "$FL list -o json | jq -e 'any(.active)'"
}
finish() { kill -INT "$INJECT"; wait "$INJECT"; }
effect() { grep -q "$1" "$T/inject.out"; }
runs() { docker_is "$1" running; }
again() { [ "$(docker_pid "$1")" != "$2" ] && runs "$1"; }
no_session() { [ -z "$(ls /run/faultline 2>/dev/null)" ]; }

docker_up; docker_image tiny
docker run -d --name plain tiny sleep 1000 >/dev/null & a=$!
docker run -d --name keeper --restart always tiny sleep 1000 >/dev/null & b=$!
docker run -d --name polite --stop-signal USR1 tiny sh -c 'trap "exit 0" USR1; while :; do sleep 0.1; done' >/dev/null
wait $a $b

# --- kill ---
inject availability docker:plain
check "a container without a restart policy is down" docker_is plain exited
check "by its engine" [ "$(docker inspect -f '{{.State.ExitCode}}' plain)" = 137 ]
finish
check "and started again at the end" runs plain
check "the effect" effect '1 kill of 1 process (SIGKILL), down'
pid=$(docker_pid keeper)
inject availability docker:keeper
check "one with a restart policy is brought back by its engine" wait_for 5 again keeper "$pid"
check "which inject sees" wait_for 3 effect 'keeper is running again'
finish
check "and counts" effect '1 restart seen'

# --- stop and restart ---
pid=$(docker_pid keeper)
inject stop docker:keeper --grace 300ms
check "stop: down, whatever its restart policy" wait_for 5 docker_is keeper exited
sleep 0.5 # the policy would have brought it back within 100 ms
check "and stays down" docker_is keeper exited
finish
check "until the end" wait_for 3 runs keeper
inject stop docker:polite
check "stop sends the container's own stop signal" wait_for 3 docker_is polite exited
check "which it obeys" [ "$(docker inspect -f '{{.State.ExitCode}}' polite)" = 0 ]
finish
pid=$(docker_pid plain)
inject restart docker:plain --grace 200ms
check "restart: it runs anew" wait_for 5 again plain "$pid"
finish

# --- pause ---
inject pause docker:plain
check "pause: the engine knows of it" docker_is plain paused
check "by which means" effect 'container engine'
finish
check "and lets it go on" runs plain
docker pause plain >/dev/null
"$FL" inject pause docker:plain --for 1s >"$T/out" 2>&1
check "one that is paused already is refused" grep -q 'frozen already' "$T/out"
docker unpause plain >/dev/null

# --- killed tools ---
for kind in "stop --grace 200ms" pause; do
	for who in owner both; do
		# shellcheck disable=SC2086
		inject $kind docker:plain
		wait_for 3 sh -c "[ \$(docker inspect -f '{{.State.Status}}' plain) != running ]"
		[ $who = owner ] || kill -9 "$(pgrep -P "$INJECT" -x fl-guardian)"
		kill -9 "$INJECT"; wait "$INJECT" 2>/dev/null
		# It is not told where the engine is: the journal knows.
		[ $who = owner ] || env -u DOCKER_HOST "$FL" recover >"$T/out" 2>&1
		check "${kind%% *}: it runs again after SIGKILL of $who" wait_for 3 runs plain
		check "${kind%% *}: no session is left" wait_for 3 no_session
	done
done

# --- an engine that has gone ---
inject pause docker:plain
docker_kill
finish
# (Where both are, the engine takes the one of v1.)
check "no engine at the rollback: thawed all the same" sh -c '! cat "/sys/fs/cgroup/freezer/$1/"*/freezer.state "/sys/fs/cgroup/$1/"*/cgroup.freeze 2>/dev/null | grep -qE "FROZEN|FREEZING|^1$"' - "$DOCKER_CGROUP"
docker_up
docker unpause plain >/dev/null 2>&1
inject stop docker:plain --grace 200ms
wait_for 3 docker_is plain exited
docker_kill
finish
check "no engine at the rollback of a stop: it is said" grep -q "no answer from $DOCKER_SOCK" "$T/inject.out"
docker_up
env -u DOCKER_HOST "$FL" recover >"$T/out" 2>&1
check "and recover starts it when the engine is back" wait_for 3 runs plain
check "no session is left" wait_for 3 no_session
