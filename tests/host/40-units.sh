#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Services of systemd, and containers whose cgroup has others below it: what systemd makes of a fault, and what
# it leaves.
. "$(dirname "$0")/host.sh"
. "$(dirname "$0")/forms.sh"
unit() { # NAME LINE...: a service of sleep, whose [Service] has these lines besides
	printf '%s\n' '[Service]' 'ExecStart=/bin/sleep 100000' "${@:2}" >"/run/systemd/system/fltest-$1.service"
	systemctl daemon-reload
	systemctl start "fltest-$1"
}
mkdir -p /run/systemd/system
state() { systemctl show -P ActiveState "fltest-$1"; }
state_is() { [ "$(state "$1")" = "$2" ]; }
main_pid() { systemctl show -P MainPID "fltest-$1"; }
test_down() {
	systemctl stop 'fltest-*'
	rm -f /run/systemd/system/fltest-*.service
	systemctl daemon-reload
	systemctl reset-failed 'fltest-*'
	docker rm -f sub
}

# --- stop, and Restart=always ---
unit always Restart=always RestartSec=100ms
was=$(main_pid always)
begin stop unit:fltest-always
check "stop on a unit with Restart=always: it is down" wait_for 10 state_is always inactive
sleep 2
check "and stays so" state_is always inactive
finish; same "stop ends" $rc 0
check "and it runs again" wait_for 20 state_is always active
check "as another process" test "$(main_pid always)" != "$was"
"$FL" inject stop "cgroup:$(systemctl show -P ControlGroup fltest-always)" --for 1s >"$T/out" 2>&1
same "by its cgroup it is refused" $? 2
check "and told how to name it" grep -q 'unit:fltest-always' "$T/out"
for kind in restart crash availability; do
	was=$(main_pid always)
	"$FL" inject $kind unit:fltest-always --for 2s >"$T/out" 2>&1
	same "$kind: its status" $? 0
	check "and it runs" wait_for 20 state_is always active
	check "as another process, after $kind" test "$(main_pid always)" != "$was"
done
unit broken Restart=no 'ExecStartPre=/bin/sh -c "[ ! -e /run/fltest-broken ]"'
begin stop unit:fltest-broken
touch /run/fltest-broken
finish; same "a unit that does not start again is no success" $rc 3
check "and is named" grep -q 'unit:fltest-broken' "$T/err"
rm /run/fltest-broken
started() { state_is broken active || { "$FL" recover >/dev/null 2>&1; state_is broken active; }; }
check "recover, or the guardian, starts it" wait_for 20 started

# --- memory to its limit, and OOMPolicy ---
unit limited MemoryMax=64M OOMPolicy=stop
was=$(main_pid limited)
"$FL" inject memory unit:fltest-limited --percent 100% --for 3s >"$T/out" 2>&1
rc=$?
check_num "memory 100% where an OOM kill ends the unit: refused" $rc ge 2
check "with OOMPolicy, and the option" sh -c "grep -q OOMPolicy $T/out && grep -q allow-group-kill $T/out"
same "and the unit is as it was" "$(main_pid limited)" "$was"
"$FL" inject memory unit:fltest-limited --percent 100% --allow-group-kill --for 4s >"$T/out" 2>&1
note "with --allow-group-kill: status $?; the unit is $(state limited)"
check "allowed: it is not left dead" wait_for 20 state_is limited active
unit lives MemoryMax=64M OOMPolicy=continue
was=$(main_pid lives)
"$FL" inject memory unit:fltest-lives --percent 90% --for 3s -o json >"$T/out" 2>"$T/err"
same "memory 90% of MemoryMax: its status" $? 0
same "and the unit lives" "$(main_pid lives)" "$was"

# --- the owner is a unit, and is killed with all that is in its cgroup ---
unit frozen
begin_owner() { systemd-run --quiet --collect --unit=fltest-owner "$FL" inject "$@" --for 900s; wait_for 30 active; }
frozen() { grep -qx 'frozen 1' "/sys/fs/cgroup$(systemctl show -P ControlGroup fltest-frozen)/cgroup.events" || grep -q '^State:.[Tt]' "/proc/$(main_pid frozen)/status"; }
thawed() { ! frozen; }
begin_owner pause unit:fltest-frozen
check "a fault whose owner is a unit: paused" wait_for 10 frozen
systemctl kill -s KILL fltest-owner
check "the unit is killed, all of it: thawed without recover" wait_for 10 thawed
check "and nothing is left active" wait_for 10 none_active
begin_owner stop unit:fltest-always
check "stopped by a unit" wait_for 10 state_is always inactive
systemctl kill -s KILL fltest-owner
check "which is killed: started again without recover" wait_for 30 state_is always active

# --- a service in the host's network ---
mknet peer 9
unit host
printf '%s\n' '[Service]' "ExecStart=/usr/bin/python3 -m http.server 8089 --bind 10.77.9.1" >/run/systemd/system/fltest-host.service
systemctl daemon-reload; systemctl restart fltest-host
answers() { innet peer curl -sf -o /dev/null --max-time 4 http://10.77.9.1:8089/; }
check "a service in the host's network answers" wait_for 30 answers
"$FL" inject latency unit:fltest-host --delay 50ms --for 1s >"$T/out" 2>&1
check_num "a network fault on it is refused" $? ge 2
check "with what allows it" grep -q -- --allow-host-interface "$T/out"
begin network_loss unit:fltest-host --percent 100% --allow-host-interface
silent() { ! answers; }
check "allowed, it hits the service" wait_for 10 silent
check "and nobody else on the host" innet peer ping -c 3 -W 3 10.77.9.1
finish; same "it ends" $rc 0
check "and is undone" wait_for 10 answers

# --- a container with cgroups of its own below its own ---
host_image && docker run -d --name sub --privileged --memory 128m fltest sleep 100000 >/dev/null
place=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(docker_pid sub)/cgroup")
mkdir "$place/init"
while read -r p; do echo "$p" >"$place/init/cgroup.procs"; done <"$place/cgroup.procs"
echo '+memory +pids' >"$place/cgroup.subtree_control"
check "a container with a cgroup below its own" grep -q memory "$place/init/cgroup.controllers"
for fault in 'cpu_saturation --load 50%' 'memory --percent 80%' 'pause'; do
	kind=${fault%% *}
	# shellcheck disable=SC2086
	"$FL" inject $kind docker:sub ${fault#"$kind"} --for 2s -o json >"$T/out" 2>"$T/err"
	rc=$?
	same "$kind on it: status" $rc 0
	[ $rc = 0 ] || sed 's/^/#   /' "$T/err"
	check_num "$kind: hits" "$(injected)" gt 0
done
same "it runs" "$(docker inspect -f '{{.State.Status}}' sub)" running
