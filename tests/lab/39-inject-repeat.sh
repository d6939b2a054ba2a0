#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# inject --repeat-every: rounds by the clock, with and without jitter; that nothing is on between two; what ends it, what is
# left out, what is refused.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
sleep 1000 & one=$!
_pids="$_pids $one"
# times FILE: when each round began, in seconds since the first.
times() { jq -r '.rounds | (.[0].first_hit_wall) as $z | .[] | .first_hit_wall - $z' "$1"; }
"$FL" inject null "pid:$one" --for 300ms --repeat-every 1s --repeat 4 -o json >"$T/out" 2>"$T/err" & p=$!
wait_for 5 sh -c "'$FL' list -o json | jq -e '.[0].active'"
check "after its time it is off" in_time 2 sh -c "[ \"\$('$FL' list -o json)\" = '[]' ]"
check "... and on again" in_time 2 sh -c "'$FL' list -o json | jq -e '.[0].active'"
wait $p; _rc=$?
check_num "four rounds: status" $_rc eq 0
check "one document has all of them" jq -e '(.rounds | length == 4 and all(.injected == 1)) and .left_out == 0' "$T/out"
check "each is a session of its own" sh -c "[ \$(jq -r '.rounds[].id' '$T/out' | sort -u | wc -l) = 4 ]"
n=0
for t in $(times "$T/out"); do near "round $((n + 1)) begins after (s)" "$t" $n 0.3; n=$((n + 1)); done
check "it says when the next one begins" grep -qE '^round 2 of 4 begins at [0-9:]{8}, in 0\.[0-9] s$' "$T/err"

# A jitter of a second on every two: the same draws with the same seed, never too early, never too late.
mkdir -p "$T/j"
mknet jt 1
for i in 1 2; do
	ping -qni 0.05 -w 12 10.77.1.2 >/dev/null & _pids="$_pids $!"
	"$FL" inject latency netns:flt-jt --delay 1ms --seed 7 --for 300ms --repeat-every 2s --repeat-jitter 1s --repeat 5 -o json >"$T/j/$i" 2>/dev/null &
	ps[$i]=$!
	wait "${ps[$i]}"
done
k=0
while read -r a b; do
	check_num "round $((k + 1)) with jitter: not before its time (s)" "$(calc "$a - 2 * $k")" ge -0.3
	check_num "... nor a second behind it" "$(calc "$a - 2 * $k")" le 1.3
	near "... and the same again with the same seed" "$b" "$a" 0.3
	k=$((k + 1))
done < <(paste <(times "$T/j/1") <(times "$T/j/2"))
check_num "rounds that jitter moved" "$(times "$T/j/1" | awk '{ d = $1 - 2 * (NR - 1); if (d > 0.1) n++ } END { print n + 0 }')" ge 2

# --- what ends it ---
"$FL" inject null "pid:$one" --for 200ms --repeat-every 60s >"$T/out" 2>&1 & p=$!
wait_for 5 grep -q 'round 2 begins' "$T/out"
kill -INT $p
check "a signal between two rounds ends it at once" in_time 1 sh -c "! kill -0 $p"
wait $p; check_num "... status" $? eq 0
check "... and it says how many there were" grep -q '^1 round, 0 left out$' "$T/out"
"$FL" inject null "pid:$one" --for 20s --repeat-every 60s >"$T/out" 2>&1 & p=$!
wait_for 5 sh -c "'$FL' list -o json | jq -e '.[0].active'"
"$FL" stop --all >/dev/null
check "stop while it is on ends all of it" in_time 3 sh -c "! kill -0 $p"
"$FL" inject null "pid:$one" --hits 0 --for 100ms --repeat-every 300ms --repeat 2 >"$T/out" 2>&1
check_num "rounds without a hit: status" $? eq 1

# --- what is left out ---
sleep 1000 & two=$!
"$FL" inject null "pid:$two" --for 200ms --repeat-every 1s --repeat 3 >"$T/out" 2>&1 & p=$!
wait_for 5 grep -q 'round 2 of 3 begins' "$T/out"
kill $two; wait $two 2>/dev/null
wait $p; _rc=$?
check_num "its target ends: status" $_rc eq 1
check "two rounds are left out, with the reason" test "$(grep -c "^round [23] is left out: .*$two" "$T/out")" = 2
check "... and counted" grep -q '^1 round, 2 left out$' "$T/out"
"$FL" inject null "pid:$one" --fail arm --for 200ms --repeat-every 1s >"$T/out" 2>&1; _rc=$?
check_num "what cannot begin the first time is not tried again: status" $_rc ge 2

# --- refused ---
refused() { # WORDS OPTION...
	"$FL" inject null "pid:$one" "${@:2}" >"$T/out" 2>"$T/err"; _rc=$?
	check_num "${*:2}: refused" $_rc eq 2
	check "... in words: $(head -n 1 "$T/err")" grep -q -e "$1" "$T/err"
}
refused "how often" --repeat 3
refused "how often" --repeat-jitter 3s
refused "would overlap" --repeat-every 1min
refused "would overlap" --for 1s --repeat-every 2s --repeat-jitter 1.1s
refused "that is no time" --repeat-every 0
refused "either --repeat-every or --forever" --repeat-every 1h --forever
refused "either --repeat-every or --detach" --repeat-every 1h --detach
refused "repeat" --repeat-every 1h --repeat 0
exit 0
