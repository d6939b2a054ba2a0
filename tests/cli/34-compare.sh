#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# faultline compare: two runs, pair by pair, what chance explains and what it does not; exit status 1 is a regression.
. "$(dirname "$0")/../lib.sh"
edit() { jq "$2" "$1" >"$T/x" && mv "$T/x" "$1"; }
fresh() { rm -rf "$T/a" "$T/b"; for d in a b; do python3 "$TOP/tests/golden/make_run.py" "$T/$d"; done; }
# compared STATUS ARGUMENT...: exits with that status, its text is in $T/out.
compared() {
	local status=$1 r; shift
	"$FL" compare "$@" >"$T/out" 2>"$T/err"; r=$?
	if [ $r = "$status" ]; then ok "exit $status"; else not_ok "exit $r, not $status"; sed 's/^/#   /' "$T/out" "$T/err"; fi
}
json() { "$FL" compare -o json "$T/a" "$T/b" | jq -e "$1" >"$T/why"; }

fresh
compared 0 "$T/a" "$T/b"
check "two equal runs: nothing that chance does not explain" grep -q '^Nothing that chance does not explain' "$T/out"
check "... and nothing is worse or better" sh -c "! grep -E '^(Worse|Better|Only)' '$T/out'"

edit "$T/b/chaos_results.json" '.[0].detected = false | .[0].mttd_s = null | .[1].mttd_s = 40 |
	.[5].rca_correct = false | .[2].mttd_s = 1 | .[3].rca_correct = true | .[6].status = "failed" | .[9].id = "other"'
compared 0 "$T/a" "$T/b"
sed -n '/^Worse/,/^Only in B/p' "$T/out" >"$T/changes"
check "what got worse, what better, and what only one has" diff "$T/changes" - <<'LIST'
Worse in B:
- payment_latency: detected in A, missed in B
- payment_loss: detected after 19s in A, 40s in B
- auth_clock_skew: right root in A, not in B (auth-svc)
- log_disk_fill: scored in A, failed in B

Better in B:
- inventory_kill: detected after 6.4s in A, 1.0s in B
- gateway_cpu: wrong root in A (frontend), right in B

Only in A: checkout_retry_storm

Only in B: other
LIST
check "that it cannot be beyond chance is said" sh -c "tr '\n' ' ' <'$T/out' | grep -q 'at least 6 pairs have to differ'"
# 9 in both: scored 8 and 7; 7 in both, detected 7 and 6: -1/7.
check "-o json has the counts" json '.questions.scored.pairs == 9 and .questions.detected.pairs == 7 and (.questions.detected.difference + 1/7 | fabs) < 1e-9 and .regressed == false'
"$FL" history "$T/a" "$T/b" >"$T/history"
same() { diff <(grep -oE 'payment_latency|payment_loss|auth_clock_skew|log_disk_fill|inventory_kill|gateway_cpu' <(sed -n '/^Regressions/,$p' "$T/history")) <(sed -n '/^Worse/,/^Better/p' "$T/out" | grep -oE 'payment_latency|payment_loss|auth_clock_skew|log_disk_fill'); }
check "history calls the same ones regressions" same

# Six of eight that were found are missed: p = 2 * 2^-6.
fresh
edit "$T/b/chaos_results.json" '[limit(6; to_entries[] | select(.value.detected) | .key)] as $lost | reduce $lost[] as $i (.; .[$i].detected = false | .[$i].mttd_s = null)'
compared 1 "$T/a" "$T/b"
check "a significant regression is named" grep -q '^B is worse than chance explains: detected (p = 0.031)' "$T/out"
check "... in JSON too" json '.regressed and .questions.detected.worse and .questions.detected.p == 0.03125'
compared 0 "$T/b" "$T/a"
check "the other way round it is better" grep -q '^B is better than chance explains: detected (p = 0.031)' "$T/out"
check "no line is wider than 80 columns" sh -c "! grep -qE '.{81}' '$T/out'"

# Runs that scored nothing are no success.
for d in a b; do edit "$T/$d/chaos_results.json" '.[].pipeline_asked = false'; done
compared 1 "$T/a" "$T/b"
check "nothing was scored in both" grep -q '^No experiment was scored in both runs' "$T/out"
edit "$T/a/chaos_results.json" 'del(.[].pipeline_asked)'
compared 1 "$T/a" "$T/b"
check "what is not scored any more is a regression" grep -q 'B is worse than chance explains\|No experiment was scored' "$T/out"

# Two suites.
fresh
edit "$T/b/run.json" '.config.sha256 = "cd" * 32'
compared 0 "$T/a" "$T/b"
check "another version of the file is named" grep -q '^note: the file of B is another version of that of A' "$T/out"
edit "$T/b/run.json" '.suite = "catalog" | .config.path = "experiments/catalog.yaml"'
compared 2 "$T/a" "$T/b"
check "two suites are refused, both named" grep -q "'demo' (experiments/demo.yaml).*'catalog' (experiments/catalog.yaml)" "$T/err"
check "... with what to do" grep -q -- '--force' "$T/err"
compared 0 --force "$T/a" "$T/b"
check "--force pairs by id, and says so" grep -q '^note: whatever their suites' "$T/out"
compared 2 "$T/a"
compared 2 "$T/a" "$T/b" "$T/a"
check "three are too many" grep -q 'faultline history' "$T/err"
compared 2 "$T/a" /nonexistent
