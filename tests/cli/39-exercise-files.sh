#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Files of the exercise as people and language models write them, tests/golden/exercise/: each is taken, and becomes what
# its .want says; what nobody can read is refused with what to write instead.
. "$(dirname "$0")/../lib.sh"
golden=$TOP/tests/golden/exercise

for file in "$golden"/*.yaml "$golden"/*.json; do
	name=$(basename "$file")
	"$FL" check "$file" >"$T/check" 2>&1
	check_num "$name: check takes it" $? eq 0
	"$FL" import w3d2 "$file" --out "$T/$name.own" >"$T/out" 2>&1
	check "$name: what it becomes" sh -c "/usr/bin/python3 '$golden/summary.py' '$T/$name.own' | diff - '${file%.*}.want'"
	"$FL" check --strict "$T/$name.own" >"$T/out" 2>&1
	check_num "$name: check --strict has nothing against the completed file" $? eq 0
done
check "a command line is said to be read, and not run" sh -c "'$FL' check '$golden/commands.yaml' 2>&1 | grep -q 'commands.yaml:13:5: warning \[read-command\] payment_loss: .*is read as network_loss {\"percent\":\"30%\"}: it is not run'"
check "places of several documents are those of the file" sh -c "'$FL' check '$golden/documents.yaml' 2>&1 | grep -q 'documents.yaml:12:1: warning \[invented-params\]'"

# refused NAME WORDS <FILE: it is refused in these words.
refused() {
	cat >"$T/$1.yaml"
	"$FL" check "$T/$1.yaml" >"$T/out" 2>&1
	check_num "$1: refused" $? eq 2
	check "... and says what to write" grep -qF -- "$2" "$T/out"
	"$FL" run "$T/$1.yaml" >"$T/out" 2>&1
	check_num "... by run as well" $? eq 2
	check "... in the same words" grep -qF -- "$2" "$T/out"
}
refused comments "write 'experiments:', and below it an entry '- id: 1' for each experiment" < <(printf '# 1: latency of payment\n\n')
refused empty-list "a list is expected, with an entry '- id: 1' for each experiment" < <(printf 'experiments: []\n')
refused tabs 'replace each tab by two blanks' < <(printf 'experiments:\n\t- id: 1\n')
refused twice 'the mapping has this key at line 3 already' < <(printf 'experiments:\n- id: 1\n  name: a\n  name: b\n')
refused colon 'put all of it in quotes' < <(printf 'experiments:\n- id: 1\n  hypothesis: Steady-state: pass rate >= 99%%\n')
refused nothing "write 'experiments:', and below it an entry '- id: 1' for each, with fault_type" < <(printf 'notes: hello\nchaos: {name: x}\n')
refused bare 'no hypothesis: say what users still get' < <(sed -n '2,5p' "$golden/documents.yaml")
