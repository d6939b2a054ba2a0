#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: long
# What a Docker engine may answer: other versions, nonsense, nothing, too much. By a scripted engine on
# a unix socket; the one container that runs in it is a process in a cgroup of that name.
. "$(dirname "$0")/../lib.sh"
SOCK=$T/engine.sock
export DOCKER_HOST=unix://$SOCK
show() { "$BUILD/tests/tools/target_show" "$@"; }
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
# fails DESCRIPTION STATUS PATTERN SPEC: ends with STATUS within 5 s, in few lines, and says PATTERN.
fails() {
	timeout "${PATIENCE:-5}" "$BUILD/tests/tools/target_show" "$4" >"$T/out" 2>"$T/err"; _r=$?
	if [ $_r = "$2" ] && grep -qE -- "$3" "$T/err" && [ "$(wc -c <"$T/err")" -lt 1200 ] && ! grep -q '[[:cntrl:]]' "$T/err"; then ok "$1"; else
		not_ok "$1 (status $_r)"; sed 's/^/#   /' "$T/err" | cut -c1-300
	fi
}
# The group is machine-wide, so its name is unique.
CID=$(echo "$T" | sha256sum | cut -c1-64)
v2=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
mknet c 5
bg ip netns exec flt-c sleep 1000; CPID=$BG_PID
wait_for 3 grep -q sleep "/proc/$CPID/comm"
mkdir -p "$v2/fltest-$CID"; echo "$CPID" >"$v2/fltest-$CID/cgroup.procs"
rmgroup() { kill "$CPID" 2>/dev/null; wait_for 3 rmdir "$v2/fltest-$CID"; }
trap '_rc=$?; rmgroup; (exit $_rc); cleanup' EXIT

# state FILTER: the engine's state is the usual one as FILTER changes it (jq).
jq -cn --arg id "$CID" --argjson pid "$CPID" '{containers: ([{id: $id, name: "web", pid: $pid, labels: {app: "web", "com.docker.compose.project": "shop", "com.docker.compose.service": "front"}}] +
	[range(1; 200) | {id: ("\(.)" + "e" * 64)[:64], name: "c\(.)", pid: 1, labels: {n: "\(.)"}}])}' >"$T/usual"
state() { jq -c "$1" "$T/usual" >"$T/state.new"; mv "$T/state.new" "$T/state"; }
state .
bg python3 "$TOP/tests/tools/servers/fake_engine.py" "$SOCK" "$T/state" "$T/log"; ENGINE=$BG_PID
wait_for 5 curl -s --unix-socket "$SOCK" http://docker/version

# --- versions ---
for v in 1.41:1.41 1.43:1.43 1.47:1.47 1.99:1.47; do
	state ".api = \"${v%:*}\""; : >"$T/log"
	show docker:web >/dev/null
	same "an engine of API ${v%:*} is spoken to in" "$(grep -om 1 'v1\.[0-9]*' "$T/log")" "v${v#*:}"
done
state '.api = "1.40"'; fails "an engine that is too old" 3 'speaks API 1.12 to 1.40, and faultline 1.41 to' docker:web
state '.api = "1.60" | .min_api = "1.55"'; fails "one that is too new" 3 'speaks API 1.55 to 1.60' docker:web
for bad in latest 1 1.x -1.41 ''; do
	state ".api = \"$bad\""; fails "a version '$bad'" 3 'does not say which version' docker:web
done

# --- wrong answers ---
state '.wrong["/version"] = "html"'; fails "something else on the socket" 3 'no JSON' docker:web
state '.wrong["/version"] = "e404"'; fails "an HTTP server that is no engine" 3 'is no engine' docker:web
for what in list inspect; do
	spec=docker:web; [ $what = inspect ] || spec=docker:label=app=web
	state ".wrong.$what = \"html\""; fails "$what: HTML" 3 'no JSON' $spec
	state ".wrong.$what = \"truncated\""; fails "$what: cut in the middle" 3 'no answer' $spec
	state ".wrong.$what = \"shape\""; fails "$what: another shape" 3 'does not list|description' $spec
	state ".wrong.$what = \"e500\""; fails "$what: an error, with a format in it" 3 'answered with 500: driver failed %n%s%s' $spec
	state ".wrong.$what = \"evil\""; fails "$what: an error that plays with the terminal" 3 'answered with 500' $spec
	state ".wrong.$what = \"endless\""; fails "$what: without an end" 3 'larger than' $spec
