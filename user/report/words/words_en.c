// SPDX-License-Identifier: GPL-2.0-only
/* words_en.c - the reports in English. Section numbers (7.1 ...) are those of the list of pipeline
 * failure modes in docs/scoring.md. */
#include "report/words/words_all.h"
#include "score/evidence.h"

static const struct mode_words modes[] = {
	{ "7.1", "The detector misses anomalies that lie under its noise floor",
	  "detector: its threshold follows the spread of a mean, so a noisy baseline hides a real change",
	  "detect on percentiles (p99) instead of means, and keep separate baselines for peak and "
	  "off-peak hours (§7.1)",
	  "run {id} again with the fault twice as strong: if the pipeline then alerts, the threshold is "
	  "the gap; if it stays silent, the metric never reaches the detector" },
	{ "7.2", "The correlator merges independent faults into one incident",
	  "correlator: clusters by time and ignores who calls whom",
	  "correlate along the dependency graph: two services that do not reach one another never share "
	  "a cluster (§7.2)",
	  "run the faults of {id} one at a time: the clusters must then be right" },
	{ "7.3", "RCA blames the loudest service instead of the root",
	  "RCA: ranks by the number of alerts, so a retry storm outvotes its cause",
	  "rank by topology (what the alerting services reach) and by time (who drifted first), with "
	  "lag analysis to order them (§7.3)",
	  "run {id} with retries limited to one: if RCA is then right, alert counts decide its ranking" },
	{ "7.4", "RCA is confident without evidence", "RCA: its confidence does not depend on any evidence",
	  "compute confidence from evidence (metric anomaly, log signature, distance in the graph) and "
	  "reject an answer without citations (§7.4)",
	  "ask /rca for a cluster of {id} with its alerts removed: the confidence must fall" },
	{ "7.5", "The pipeline goes blind together with what it watches",
	  "platform: the pipeline or its inputs depend on the services under test",
	  "give the pipeline a monitoring path of its own that shares nothing with the monitored "
	  "services (§7.5)",
	  "run {id} with the pipeline on another host: if it answers, the shared dependency is proven" },
	{ "-", "Failures that no rule of §7 explains",
	  "not known: the data of this run fit none of the five failure modes",
	  "do not tune yet; run the experiment of section 5 that tells the candidates of §7 apart", "" },
	{ 0 },
};

static const struct gap_words gap; /* the scoreboard speaks English */

static const struct sweep_words sweep = {
	.heading = "Detection limits",
	.trials = "Trials",
	.limit = "limit",
	.at = "at",
	.noticed = "noticed",
	.without_fault = "without a fault",
	.size = "size",
	.blind = "blind band",
	.yes = "yes",
	.no = "no",
	.unknown = "not known",
	.none = "none",
	.probability = "probability that it is noticed",
	.method = "The curves are those of the largest likelihood; the limit is where half of what is neither guess "
		  "nor lapse is "
		  "noticed, with the interval that holds it with 95 %. docs/sweep.md has the method.",
	.summary = "{kind} on {target}, {param} from {from} to {to}: {n} trials in {time}, {end}. Seed {seed}.",
	.legend =
		"a dot is a trial: full if it was noticed; at the left edge those without a fault. The bar is the 95 % "
		"interval of the limit",
	.map = "felt / reported",
	.unread = "{n} of the sweeps of sweep.json are not in a form that this version reads: they are left out.",
	.carry = NULL, /* the sentence of sweep.json */
	.who = { "felt by users", "reported", "right root" },
	.states = { "untested", "noisy", "below the range", "above the range", "found", "open" },
	.ends = { "ended early", "as narrow as asked", "until the time was spent",
		  "ended because trials said nothing" },
};

