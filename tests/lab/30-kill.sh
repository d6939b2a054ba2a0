#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# SIGKILL at random moments, of the owner, of its guardian, of both: traffic is clean within 2 s,
# what the kernel does not undo is undone by who is left, else by `recover`, and a second `recover`
# finds nothing. FLTEST_KILLS=50 for more rounds.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
KILLS=${FLTEST_KILLS:-12}
RANDOM=${FLTEST_SEED:-$(($(date +%s) % 32768))}
note "rounds $KILLS, FLTEST_SEED=$RANDOM"
mknet a 1
mknet b 2
steady a 1 b 2
check "the target answers" ping -c 1 -W 2 10.77.1.2
clean_since "$(now_us)"
check_num "no packet is hit without a fault" "$HITS" eq 0

links() { ip -o link | awk -F': ' '{print $2}' | sort; }
# (An empty /run/faultline holds nothing.)
state() { links; find /sys/fs/bpf/faultline "$T/made" 2>/dev/null; find /run/faultline -mindepth 1 2>/dev/null; tc filter show dev fltv1 ingress; tc filter show dev fltv1 egress; ps -eo comm= | grep -E '^(faultline|fl-)'; }
state >"$T/state0"
untouched() { state | cmp -s - "$T/state0"; }

# Three kills of four find the fault active, the others come before, on every machine.
t0=$(now_us)
fault latency netns:flt-a --delay 100ms
spread=$((4 * ($(now_us) - t0)))
heal

worst=0 wrong=0 recovered=0 active=0 behind=0
for ((i = 0; i < KILLS; i++)); do
	who=$((i % 3)) kind=$((i / 3 % 3))
	case $kind in
	0) "$FL" inject latency netns:flt-a --delay 100ms --for 60s >/dev/null 2>&1 & ;;
	1) "$FL" inject null netns:flt-a --file "$T/made" --for 60s >/dev/null 2>&1 & ;;
	# The filters of older kernels stay when their process dies: inert by the lease, then removed.
	2) FAULTLINE_ATTACH=clsact "$FL" inject latency netns:flt-a --delay 100ms --for 60s >/dev/null 2>&1 & ;;
	esac
	owner=$!
	begun=$(now_us)
	# From before the session exists to well after the fault is active.
	sleep "$(awk -v r=$RANDOM -v s=$spread 'BEGIN {print s * r / 32768 / 1e6}')"
	guardian=$(pgrep -P $owner -x fl-guardian)
	t0=$(now_us)
	[ $who = 0 ] || [ -z "$guardian" ] || kill -9 "$guardian"
	[ $who = 1 ] || kill -9 $owner
	# An owner goes on without its guardian, and ends in order: no packet is hit once it is gone.
	[ $who != 1 ] || kill -TERM $owner
	wait $owner 2>/dev/null
	[ $who != 1 ] || t0=$(now_us)
	clean_since "$t0"
	if [ $who = 1 ]; then
		behind=$((behind + HITS))
	else
		[ "$CLEAN_MS" -le $worst ] || worst=$CLEAN_MS
	fi
	clean_since "$begun"
	[ "$HITS" = 0 ] || active=$((active + 1))
	if [ $who = 2 ]; then
		[ -z "$(find /run/faultline -mindepth 1 -maxdepth 1 2>/dev/null)" ] || recovered=$((recovered + 1))
		"$FL" recover >"$T/recover" || { wrong=$((wrong + 1)); note "round $i: recover failed: $(cat "$T/recover")"; }
	fi
	if ! wait_for 2 untouched; then
		wrong=$((wrong + 1))
		note "round $i (kind $kind, killed $who): left behind:"; state | diff "$T/state0" - | sed 's/^/#   /'
		"$FL" recover >/dev/null
	fi
	again=$("$FL" recover)
	[ "$again" = "nothing to recover" ] || { wrong=$((wrong + 1)); note "round $i: a second recover: $again"; }
