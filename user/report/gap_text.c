// SPDX-License-Identifier: GPL-2.0-only
/*
 * gap_text.c - symptom and cause of a gap in the language of a report, from its mode and evidence. The
 * English of the scoreboard, which score/gaps.c makes together with the gap, is taken as it is.
 */
#include <string.h>

#include "report/report.h"
#include "score/evidence.h"
#include "score/score.h"

struct telling {
	const struct gap *gap;
	const struct result *r;
	const struct words *w;
	const struct gap_words *g;
	struct text *symptom, *cause;
};

static const char *word_of(const struct telling *t, const char *key)
{
	const char *s = json_string_value(json_object_get(t->gap->evidence, key));

	return s ? s : "?";
}

static double value_of(const struct telling *t, const char *key)
{
	return json_number_value(json_object_get(t->gap->evidence, key));
}

static void tell_noise(const struct telling *t)
{
	char before[32], during[32], spreads[32];

	if (json_is_true(json_object_get(t->gap->evidence, "felt"))) {
		text_append(t->symptom, "%s", t->gap->symptom);
		text_append(t->cause, "%s", t->gap->cause);
		return;
	}
	snprintf(before, sizeof(before), "%.4g", value_of(t, "before"));
	snprintf(during, sizeof(during), "%.4g", value_of(t, "during"));
	snprintf(spreads, sizeof(spreads), "%.1f", value_of(t, "spreads"));
	words_fill(t->symptom, t->g->noise, "who",
		   json_is_true(json_object_get(t->gap->evidence, "by_kernel")) ? "kernel" : "runner", "what",
		   word_of(t, "what"), "before", before, "during", during, "spreads", spreads, WORDS_END);
	/* The same bound as in score/gaps.c: what a detector of 3 sigma would have seen. */
	text_append(t->cause, "%s",
		    value_of(t, "spreads") >= GAP_VISIBLE_SPREADS ? t->g->visible_cause : t->g->noise_cause);
}

static void tell_merged(const struct telling *t)
{
	const json_t *pair = json_object_get(t->gap->evidence, "independent");
	const char *a = json_string_value(json_array_get(pair, 0)), *b = json_string_value(json_array_get(pair, 1));
	char n[16], total[16];

	snprintf(n, sizeof(n), "%.0f", value_of(t, "cluster") + 1);
	snprintf(total, sizeof(total), "%zu", json_array_size(t->r->clusters));
	words_fill(t->symptom, t->g->merged, "n", n, "total", total, "a", a ? a : "?", "b", b ? b : "?", "rca",
		   t->r->rca_service ? t->r->rca_service : t->g->no_output, WORDS_END);
	text_append(t->cause, "%s", t->g->merged_cause);
}

static void tell_loudest(const struct telling *t)
{
	const char *root = json_string_value(json_object_get(t->gap->evidence, "root"));
	char alerts[16], of_root[16];

	snprintf(alerts, sizeof(alerts), "%.0f", value_of(t, "alerts_of_blamed"));
	snprintf(of_root, sizeof(of_root), "%.0f", value_of(t, "alerts_of_root"));
	words_fill(t->symptom, root ? t->g->loudest : t->g->loudest_no_root, "blamed", word_of(t, "blamed"), "alerts",
		   alerts, "root", root ? root : "", "of_root", of_root, "called",
		   value_of(t, "calls_from_blamed_to_root") > 0 ? t->g->called : "", WORDS_END);
	text_append(t->cause, "%s", t->g->loudest_cause);
}

static void tell_ungrounded(const struct telling *t)
{
	char confidence[16];

	snprintf(confidence, sizeof(confidence), "%.2f", value_of(t, "confidence"));
	words_fill(t->symptom, t->g->ungrounded, "blamed", word_of(t, "blamed"), "verdict",
		   t->r->rca_correct ? t->w->right : t->w->wrong, "confidence", confidence, WORDS_END);
	text_append(t->cause, "%s", t->g->ungrounded_cause);
}

static void tell_blind(const struct telling *t)
{
	words_fill(t->symptom, t->g->blind, "target", t->r->target ? t->r->target : "?", "error", word_of(t, "error"),
		   WORDS_END);
	text_append(t->cause, "%s", t->g->blind_cause);
}

