#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: alone
# What a syscall fault costs a call that it does not hit, by each backend that this kernel has: in
# the target with another port asked for, and outside the target; beside no fault and beside strace's
# injection on the same loop, all in turns in one run.
. "$(dirname "$0")/../lib.sh"
tree=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
group=$tree/fltest-${T##*.}
mkdir "$group"
loop=$BUILD/tests/tools/syscall_loop
# Emulated, a call takes a hundred times as long.
calls=100000 traced=2000 rounds=5
[ -z "${FLTEST_VM:-}" ] || calls=5000 traced=200 rounds=3
# On one CPU: what strace costs is then its two switches, not how far apart two CPUs are.
pin="taskset -c 0"
cost() { $pin "$loop" connect $calls cost; }
in_group() { $pin "$loop" --in "$group" connect $calls cost; }
under_strace() { $pin strace -qq -o /dev/null -e trace=connect -e inject=connect:error=ETIMEDOUT:when=60000 "$loop" connect $traced cost; }
median() { sort -g "$1" | sed -n $(((rounds + 1) / 2))p; }

check "strace's injection works here" strace -qq -o /dev/null -e inject=connect:error=ETIMEDOUT:when=2 "$loop" connect 50 errors ETIMEDOUT
for backend in override modret cgroup; do
	# The table gives a reason for each backend that cannot serve the call here.
	if ! "$FL" doctor --syscalls -o json | jq -e --arg b $backend '.[] | select(.name == "connect") | .reasons | has($b) | not' >/dev/null; then
		skip "cost of $backend" "syscall backend $backend"
		continue
	fi
	rm -f "$T"/ns.*
	hit=0
	for ((i = 0; i < rounds; i++)); do
		cost >>"$T/ns.plain"
		under_strace >>"$T/ns.strace"
		id=$("$FL" inject syscall_error "cgroup:$group" --syscall connect --errno ETIMEDOUT --port 4444 --backend $backend --detach 2>"$T/err") || not_ok "inject by $backend: $(cat "$T/err")"
		in_group >>"$T/ns.inside"
		cost >>"$T/ns.outside"
		hit=$((hit + $("$FL" list -o json | jq '.[0].injected')))
		"$FL" stop "$id" >/dev/null
	done
	for what in plain strace inside outside; do declare $what="$(median "$T/ns.$what")"; done
	read -r in_ns out_ns trace_ns ratio < <(awk -v p="$plain" -v s="$strace" -v i="$inside" -v o="$outside" 'BEGIN {
		d = i - p; print i - p, o - p, s - p, (s - p) / (d < 1 ? 1 : d) }')
	note "FIGURE non-matching connect by $backend: $plain ns plain, + $in_ns ns in the target, + $out_ns ns outside it, + $trace_ns ns under strace inject"
	check_num "$backend: hit none of them" $hit eq 0
	check_num "$backend: at least 50 times cheaper than strace" "$ratio" ge 50
done
check "the group is empty again" wait_for 2 rmdir "$group"
