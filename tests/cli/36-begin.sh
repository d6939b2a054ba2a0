#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# When an experiment begins: `when` holds, in time or never; `after` another one, which may have been skipped; what is
# refused, and where.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
pipeline silent
export DURATION=400ms

# edited FILE NAME LINE: LINE as another key of the experiment NAME.
edited() { sed -i "s/^  - name: $2\$/&\n    $3/" "$1"; }
suite "$T/s.yaml" calm never late orphan
edited "$T/s.yaml" calm 'when: success_rate >= 99% for 2s'
edited "$T/s.yaml" never 'when: "success_rate < 1%"\n    within: 700ms'
edited "$T/s.yaml" late 'after: calm + 3s'
edited "$T/s.yaml" orphan 'after: never'
out=$T/out
"$FL" run "$T/s.yaml" --dry-run >"$T/plan" 2>&1
check "a dry run says when" grep -qE 'calm .*, when success_rate >= 99% for 2s \(within 300s\)' "$T/plan"
check "... and after what" grep -qE 'late .*, 3s after calm' "$T/plan"
"$FL" run "$T/s.yaml" --out "$out" -q >"$T/board" 2>&1
check_num "one was skipped: exit status" $? eq 1
same "who ran" "$(field "$out" '[.[] | .id + " " + .status] | join(", ")')" "calm ok, never skipped, late ok, orphan skipped"
check_num "calm: 2 s of it, with a baseline of half a second (s)" "$(field "$out" '.[0].times | .inject - .baseline_start')" ge 2
check_num "... and no longer than that takes (s)" "$(field "$out" '.[0].times | .inject - .baseline_start')" le 6
same "never: why" "$(field "$out" '.[1].error')" "skipped: 'success_rate < 1%' did not hold within 700ms after the baseline"
same "... nothing was injected" "$(field "$out" '.[1].times.inject')" null
check "... and it was said that it waits" event "$out" '.event == "waiting" and .experiment == "never" and .for == "when" and .within_s == 0.7'
check_num "late: so long after the end of the other (s)" "$(field "$out" '.[2].times.inject - .[0].times.end')" ge 3
same "orphan: why" "$(field "$out" '.[3].error')" "skipped: it begins after 'never', whose fault was never on: skipped"
check "no fault of theirs was on" sh -c "! jq -e 'select(.event == \"fault-on\" and (.experiment == \"never\" or .experiment == \"orphan\"))' '$out/events.jsonl' | grep -q ."
"$FL" run "$T/s.yaml" --only 3 --out "$T/only" -q >"$T/board" 2>&1
same "without the other one" "$(field "$T/only" '.[0].error')" "skipped: it begins after 'calm', which is not part of this run"

# At a time: no sooner, and not when it is long over.
suite "$T/at.yaml" soon missed
export TZ=Asia/Ho_Chi_Minh
at=$(($(date +%s) + 6))
edited "$T/at.yaml" soon "at: \"$(date -d @$at +%T)\""
edited "$T/at.yaml" missed "at: $(date -u -d @$((at + 1)) +%FT%TZ)\n    within: 100ms"
"$FL" run "$T/at.yaml" --dry-run >"$T/plan" 2>&1
check "a dry run says at what time" grep -qE "soon .*, at $(date -d @$at +%T)" "$T/plan"
check "... and on which day" grep -qE "missed .*, at $(date -u -d @$((at + 1)) +'%F %T') UTC" "$T/plan"
"$FL" run "$T/at.yaml" --out "$T/at" -q >"$T/board" 2>&1
check_num "soon: no sooner (s)" "$(field "$T/at" ".[0].times.inject - $at")" ge 0
check_num "... nor much later" "$(field "$T/at" ".[0].times.inject - $at")" le 3
check "... and it was said that it waits" event "$T/at" '.event == "waiting" and .experiment == "soon" and .for == "at"'
same "missed: skipped" "$(field "$T/at" '.[1].status')" skipped
same "... with the time" "$(field "$T/at" '.[1].error' | sed -E 's/ [0-9]+s later$/ N later/')" "skipped: it was to begin at $(date -d @$((at + 1)) +'%F %T'), and could not before N later"
unset TZ

# A signal while it waits ends it as always.
suite "$T/long.yaml" never
edited "$T/long.yaml" never 'when: "success_rate < 1%"'
"$FL" run "$T/long.yaml" --out "$T/cut2" -q >"$T/board" 2>&1 & p=$!
wait_for 10 sh -c "grep -q '\"waiting\"' '$T/cut2/events.jsonl'" && kill -INT $p
wait $p
same "a signal while it waits: aborted" $? 5
same "... and in the result" "$(field "$T/cut2" '.[0].status')" aborted

# refuse WHAT KEY PATTERN: of `faultline check`, with the place.
refuse() {
	suite "$T/bad.yaml" first second
	edited "$T/bad.yaml" second "$2"
	"$FL" check "$T/bad.yaml" >"$T/said" 2>&1; rc=$?
	same "$1: status 2" $rc 2
	if grep -qE "$3" "$T/said"; then ok "... and where"; else not_ok "... and where"; sed 's/^/#   /' "$T/said"; fi
}
line=$(suite "$T/bad.yaml" first second; grep -n 'name: second' "$T/bad.yaml" | cut -d: -f1)
line=$((line + 1))
refuse "no such experiment" 'after: third' "bad.yaml:$line:12: .*no experiment 'third' stands above this one"
refuse "itself" 'after: second' "no experiment 'second' stands above this one"
refuse "no time" 'after: first + soon' "bad.yaml:$line:12: "
refuse "side by side" 'with: first' "bad.yaml:$line:11: .*experiments run one at a time"
refuse "within without when" 'within: 5min' "bad.yaml:$line:13: .*there is neither"
refuse "no time" 'at: noon' "bad.yaml:$line:9: .*'noon' is no time"
refuse "no such hour" 'at: "24:00"' "is no time"
refuse "no such day" 'at: 2026-02-30 12:00' "is no time"
refuse "a day that is over" 'at: 2026-02-28 12:00' "has gone by"
refuse "no expression" 'when: soon' "bad.yaml:$line:11: "
refuse "no such metric" 'when: sucess_rate > 1%' "no metric 'sucess_rate'"
refuse "what counts from the injection on" 'when: retry_count > 1' "counts from the injection on"