/* Where no rule fits: what went wrong. */
static void tell_unexplained(const struct telling *t)
{
	char truth[160], number[32];
	bool false_alarm = json_object_get(t->gap->evidence, "alerts");

	if (json_object_get(t->gap->evidence, "late_s")) {
		score_seconds(json_number_value(json_object_get(t->gap->evidence, "late_s")), number, sizeof(number));
		words_fill(t->symptom, t->g->late, "late", number, WORDS_END);
		text_append(t->cause, "%s", t->g->late_cause);
		return;
	}
	if (json_object_get(t->gap->evidence, "answers")) {
		text_append(t->symptom, "%s", t->gap->symptom);
		text_append(t->cause, "%s", t->gap->cause);
		return;
	}

	evidence_truth_in(t->r, t->w->truth, truth, sizeof(truth));
	if (false_alarm) {
		snprintf(number, sizeof(number), "%u", t->r->false_alarms);
		words_fill(t->symptom, result_is_control(t->r) ? t->g->control_alarms : t->g->false_alarms, "n", number,
			   WORDS_END);
	} else if (!t->r->detected) {
		score_seconds(t->r->window_end - t->r->inject, number, sizeof(number));
		words_fill(t->symptom, t->g->missed, "window", number, WORDS_END);
	} else if (!t->r->rca_service) {
		words_fill(t->symptom, t->g->no_rca, "truth", truth, WORDS_END);
	} else {
		words_fill(t->symptom, t->g->wrong, "blamed", t->r->rca_service, "truth", truth, WORDS_END);
	}
	text_append(t->cause, "%s", false_alarm ? t->g->false_cause : t->g->none_cause);
}

static const struct result *result_of(const struct folder *f, const struct gap *g)
{
	uint32_t i;

	for (i = 0; i < f->n; i++)
		if (!strncmp(g->experiment, f->results[i].id, sizeof(g->experiment) - 1))
			return &f->results[i];
	return NULL;
}

void report_gap(const struct folder *f, const struct gap *gap, const struct words *w, struct text *ret_symptom,
		struct text *ret_cause)
{
	static const struct {
		const char *mode;
		void (*tell)(const struct telling *t);
	} modes[] = {
		{ "7.1", tell_noise },      { "7.2", tell_merged }, { "7.3", tell_loudest },
		{ "7.4", tell_ungrounded }, { "7.5", tell_blind },  { "-", tell_unexplained },
	};
	struct telling t = { gap, result_of(f, gap), w, w->gap, ret_symptom, ret_cause };
	size_t i;

	for (i = 0; t.g->noise && t.r && i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(modes[i].mode, gap->mode)) {
			modes[i].tell(&t);
			return;
		}
	text_append(ret_symptom, "%s", gap->symptom);
	text_append(ret_cause, "%s", gap->cause);
}

void report_no_gaps(const struct folder *f, const struct words *w, struct text *out)
{
	const struct score *s = &f->score;
	char total[16], tp[16], quiet[16], alarms[16], baselines[16], right[16], asked[16];
	uint32_t i, watched = 0, silent = 0;

	if (!s->total) {
		text_append(out, "%s", w->no_gaps_unscored);
		return;
	}
	for (i = 0; i < f->n; i++) {
		watched += result_counts(&f->results[i]) && evidence_has_baseline(&f->results[i]);
		silent +=
			result_counts(&f->results[i]) && !f->results[i].detected && !result_is_control(&f->results[i]);
	}
	snprintf(total, sizeof(total), "%u", s->total);
	snprintf(tp, sizeof(tp), "%u", s->tp);
	snprintf(quiet, sizeof(quiet), "%u", silent);
	snprintf(alarms, sizeof(alarms), "%u", s->false_alarms);
	snprintf(baselines, sizeof(baselines), "%u", watched);
	words_fill(out, w->no_gaps, "total", total, "tp", tp, "quiet", quiet, "false", alarms, "baselines", baselines,
		   WORDS_END);
	if (!s->rca_asked)
		return;
	snprintf(right, sizeof(right), "%u", s->rca_correct);
	snprintf(asked, sizeof(asked), "%u", s->rca_asked);
	text_append(out, " ");
	words_fill(out, w->no_gaps_rca, "right", right, "asked", asked, WORDS_END);
}
