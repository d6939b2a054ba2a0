// SPDX-License-Identifier: GPL-2.0-only
/*
 * submit.c - SUBMIT.md: the facts of the run filled in, and a marked question wherever only the author
 * can answer. Nothing is made up. See report.h.
 */
#include <math.h>
#include <string.h>

#include "report/report.h"
#include "score/evidence.h"
#include "util/json/json_path.h"

/* ": payment_loss, ..." - the experiments for which @pick holds; nothing when there is none. */
static void name_those(const struct folder *f, bool (*pick)(const struct result *), struct text *out)
{
	bool any = false;
	uint32_t i;

	for (i = 0; i < f->n; i++) {
		if (!result_counts(&f->results[i]) || !pick(&f->results[i]))
			continue;
		text_append(out, any ? ", " : "; ");
		markdown_escape(out, f->results[i].id);
		any = true;
	}
}

static bool is_missed(const struct result *r)
{
	return !r->detected && result_must_detect(r);
}

static bool is_wrong(const struct result *r)
{
	return r->detected && result_rca_asked(r) && !r->rca_correct;
}

static const struct result *slowest(const struct folder *f)
{
	const struct result *found = NULL;
	uint32_t i;

	for (i = 0; i < f->n; i++)
		if (result_counts(&f->results[i]) && f->results[i].detected &&
		    (!found || f->results[i].mttd_s > found->mttd_s))
			found = &f->results[i];
	return found;
}

/* Nothing was scored: which experiments there were, and what became of them. */
static void unscored(const struct folder *f, const struct words *w, struct text *out)
{
	struct text list = {};
	char why[512];
	uint32_t i;

	for (i = 0; i < f->n; i++) {
		if (result_is_control(&f->results[i]))
			continue;
		evidence_unscored(&f->results[i], why, sizeof(why));
		text_append(&list, "%s", list.len ? ", " : "");
		markdown_escape(&list, f->results[i].id);
		text_append(&list, ": ");
		markdown_escape(&list, why);
	}
	words_fill(out, w->fact_unscored, "list", list.s ? list.s : "-", WORDS_END);
	text_free(&list);
}

static void fact_detect(const struct folder *f, const struct words *w, struct text *out)
{
	const struct score *s = &f->score;
	char tp[16], total[16], recall[16], precision[16];
	struct text missed = {};

	if (!s->total) {
		unscored(f, w, out);
		return;
	}
	name_those(f, is_missed, &missed);
	snprintf(tp, sizeof(tp), "%u", s->tp);
	snprintf(total, sizeof(total), "%u", s->total);
	words_fill(out, w->fact_detect, "tp", tp, "total", total, "recall",
		   report_ratio(s->recall, recall, sizeof(recall)), "precision",
		   report_ratio(s->precision, precision, sizeof(precision)), "missed", missed.s ? missed.s : "",
		   WORDS_END);
	text_free(&missed);
}

static void fact_rca(const struct folder *f, const struct words *w, struct text *out)
{
	const struct score *s = &f->score;
	struct text wrong = {};
	char right[16], asked[16];

	name_those(f, is_wrong, &wrong);
	snprintf(right, sizeof(right), "%u", s->rca_correct);
	snprintf(asked, sizeof(asked), "%u", s->rca_asked);
	words_fill(out,
		   !s->total       ? w->fact_unjudged
		   : !s->tp        ? w->fact_no_rca
		   : !s->rca_asked ? w->rca_not_asked
				   : w->fact_rca,
		   "right", right, "asked", asked, "wrong", wrong.s ? wrong.s : "", WORDS_END);
	text_free(&wrong);
}

static void fact_time(const struct folder *f, const struct words *w, struct text *out)
{
	const struct score *s = &f->score;
	const struct result *last = slowest(f);
	struct text slow = {};
	char tp[16], p50[16], p95[16], mttd[16];

	if (last) {
		text_append(&slow, "; ");
		markdown_escape(&slow, last->id);
		text_append(&slow, " %s", score_seconds(last->mttd_s, mttd, sizeof(mttd)));
	}
	snprintf(tp, sizeof(tp), "%u", s->tp);
	words_fill(out,
		   !s->total ? w->fact_untimed
		   : s->tp   ? w->fact_time
			     : w->fact_no_time,
		   "tp", tp, "p50", score_seconds(s->mttd_p50_s, p50, sizeof(p50)), "p95",
		   score_seconds(s->mttd_p95_s, p95, sizeof(p95)), "slowest", slow.s ? slow.s : "", WORDS_END);
	text_free(&slow);
}

