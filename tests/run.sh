#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run.sh BUILD [PATTERN...] - run the test programs and scripts, print what failed, and close with
# "N passed, N failed, N skipped". A skip must be listed in tests/skips for this kernel; any other
# skip is a failure. So is a test that prints no result, or not as many as its plan ("1..N").
# FLTEST_HOST=1: tests/host as well, which want a whole host (make check-host).
#
# Most tests wait more than they compute: each of the LANES (the CPUs) has room for two of them. What a test says in its
# first lines, "lane: WORD", is otherwise for it:
#   busy    it computes: a lane of its own, and half of the lanes at most while there are tests that wait. So do programs.
#   long    it takes a minute or more, and begins first
#   quiet   it measures times or rates: a lane of its own, once nothing computes any more
#   alone   it measures milliseconds, takes every CPU or looks at the whole machine: last, one by one
# LANES=1: one test at a time.
#
# A test that fails is run once more, alone: what its neighbour, or a host beside this machine, does for a minute is
# not seen from here. A race may pass a second time as well, so what failed is told at once, and who needed it, with all
# else that was lenient (lib.sh), at the end. Where more than AGAIN tests (8) fail it is none of that: no second try.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${1:-build}
export BUILD
patterns=("${@:2}")
lanes=${LANES:-$(nproc)}
limit=${FLTEST_LONG:+900} # s a test
limit=${TEST_TIMEOUT:-${limit:-240}}
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
started=$SECONDS

# The names of features that may be missing: "*" lines, and lines of "uname -r" prefixes.
allowed() {
	awk -v rel="$(uname -r)" '!/^#/ && NF >= 2 { p = $1; if (p == "*" || index(rel, p) == 1) { $1 = ""; sub(/^ /, ""); print } }' tests/skips
}
allowed >"$log/allowed"

