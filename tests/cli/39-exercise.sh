#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: long
# The files and pipelines of the chaos exercise, as they are: check, import, run; pipelines of several shapes are
# found out by asking, and what they say is read right or said to be unread.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"

# shape NAME: a pipeline of that shape; $PORT, $BG_PID.
shape() {
	: >"$T/port"
	bg python3 "$TOOLS/servers/w3d2_pipeline.py" 0 "$1" "$T/$1/events.jsonl" >"$T/port"
	wait_for 10 test -s "$T/port"
	PORT=$(cat "$T/port")
}
# exercise FILE: in the form of the class, with null faults on the pipeline's process.
exercise() {
	cat >"$1" <<-Y
		version: 1
		experiments:
		- id: 1
		  name: payment_slow
		  fault_type: 'null'
		  params: {hits: 3}
		  target: pid:$BG_PID
		  hypothesis: 'Steady-state: probe pass-rate >= 50%.'
		  blast_radius: {target: 1 instance of payment-svc, duration_seconds: 12, traffic_percent: 100}
		  rollback: {automatic: true, trigger_when: 'probe_pass_rate < 1% for 20s', method: null}
		  measurement:
		    metrics: [probe_pass_rate, p99_latency, detector_alerts, rca_root_service, retry_count, queue_depth]
		    capture_window_seconds: 30
		  ground_truth: {expected_root_service: payment-svc, expected_fault_class: latency}
		- id: 10
		  name: retry_storm
		  fault_type: 'null'
		  params: {hits: 3}
		  target: pid:$BG_PID
		  hypothesis: orders go through
		  blast_radius: {target: 100% of checkout-svc requests, duration_seconds: 12, traffic_percent: 100}
		  rollback: {automatic: true, method: none}
		  measurement: {metrics: [probe_pass_rate], capture_window_seconds: 30}
		  ground_truth: {expected_root_service: NOT checkout-svc}
	Y
}

shape pack
exercise "$T/w3.yaml"
"$FL" check "$T/w3.yaml" >"$T/check" 2>&1
check_num "check takes the file" $? eq 0
for rule in invented-method invented-hypothesis invented-trigger unmeasured-metric invented-probe invented-pipeline; do
	check "... and says $rule with its place" grep -q "w3.yaml:.*\[$rule\]" "$T/check"
done
"$FL" check --strict "$T/w3.yaml" >/dev/null 2>&1
check_num "... --strict does not" $? eq 2
"$FL" run --strict "$T/w3.yaml" --pipeline http://127.0.0.1:$PORT --probe http://127.0.0.1:$PORT/health --out "$T/none" >"$T/out" 2>&1
check_num "run --strict does not" $? eq 2
check "... says how many were invented, and what to do" grep -q 'had to be invented.*' "$T/out"
check "... and runs nothing" test ! -e "$T/none"
sed 's/duration_seconds/duratoin_seconds/; s/hypothesis:/hypothesi:/' "$T/w3.yaml" >"$T/wrong.yaml"
"$FL" check "$T/wrong.yaml" "$T/w3.yaml" >"$T/out" 2>&1
check_num "a typing error in such a file is an error" $? eq 2
check "... all of them at once, with the nearest key" test "$(grep -c "error \[unknown-key\].*did you mean" "$T/out")" = 4
check "... and the next file is judged all the same" grep -q 'w3.yaml: 2 experiments, 0 errors' "$T/out"
{ cat "$T/w3.yaml"; printf 'services: {db: netns:shop-db}\n'; } >"$T/misplaced.yaml"
"$FL" check "$T/misplaced.yaml" >"$T/out" 2>&1
check "a setting of our own form without its 'suite:' is told where it belongs" grep -q "'services' is not used: it stands below 'suite:'" "$T/out"
"$FL" import w3d2 "$T/w3.yaml" --out "$T/own.yaml" 2>"$T/out"
check_num "import w3d2" $? eq 0
check "... says each value" grep -q '\[invented-trigger\]' "$T/out"
"$FL" check --strict "$T/own.yaml" >"$T/out" 2>&1
check_num "... and check --strict has nothing against the file" $? eq 0
check "... not one finding" test "$(wc -l <"$T/out")" = 1

