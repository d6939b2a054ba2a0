// SPDX-License-Identifier: GPL-2.0-only
/*
 * scoreboard.c - the scoreboard on stdout. Its form is fixed by the task and read by people and
 * scripts: change nothing here for looks. Long cells overflow their column rather than move the
 * header.
 */
#include <math.h>
#include <string.h>

#include "score/effects.h"
#include "score/evidence.h"
#include "score/pipeline/answers.h"
#include "util/cleanup.h"

#define CHANGES_SHOWN 16 /* of one experiment */

const char *score_seconds(double s, char *buf, size_t size)
{
	if (!isfinite(s))
		snprintf(buf, size, "n/a");
	else if (s < 9.95)
		snprintf(buf, size, "%.1fs", s);
	else
		snprintf(buf, size, "%.0fs", s);
	return buf;
}

const char *score_rca(const struct score *s, char *buf, size_t size)
{
	if (s->tp && !s->rca_asked)
		snprintf(buf, size, "n/a");
	else
		snprintf(buf, size, "%u/%u", s->rca_correct, s->rca_asked);
	return buf;
}

static const char *ratio(double v, char *buf, size_t size)
{
	if (isfinite(v))
		snprintf(buf, size, "%.2f", v);
	else
		snprintf(buf, size, "n/a");
	return buf;
}

/* Words of the pipeline reach a terminal here: no control characters, and no cell that ends early. */
static const char *cell(const char *s, char *buf, size_t size)
{
	size_t i;

	for (i = 0; s[i] && i + 1 < size; i++) {
		unsigned char c = (unsigned char)s[i];

		buf[i] = c < 0x20 || c == 0x7f ? '?' : c == '|' ? '/' : (char)c;
	}
	buf[i] = '\0';
	return buf;
}

static void print_row(const struct result *r, struct text *out)
{
	char name[128], blamed[128], mttd[32];
	bool counts = result_counts(r), asked = result_rca_asked(r);

	text_append(out, "| %d | %-17s | %-8s | %-5s | %-12s | %-11s |\n", r->number,
		    cell(r->name ? r->name : "", name, sizeof(name)),
		    !counts       ? "-"
		    : r->detected ? "Y"
				  : "N",
		    counts && r->detected ? score_seconds(r->mttd_s, mttd, sizeof(mttd)) : "-",
		    !asked                     ? "n/a"
		    : counts && r->rca_service ? cell(r->rca_service, blamed, sizeof(blamed))
					       : "-",
		    !asked                    ? "n/a"
		    : !counts || !r->detected ? "-"
		    : r->rca_correct          ? "Y"
					      : "N");
}

static void print_left_out(const struct result *results, uint32_t n, struct text *out)
{
	char id[128], why[512], safe[512];
	uint32_t i;

	text_append(out, "\nNot scored:\n");
	for (i = 0; i < n; i++) {
		if (result_counts(&results[i]) || result_is_control(&results[i]))
			continue;
		evidence_unscored(&results[i], why, sizeof(why));
		text_append(out, "- %s: %s\n", cell(results[i].id ? results[i].id : "", id, sizeof(id)),
			    cell(why, safe, sizeof(safe)));
	}
}

/* Apart from the rest: nothing could be found there, only invented. */
static void print_controls(const struct result *results, uint32_t n, const struct score *s, struct text *out)
{
	char id[128], why[512], safe[512];
	uint32_t i, any = 0;

	for (i = 0; i < n; i++) {
		uint32_t alerts = score_control_alerts(&results[i]);

		if (!result_is_control(&results[i]))
			continue;
		if (!any++)
			text_append(out, "\nControls, nothing injected: %u of %u with a false alarm\n",
				    s->controls_alarmed, s->controls);
		text_append(out, "- %s: ", cell(results[i].id ? results[i].id : "", id, sizeof(id)));
		if (!result_counts(&results[i])) {
			evidence_unscored(&results[i], why, sizeof(why));
			text_append(out, "not scored, %s\n", cell(why, safe, sizeof(safe)));
		} else if (alerts) {
			text_append(out, "%u alert%s in %.0f s\n", alerts, alerts == 1 ? "" : "s",
				    results[i].window_end - results[i].inject);
		} else {
			text_append(out, "silent for %.0f s\n", results[i].window_end - results[i].inject);
		}
	}
}

/* Scored all the same: what was on for so long was there to be seen. */
static void print_ended_early(const struct result *r, struct text *out, bool *begun)
{
	const char *why = evidence_why(r);
	char id[128], text[400];
	double after_s;

	if (!evidence_ended_early(r, &after_s))
		return;
	text_append(out, "%s- %s: after %.0f s%s%s; scored by what the pipeline said within %.0f s of the injection\n",
		    *begun ? "" : "\nEnded early by its own trigger:\n", cell(r->id ? r->id : "", id, sizeof(id)),
		    after_s, why ? ", " : "", why ? cell(why, text, sizeof(text)) : "", r->window_end - r->inject);
	*begun = true;
}

/* Somebody made another fault of it than the file says: what was scored is that one. */
static void print_by_hand(const struct result *r, struct text *out, bool *begun)
{
	struct fault_change v[CHANGES_SHOWN];
	uint32_t n = evidence_changes(r, v, CHANGES_SHOWN), i;
	char id[128], text[400];

	for (i = 0; i < n; i++) {
		if (!v[i].by_hand)
			continue;
		text_append(out, "%s- %s: %s, %.1f s after the injection\n", *begun ? "" : "\nChanged while on:\n",
			    cell(r->id ? r->id : "", id, sizeof(id)), cell(v[i].text, text, sizeof(text)),
			    v[i].time_s - r->inject);
		*begun = true;
	}
}