done
check_num "SIGKILL in $KILLS rounds: rounds that left something" $wrong eq 0
check_num "traffic is clean again, worst (ms)" $worst le 2000
check_num "packets hit behind an end in order" $behind eq 0
check_num "rounds that found packets hit" $active ge 1
check_num "rounds where recover had work" $recovered ge 1
note "FIGURE SIGKILL at $KILLS random moments: traffic clean after at most $worst ms, nothing left"

# --- SIGKILL of the owner at each moment at which something of a session is made or removed ---
calls='?mkdir,mkdirat,?rmdir,?unlink,unlinkat,?rename,renameat,renameat2'
if [ -x "$(command -v strace)" ]; then
	for fault in "null --file $T/made" "latency --delay 100ms"; do
		n=0 left=0 rc=137
		while [ $rc = 137 ] && [ $n -lt 80 ]; do
			n=$((n + 1))
			# shellcheck disable=SC2086
			{ strace -o /dev/null -e trace="$calls" -e inject="$calls:signal=KILL:when=$n" \
				"$FL" inject ${fault/ / netns:flt-a } --for 20ms >/dev/null; } 2>/dev/null
			rc=$?
			wait_for 5 untouched && continue
			left=$((left + 1))
			note "$fault, killed at the call $n:"; state | diff "$T/state0" - | sed 's/^/#   /'
			"$FL" recover >/dev/null
		done
		check "$fault: the last one ends by itself" test $rc = 0 -o $rc = 1
		check_num "killed at $((n - 1)) calls, one after the other" $((n - 1)) ge 10
		check_num "... of which something is left behind" $left eq 0
	done
else
	skip "SIGKILL at each call" strace
fi

# --- a hung owner: the kernel ends the fault by the lease, the guardian the rest ---
fault latency netns:flt-a --delay 100ms
hitting() { [ "$(hits "$ID" injected)" -gt 0 ]; }
check "packets are hit" wait_for 2 hitting
pid=$("$FL" list -o json | jq '.[0].pid')
t0=$(now_us)
kill -STOP "$pid"
clean_since "$t0"
check_num "the owner hangs: traffic is clean, after (ms)" "$CLEAN_MS" le 2000
check "... and its guardian ends the session" wait_for 8 untouched
"$FL" inject null netns:flt-a --for 60s >"$T/hung.out" 2>"$T/hung" & pid=$!
active() { grep -q 'is active' "$T/hung.out" "$T/hung"; }
check "another, at a terminal of its own" wait_for 5 active
kill -STOP $pid; wait $pid 2>/dev/null
check_num "... is ended: status" $? eq 137
check "... and whoever waits for it is told why" wait_for 2 grep -q '^faultline: session .* gave no sign of life for 5 s .*its guardian has ended it' "$T/hung"
check "... nothing is left of it" wait_for 8 untouched

# --- dead, and both killed: stop and recover on what is left ---
both_killed() {
	"$FL" inject null netns:flt-a --file "$T/made" --detach >"$T/out"
	_o=$("$FL" list -o json | jq '.[0].pid')
	kill -9 "$(pgrep -P "$_o" -x fl-guardian)" "$_o"
	wait_for 2 sh -c "[ ! -d /proc/$_o ]"
}
both_killed
check "the file is still there, list says who is dead" sh -c "[ -e '$T/made' ] && '$FL' list -o json | jq -e '.[0].owner_alive == false'"
check "stop of a dead one recovers it" "$FL" stop "$(cat "$T/out")"
check "... all of it" untouched
both_killed
rm "$T/made"; echo precious >"$T/made"
check "recover says what it did" sh -c "'$FL' recover -o json | jq -e '.recovered | length == 1 and .[0].error == null'"
check "a file that is another one by now is left alone" grep -q precious "$T/made"
rm "$T/made"
check "a second recover does nothing, and says so" sh -c "'$FL' recover | grep -q 'nothing to recover'"
both_killed
printf '{"n": 2, "undo": "remove-fi' >>"$(ls -d /run/faultline/*/)journal.jsonl"
check "a journal that was torn in its last line" "$FL" recover
check "... is undone" untouched