static void learned(const struct folder *f, const struct words *w, struct text *out)
{
	text_append(out, "## %s\n\n1. ", w->learned);
	fact_detect(f, w, out);
	text_append(out, " %s\n2. ", w->ask_learned);
	fact_rca(f, w, out);
	text_append(out, " %s\n3. ", w->ask_learned);
	fact_time(f, w, out);
	text_append(out, " %s\n", w->ask_learned);
}

static void one_missed(const struct folder *f, const struct words *w, struct text *out)
{
	const struct result *r = NULL;
	struct text what = {}, cause = {};
	const struct gap *gap;
	const char *symptom;
	uint32_t i, at = 0;

	for (i = 0; i < f->n && !r; i++)
		if (result_counts(&f->results[i]) && is_missed(&f->results[i]))
			r = &f->results[i];
	text_append(out, "\n## %s\n\n- %s: ", w->missed_head, w->experiment);
	if (!r) {
		text_append(out, "%s\n- %s: -\n- %s: -\n", f->score.total ? w->none_missed : w->missed_unscored,
			    w->expected, w->why_missed);
		return;
	}
	gap = folder_next_gap(f, r, &at);
	symptom = json_string_value(json_path(r->detail, "ground_truth.symptom"));
	text_append(out, "%d. ", r->number);
	markdown_escape(out, r->name);
	text_append(out, " (");
	markdown_escape(out, r->fault_type ? r->fault_type : "");
	text_append(out, ", ");
	markdown_escape(out, r->target ? r->target : "");
	text_append(out, ")\n- %s: ", w->expected);
	markdown_escape(out, symptom ? symptom : w->no_expectation);
	text_append(out, ". %s\n- %s: ", w->ask_expected, w->why_missed);
	if (gap) {
		report_gap(f, gap, w, &what, &cause);
		markdown_escape(out, what.s ? what.s : "");
		text_append(out, " → ");
		markdown_escape(out, cause.s ? cause.s : "");
		text_append(out, ". ");
	}
	text_free(&what);
	text_free(&cause);
	text_append(out, "%s\n", w->ask_why);
}

static void trade_off(const struct folder *f, const struct words *w, struct text *out)
{
	const struct score *s = &f->score;
	char precision[16], recall[16], p50[16], fa[16];

	snprintf(fa, sizeof(fa), "%u", s->false_alarms);
	text_append(out, "\n## %s\n\n", w->trade_off_head);
	if (!s->total) {
		unscored(f, w, out);
		text_append(out, " %s\n", w->ask_trade_off);
		return;
	}
	words_fill(out, w->fact_trade_off, "precision", report_ratio(s->precision, precision, sizeof(precision)),
		   "recall", report_ratio(s->recall, recall, sizeof(recall)), "fa", fa, "p50",
		   score_seconds(s->mttd_p50_s, p50, sizeof(p50)), WORDS_END);
	text_append(out, " %s\n", w->ask_trade_off);
}

void report_submit(const struct folder *f, const struct words *w, struct text *out)
{
	const struct score *s = &f->score;
	char p50[16], rca[32];

	text_append(out, "# %s — \\<%s\\>\n\n", folder_is_exercise(f) ? w->submit_title : w->submit_own_title,
		    w->author);
	learned(f, w, out);
	one_missed(f, w, out);
	trade_off(f, w, out);
	text_append(out,
		    "\n## %s\n\n- detected: %u/%u\n- rca_correct: %s\n- mttd_p50: %s\n"
		    "- false_alarms: %u\n- verdict: %s\n",
		    w->summary_head, s->tp, s->total, score_rca(s, rca, sizeof(rca)),
		    score_seconds(s->mttd_p50_s, p50, sizeof(p50)), s->false_alarms, s->accepted ? w->pass : w->fail);
}
