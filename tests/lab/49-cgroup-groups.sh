#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A target whose v2 group hands controllers on to groups below it, as Podman's and Docker-in-Docker's do:
# that group takes no process. And an owner whose own group is killed as a whole, as by `systemctl kill`.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../target.sh"
# shellcheck disable=SC2154 # of target.sh
enabled=$(cat "$_v2/cgroup.subtree_control")

# --- stressors join the main process's own leaf ---
group=$_v2/faultline-test-${T##*.}-scope
mkdir "$group" "$group/container" "$group/other"
_cgroups="${_cgroups:-} $group/container $group/other $group"
bg sleep 1000; main=$BG_PID
echo "$main" >"$group/container/cgroup.procs"
# Controllers that this host has in v1 are asked of a group there.
for c in cpu blkio; do
	v1=/sys/fs/cgroup/$c/${group##*/}
	[ ! -e "/sys/fs/cgroup/$c/cgroup.procs" ] || { mkdir "$v1" && echo "$main" >"$v1/cgroup.procs"; _cgroups="$_cgroups $v1"; }
done
controller=
for c in $(cat "$_v2/cgroup.controllers"); do
	echo "+$c" >"$_v2/cgroup.subtree_control" 2>/dev/null && echo "+$c" >"$group/cgroup.subtree_control" 2>/dev/null && controller=$c && break
done
sleep 1000 & probe=$!; _pids="$_pids $probe"
if [ -n "$controller" ] && ! echo $probe >"$group/cgroup.procs" 2>/dev/null; then
	in_leaf() { [ "$(grep -vxc "$main" "$group/container/cgroup.procs")" -ge 2 ]; }
	for kind in "cpu_saturation --load 10%" "disk_io --path $T --workers 1 --size 4MiB"; do
		# shellcheck disable=SC2086
		"$FL" inject ${kind%% *} "cgroup:$group" ${kind#* } --for 60s >"$T/out" 2>&1 & p=$!
		check "${kind%% *}: the stressor is where the main process is" wait_for 5 in_leaf
		check "... and in no group beside it" test -z "$(cat "$group/other/cgroup.procs")"
		kill -INT $p; wait $p
	done
	check "stressors are gone" test "$(cat "$group/container/cgroup.procs")" = "$main"
else
	note "no controller of this host's v2 tree can be enabled: the group would take a process"
fi

# What the test has enabled for the host's groups goes when they have gone.
if [[ -n "$controller" && " $enabled " != *" $controller "* ]]; then
	echo "-$controller" >"$group/cgroup.subtree_control"; echo "-$controller" >"$_v2/cgroup.subtree_control"
fi

# --- the owner's group is killed ---
mktarget paused sleep 1000
own=$_v2/faultline-test-${T##*.}-owner
mkdir "$own" && _cgroups="$_cgroups $own"
state() { awk '$1 == "State:" {print $2}' "/proc/$1/status"; }
stands() { grep -q 'frozen 1' "$_v2/$CG/cgroup.events" 2>/dev/null || grep -q FROZEN "/sys/fs/cgroup/freezer/$CG/freezer.state" 2>/dev/null || [ "$(state "$TARGET")" = T ]; }
runs() { ! stands; }
for method in sigstop freezer; do
	bash -c 'echo $$ >"$1/cgroup.procs" && exec "$2" inject pause "pid:$3" --method '$method' --for 60s' - "$own" "$FL" "$TARGET" >"$T/out" 2>&1 & owner=$!
	check "pause by $method is on" wait_for 5 stands
	guardian=$(pgrep -P $owner -x fl-guardian)
	check "the guardian is not in its owner's group" sh -c "! grep -qx ${guardian:-none} '$own/cgroup.procs'"
	check "... the owner is" grep -qx $owner "$own/cgroup.procs"
	if [ -e "$own/cgroup.kill" ]; then echo 1 >"$own/cgroup.kill"; else xargs kill -9 <"$own/cgroup.procs"; fi
	check "its group is killed: the target of pause by $method runs again" wait_for 3 runs
	wait $owner 2>/dev/null
	check "... and nothing is left to undo" wait_for 3 no_session
done

# --- memory, where an OOM kill takes one process ---
limit_memory $((64 << 20))
for more in "" --allow-group-kill; do
	# shellcheck disable=SC2086
	check "memory to half of the limit ${more:-as it is}" "$FL" inject memory "pid:$TARGET" --percent 50% $more --for 500ms
done

# --- a target that dies under a stressor is told, and is no success ---
"$FL" inject cpu_saturation "pid:$TARGET" --load 10% --for 60s -o json >"$T/out" & p=$!
stressed() { [ "$(strangers)" -ge 2 ]; }
wait_for 5 stressed
kill -9 "$TARGET"
sleep 0.3; kill -INT $p; wait $p; rc=$?
check_num "a target that died under the fault: status" $rc eq 1
check "... in the proof" jq -e '.targets_died == 1 and (.effect | test("its main process died while the fault was on, and it has none any more"))' "$T/out"
# The same where it is no stressor that acts.
mktarget died sleep 1000
"$FL" inject pause "pid:$TARGET" --for 60s >"$T/out" & p=$!
wait_for 5 grep -q 'is active' "$T/out"
kill -9 "$TARGET"
sleep 0.3; kill -INT $p; wait $p; rc=$?
check_num "a paused target that was killed: status" $rc eq 1
check "... in words" grep -q "DIED .*pid:$TARGET: its main process $TARGET died while the fault was on" "$T/out"
