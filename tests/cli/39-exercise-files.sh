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
refused toml "json.dump(tomllib.load(sys.stdin.buffer), sys.stdout)' <FILE >experiments.json" < <(printf '[[experiments]]\nid = 1\n')
refused csv "json.dump(list(csv.DictReader(sys.stdin)), sys.stdout)' <FILE >experiments.json" < <(printf 'id,name,fault_type,target\n1,x,latency,payment-svc\n')
refused python "json.dump(EXPERIMENTS, open('experiments.json', 'w'))" < <(printf 'EXPERIMENTS = [\n  {"id": 1},\n]\n')
refused braces "in { } and [ ] an item has no '-': metrics: [probe_pass_rate, p99_latency]" < <(printf 'experiments:\n- id: 1\n  metrics: {- probe_pass_rate, - p99_latency}\n')
refused table "df.to_json('experiments.json', orient='records')" < <(printf '{"columns": ["id", "name"], "data": [[1, "x"]]}\n')
refused include 'an entry in another file, which is not read: put its text here' < <(printf 'experiments:\n- !include a.yaml\n')
refused pairs "a list of lists, where 'key: value' is expected" < <(printf 'experiments:\n- id: 1\n  target_service: payment-svc\n  hypothesis: x\n  blast_radius:\n  - - [target, payment-svc]\n')
refused text "write '- id: 1', and below it 'name: ...'" < <(printf 'experiments:\n- id = 1\n')
# What a refusal says to type.
python3 -c 'import csv, json, sys; json.dump(list(csv.DictReader(sys.stdin)), sys.stdout)' >"$T/csv.json" <<-END
	id,name,fault_type,target,duration_seconds,hypothesis
	1,slow,latency,payment-svc,60,probe_pass_rate >= 99%
END
check "the JSON of a table with a row an experiment is taken" "$FL" check "$T/csv.json"
mkdir "$T/folder"
for i in 1 2; do sed -n 2,9p "$golden/groups.yaml" | sed -n 's/^  - //p' | sed -n ${i}p >"$T/folder/$i.yaml"; done
"$FL" check "$T/folder" >"$T/out" 2>&1
check_num "a folder: refused" $? eq 2
check "... and says how to make one file of it" sh -c "sed -n 's/^  hint: .*one: //p' '$T/out' | (cd '$T' && sh) && '$FL' check '$T/experiments.yaml' | grep -q ': 2 experiments, 0 errors'"
refused bare 'no hypothesis: say what users still get' < <(sed -n '2,5p' "$golden/documents.yaml")
