# SPDX-License-Identifier: GPL-2.0-only
# table.sh - how the benchmarks print: sourced by them.

# line WHAT VALUE [OP LIMIT]: a line of the table; OP (le, ge) and LIMIT: what it must be.
line() {
	_mark=
	if [ $# = 4 ]; then
		_mark="must be $3 $4"
		awk -v a="$2" -v o="$3" -v b="$4" 'BEGIN { exit !((o == "le" && a <= b) || (o == "ge" && a >= b)) }' || _mark="$_mark: MISSED"
	fi
	printf '%-62s %10.3f  %s\n' "$1" "$2" "$_mark"
}
# Of the numbers on stdin.
median() { sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
