# SPDX-License-Identifier: GPL-2.0-only
# net.sh - sourced behind lib.sh by the tests of network faults: faults on and off, flows measured.
# What chance may do: 99.999 %, in standard errors; of a Kolmogorov-Smirnov distance, in 1 / sqrt(n). A
# run of the suites asks some fifty times: at 99.9 % one run in twenty would fail with nothing wrong.
Z=4.417
K=2.471
udpflow=$BUILD/tests/tools/udpflow
# fault KIND TARGET OPTION...: inject it in the background; its id is $ID.
fault() {
	if ! ID=$("$FL" inject "$@" --for 60s --detach 2>"$T/inject.err"); then
		not_ok "inject $*"; sed 's/^/#   /' "$T/inject.err"
		return 1
	fi
}
heal() { "$FL" stop --all >/dev/null 2>"$T/stop.err" || { not_ok "stop --all"; sed 's/^/#   /' "$T/stop.err"; }; }
# flow OPTION... ADDRESS: one measurement; got FIELD reads it.
flow() { "$udpflow" "$@" >"$T/flow"; }
got() { jq -r ".$1" "$T/flow"; }
# hits ID FIELD: of the proof in `list`.
hits() { "$FL" list -o json | jq -r --arg id "$1" ".[] | select(.id == \$id) | .$2"; }
# calc EXPRESSION: a number, six places.
calc() { awk "BEGIN { printf \"%.6f\", $1 }"; }
# near DESCRIPTION VALUE EXPECTED TOLERANCE
near() {
	_x=$(calc "($2) - ($3)")
	if awk -v x="$_x" -v t="$4" 'BEGIN { exit !(x <= t && -x <= t) }'; then
		ok "$1: $(printf %.4g "$2") is $(printf %.4g "$3") +- $(printf %.4g "$4")"
	else
		not_ok "$1: $2 is not $3 +- $4"
	fi
}
# wakes N: in ms, what N wake-ups of a process by the clock come too late here and now, the median.
wakes() { calc "$1 * $("$BUILD/tests/tools/pace" wake) / 1000"; }
# settles DESCRIPTION COMMAND EXPECTED TOLERANCE: near() for what COMMAND measures of time. What this
# machine does beside can make a reading wrong, a fault that is wrong is so each of three times. What
# waits in a delay line waits for a process, too, in and out: for four wake-ups in two of them.
settles() {
	set -- "$1" "$2" "$3" "$(calc "$4 + $(wakes 4)")"
	for _try in 1 2 3; do
		_v=$($2)
		awk -v x="$(calc "($_v) - ($3)")" -v t="$4" 'BEGIN { exit !(x <= t && -x <= t) }' && break
		lenient "$1: $_v, not $3 +- $4: try $_try of 3"
	done
	near "$1" "$_v" "$3" "$4"
}
# again COMMAND...: until it succeeds, three times at most; for what a busy machine can only take from.
again() { for _try in 1 2 3; do ! "$@" || return 0; lenient "$*: try $_try of 3"; done; }
# pings COUNT ADDRESS: round trips in ms, sorted, to $T/pings.
pings() { ping -n -i 0.005 -c "$1" "$2" | sed -n 's/.*time=\([0-9.]*\) ms.*/\1/p' | sort -n >"$T/pings"; }
mean() { awk '{ s += $1 } END { printf "%.6f", s / NR }' "$T/pings"; }
# percentile P
percentile() { awk -v p="$1" '{ v[NR] = $1 } END { print v[int(p * (NR - 1) + 1.5)] }' "$T/pings"; }
# steady NAME N REFERENCE M: traffic from and to namespace NAME (10.77.N.2), beside that of REFERENCE
# (10.77.M.2), from now on.
steady() {
	mkfifo "$T/steady.in" "$T/steady.out"
	"$BUILD/tests/tools/traffic" "flt-$1" "10.77.$2.2" "10.77.$2.1" "flt-$3" "10.77.$4.2" "10.77.$4.1" \
		<"$T/steady.in" >"$T/steady.out" &
	STEADY=$!
	_pids="$_pids $STEADY"
	exec 7>"$T/steady.in" 8<"$T/steady.out"
}
steady_end() { kill "$STEADY"; wait "$STEADY" 2>/dev/null; exec 7>&- 8<&-; rm "$T/steady.in" "$T/steady.out"; }
now_us() { echo "${EPOCHREALTIME/[.,]/}"; }
# clean_since MICROSECONDS: when it is clean, $CLEAN_MS is how long after that moment the last packet was
# sent that was hit, $HITS how many were. By the packets' own times: nothing else can make it late.
clean_since() {
	echo "$1" >&7
	read -r -u 8 CLEAN_MS HITS && [ "$CLEAN_MS" != never ] || { CLEAN_MS=99999; HITS=99999; }
}
