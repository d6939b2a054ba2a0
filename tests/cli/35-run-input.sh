#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Files that no suite is, and users without the right: a clear message, exit 2 (or 3), nothing touched,
# and soon.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"

PORT=9
BG_PID=4000000
suite "$T/good.yaml" x
# refused NAME [WORD]: check and run both say exit 2, name the file, say WORD, within 2 s, no folder.
refused() {
	local t0 a b; t0=$(date +%s%N)
	"$FL" check "$T/$1.yaml" >"$T/out" 2>&1
	a=$?
	"$FL" run "$T/$1.yaml" --out "$T/folder" >>"$T/out" 2>&1
	b=$?
	local ms=$((($(date +%s%N) - t0) / 1000000))
	if [ $a = 2 ] && [ $b = 2 ] && grep -q "$1.yaml" "$T/out" && grep -qi -- "${2:-.}" "$T/out" && [ ! -e "$T/folder" ] && [ $ms -lt 2000 ]; then
		ok "$1"
	else
		not_ok "$1: $a, $b, $ms ms: $(tail -n 2 "$T/out" | tr '\n' ' ')"
	fi
}
# broken NAME SED WORD: the good suite with one edit.
broken() {
	sed "$2" "$T/good.yaml" >"$T/$1.yaml"
	cmp -s "$T/good.yaml" "$T/$1.yaml" && not_ok "$1: the edit changed nothing"
	refused "$1" "$3"
}

broken unknown-key 's/hypothesis:/hypotesis:/' "did you mean 'hypothesis'"
broken missing-field '/ground_truth/d' "'ground_truth' is missing"
broken untestable 's/success_rate >= 50%/it should still work/' untestable-hypothesis
broken percent 's/0% (synthetic)/101%/' '0..100'
broken negative 's/duration: [0-9]*ms/duration: -1s/' negative
broken unit 's/duration: [0-9]*ms/duration: 3 fortnights/' fortnights
broken kind "s/'null'/nul/" "did you mean 'null'"
broken no-rollback 's/automatic: true/automatic: false/' no-rollback
broken no-metric 's/success_rate < 1%/sucess_rate < 1%/' 'unresolvable-metric'
sed -n '/- name/,$p' "$T/good.yaml" | cat "$T/good.yaml" - >"$T/duplicate.yaml"
refused duplicate duplicate
: >"$T/empty.yaml"
refused empty empty
head -c 10000000 /dev/zero | tr '\0' '#' >"$T/large.yaml"
refused large 'too large'
head -c 100000 "$FL" >"$T/binary.yaml"
refused binary 'no text'
echo 'a: &a [*a, *a]' >"$T/cyclic.yaml"
refused cyclic
{
	echo 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]'
	for i in 1 2 3 4 5 6 7 8 9; do
		p=\*a$((i - 1))
		echo "a$i: &a$i [$p, $p, $p, $p, $p, $p, $p, $p, $p, $p]"
	done
} >"$T/bomb.yaml"
refused bomb aliases
refused no-such-file 'cannot read'
printf 'experiment:\n\t- tab\n' >"$T/tab.yaml"
refused tab 'tab.yaml:2:'

# Errors of reading and errors of the rules, in several experiments: `run` names all that `check` does.
{
	echo experiments:
	while IFS='|' read -r name hypothesis kind params automatic; do
		cat <<END
  - name: $name
    hypothesis: $hypothesis
    fault_type: $kind
    params: {$params}
    blast_radius: {target: 'netns:a', traffic: 0% (synthetic), duration: 4s}
    rollback: {automatic: $automatic, trigger_when: success_rate < 1%, method: faultline stop}
    measurement: {metrics: [success_rate], capture_window: t-1s to t+1s}
    ground_truth: {root_service: a}
END
	done
} >"$T/several.yaml" <<'END'
one|success_rate >= 50%|latency|delay: 5ms, jiter: 5ms|true
two|it should still work|latency|delay: 5ms|false
three|success_rate >= 50%|latensy|delay: 5ms|true
END
for command in check run; do
	"$FL" $command "$T/several.yaml" 2>&1 | grep ': error \[' >"$T/errors.$command"
done
check_num "several errors: check finds them" "$(wc -l <"$T/errors.check")" eq 4
check "... and run says the same of them" diff "$T/errors.check" "$T/errors.run"
check "... with their number" grep -q "$(wc -l <"$T/errors.check") errors, nothing was run" <("$FL" run "$T/several.yaml" 2>&1)
cp "$TOP/tests/golden/antipatterns/when-too-early.yaml" "$T/"
"$FL" run "$T/when-too-early.yaml" -o json >"$T/out" 2>"$T/err"
check "a single one is the error itself, with its place" jq -e '.error | .line == 7 and .column == 5 and (.message | test("asked before it"))' "$T/out"

# The same in bounded memory (KiB of address space would count libraries; this counts pages).
check_num "peak memory of the bomb, KiB" "$(bash -c '"$FL" check "$1" >/dev/null 2>&1 & wait $!; true' _ "$T/bomb.yaml"; python3 -c 'import resource,subprocess,sys; subprocess.run(sys.argv[1:], capture_output=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$FL" check "$T/bomb.yaml")" lt 65536

"$FL" check "$T/good.yaml" >"$T/warned"
check_num "a good one: check needs no root and no host" $? eq 0
check "it warns by name" grep -q 'warning \[single-fault-suite\]' "$T/warned"
"$FL" check --strict "$T/good.yaml" >/dev/null
check_num "--strict" $? eq 2
check "-o json" test "$("$FL" check -o json "$T/good.yaml" | jq '.errors == 0 and (.findings | map(.rule) | index("single-fault-suite")) != null')" = true
install -m 0644 "$T/good.yaml" "$T/public.yaml"
chmod 755 "$T"
cp "$FL" "$T/faultline"
check "check as nobody" setpriv --reuid 65534 --regid 65534 --clear-groups "$T/faultline" check "$T/public.yaml"
setpriv --reuid 65534 --regid 65534 --clear-groups "$T/faultline" run "$T/public.yaml" --out "$T/folder" >"$T/nobody" 2>&1
check_num "run as nobody" $? eq 3
check "says what is missing" grep -qi 'CAP_\|root' "$T/nobody"
for f in "$TOP"/experiments/{demo,catalog}.yaml; do
	check "$(basename "$f") has no error" "$FL" check "$f"
	check_num "and ten experiments" "$("$FL" check -o json "$f" | jq '.experiments | length')" eq 10
done

# What the command line asks for and cannot be had: before anything is run.
usage() { # STATUS PATTERN ARGUMENT...
	local status=$1 pattern=$2; shift 2
	timeout 10 "$FL" run "$T/good.yaml" "$@" >"$T/out" 2>&1
	check_num "run $*: exit $status" $? eq "$status"
	check "... and why" grep -q -- "$pattern" "$T/out"
}
usage 2 "--only: '1,,2' is no list" --only 1,,2
usage 2 "--only: '' is no list" --only ''
usage 2 '--out: which folder' --out ''
usage 2 'no regular file' --journal /dev/full
usage 3 'cannot write /nonexistent/j.xml: No such file' --junit /nonexistent/j.xml
usage 2 'only http and https' --probe ftp://127.0.0.1/
usage 2 '--adapter knows faultline' --adapter nonsense
check "nothing was run" test ! -e faultline-results
