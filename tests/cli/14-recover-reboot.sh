#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# recover after a reboot, where the run directory outlived it: the numbers in its journal (processes,
# interfaces, inodes) belong to others now. They are left alone; what is still ours is undone.
. "$(dirname "$0")/../lib.sh"
now=$(cat /proc/sys/kernel/random/boot_id) then=00000000-1111-2222-3333-444444444444
start_of() { awk '{ sub(/.*\) /, ""); print $20 }' "/proc/$1/stat"; }
bg sleep 300
stranger=$BG_PID start=$(start_of $BG_PID)
mknet a 1
ifindex=$(ip -j link show dev fltv1 | jq '.[0].ifindex')
tc qdisc add dev fltv1 clsact
tc filter add dev fltv1 ingress prio 1 handle 1 bpf bytecode '1,6 0 0 4294967295,' classid 1:1

# left BOOT START: a session of that boot, with the owner's pid and journal of one that was killed.
left() {
	mkdir -p /run/faultline/zzzzzz
	cat >/run/faultline/zzzzzz/session.json <<-J
		{"name":"zzzzzz","purpose":"inject","boot":"$1","pid":$stranger,"start":$start,"generation":1,"started_wall":1.5}
	J
	jq -nc --arg b "$1" --argjson p "$stranger" --argjson s "$2" --argjson i "$ifindex" --argjson n "$(stat -Lc %i /proc/self/ns/net)" '
		{n: 1, boot: $b, undo: "kill-process", args: {pid: $p, start: $s}},
		{n: 2, boot: $b, undo: "tc-filter", args: {netns: $n, ifindex: $i, egress: false, prio: 1, handle: 1, tag: "0011223344556677"}},
		{n: 3, boot: $b, undo: "fq-qdisc", args: {netns: $n, ifindex: $i, session: "zzzzzz"}}' >/run/faultline/zzzzzz/journal.jsonl
}

left "$then" "$start"
check "recover takes the session for dead although its pid lives" "$FL" recover
check "a stranger with the same pid and start time lives" kill -0 "$stranger"
check "a stranger's filter is there" bash -c 'tc filter show dev fltv1 ingress | grep -q "bpf"'
check "the session is gone" [ ! -e /run/faultline/zzzzzz ]

left "$now" "$start"
"$FL" recover >"$T/out"
check "of this boot the owner would be alive: nothing is touched" grep -q 'nothing to recover' "$T/out"
check "... it lives" kill -0 "$stranger"

# The same of this boot, its owner dead: another start time is another process; the right one is ours.
sed -i "s/\"start\":$start/\"start\":1/" /run/faultline/zzzzzz/session.json
sed -i "s/\"start\":$start/\"start\":$((start + 1))/" /run/faultline/zzzzzz/journal.jsonl
check "recover" "$FL" recover
check "a process with the pid alone is a stranger" kill -0 "$stranger"
left "$now" "$start"
sed -i "s/\"start\":$start/\"start\":1/" /run/faultline/zzzzzz/session.json
check "recover" "$FL" recover
check "the process it names is ended" bash -c "! kill -0 $stranger 2>/dev/null"

# --- /run is gone, as after every reboot: list says what is still not as it was ---
bg sleep 300; target=$BG_PID
"$FL" inject 'null' pid:"$target" --file "$T/left" >"$T/inject.out" 2>&1 & owner=$!
wait_for 5 grep -q 'is active' "$T/inject.out"
ID=$("$FL" list -o json | jq -r '.[0].id')
kill -9 "$(pgrep -P $owner -x fl-guardian)" $owner; wait $owner 2>/dev/null
rm -r /run/faultline
check "list shows what the boot before left" sh -c "'$FL' list | grep -q '^$ID  *null .*owner is dead: recover'"
check "recover undoes it" sh -c "'$FL' recover | grep -q '^${ID%.1} recovered: 1 undone$' && [ ! -e '$T/left' ]"
check "list is empty" sh -c "'$FL' list | grep -q 'no faults'"