# A test's output as one line a result: "pass", "fail", "skip FEATURE". Shell tests name the feature
# behind the result, cmocka ones (whose skips begin with "not ok") on a line before it.
results() {
	awk '/^# missing: / { missing = substr($0, 12); next }
	     /^(not )?ok [0-9]+ .*# SKIP/ || /^(not )?ok [0-9]+ # SKIP/ {
		f = $0
		if (!sub(/.*# missing: /, "", f)) f = missing != "" ? missing : $NF
		print "skip", f; missing = ""; next }
	     /^ok [0-9]/ { print "pass" }
	     /^not ok/ { print "fail" }' "$1"
}

# one TEST [again]: run it and print its report whole; its counts go to $log/tally. "again": when it fails it is
# written to $log/again for another try, whose counts are those that count.
one() {
	local test=$1 again=${2:-} name out rc t0=$SECONDS p f s bad plan cpu TIMEFORMAT='%U %S'
	name=${test#"$BUILD"/}
	name=${name#tests/}
	out=$log/${name//\//_}
	# Programs under test have the kernel to themselves; unit tests need neither root nor kernel.
	case $test in
	*.sh) set -- bash "$test" ;;
	*/bpf/*) set -- tests/sandbox.sh "$test" ;;
	esac
	{ time timeout --kill-after=10 "$limit" "$@" >"$out" 2>&1 </dev/null; } 2>"$out.cpu"
	rc=$?
	cpu=$(awk '{ printf "%d", $1 + $2 + 0.5 }' "$out.cpu")
	results "$out" >"$out.results"
	p=$(grep -c '^pass' "$out.results")
	f=$(grep -c '^fail' "$out.results")
	s=$(grep -c '^skip' "$out.results")
	bad=$(sed -n 's/^skip //p' "$out.results" | sort -u | grep -vxFf "$log/allowed")
	plan=$(awk '/^1\.\.[0-9]+$/ { n += substr($0, 4) } END { print n + 0 }' "$out")
	if [ -n "$again" ] && { [ "$f" != 0 ] || [ $rc != 0 ]; } && [ "$(wc -l <"$log/again")" -lt "${AGAIN:-8}" ]; then
		{
			echo "  $name failed after $((SECONDS - t0)) s (status $rc), and is run once more. What failed:"
			grep '^not ok' "$out" -A4 | grep -v '# SKIP' | head -n 40 | sed 's/^/    /'
			tail -n 5 "$out" | sed 's/^/    | /'
		} >"$out.report"
		echo "$test" >>"$log/again"
		flock "$log/tally" cat "$out.report"
		echo "$name failed beside others, and was run once more alone" >>"$log/lenient"
		return
	fi
	sed -n "s|^# LENIENT |$name |p" "$out" >>"$log/lenient"
	{
		if [ $((p + f + s)) != "$plan" ] || [ "$plan" = 0 ]; then
			echo "    $((p + f + s)) results of $plan that were planned"
			f=$((f + 1))
		fi
		if [ -n "$bad" ]; then
			f=$((f + $(wc -l <<<"$bad")))
			sed 's/^/    skip not allowed on this kernel: /' <<<"$bad"
		fi
		if [ $rc != 0 ] && [ "$f" = 0 ]; then f=1; echo "    exit status $rc"; fi
		printf '  %-44s %4d ok %3d failed %3d skipped %4ds %4d cpu\n' "$name" "$p" "$f" "$s" $((SECONDS - t0)) "$cpu"
		[ -z "${FLTEST_HOST:-}" ] || [ "$f" = 0 ] || grep '^# CELL' "$out" | sed 's/^/    /'
		if [ "$f" != 0 ]; then
			grep '^not ok' -A12 "$out" | grep -v '# SKIP' | head -60 | sed 's/^/    /'
			tail -n 15 "$out" | sed 's/^/    | /'
		elif [ -n "${VERBOSE:-}" ]; then
			sed 's/^/    /' "$out"
		else
			grep '^# FIGURE' "$out" | sed 's/^# FIGURE/     /'
		fi
	} >"$out.report"
	echo "$p $f $s" >>"$log/tally"
	flock "$log/tally" cat "$out.report"
}

# lane_of TEST: what it says of itself in its first lines; programs compute.
lane_of() {
	case $1 in *.sh) set -- "$1" waits ;; *) set -- "tests/${1#"$BUILD"/tests/}.c" busy ;; esac
	sed -n '1,12s/^.*lane: \([a-z, ]*[a-z]\).*/\1/p' "$1" | grep . || echo "$2"
}

# together TEST...: as many at a time as the lanes have room for. The first that fits begins: one that computes
# as long as half of the lanes are left to those that wait, or none of these is left.
together() {
	local queue=("$@") room=$((lanes * 2)) busy=0 waiting=0 t i size ended
	local -A need=()
	[ -p "$log/ended" ] || mkfifo "$log/ended"
	exec {ended}<>"$log/ended"
	for t; do
		need[$t]=2
		case $(lane_of "$t") in waits | long) need[$t]=1 waiting=$((waiting + 1)) ;; esac
	done
	while [ ${#queue[@]} != 0 ]; do
		for i in "${!queue[@]}"; do
			t=${queue[i]}
			[ "${need[$t]}" -le $room ] || continue
			if [ "${need[$t]}" = 2 ]; then
				[ $((busy * 2)) -lt "$lanes" ] || [ $waiting = 0 ] || continue
				busy=$((busy + 1))
			else
				waiting=$((waiting - 1))
			fi
			{ one "$t" again; echo "${need[$t]}" >&"$ended"; } &
			room=$((room - need[$t]))
			unset "queue[i]"
			continue 2
		done
		# (`wait -n` does not tell of all that end while a command of this shell runs.)
		read -r size <&"$ended"
		room=$((room + size))
		[ "$size" = 1 ] || busy=$((busy - 1))
	done
	wait
	exec {ended}>&-
}

wanted() { # TEST: does its name have one of the patterns, if there are any?
	local p
	for p in "${patterns[@]}"; do
		[[ $1 != *$p* ]] || return 0
	done
	[ ${#patterns[@]} = 0 ]
}

export CMOCKA_MESSAGE_OUTPUT=TAP
waits=() busy=() quiet=() alone=()
for t in "$BUILD"/tests/unit/test_* "$BUILD"/tests/bpf/test_* tests/{build,cli,lab,docker,matrix,vm}/*.sh \
	${FLTEST_HOST:+tests/host/[0-9]*.sh}; do
	case $t in *.o | *.d | *.gcno | *.gcda) continue ;; esac
	[ -f "$t" ] && wanted "$t" || continue
	case $(lane_of "$t") in
	quiet) quiet+=("$t") ;;
	alone) alone+=("$t") ;;
	'busy, long') busy=("$t" "${busy[@]}") ;;
	busy) busy+=("$t") ;;
	long) waits=("$t" "${waits[@]}") ;;
	waits) waits+=("$t") ;;
	*) echo "$t: no lane: $(lane_of "$t")"; exit 1 ;;
	esac
done
: >"$log/tally"
: >"$log/again"
: >"$log/lenient"
tests/leftovers.sh >"$log/before"
if [ "$lanes" -gt 1 ]; then
	# What two tests leave on the machine cannot be told apart: it is looked at when all lanes are empty.
	FLTEST_SHARED=1 together "${busy[@]}" "${waits[@]}"
	FLTEST_SHARED=1 together "${quiet[@]}"
else
	alone=("${busy[@]}" "${waits[@]}" "${quiet[@]}" "${alone[@]}")
fi
for t in "${alone[@]}"; do one "$t" again; done
while read -r t; do one "$t"; done <"$log/again"
clean() { tests/leftovers.sh | diff "$log/before" - >"$log/left"; }
# (The kernel frees programs a little after their last user went.)
if [ -z "${FLTEST_SHARED:-}" ] && ! clean && ! { sleep 2; clean; } && ! { sleep 20; clean; }; then
	echo "  left behind on the machine:"
	sed 's/^/    /' "$log/left"
	echo "0 1 0" >>"$log/tally"
fi
if [ -s "$log/lenient" ]; then
	echo "what this machine was given that a test does not ask for (see Tests in CONTRIBUTING.md):"
	sort "$log/lenient" | uniq -c | sed 's/^ */  /'
fi
echo "suites took $((SECONDS - started)) s"
awk '{ p += $1; f += $2; s += $3 } END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f != 0 }' "$log/tally"