# All shapes at once.
SHAPES="flaky lax alone broken wrapped groups now ahead told text lines byid iso deep slash getonly chunked camel nested service dumped old"
for s in pack $SHAPES; do
	[ $s = pack ] || shape $s
	exercise "$T/$s.yaml"
	"$FL" run "$T/$s.yaml" --scale 0.1 --pipeline http://127.0.0.1:$PORT --probe http://127.0.0.1:$PORT/health --out "$T/$s" >"$T/$s.board" 2>"$T/$s.err" &
	eval "run_$s=$!"
done
one() {
	eval "wait \$run_$1"
	rc=$?
	out=$T/$1
}
all() { check "$1" jq -e "all(.[]; $2)" "$out/chaos_results.json"; }

one pack
check_num "pack: runs to a scoreboard, accepted" $rc eq 0
all "pack: detected, the root named" '.detected and .rca_service == "payment-svc" and .rca_correct'
check "pack: what it takes is said before the first fault" grep -q 'POST /correlate takes {window: SECONDS}; POST /rca takes {window_start, window_end}' "$T/pack.err"
check "pack: and recorded" jq -e '.pipeline_takes | contains("window_start")' "$out/run.json"
check "pack: every invention is said by run" grep -q '\[invented-trigger\]' "$T/pack.err"
check "pack: not of what the command line gives" sh -c "! grep -q 'invented-p[ri]' '$T/pack.err'"
check "pack: the scale is said below the scoreboard" grep -qx 'Scale: 0.1: every window was 0.1 times as long as the file says' "$T/pack.board"
check "pack: and in the manifest" jq -e '.scale == 0.1 and .form == "exercise" and (.invented | length > 2)' "$out/run.json"
check "pack: the fault was a tenth as long" jq -e '.[0].times | (.end - .inject) as $d | $d > 1 and $d < 2' "$out/chaos_results.json"
check "pack: the built-in metrics have values" jq -e '.[0].metrics | .detector_alerts.during.count > 0 and .rca_root_service.during.service == "payment-svc"' "$out/chaos_results.json"
check "pack: no line of complaint" sh -c "! grep -q 'pipeline.s answers' '$T/pack.board'"
check "pack: the report says the scale, and what was found out" grep -q 'every window was 0.1 times' "$out/chaos_report.md"
check "... of the pipeline" grep -q 'found out of the pipeline by asking: .*window' "$out/chaos_report.md"

one lax
all "lax: a body that finds nothing is followed by others" '.detected and .rca_service == "payment-svc"'
one alone
all "alone: without a correlator the window is the cluster" '.detected and .rca_service == "payment-svc" and .clusters == null'
one broken
all "broken: a correlator that answers 500 is no blindness" '.detected and .rca_service == "payment-svc" and .pipeline.reachable_during'
check "broken: no gap 7.5" sh -c "! grep -q '(7.5)' '$T/broken.board'"
one wrapped
all "wrapped: read" '.detected and .rca_service == "payment-svc"'
one groups
all "groups: read" '.detected and .rca_service == "payment-svc" and (.clusters | length == 1)'
one lines
all "lines: read" '.detected and .rca_service == "payment-svc"'
for s in byid iso deep slash getonly chunked camel nested service dumped old; do
	one $s
	all "$s: read" '.detected and .rca_service == "payment-svc" and .rca_correct'