done
# (It answers /_ping, so it is busy, and is waited for: docs/docker.md.)
state '.wrong.inspect = "hang"'; PATIENCE=40 fails "an engine that does not answer" 3 'no answer from' docker:web
state '.wrong["/_ping"] = "hang"'; PATIENCE=20 fails "one that does not even answer a ping is not waited for" 3 'no answer from' docker:web
state .
bg python3 "$TOP/tests/tools/servers/fake_engine.py" "$T/cold.sock" "$T/state" "$T/cold.log" 5
wait_for 5 test -S "$T/cold.sock"
check "one that systemd starts for the question is waited for" env DOCKER_HOST="unix://$T/cold.sock" "$BUILD/tests/tools/target_show" docker:web
state '.containers[0].id = "../../../etc/passwd"'; fails "an id that is a path" 3 'description' docker:web
state '.containers[0].name = "../%n web"'; fails "a name that is none" 2 'no running container' docker:label=app=web
state '.containers[0].pid = -1'; fails "a process number that is none" 2 'no running|description' docker:label=app=nope
state '.containers[0].pid = 1'; fails "a process that is not the container's" 3 'not its own' docker:web
state '.containers[0].pid = 4000000'; fails "a process that is not here" 3 'not on this host' docker:web
state '.containers[1].id = .containers[0].id[:20] + "f" * 44'
fails "the beginning of two ids" 2 "2 ids: web \(.*, c1 \(" "docker:$(echo "$CID" | cut -c1-8)"
: >"$T/log"
for name in '../../version' 'web/../../x' '%2e%2e' 'a b' '%n%n%n' '-rf' "\$(id)"; do fails "'$name' as a name" 2 'PROJECT/SERVICE|names no container' "docker:$name"; done
same "none of which was asked for" "$(grep -vcE '^GET /v1.[0-9]+/(version|containers/json)|^GET /version' "$T/log")" 0

# --- where the engine is ---
DOCKER_HOST=tcp://10.0.0.1:2375 fails "an engine on another host" 2 'only unix://' docker:web
DOCKER_HOST=unix://engine.sock fails "a relative path" 2 'no absolute path' docker:web
DOCKER_HOST=unix:///$(printf 'x%.0s' $(seq 120)) fails "a path that the kernel does not take" 2 'longer' docker:web
DOCKER_HOST=unix://$T/nothing fails "no engine there" 3 'no answer from|onnect' docker:web
DOCKER_HOST='' fails "none where they usually are" 3 "no engine's socket is there" docker:web
check "the rootless one is found" env DOCKER_HOST= XDG_RUNTIME_DIR="$T/rt" sh -c "mkdir -p $T/rt && ln -sf $SOCK $T/rt/docker.sock && $BUILD/tests/tools/target_show docker:web"
check "and Podman's" env DOCKER_HOST= sh -c "mkdir -p /run/podman && ln -sf $SOCK /run/podman/podman.sock && $BUILD/tests/tools/target_show docker:web"
rm -rf /run/podman
env -u DOCKER_HOST "$FL" --docker-socket "$SOCK" inject latency docker:nonesuch --delay 1ms >"$T/out" 2>&1
check "--docker-socket before the command" grep -q "no running container matches 'nonesuch'" "$T/out"
env -u DOCKER_HOST "$FL" inject latency docker:nonesuch --delay 1ms --docker-socket="$SOCK" >"$T/out" 2>&1
check "and behind it" grep -q "no running container matches 'nonesuch'" "$T/out"

# --- a stream of events that is none: the fault holds, it is told, and the end is an orderly one ---
for how in html e500 endless cut; do
	[ $how = cut ] && state '.open_s = 0.2' || state ".wrong.events = \"$how\""
	: >"$T/log"
	"$FL" inject latency docker:web --delay 60ms --for 3s -o json >"$T/json" 2>"$T/err" & INJECT=$!
	wait_for 2 grep -q 'nobody tells' "$T/err"
	check "events: $how: it is told" grep -q 'nobody tells what becomes of the target: Docker' "$T/err"
	rss=$(awk '/VmHWM/ {print int($2 / 1024)}' "/proc/$INJECT/status")
	[ $how != endless ] || check_num "events without an end: memory is bounded (MiB)" "${rss:-0}" lt 64
	innet c ping -q -c 3 -i 0.05 10.77.5.1 >"$T/ping"
	check "events: $how: the fault is on" awk -F/ '/^rtt/ {exit !($5 >= 60)}' "$T/ping"
	wait $INJECT
	same "events: $how: the end" "$?" 0
	check_num "events: $how: asked for again, not all the time" "$(grep -c '/events' "$T/log")" lt 12
done
same "each time from the last event on" "$(grep '/events' "$T/log" | grep -vc 'since=[0-9]*\.[0-9]')" 0

# --- 200 containers ---
state .; : >"$T/log"
for _ in 1 2 3 4 5 6 7 8 9 10 11; do
	_t=$(date +%s%N); show --veth docker:web >"$T/out" || not_ok "docker:web resolves"
	echo $((($(date +%s%N) - _t) / 1000))
done | sort -n >"$T/times"
same "of 200 containers one is asked about" "$(grep -vc '/_ping' "$T/log") $(grep -vcE '/_ping|/version|/containers/web/json' "$T/log")" "22 0"
check_ms "resolved, the program's start included (ms)" "$(awk 'NR == 6 {print $1 / 1000}' "$T/times")" 300
note "FIGURE one of 200 containers is resolved in $(awk 'NR == 6 {print $1 / 1000}' "$T/times") ms (median of 11, with the program's start)"
: >"$T/log"; show front >/dev/null
same "a plain name: filtered questions only" "$(grep -c 'containers/json$' "$T/log")" 0

# --- doctor ---
doctor() { "$FL" doctor "$@" -o json | jq -r '.features.docker | "\(.supported) \(.reason)"'; }
same "doctor: engine, version, socket" "$(doctor)" "true engine 20.10.99, API 1.41 on $SOCK"
state '.api = "1.24"'
check "doctor: why not" grep -q '^false .*speaks API 1.12 to 1.24' <<<"$(doctor)"
