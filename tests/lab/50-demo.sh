#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# End to end with nothing scripted: the lab, one experiment of the demo with shorter windows, the
# reference pipeline, the scoreboard; and what a run on the lab leaves in its folder.
. "$(dirname "$0")/../lib.sh"
export FAULTLINE_LAB_CGROUP=faultline-lab-${T##*.}
trap '"$FL" lab down >/dev/null 2>&1; cleanup' EXIT
out=$T/out
field() { jq -r "$1" "$out/chaos_results.json"; }

"$FL" run "$TOP/experiments/demo.yaml" --out "$out" >"$T/nolab" 2>&1
check_num "without a lab: the environment lacks something" $? eq 3
check "and says how to get it" grep -q 'faultline lab up' "$T/nolab"

sed 's/baseline: .*/baseline: 3s/; s/grace: .*/grace: 3s/; s/duration: .*/duration: 8s/' "$TOP/experiments/demo.yaml" >"$T/short.yaml"
check "the lab is up" "$FL" lab up
check "a dry run finds every target" "$FL" run "$TOP/experiments/demo.yaml" --dry-run
t0=$SECONDS
"$FL" run "$T/short.yaml" --only 8 --out "$out" >"$T/board" 2>"$T/progress"
rc=$?
note "FIGURE run: edge_partition end to end in $((SECONDS - t0)) s, exit status $rc"
check_num "the run came to its end" $rc le 1
check "the fault manifested" test "$(field '.[0].status')" = ok
check_num "hits" "$(field '.[0].proof[0].injected')" gt 20
check_num "first hit, ms after it was on" "$(field '.[0].proof[0] | (.first_hit - .on) * 1000')" lt 1000
check_num "tries of the probe that passed before" "$(field '.[0].probe.before.pass_rate')" ge 0.99
check_num "and during" "$(field '.[0].probe.during.pass_rate')" lt 0.3
check "it recovered" test "$(field '.[0].recovery.recovered')" = true
check "the pipeline was asked throughout" test "$(field '.[0].pipeline | .reachable_before and .reachable_during and .error == null')" = true
check "the lab's graph is in the manifest" jq -e '.graph.edges | length > 10' "$out/run.json"
check "the scoreboard names it" grep -q '^| 8 | edge_partition ' "$T/board"
check "nothing of it is on any more" test "$("$FL" list -o json | jq length)" = 0
