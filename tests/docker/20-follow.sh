#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A fault goes with its container: restarted, made anew under its name, connected to another network,
# one of a Compose service replaced by another. What `inject` and `list` say of it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
# Round trip to an address, ms; nothing when there is none.
rtt() { ping -c 1 -W 1 "$1" 2>/dev/null | sed -n 's/.*time=\([0-9.]*\) ms/\1/p'; }
slow() { awk -v r="$(rtt "$1")" 'BEGIN { exit !(r != "" && r >= 60) }'; }
web_slow() { slow "$(docker_addr "${1:-web}" "${2:-bridge}")"; }
changes() { jq -r --arg w "$1" '.changes[]? | select(.what == $w) | .after_ms // .target' "$T/$2.json"; }
number() { jq -r --arg w "$1" '[.changes[]? | select(.what == $w)] | length' "$T/$2.json"; }
inject() { # OUT KIND TARGET...: in the background; active when it returns
	_out=$1; shift
	"$FL" inject "$@" --for 60s -o json >"$T/$_out.json" 2>"$T/$_out.err" & INJECT=$!
	wait_for 5 sh -c "$FL list -o json | jq -e 'any(.pid == $INJECT and .active)'"
}
finish() { kill -INT "$1"; wait "$1"; }

docker_up; docker_image tiny
docker network create other >/dev/null
docker run -d --name web tiny sleep 1000 >/dev/null
inject net latency docker:web --delay 60ms --direction to; net=$INJECT
check "the fault is on" web_slow
docker restart -t 0 web >/dev/null
check "after a restart it is on again" wait_for 2 web_slow
docker network connect other web
check "on a network that is connected later as well" wait_for 2 web_slow web other
check "and still on the first one" web_slow
docker network disconnect bridge web
check "also when the first one is gone" web_slow web other
docker rm -f web >/dev/null
docker run -d --name web tiny sleep 1000 >/dev/null
check "a container of the same name that was made anew" wait_for 2 web_slow
"$FL" list >"$T/list"
check "list says that it moved, and when" grep -qE '^ +[0-9:]{8}: web is running again \(process [0-9]+\)' "$T/list"
finish $net
check_num "moved: restart, two changes of networks, anew" "$(number moved net)" ge 4
check "inject says so on the way" grep -q 'web is running again' "$T/net.err"
check "and that it was down" grep -q 'web is no longer running' "$T/net.err"
worst=$(changes moved net | sort -n | tail -n 1)
check_ms "within 1 s of the engine's own stamp (ms)" "$worst" 1000
note "FIGURE the fault was on the new interface $(changes moved net | sort -n | awk '{v[NR] = $1} END {printf "%.0f ms (median of %d, worst %.0f)", v[int((NR + 1) / 2)], NR, v[NR]}') after the engine's event, or the begin of the process"
fast() { awk -v r="$(rtt "$(docker_addr web)")" 'BEGIN { exit !(r != "" && r < 30) }'; }
check "at the end it is off" fast
docker rm -f web >/dev/null

# --- one of a service, replaced by another ---
shop="--label com.docker.compose.project=shop --label com.docker.compose.service=pay"
# shellcheck disable=SC2086
docker run -d --name shop-pay-1 $shop tiny sleep 1000 >/dev/null
inject set latency pay --delay 60ms --direction to
check "a service by its plain name" web_slow shop-pay-1
docker rm -f shop-pay-1 >/dev/null
# shellcheck disable=SC2086
docker run -d --name shop-pay-7 $shop tiny sleep 1000 >/dev/null
check "its next container, by another name" wait_for 2 web_slow shop-pay-7
# shellcheck disable=SC2086
docker run -d --name shop-pay-8 $shop tiny sleep 1000 >/dev/null
check "and one more, when it is scaled up" wait_for 2 web_slow shop-pay-8
check "beside the first" web_slow shop-pay-7
finish $INJECT
same_name=$(jq -r '[.changes[] | select(.what == "moved")][0].target' "$T/set.json")
if [ "$same_name" = pay ]; then ok "and still called what the user calls it"; else not_ok "called '$same_name'"; fi

# --- kinds that hit processes ---
CG() { awk -F: '$2 == "" {print "'"$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)"'" $3}' "/proc/$(docker_pid web)/cgroup"; }
docker rm -f shop-pay-7 shop-pay-8 >/dev/null
docker run -d --name web tiny sleep 1000 >/dev/null
stressed() { for p in $(cat "$(CG)/cgroup.procs" 2>/dev/null); do grep -q stress-ng "/proc/$p/comm" && return 0; done; return 1; }
ahead() { [ $(($(docker exec web date +%s) - $(date +%s))) -gt 3000 ]; }
refused() { docker exec web nc -w 1 127.0.0.1 1 2>&1 | grep -q 'Network is unreachable'; }
inject cpu cpu_saturation docker:web --load 20; cpu=$INJECT
inject skew time_skew docker:web --offset +1h; skew=$INJECT
inject call syscall_error docker:web --syscall connect --errno ENETUNREACH; call=$INJECT
for when in "" ", after a restart"; do
	[ -z "$when" ] || docker restart -t 0 web >/dev/null
	check "a stressor in the container's group$when" wait_for 5 stressed
	check "its clock is ahead$when" wait_for 5 ahead
	check "its calls fail$when" wait_for 3 refused
done
for p in $cpu $skew $call; do finish "$p"; done
