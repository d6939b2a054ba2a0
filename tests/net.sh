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
# settles DESCRIPTION COMMAND EXPECTED TOLERANCE: near() for what COMMAND measures of time. What this
# machine does beside can make a reading wrong, a fault that is wrong is so each of three times. An
# emulated machine's readings are late by milliseconds every time: 10 more.
settles() {
	set -- "$1" "$2" "$3" "$(calc "$4 + ${FLTEST_VM:+10} + 0")"
	for _try in 1 2 3; do
		_v=$($2)
		awk -v x="$(calc "($_v) - ($3)")" -v t="$4" 'BEGIN { exit !(x <= t && -x <= t) }' && break
		note "$1: $_v, try $_try"
	done
	near "$1" "$_v" "$3" "$4"
}
# again COMMAND...: until it succeeds, three times at most; for what a busy machine can only take from.
again() { for _try in 1 2 3; do ! "$@" || return 0; done; }
# pings COUNT ADDRESS: round trips in ms, sorted, to $T/pings.
pings() { ping -n -i 0.005 -c "$1" "$2" | sed -n 's/.*time=\([0-9.]*\) ms.*/\1/p' | sort -n >"$T/pings"; }
mean() { awk '{ s += $1 } END { printf "%.6f", s / NR }' "$T/pings"; }
# percentile P
percentile() { awk -v p="$1" '{ v[NR] = $1 } END { print v[int(p * (NR - 1) + 1.5)] }' "$T/pings"; }