done
one now
check_num "now: an alert at every question is not accepted" $rc eq 1
check "now: false alarms are counted" jq -e '.[0].false_alarms > 0' "$out/chaos_results.json"
one ahead
check "ahead: stamps from the future are said below the scoreboard" grep -q 'stamped later than first seen, by up to' "$T/ahead.board"
check "ahead: no rule blames the detector" sh -c "! grep -q '(7.1)' '$T/ahead.board'"
one told
check_num "told: not accepted" $rc eq 1
check "told: it is said how that can be seen" grep -q 'told of its faults' "$T/told.board"
check "told: and by which door" grep -q 'It can be told: POST /events' "$T/told.board"
check "told: in the report as well" grep -q 'POST /events' "$out/chaos_report.md"
one text
check "text: unread is not absent" grep -q 'answers not understood: ' "$T/text.board"
check "text: no rule blames the detector" sh -c "! grep -q '(7.1)' '$T/text.board'"
check "text: known before the first fault" grep -q '^pipeline .*no JSON' "$T/text.err"

shape nowhere
exercise "$T/nowhere.yaml"
"$FL" run "$T/nowhere.yaml" --scale 0.1 --pipeline http://127.0.0.1:$PORT --probe http://127.0.0.1:$PORT/health --out "$T/nowhere" >"$T/out" 2>&1
check_num "nowhere: a wrong path stops the run before the first fault" $? eq 3
check "nowhere: says what was asked and what came" grep -q '/alerts?since=[0-9]* with HTTP 404' "$T/out"
check "nowhere: nothing was run" test ! -e "$T/nowhere/chaos_results.json"

# Asking takes its time, is announced, and can be ended.
shape tired
exercise "$T/tired.yaml"
"$FL" run "$T/tired.yaml" --pipeline http://127.0.0.1:$PORT --probe http://127.0.0.1:$PORT/health --out "$T/tired-run" >"$T/out" 2>&1 &
run=$!
check "tired: asking is announced" wait_for 10 grep -q '^asking the pipeline what it takes (20 s at most)' "$T/out"
kill -INT $run
wait $run
check_num "tired: a signal ends it at once" $? eq 5
check "tired: and it says that nothing was injected" grep -q 'nothing was injected' "$T/out"
check "tired: nothing was run" test ! -e "$T/tired-run/chaos_results.json"

# Results, probe.log and the checklist.
out=$T/pack
check "our results have what score_run.py reads" jq -e 'all(.[]; .mttd != null and (.observed_at_ts | type == "number") and (.raw.alerts | length > 0) and .raw.rca.root_service == "payment-svc" and .raw.detected)' "$out/chaos_results.json"
# The figures of a script that knows nothing but these keys are those of our scoreboard.
cat >"$T/figures.py" <<'END_PY'
import json, re, statistics, sys
results = json.load(open(sys.argv[1]))
found = [r for r in results if r["detected"]]
alarms = sum(r["false_alarms"] > 0 for r in results)  # baseline windows in which it was not silent
mttds = [r["mttd"] for r in found]
near = lambda text, value: abs(float(text) - value) <= 0.051
board = sys.stdin.read()
figure = lambda pattern: re.search("^" + pattern + "$", board, re.M).groups()
n, of = figure(r"Detected: (\d+)/(\d+)")
right, told = figure(r"RCA correct: (\d+)/(\d+)")
precision, = figure(r"Precision: (\S+)")
recall, = figure(r"Recall: (\S+)")
p50, p95 = figure(r"MTTD p50: (\S+?)s?, p95: (\S+?)s?")
bad = []
if [int(n), int(of)] != [len(found), len(results)]: bad.append("detected")
if [int(right), int(told)] != [sum(bool(r["rca_correct"]) for r in found), len(found)]: bad.append("rca_correct")
if not near(recall, len(found) / len(results)): bad.append("recall")
if found and not near(precision, len(found) / (len(found) + alarms)): bad.append("precision")
if mttds and not near(p50, statistics.median(mttds)): bad.append("p50")
if mttds and not near(p95, statistics.quantiles(mttds * 2 if len(mttds) == 1 else mttds, n=20, method="inclusive")[-1]): bad.append("p95")
sys.exit("%s differ\n%s" % (bad, board) if bad else None)
END_PY
for s in pack groups now told; do
	check "$s: the figures out of chaos_results.json alone" sh -c "'$FL' score '$T/$s' | python3 '$T/figures.py' '$T/$s/chaos_results.json'"
