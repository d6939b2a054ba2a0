#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# faultline history: runs in the order of their time, their scores, and exactly what got worse.
. "$(dirname "$0")/../lib.sh"
python3 "$TOP/tests/golden/make_run.py" "$T/a"
python3 "$TOP/tests/golden/make_run.py" "$T/b"
edit() { jq "$2" "$1" >"$T/x" && mv "$T/x" "$1"; }
edit "$T/b/run.json" '.started += 86400'
"$FL" history "$T/a" "$T/b" >"$T/out"
check_num "two equal runs: exit 0" $? eq 0
check "no regression" grep -qx -- '- none' "$T/out"

# missed, slower by more than half and 5 s, the wrong root; and three that are no regression: slower by
# less than half, slower by a few seconds, better.
edit "$T/b/chaos_results.json" '.[0].detected = false | .[0].mttd_s = null | .[1].mttd_s = 40 |
	.[5].rca_correct = false | .[4].mttd_s = 40 | .[2].mttd_s = 10 | .[3].rca_correct = true'
"$FL" history "$T/b" "$T/a" >"$T/out"
check_num "the last run is worse: exit 1" $? eq 1
check "older runs come first, whatever the order" bash -c "grep -A1 '^run 1: $T/a' '$T/out' | grep -q '^run 2: $T/b'"
sed -n '/^Regressions:/,$p' "$T/out" >"$T/changes"
check "exactly what got worse" diff "$T/changes" - <<'EOF'
Regressions:
- run 2, payment_latency: detected before, missed now
- run 2, payment_loss: detected after 19s before, 40s now
- run 2, auth_clock_skew: the right root before, not now
EOF
# Recall 8/9 and 7/9: mean 15/18, SE = |8/9 - 7/9| / 2 = 1/18.
check "-o json: mean and standard error of recall" jq -e '.spread.recall | .n == 2 and (.mean - 15/18 | fabs) < 1e-9 and (.se - 1/18 | fabs) < 1e-9' <("$FL" history -o json "$T/a" "$T/b")

# The gate: what a run no longer does is a regression, whatever its scores are; and what it never did is none.
fresh() { rm -rf "$T/a" "$T/b"; for d in a b; do python3 "$TOP/tests/golden/make_run.py" "$T/$d"; done; edit "$T/b/run.json" '.started += 86400'; }
# regressed STATUS LINE: history over both has that status and exactly that line ("none").
regressed() {
	"$FL" history "$T/a" "$T/b" >"$T/out"; _r=$?
	if [ $_r = "$1" ] && [ "$(sed -n '/^Regressions:/,$p' "$T/out" | sed 1d)" = "- $2" ]; then ok "$2"; else
		not_ok "$2 (status $_r)"; sed -n '/^Regressions/,$p' "$T/out" | sed 's/^/#   /'
	fi
}
fresh
edit "$T/b/run.json" '.verdict = {exit_status: 5, why: "aborted by SIGINT, 3 experiments were not run"}'
regressed 1 "run 2, the run: accepted before, now aborted by SIGINT, 3 experiments were not run"
check "... the table says so" grep -q '^| 2 .*| N  *|$' "$T/out"
check "... and JSON" jq -e '.regressions == [{run: 2, kind: "run", experiment: null, text: .regressions[0].text}] and .runs[1].accepted == false and (.runs[1].verdict | startswith("aborted"))' <("$FL" history -o json "$T/a" "$T/b")
edit "$T/a/run.json" '.verdict = {exit_status: 1, why: "acceptance failed"}'
regressed 0 none
fresh
edit "$T/b/run.json" '.ended = null'
regressed 1 "run 2, the run: accepted before, now aborted: the run did not get to its end"
fresh
edit "$T/b/run.json" '.verdict = {exit_status: 1, why: "1 of 10 hypotheses were refuted"}'
regressed 1 "run 2, the run: accepted before, now 1 of 10 hypotheses were refuted"
for status in aborted failed not_manifested not_recovered skipped; do
	fresh
	edit "$T/b/chaos_results.json" '.[0].status = "'$status'"'
	regressed 1 "run 2, payment_latency: carried out before, $status now"
