#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two faults in one experiment, end to end in the lab: each hits from its own offset on and for its own
# length, and the result shows both under one hypothesis.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lab.sh"
out=$T/out
field() { jq -r "$1" "$out/chaos_results.json"; }
# since FAULT WHAT: seconds from the injection to that moment of the fault.
since() { field ".[0] | (.proof[$1].$2 - .times.inject) * 1000 | round / 1000"; }

check "the file as it is passes the check" "$FL" check "$TOP/experiments/combined.yaml"
sed -E 's/baseline: .*/baseline: 2s/; s/grace: .*/grace: 2s/; s/steady_window: .*/steady_window: 2s/
	s/offset: [0-9]+s/offset: 2s/; s/duration: 8s/duration: 3s/; s/duration: 16s/duration: 7s/' "$TOP/experiments/combined.yaml" >"$T/short.yaml"
"$FL" run "$T/short.yaml" --only 1 --out "$out" >"$T/board" 2>"$T/progress"
check_num "the run came to its end" $? le 1
check "it manifested" [ "$(field '.[0].status')" = ok ]
check "the result shows both faults" [ "$(field '[.[0].proof[] | .kind + " " + .targets[0]] | join(", ")')" = "latency payment-svc, network_loss inventory-svc" ]
check_num "the first hits at once, s" "$(since 0 first_hit)" lt 1
check_num "the second not before its offset" "$(since 1 first_hit)" ge 2
check_num "... and soon after it" "$(since 1 first_hit)" lt 3.5
check_num "its last hit lies within its length" "$(since 1 last_hit)" le 5.2
check_num "the first goes on behind it" "$(since 0 last_hit)" gt 5.2
check_num "... to the end of the experiment" "$(since 0 off)" ge 7
check_num "both were hit often" "$(field '[.[0].proof[].injected] | min')" gt 10
check "each switch is an event" [ "$(jq -rs '[.[] | select(.event == "fault-on" or .event == "fault-off") | .event[6:] + " " + .kind] | join(", ")' "$out/events.jsonl")" = "on latency, on network_loss, off network_loss, off latency" ]
check "one hypothesis about both" [ "$(field '.[0].hypothesis.clauses | length')" = 2 ]
check "the report names both" bash -c 'grep -q network_loss "$0/chaos_report.md" && grep -q latency "$0/chaos_report.md"' "$out"