const struct words words_en = {
	.lang = "en",
	.title = "Chaos Engineering Report",
	.own_title = "chaos engineering report",
	.setup = "1. Setup",
	.results = "2. Results table",
	.analysis = "3. Detailed per-experiment analysis",
	.gaps = "4. Gap analysis — top 3 pipeline weaknesses",
	.open_gaps = "5. Hypotheses for gaps not yet confirmed",
	.not_recorded = "not recorded by this run (author: fill in)",
	.stack = "Stack version + commit hash",
	.pipeline = "Pipeline version + commit hash",
	.tool = "faultline",
	.config = "Experiment file",
	.host = "Host",
	.baseline = "Baseline window",
	.total = "Total experiments run",
	.ran = "Run",
	.probe_log = "External probe: {n} tries in probe.log, {rate} passed",
	.no_probe_log = "External probe: no try is recorded",
	.events = "Events: {n} in events.jsonl",
	.torn = "{n} torn lines left out",
	.by_hand = "at {url}",
	.scale = "Scale: every window was {n} times as long as the file says",
	.invented = "Values that the file does not say and faultline took (run.json, `invented`): {n}",
	.takes = "What was found out of the pipeline by asking: {text}",
	.matrix = "Windows: true positives {tp}, false negatives {fn}, false positives {fp}, true "
		  "negatives {tn}. F1 {f1}, RCA accuracy {rca}, mean time to detect {mttd}.",
	.more = "RCA of the detected: {right} right, {wrong} wrong, {none} without output.",
	.accepted = "Acceptance: **passed** (detected at least 70 %, RCA right for at least 70 % of "
		    "the detected, at most one false alarm).",
	.accepted_no_rca = "Acceptance: **passed** (detected at least 70 %, at most one false alarm; no root cause was "
			   "asked for).",
	.unscored = "Acceptance: **failed**: nothing was scored, so nothing was shown.",
	.rejected = "Acceptance: **failed** (it asks for at least 70 % detected, RCA right for at "
		    "least 70 % of the detected, at most one false alarm). Nothing was tuned to pass.",
	.not_scored = "Not scored: {list}.",
	.hypothesis = "**Hypothesis.** “{text}”",
	.no_hypothesis = "**Hypothesis.** None is recorded in the results.",
	.injected = "**Injected.** {fault} on {target}, {duration} long, from {time}.",
	.injected_open = "**Injected.** {fault} on {target}, from {time}; when it ended is not recorded.",
	.not_injected = "**Injected.** Nothing: {fault} on {target} was never switched on.",
	.proof = "It hit {injected} of {matched} matches, the first {first} after the injection.",
	.proof_undated = "It hit {injected} of {matched} matches; when the first hit came is not recorded.",
	.proof_none = "It hit none of {matched} matches: the fault never took effect.",
	.no_proof = "No count of hits is recorded for this fault.",
	.changed = "Changed while on, {time} after the injection: {text}.",
	.symptom_seen = "The first request outside of the baseline ended {time} after the injection, on "
			"{edge}, by the kernel's clock.",
	.detected = "**Observed.** The pipeline detected it: first alert after {mttd}; alerts in the "
		    "fault window: {alerts}.",
	.missed = "**Observed.** The pipeline missed it: no alert within the {window} of the watch.",
	.missed_undated = "**Observed.** The pipeline missed it: no alert in the fault window.",
	.silent = "**Observed.** The pipeline stayed silent for the {window} of the watch.",
	.unread = "**Observed.** No alert could be counted: {symptom}.",
	.unreached = "**Observed.** No alert was received, and the pipeline could not be reached for all of the "
		     "fault window: nobody knows what it saw.",
	.no_pipeline = "**Observed.** No pipeline was asked: there is no detection and no RCA to judge.",
	.received = "**Observed.** Alerts received after the injection: {alerts}; no score is made of them.",
	.rca_unscored = "RCA named {service} (confidence {confidence}, pieces of evidence: {evidence}), which is "
			"{verdict} but not scored; the truth is {truth}.",
	.rca_unread = "What was answered of its cause was not understood; the truth is {truth}.",
	.rca = "RCA named {service} (confidence {confidence}, pieces of evidence: {evidence}), which is "
	       "{verdict}; the truth is {truth}.",
	.rca_none = "RCA gave no output; the truth is {truth}.",
	.rca_silent = "Without a detection there is no RCA to judge; the truth is {truth}.",
	.rca_not_asked = "This pipeline names no root causes: there is no RCA to judge.",
	.match = "**Match expected?** Yes: the fault was noticed and its root named.",
	.noticed = "**Match expected?** Yes: the fault was noticed, which is all that this pipeline can do.",
	.match_silent = "**Match expected?** Yes: no detection was asked for, and there was none.",
	.match_no_root = "**Match expected?** Yes: the fault was noticed, and no root was to be named.",
	.match_not_wrong = "**Match expected?** Yes: the fault was noticed, and RCA named none of the services that "
			   "would be wrong.",
	.mismatch = "**Match expected?** No: {symptom}. Suspected: {cause}.",
	.mismatch_unknown = "**Match expected?** No, and the data show no reason.",
	.excused = "**Match expected?** Not judged, because the experiment's status is {status}.",
	.excused_why = "**Match expected?** Not judged, because the experiment's status is {status}: {why}.",
	.excused_no_pipeline = "**Match expected?** Not judged, because no pipeline was asked.",
	.ended_early =
		"Its own trigger ended the fault after {after} ({why}); the pipeline is judged by what it said within "
		"{window} of the injection.",
	.status = "Status: {status}.",
	.probe = "**User impact.** The external probe passed {before} before, {during} during and {after} "
		 "after the fault; its median latency was {p50_before}, then {p50_during}.",
	.no_probe = "**User impact.** Not known: there are no probe figures from both before and during a fault.",
	.shift = "The largest measured change is {what}: {before} to {during}{gap}{unit}, which is "
		 "{spreads} times the spread of its baseline.",
	.felt = "Users felt it, by {by} (p {p}).",
	.unfelt = "No effect on users could be shown (tests: {n}, smallest p {p}).",
	.shift_usual = "None of the {n} metrics in which the fault could show left its baseline by more than chance "
		       "explains; the "
		       "largest change is {what}: {before} to {during}{gap}{unit}.",
	.no_shift = "No measurement with a baseline of its own is recorded, so the size of the anomaly is not "
		    "known from inside.",
	.verdicts = "Clauses of the hypothesis: {held} held, {refuted} refuted, {unknown} that could not be measured.",
	.no_verdicts = "No clause of the hypothesis has a recorded verdict.",
	.recovered = "The steady state was back {time} after the fault ended.",
	.not_recovered = "The steady state was not seen to come back after the fault ended.",
	.recovery_unknown = "No probe watched whether the steady state came back.",
	.recovery_unwatched = "The watch ended before the steady state was seen to come back.",
	.loudness = "Alerts by service: {list}.",
	.control =
		"**Control.** Nothing was injected: for {window} there was nothing to find, and whatever the pipeline "
		"reports is a false alarm. It counts in precision and in the false alarms per hour, not in recall.",
	.control_silent = "**Observed.** The pipeline stayed silent, which is right.",
	.control_alarmed = "**Observed.** False alarms while nothing was injected: {n}.",
	.control_unscored = "**Observed.** Not scored: {status}.",
	.windows = "The baseline window lasted {baseline}, the watch after injection {window}.",
	.false_alarms = "False alarms in its baseline window: {n}.",
	.blind = "The pipeline could not be reached during the fault.",
	.rule_basis = "This verdict compares the alert times with the injection time on one clock, and the "
		      "blamed service with the ground truth of the experiment file.",
	.reader_note = "All figures come from chaos_results.json of this run; what is not recorded there "
		       "is named as missing here and was not estimated.",
	.unscored_basis = "An experiment that is not scored enters neither recall nor precision, for or against the "
			  "pipeline; section 5 names what it takes to score it.",
	.where_note = "What happened when, second by second, stands in events.jsonl beside it: states, faults switched "
		      "on and off, alerts as they came in, and errors in full.",
	.right = "right",
	.wrong = "wrong",
	.course = "The fault's **{param}** followed a schedule: {words}. Over the fault window, from {least} to "
		  "{most}: {line}",
	.course_symptom = "It was {value} at the first symptom.",
	.course_alert = "It was {value} at the first alert.",
	.effect = "**{client} > {service}**: what the fault touched less what it left alone at the same time (95 %): "
		  "{figures}. "
		  "Requests: {treated} touched, {control} not.",
	.course_set = "Somebody set it meanwhile, which ended the schedule.",
	.scheduled = "number by its schedule",
	.no_gaps =
		"No gap was found. Scored: {total}; detected: {tp}; silent where silence was right: {quiet}; alerts in "
		"baselines: {false}, over {baselines} baselines that were watched.",
	.no_gaps_rca = "Roots named right: {right} of {asked}.",
	.no_gaps_unscored = "No gap can be named, and none can be ruled out: nothing was scored.",
	.fewer_gaps = "The data of this run show no further weakness.",
	.symptom = "Symptom",
	.cause = "Likely cause in pipeline",
	.fix = "Recommended fix",
	.affected = "{n} of {total} experiments",
	.nothing_open = "None: the run left no failure unexplained.",
	.open_unscored = "None can be stated: nothing was scored.",
	.open_unread =
		"**{id}**: {symptom}. Hypothesis: {cause}. Experiment: mend that first, then run it again; until "
		"then it says nothing about the detector.",
	.open_missed = "**{id}** was missed without a visible reason. Hypothesis: its anomaly stays under the "
		       "noise floor (§7.1). Experiment: run it again with twice the strength and record a "
		       "kernel-side baseline; an alert confirms it.",
	.open_rca = "**{id}** got {blamed} as its root instead of {truth}. Hypothesis: alert order or "
		    "count outweighs topology (§7.3). Experiment: repeat it five times and compare alert "
		    "counts by service with the answers.",
	.open_no_rca =
		"**{id}** was detected and got no root; the truth is {truth}. Hypothesis: its cluster never reached "
		"the RCA, or was empty. Experiment: POST the cluster that chaos_results.json holds to the RCA by "
		"hand and read the answer.",
	.open_false = "**{id}**: alerts in its baseline: {n}. Hypothesis: the threshold is too low for the "
		      "usual load. Experiment: an hour without a fault; count the alerts.",
	.open_left_out = "**{id}** ({status}) says nothing about the pipeline. Experiment: run it again until it is "
			 "hit and watched to the end.",
	.open_not_asked =
		"**{id}** ({status}) says nothing about a pipeline. Experiment: run it again with a pipeline to ask.",
	.open_confirm = "**{id}** ({mode}): {text}.",
	.modes = modes,
	.truth = &(const struct truth_words){ " or ", "not ", "none", "not recorded" },
	.gap = &gap,
	.sweep = &sweep,
	.submit_title = "W3-D2 Submission",
	.submit_own_title = "What the run showed",
	.learned = "3 things I learned about my AIOps pipeline",
	.missed_head = "1 fault I expected the pipeline to catch but it missed",
	.trade_off_head = "1 trade-off in the pipeline's design I want to rethink",
	.summary_head = "Scoreboard summary",
	.author = "your name",
	.fact_detect = "Fact: it detected {tp} of {total} faults (recall {recall}, precision {precision})"
		       "{missed}.",
	.fact_rca = "Fact: its root cause was right in {right} of the {asked} detected faults where one was asked "
		    "for{wrong}.",
	.fact_no_rca = "Fact: nothing was detected, so no root cause could be right.",
	.fact_time = "Fact: the time to detect over its {tp} detections is {p50} at p50 and {p95} at p95{slowest}.",
	.fact_no_time = "Fact: nothing was detected, so there is no time to detect.",
	.fact_unjudged = "Fact: nothing was scored, so no root cause was judged.",
	.fact_untimed = "Fact: nothing was scored, so no time to detect was measured.",
	.fact_unscored = "Fact: nothing was scored in this run ({list}).",
	.ask_learned = "**[Author: what does this teach you about your pipeline?]**",
	.experiment = "Experiment",
	.expected = "Why I expected detection",
	.why_missed = "Why pipeline missed (hypothesis)",
	.none_missed = "none of the scored experiments was missed in this run",
	.missed_unscored = "nothing was scored, so nobody knows",
	.no_expectation = "no symptom is recorded in its ground truth",
	.ask_expected = "**[Author: why did you expect it?]**",
	.ask_why = "**[Author: do you agree? what else could it be?]**",
	.fact_trade_off = "Fact: precision {precision} against recall {recall}, MTTD p50 {p50}, false "
			  "alarms in the baseline windows: {fa}.",
	.ask_trade_off = "**[Author: which decision in the design would you change, and what would it "
			 "cost?]**",
	.pass = "pass",
	.fail = "fail",
	.html_detected = "Detected",
	.html_rca = "RCA correct",
	.html_mttd = "MTTD p50 / p95",
	.html_false = "False alarms",
	.html_precision = "Precision",
	.html_recall = "Recall",
	.html_unscored = "nothing was scored",
	.hypotheses = "Hypotheses",
	.hypotheses_held = "Hypotheses held",
	.baseline_band = "baseline",
	.watch_band = "the pipeline is still watched",
	.after_band = "after the fault",
	.fault = "fault",
	.probe_pass = "probe pass",
	.probe_fail = "probe fail",
	.alert = "alert",
	.measured = "largest measured change",
	.first_hit = "first hit",
	.first_symptom = "first symptom",
	.back = "recovered",
	.change = "fault changed, target moved",
	.seconds = "seconds after injection",
	.hit = "hit by the fault",
	.blamed = "blamed",
	.hit_blamed = "hit and blamed",
	.dependencies = "Who calls whom",
	.experiments = "Experiments",
	.raw = "Figures of this experiment",
	.no_probe_lines = "no probe lines in this time",
	.latency = "probe latency, ms (square-root scale)",
	.beside = "Two runs side by side. ≠ marks what differs; whether that is more than chance is not judged here.",
	.beside_none = "not in this run",
	.beside_detected = "detected",
	.beside_missed = "missed",
	.beside_hypothesis = "hypothesis",
};