done
fresh
edit "$T/a/chaos_results.json" '.[0].hypothesis.verdict = "held"'
edit "$T/b/chaos_results.json" '.[0].hypothesis.verdict = "refuted"'
regressed 1 "run 2, payment_latency: the hypothesis held before, refuted now"

# Two suites are not compared without a word.
fresh
edit "$T/b/run.json" '.config.sha256 = "cd" * 32'
check "another version of the file is named" sh -c "'$FL' history '$T/a' '$T/b' | grep -q '^note: the file of run 2 is another version.*cdcdcdcd, abababab'"
edit "$T/b/run.json" '.suite = "catalog"'
check "... under another name, too" sh -c "'$FL' history '$T/a' '$T/b' | grep -q '^note: the file of run 2'"
edit "$T/b/run.json" '.config.path = "experiments/catalog.yaml"'
"$FL" history "$T/a" "$T/b" >"$T/out" 2>"$T/err"
check_num "another suite: exit 2" $? eq 2
check "... and both are named" grep -q "'demo' (experiments/demo.yaml).*'catalog' (experiments/catalog.yaml)" "$T/err"
check "... unless it is asked for" sh -c "'$FL' history --any-suite '$T/a' '$T/b' | grep -q '^note: whatever their suites'"
fresh
rm "$T/b/run.json"
check "a suite that is not known is named" sh -c "'$FL' history '$T/a' '$T/b' | grep -q '^note: run 2 has no run.json'"
fresh
edit "$T/b/chaos_results.json" 'del(.[0])'
check "an experiment that is not there any more is named" sh -c "'$FL' history '$T/a' '$T/b' | grep -q '^note: run 1 has 1 experiment that run 2 has not: payment_latency'"
edit "$T/b/run.json" '.scale = 0.1'
check "... and another scale" sh -c "'$FL' history '$T/a' '$T/b' | grep -q '^note: run 2 had windows of another length'"

"$FL" history >"$T/err" 2>&1
check_num "no folder: exit 2" $? eq 2
"$FL" history "$T/a" /nonexistent >"$T/err" 2>&1
check_num "one that is no run: exit 2" $? eq 2

# run --every: one run after the other at its distance until a signal, and history over them. The pipeline
# reads the events of the first run only: from then on it is silent.
. "$TOP/tests/tools/run_lib.sh"
pipeline good "$T/every/001/events.jsonl"
DURATION=300ms suite "$T/s.yaml" payment_latency
"$FL" run "$T/s.yaml" --every 4s --out "$T/every" -q >"$T/boards" 2>&1 &
pid=$!
second() { grep -q "Results: $T/every/002" "$T/boards"; }
wait_for 30 second || not_ok "the second run ended"
kill -TERM $pid
wait $pid
check_num "a signal between two runs ends --every: exit 5" $? eq 5
check "there are two whole runs" test "$(ls "$T/every" | paste -sd' ')" = "001 002"
# From start to start it is 4 s, but the first asks the pipeline what it takes before it begins; at once it would be 2 s.
check "4 s apart" jq -es '.[1].started - .[0].started | . >= 3' "$T"/every/00[12]/run.json
"$FL" history "$T"/every/00[12] >"$T/out"
check_num "history over them: exit 1" $? eq 1
check "... shows what regressed" grep -qx -- '- run 2, payment_latency: detected before, missed now' "$T/out"
check "... a bar a run" grep -qE '^  recall +█▁  1.00 → 0.00$' "$T/out"
check "... the trend" jq -e '.trends | length == 1 and .[0].runs == [1, 2] and .[0].recall == [1, 0]' <("$FL" history -o json "$T"/every/00[12])
check "... and its spread" jq -e '.spread.recall | .n == 2 and .mean == 0.5' <("$FL" history -o json "$T"/every/00[12])
