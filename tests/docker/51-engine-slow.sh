#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: long
# An engine that is busy: it answers pings, and takes four seconds for everything else. Faults hold, what only
# it can undo is waited for, and nobody stays frozen for its sake. And one that does not answer at all.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
docker_up; docker_image tiny
docker run -d --name web tiny sh -c 'trap "exit 0" TERM; while :; do cat /proc/uptime >/tmp/now; sleep 0.1; done' >/dev/null
python3 "$TOP/tests/tools/servers/slow_engine.py" "$T/slow.sock" "$DOCKER_SOCK" "$T/wait" & SLOW=$!
wait_for 5 test -S "$T/slow.sock"
# on SECONDS KIND OPTION...: on docker:web by the slow way; from when it is active on the engine is as $BUSY says.
on() {
	_s=$1; shift
	DOCKER_HOST=unix://$T/slow.sock "$FL" inject "$1" docker:web "${@:2}" --for "${_s}s" >"$T/out" 2>&1 & _i=$!
	wait_for 10 sh -c "$FL list -o json | jq -e 'any(.active)'" || not_ok "$1 is on"
	echo "$BUSY" >"$T/wait"
	wait $_i; rc=$?
	rm "$T/wait"
}
# It goes on: it writes the time, again and again.
wrote() { cat "/proc/$(docker_pid web)/root/tmp/now"; }
wrote_more() { [ "$_w" != "$(wrote)" ]; }
goes_on() { _w=$(wrote); wait_for 2 wrote_more; }
injected() { awk '$1 == "injected" {print $2}' "$T/out"; }
BUSY=4
on 2 stop
check_num "stop: the end waits for the engine: status" $rc eq 0
check "and the container runs" docker_is web running
check_num "what it did is told" "$(injected)" ge 1
on 3 pause
check_num "pause: status" $rc eq 0
check "thawed" goes_on
check_num "without waiting for the engine (s)" "$(sed -n 's/.*active for \([0-9.]*\) s/\1/p' "$T/out")" lt 6
docker unpause web >/dev/null 2>&1
echo 4 >"$T/wait"
DOCKER_HOST=unix://$T/slow.sock "$FL" inject memory docker:web --bytes 1M --for 1s >"$T/out" 2>&1; rc=$?
check_num "a fault begins all the same: status" $rc eq 0
rm "$T/wait"
for kind in crash availability; do
	wait_for 5 docker_is web running
	echo '3 kill' >"$T/wait"
	DOCKER_HOST=unix://$T/slow.sock "$FL" inject $kind docker:web --for 1s >"$T/out" 2>&1; rc=$?
	check_num "$kind: an engine that has killed it, and says so too late: status" $rc eq 0
	check_num "$kind: that is a hit" "$(injected)" eq 1
	rm "$T/wait"
done
wait_for 5 docker_is web running
BUSY='9 dead'
on 2 stop
check_num "one that does not answer at all: what is still down is no success" $rc eq 3
check_num "what it did is told first" "$(injected)" ge 1
check "and what is left" grep -q 'is still down: Docker: no answer' "$T/out"
"$FL" recover >"$T/out" 2>&1
check "recover starts it" docker_is web running
kill $SLOW; wait $SLOW 2>/dev/null || :
