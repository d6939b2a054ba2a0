#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The commands on living faults, with the null kind: inject in both ways, list, set, stop, what a
# failing step does. tests/lab has the same with packets.
. "$(dirname "$0")/../lib.sh"
ip netns add flt-a && _nets="$_nets flt-a"
ip netns add flt-b && _nets="$_nets flt-b"
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
listed() { "$FL" list -o json | jq -r "$1"; }
gone() { [ ! -e /run/faultline ]; }
file=$T/made

# --- in the foreground ---
"$FL" inject null netns:flt-a --hits 3 --for 200ms -o json >"$T/out" 2>"$T/err"; rc=$?
same "a fault with hits: status 0" $rc 0
same "its proof" "$(jq -r '"\(.matched) \(.injected) \(.targets[0]) \(.params.hits)"' "$T/out")" "3 3 netns:flt-a 3"
check "... and that it is on is said on standard error, standard output is one document" grep -q ' is active (' "$T/err"
check_num "as long as was asked" "$(jq .active_s "$T/out")" ge 0.2
check_num "... and no longer" "$(jq .active_s "$T/out")" lt 0.6
check "the first hit is not after the last" jq -e '.first_hit_wall <= .last_hit_wall' "$T/out"
"$FL" inject null netns:flt-a --hits 0 --for 50ms >"$T/out"; rc=$?
same "a fault without a hit: status 1" $rc 1
check "... and it says so loudly" grep -q "NOTHING WAS HIT" "$T/out"
"$FL" inject null netns:flt-a,netns:flt-b --for 50ms -o json >"$T/out"
same "two targets, with a comma" "$(jq -r '.targets | join(" ")' "$T/out")" "netns:flt-a netns:flt-b"
"$FL" inject null netns:flt-a netns:flt-b --for 50ms -o json >"$T/out"
same "two targets, as two words" "$(jq -r '.targets | join(" ")' "$T/out")" "netns:flt-a netns:flt-b"
check "nothing is left of them" gone
for sig in INT TERM HUP; do
	"$FL" inject null netns:flt-a --file "$file" >"$T/out" & p=$!
	wait_for 5 test -e "$file"
	t0=$(date +%s%N); kill -$sig $p; wait $p; rc=$?
	same "SIG$sig ends it with its proof" "$rc $(grep -c 'injected  1' "$T/out")" "0 1"
	check_ms "... at once (ms)" $((($(date +%s%N) - t0) / 1000000)) 500
	check "... and rolled back" sh -c "[ ! -e '$file' ] && [ ! -e /run/faultline ]"
done

# --- in the background ---
id=$("$FL" inject null netns:flt-a --hits 3 --file "$file" --for 60s --detach)
same "--detach prints the id, once it is active" "$(echo "$id" | grep -cE '^[0-9a-z]{6}\.1$') $([ -e "$file" ] && echo active)" "1 active"
same "list has it" "$(listed '.[] | "\(.id) \(.kind) \(.targets | join(",")) \(.backend) \(.params.hits) \(.matched) \(.injected)"')" "$id null netns:flt-a none 3 3 3"
check_num "... with the time that is left" "$(listed '.[0].expires_in_s')" gt 50
check "list for people has it" sh -c "'$FL' list | grep -q '$id.*null.*active'"
check "set changes a live parameter" "$FL" set "$id" hits=42
wait_for 3 sh -c "'$FL' list -o json | jq -e '.[0].matched == 42'"
same "... and list shows it" "$(listed '.[0] | "\(.params.hits) \(.matched)"')" "42 42"
"$FL" set "$id" fail=arm >"$T/out" 2>"$T/err"; rc=$?
same "set refuses one that is not live" "$rc $(grep -c 'cannot be changed' "$T/err")" "2 1"
"$FL" set "$id" hist=1 >"$T/out" 2>"$T/err"; rc=$?
same "set names the nearest key" "$rc $(grep -c "'hits'" "$T/err")" "2 1"
"$FL" set "$id" hits=-1 >"$T/out" 2>"$T/err"; rc=$?
same "set checks the value" $rc 2
same "... and the old one stays" "$(listed '.[0].params.hits')" 42
id2=$("$FL" inject null netns:flt-b --detach)
same "a second session beside it" "$(listed length)" 2
check "recover touches no living session" sh -c "'$FL' recover | grep -q 'nothing to recover'"
t0=$(date +%s%N)
same "stop ID" "$("$FL" stop "$id")" "$id stopped"
check_ms "... returns soon (ms)" $((($(date +%s%N) - t0) / 1000000)) 1000
same "... when it is rolled back, the other one stays" "$([ -e "$file" ] || echo gone) $(listed '.[].id')" "gone $id2"
same "stop SESSION" "$("$FL" stop "${id2%.1}" -o json | jq -r '.stopped[]')" "${id2%.1}"
check "then nothing is left" gone
"$FL" inject null netns:flt-a --detach >"$T/out"; "$FL" inject null netns:flt-b --detach >"$T/out"
same "stop --all" "$("$FL" stop --all | grep -c stopped)" 2
same "again: nothing to stop" "$("$FL" stop --all)" "nothing to stop"
check "and nothing is left" gone
"$FL" inject null netns:flt-a --for 300ms --detach >"$T/out"
check "--for ends a detached one" wait_for 3 gone

# --- when a step fails ---
for step in arm activate; do
	for how in "" --detach; do
		# shellcheck disable=SC2086
		"$FL" inject null netns:flt-a --fail $step --file "$file" $how >"$T/out" 2>"$T/err"; rc=$?
		same "$step fails $how: its status and reason" "$rc $(grep -c "$step fails, as asked" "$T/err")" "3 1"
		check "... nothing is left" sh -c "[ ! -e '$file' ] && [ ! -e /run/faultline ]"
	done
done
"$FL" inject null netns:flt-a --fail proof --for 50ms --file "$file" >"$T/out" 2>"$T/err"; rc=$?
same "proof fails: said, and rolled back all the same" "$rc $([ -e "$file" ] || echo gone)" "3 gone"
"$FL" inject null netns:flt-a --fail disarm --for 50ms --file "$file" >"$T/out" 2>"$T/err"; rc=$?
same "disarm fails: said, and the journal undoes it" "$rc $([ -e "$file" ] || echo gone)" "3 gone"
check "nothing is left of the failed ones" gone

# --- an owner that works for long is not one that hangs (the guardian kills those after 5 s) ---
"$FL" inject null netns:flt-a --delay 6s --for 100ms >"$T/out"; rc=$?
same "arming may take longer than a hang" "$rc $(grep -c 'injected  1' "$T/out")" "0 1"