done
check "our baseline.json has the form of capture_baseline.py too" jq -e '(.captured_at | test("^20..-")) and .duration_seconds >= 29 and .metrics.probe_pass_rate.samples > 0' "$out/baseline.json"
# Its mean is the pass rate of as many lines of probe.log, from the second in which the window began.
cat >"$T/mean.py" <<'END_PY'
import json, sys
lines = [l.split() for l in open(sys.argv[1] + "/probe.log") if not l.startswith("#")]
baseline = json.load(open(sys.argv[1] + "/baseline.json"))
start, said = baseline["windows"][-1]["start"], baseline["metrics"]["probe_pass_rate"]
first = [i for i, l in enumerate(lines) if abs(int(l[0]) - int(start)) <= 1]
rates = [sum(l[1] == "pass" for l in lines[i:i + said["samples"]]) / said["samples"] for i in first]
sys.exit(None if any(abs(r - said["mean"]) < 1e-9 for r in rates) else "%s, of probe.log %s" % (said, rates))
END_PY
check "... whose pass rate is that of probe.log" /usr/bin/python3 "$T/mean.py" "$out"
# One whose page fails now and then: every share that results and report say is that of lines of probe.log.
one flaky
cat >"$T/shares.py" <<'END_PY'
import json, re, sys
lines = [l.split() for l in open(sys.argv[1] + "/probe.log") if not l.startswith("#")]
passed = [l[1] == "pass" for l in lines]
report = open(sys.argv[1] + "/chaos_report.md").read()
percent = lambda share: "%.3g %%" % (100 * share)
bad = []
if all(passed): bad.append("nothing failed")
head = "External probe: %d tries in probe.log, %s passed" % (len(lines), percent(sum(passed) / len(lines)))
if head not in report: bad.append(head)
for r in json.load(open(sys.argv[1] + "/chaos_results.json")):
    said, times = r["metrics"]["probe_pass_rate"], r["times"]
    for phase, start in ("before", times["baseline_start"]), ("during", times["inject"]), ("after", times["end"]):
        n = said[phase]["n"]
        shares = [sum(passed[i:i + n]) / n for i, l in enumerate(lines) if abs(int(l[0]) - start) <= 2]
        if not any(abs(s - said[phase]["mean"]) < 1e-9 for s in shares): bad.append("%s %s: %s" % (r["name"], phase, said[phase]))
    text = "passed %s before, %s during and %s after" % tuple(percent(said[p]["mean"]) for p in ("before", "during", "after"))
    if text not in report: bad.append(text)
sys.exit("\n".join(bad) or None)
END_PY
check "flaky: every share of the results and the report is that of probe.log" /usr/bin/python3 "$T/shares.py" "$out"
out=$T/pack
mkdir -p "$T/empty"
"$FL" accept "$T/empty" --file "$T/nosuch.yaml" >"$T/out"
check_num "accept: of an empty folder" $? eq 1
check "... all of the checklist, and nothing of it is yes" sh -c "[ \$(grep -c '^no  \|^?   ' '$T/out') -ge 14 ] && ! grep '^yes' '$T/out'"
check "... and nothing was written there" sh -c "[ -z \"\$(ls '$T/empty')\" ]"
"$FL" accept "$out" --file "$T/pack.yaml" >"$T/out"
check_num "accept: a run of two experiments is not all of it" $? eq 1
check "accept: how many entries, and where" grep -A1 '^no   experiments.yaml has 10 entries' "$T/out"
check "accept: the runner, by the file's digest" grep -A1 '^yes  the runner runs' "$T/out"
check "accept: probe.log throughout" grep '^yes  probe.log runs through' "$T/out"
check "accept: the scoreboard's form" grep '^yes  the scoreboard has the form' "$T/out"
check "accept: both documents" test "$(grep -c '^yes  [a-zA-Z_.]* has its 4 sections' "$T/out")" = 2
check "accept: questions that are open" grep -A1 '^no   what only the author can say' "$T/out"
check "accept: a fault that has no hypothesis of its own is found, with its line" grep -A1 '^no   a fault without a hypothesis' "$T/out"
check "accept: every fault was rolled back" grep '^yes  no rollback' "$T/out"
sed -i 's/\*\*\[Author:[^]]*\]\*\*/said/g; s/(author: fill in)/1.0/; s/\\<your name\\>/me/' "$out/SUBMIT.md" "$out/chaos_report.md"
"$FL" accept "$out" --file "$T/pack.yaml" -o json >"$T/out.json"
check "accept: answered questions are not open" jq -e '.[] | select(.line | test("only the author")) | .yes' "$T/out.json"