/* The confusion matrix counts windows, the line above it alerts: said where the reader cannot get one from the other. */
static void print_precision(const struct result *results, uint32_t n, const struct score *s, struct text *out)
{
	uint32_t i, windows = 0;

	if (s->fp == s->false_alarms && !s->controls_alarmed)
		return;
	for (i = 0; i < n; i++) {
		const struct result *r = &results[i];

		windows += result_counts(r) && (r->false_alarms || r->baseline_end > r->baseline_start);
	}
	text_append(out, "\nPrecision counts %s windows with an alert: %u of %u, so %u / (%u + %u).\n",
		    s->controls ? "baseline and control" : "baseline", s->fp, windows + s->controls, s->tp, s->tp,
		    s->fp);
}

/* The value that a clause was refuted by, in the unit that the clause is written in. */
static void print_value(const char *clause, double v, struct text *out)
{
	size_t len = strlen(clause);

	if (len && clause[len - 1] == '%')
		text_append(out, " (it was %.3g %%)", v * 100);
	else if (len && clause[len - 1] == 's')
		text_append(out, " (it was %.4g %s)", v < 1 ? v * 1e3 : v, v < 1 ? "ms" : "s");
	else
		text_append(out, " (it was %.4g)", v);
}

bool scoreboard_hypothesis(const struct result *r, struct text *out)
{
	const json_t *hypothesis = json_object_get(r->detail, "hypothesis"), *clause;
	const char *verdict = json_string_value(json_object_get(hypothesis, "verdict"));
	char text[256], safe[64];
	const char *before = ":";
	size_t i;

	if (!verdict)
		return false;
	text_append(out, "%s", cell(verdict, safe, sizeof(safe)));
	json_array_foreach(json_object_get(hypothesis, "clauses"), i, clause) {
		const char *what = json_string_value(json_object_get(clause, "clause"));
		const char *of = json_string_value(json_object_get(clause, "verdict"));
		const json_t *value = json_object_get(clause, "value");

		if (!what || !of || strcmp(of, "refuted") != 0)
			continue;
		text_append(out, "%s %s", before, cell(what, text, sizeof(text)));
		before = ";";
		if (json_is_number(value))
			print_value(what, json_number_value(value), out);
	}
	return true;
}

static void print_hypothesis(const struct result *r, struct text *out, bool *begun)
{
	struct text verdict = {};
	char name[128];

	if (scoreboard_hypothesis(r, &verdict)) {
		text_append(out, "%s- %s: %s\n", *begun ? "" : "\nHypotheses:\n",
			    cell(r->name ? r->name : "", name, sizeof(name)), verdict.s ? verdict.s : "");
		*begun = true;
	}
	text_free(&verdict);
}

void scoreboard_print(const struct result *results, uint32_t n, const struct score *score, const struct gap *gaps,
		      uint32_t n_gaps, struct text *out)
{
	char a[32], b[32], id[128], symptom[512], cause[512];
	bool by_hand = false, early = false, hypotheses = false;
	uint32_t i;

	text_append(out, "==== Chaos Run ====\n");
	text_append(out, "Total: %u\n", score->listed);
	text_append(out, "Detected: %u/%u\n", score->tp, score->total);
	text_append(out, "RCA correct: %s\n", score_rca(score, a, sizeof(a)));
	text_append(out, "False alarms in baseline windows: %u\n", score->false_alarms);
	text_append(out, "Precision: %s\n", ratio(score->precision, a, sizeof(a)));
	text_append(out, "Recall: %s\n", ratio(score->recall, a, sizeof(a)));
	text_append(out, "MTTD p50: %s, p95: %s\n", score_seconds(score->mttd_p50_s, a, sizeof(a)),
		    score_seconds(score->mttd_p95_s, b, sizeof(b)));
	text_append(out, "\nPer-experiment:\n"
			 "| # | name              | detected | mttd  | rca_service  | rca_correct |\n"
			 "|---|-------------------|----------|-------|--------------|-------------|\n");
	for (i = 0; i < n; i++)
		if (!result_is_control(&results[i]))
			print_row(&results[i], out);
	text_append(out, "\nGaps identified:\n");
	for (i = 0; i < n_gaps; i++)
		text_append(out, "- %s: %s → %s\n", cell(gaps[i].experiment, id, sizeof(id)),
			    cell(gaps[i].symptom, symptom, sizeof(symptom)), cell(gaps[i].cause, cause, sizeof(cause)));
	if (!n_gaps)
		text_append(out, score->total ? "- none\n" : "- not known: nothing was scored\n");
	if (score->total < score->listed)
		print_left_out(results, n, out);
	print_controls(results, n, score, out);
	for (i = 0; i < n; i++)
		print_ended_early(&results[i], out, &early);
	for (i = 0; i < n; i++)
		print_by_hand(&results[i], out, &by_hand);
	/* Without a pipeline, whether the stack held is what a run has to say. */
	for (i = 0; !score->total && i < n; i++)
		print_hypothesis(&results[i], out, &hypotheses);
	print_precision(results, n, score, out);
	answers_print(results, n, out);
	effects_print(results, n, out);
}
