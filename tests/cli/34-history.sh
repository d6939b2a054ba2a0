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
"$FL" history >"$T/err" 2>&1
check_num "no folder: exit 2" $? eq 2
"$FL" history "$T/a" /nonexistent >"$T/err" 2>&1
check_num "one that is no run: exit 2" $? eq 2

# run --every: one run after the other at its distance until a signal, and history over them. The pipeline
# reads the events of the first run only: from then on it is silent.
. "$TOP/tests/tools/run_lib.sh"
pipeline good "$T/every/001/events.jsonl"
DURATION=300ms suite "$T/s.yaml" payment_latency
"$FL" run "$T/s.yaml" --every 3s --out "$T/every" -q >"$T/boards" 2>&1 &
pid=$!
second() { grep -q "Results: $T/every/002" "$T/boards"; }
wait_for 20 second || not_ok "the second run ended"
kill -TERM $pid
wait $pid
check_num "a signal between two runs ends --every: exit 5" $? eq 5
check "there are two whole runs" test "$(ls "$T/every" | paste -sd' ')" = "001 002"
check "3 s apart" jq -es '.[1].started - .[0].started | . >= 2.99 and . < 5.5' "$T"/every/00[12]/run.json
"$FL" history "$T"/every/00[12] >"$T/out"
check_num "history over them: exit 1" $? eq 1
check "... shows what regressed" grep -qx -- '- run 2, payment_latency: detected before, missed now' "$T/out"
check "... and the trend" jq -e '.spread.recall | .n == 2 and .mean == 0.5' <("$FL" history -o json "$T"/every/00[12])