mkdir "$T/theirs"
cat >"$T/theirs/chaos_results.json" <<'J'
[{"id": 1, "name": "slow", "detected": true, "mttd": 20, "rca_service": "payment-svc", "rca_correct": true, "observed_at_ts": 1700000100,
  "raw": {"alerts": [{"service": "payment-svc", "fire_ts": 1700000120}], "rca": {"root_service": "payment-svc", "confidence": 0.5, "evidence": []}, "detected": true}},
 {"id": 2, "name": "lost", "detected": false, "mttd": null, "rca_service": null, "rca_correct": false, "observed_at_ts": 1700000400, "raw": {"alerts": []}}]
J
printf '# probe started at 1700000000 endpoint=http://localhost:8080/\n1700000000 pass 12\n\n1700000005 fail 000 2003\n' >"$T/theirs/probe.log"
"$FL" score "$T/theirs" >"$T/out"
check "score: their results" grep -qx 'Detected: 1/2' "$T/out"
check "score: what they do not record is said" grep -q '0 false alarms is what they say, not what was seen' "$T/out"
"$FL" score "$T/theirs/chaos_results.json" >"$T/out"
check "score: the file alone" grep -qx 'MTTD p50: 20s, p95: 20s' "$T/out"
cat >"$T/theirs/baseline.json" <<'J'
{"captured_at": "2023-11-14T22:13:20+00:00", "duration_seconds": 300, "metrics": {"rate(http_requests_total[1m])": {"mean": 0.19, "p99": 0.2, "samples": 30}}}
J
"$FL" report "$T/theirs" >"$T/out" 2>&1
check_num "report: of their results, their baseline.json and their probe.log" $? eq 0
check "report: how long their baseline was" grep -q 'Baseline window:\*\* 300s, captured_at 2023-11-14T22:13:20+00:00$' "$T/theirs/chaos_report.md"
check "report: a comment in probe.log is no torn line" sh -c "grep -q 'External probe: 2 tries' '$T/theirs/chaos_report.md' && ! grep -q torn '$T/theirs/chaos_report.md'"

# Services that only a metric names, from the Prometheus configuration of the pack.
sed '/^- id: 10$/,$d; s/pass-rate >= 50%/pass-rate >= 50%, ledger error_rate <= 5%/; s/target: pid:.*/target: payment-svc/' "$T/w3.yaml" >"$T/metrics.yaml"
"$FL" check "$T/metrics.yaml" >"$T/out" 2>&1
check "prometheus_targets.yml: without it a service is not known" grep -q 'unmeasured-clause' "$T/out"
mkdir "$T/configs"
printf 'scrape_configs:\n- job_name: x\n  static_configs: [{targets: ["ledger:8080"], labels: {tier: app}}]\n' >"$T/configs/prometheus_targets.yml"
"$FL" check "$T/metrics.yaml" >"$T/out" 2>&1
check "... beside the file, in configs/, it is" sh -c "! grep 'unmeasured-clause' '$T/out'"
