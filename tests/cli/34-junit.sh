#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# --junit FILE of score and run: valid JUnit XML, each outcome as what it is, whatever the names are.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"
python3 "$TOP/tests/golden/make_run.py" "$T/a"
edit() { jq "$2" "$1" >"$T/x" && mv "$T/x" "$1"; }
valid() { /usr/bin/python3 "$TOP/tests/tools/junit_valid.py" "$1" >"$T/cases" 2>"$T/why" || { sed 's/^/#   /' "$T/why"; false; }; }

edit "$T/a/chaos_results.json" '.[1].status = "aborted" | .[1].times.window_end = null | .[2].status = "not_recovered" |
	.[4].status = "failed" | .[7].status = "skipped" | .[].hypothesis.verdict = "held" | .[5].hypothesis.verdict = "refuted"'
"$FL" score "$T/a" --junit "$T/j.xml" >"$T/board"
check "it is valid" valid "$T/j.xml"
check "a case an experiment, with what it came to" diff "$T/cases" - <<'LIST'
0 payment_latency passed -
0 payment_loss failure aborted
0 inventory_kill failure not_recovered
0 gateway_cpu failure wrong_root
0 payment_db_memory error failed
0 auth_clock_skew failure hypothesis_refuted
0 log_disk_fill failure missed
0 edge_partition skipped -
0 dns_slow error not_manifested
0 checkout_retry_storm failure wrong_root
1 verdict failure verdict
LIST
check "the message says whom it blamed" grep -q 'message="detected, but blamed on frontend, which is not the root"' "$T/j.xml"
check "the scoreboard stands in it" grep -q '==== Chaos Run ====' "$T/j.xml"

# Nothing that a file or a pipeline calls itself breaks it.
cp "$T/a/chaos_results.json" "$T/b.json"
edit "$T/b.json" '.[0].id = "a\"b<c>&]]>\u0007\u001b[2J\uffff\u202e\n<x/>" | .[3].rca_service = "</failure>&lt;\u0001" | .[1].id = ""'
mkdir "$T/b" && cp "$T/b.json" "$T/b/chaos_results.json"
jq '.suite = "su\"<b>\u0002" | .host.name = "<&>"' "$T/a/run.json" >"$T/b/run.json"
"$FL" score "$T/b" --junit "$T/j.xml" >"$T/board"
check "hostile names: it is valid" valid "$T/j.xml"
check "... and a name is what it was, as far as XML can" /usr/bin/python3 -c '
import sys, xml.etree.ElementTree as E
name = E.parse(sys.argv[1]).getroot()[0].find("testcase").get("name")
assert name.startswith("a\"b<c>&]]>\\u0007\\u001b[2J\ufffd\\u202e <x/>"), ascii(name)' "$T/j.xml"
jq '.[].pipeline_asked = false | .[].status = "ok" | .[].hypothesis.verdict = "held"' "$T/b.json" >"$T/b/chaos_results.json"
"$FL" score "$T/b" --junit "$T/j.xml" >"$T/board"
check "without a pipeline: it is valid" valid "$T/j.xml"
check "... every case is skipped, and the run is not green" sh -c "[ \$(grep -c skipped '$T/cases') = 10 ] && grep -q 'verdict failure' '$T/cases'"
jq '.[].hypothesis.verdict = "refuted"' "$T/b/chaos_results.json" >"$T/c.json" && mv "$T/c.json" "$T/b/chaos_results.json"
"$FL" score "$T/b" --junit "$T/j.xml" >"$T/board"
check "... and what refuted them stands apart from that" grep -q '>no pipeline was asked; the hypothesis was refuted: ' "$T/j.xml"

# Whole or not at all.
echo old >"$T/j.xml"
"$FL" score "$T/nothing" --junit "$T/j.xml" 2>/dev/null
check "what cannot be read leaves an older file" grep -qx old "$T/j.xml"
"$FL" score "$T/a" --junit "$T/no/such/j.xml" >"$T/out" 2>"$T/err"
check "a place that is none is named" grep -q 'no/such/j.xml' "$T/err"
ln -s "$T/victim" "$T/link.xml"
"$FL" score "$T/a" --junit "$T/link.xml" >"$T/out"
check "a symbolic link is replaced, not followed" test ! -e "$T/victim" -a ! -L "$T/link.xml" -a -s "$T/link.xml"

# A run.
pipeline good "$T/run/events.jsonl"
DURATION=300ms suite "$T/s.yaml" payment_latency
"$FL" run "$T/s.yaml" --out "$T/run" -q --junit "$T/run.xml" >"$T/board"; status=$?
check "run --junit: it is valid" valid "$T/run.xml"
check "... as its exit status says ($status)" sh -c "grep -q '^0 payment_latency passed' '$T/cases' && grep -q \"^1 verdict \$([ $status = 0 ] && echo passed || echo failure)\" '$T/cases'"
"$FL" run "$T/s.yaml" --junit "$T/run.xml" --repeat 2 >"$T/out" 2>"$T/err"
check_num "with --repeat: exit 2" $? eq 2
check "... and what to do instead" grep -q 'score DIR --junit' "$T/err"
