#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An engine that is busy: it answers pings, and takes seconds for everything else. What it has to undo is waited for.
. "$(dirname "$0")/host.sh"
check "the image" eval 'wait_for 30 docker version && host_image'
SOCKET=${DOCKER_HOST:-unix:///var/run/docker.sock} SOCKET=${SOCKET#unix://}
docker run -d --name slow fltest sleep 100000 >/dev/null
bg python3 "$TOP/tests/tools/servers/slow_engine.py" "$T/slow.sock" "$SOCKET" "$T/wait"
wait_for 20 test -S "$T/slow.sock"
test_down() { docker rm -f slow; }
is() { [ "$(docker inspect -f '{{.State.Status}}' slow)" = "$1" ]; }
frozen() { grep -qx 'frozen 1' "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(docker_pid slow)/cgroup")/cgroup.events"; }
# Begun, and from then on the engine takes five seconds for an answer.
on() { begin "$1" docker:slow --docker-socket "$T/slow.sock"; echo 5 >"$T/wait"; }
off() { finish; rm -f "$T/wait"; }
on stop
check "stop: it is down" wait_for 10 is exited
off; same "its end waits for the engine: status" $rc 0
check "it runs" wait_for 10 is running
check_num "and what it did is told" "$(injected)" gt 0
on pause
check "pause: it is frozen" wait_for 10 frozen
off; same "its status" $rc 0
thawed() { ! frozen; }
check "it is thawed" wait_for 10 thawed
docker unpause slow >/dev/null 2>&1
on stop
wait_for 10 is exited
echo '90 dead' >"$T/wait"
off
same "an engine that is gone: what is still down is no success" $rc 3
check_num "what it did is told all the same" "$(injected)" gt 0
again() { "$FL" recover >/dev/null 2>&1; is running; }
check "recover starts it when the engine is back" wait_for 30 again
