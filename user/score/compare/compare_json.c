// SPDX-License-Identifier: GPL-2.0-only
/* compare_json.c - a comparison as JSON: docs/schema/compare.json. See compare.h. */
#include <math.h>

#include "score/compare/compare.h"

static json_t *number_or_null(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *text_or_null(const char *s)
{
	json_t *v = s ? json_string(s) : NULL;

	return v ? v : json_null();
}

static json_t *answer_json(const struct compare_answer *a)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:f, s:b, s:b}", "pairs", (int)a->pairs, "both",
			 (int)a->counts.both, "only_a", (int)a->counts.only_a, "only_b", (int)a->counts.only_b,
			 "neither", (int)a->counts.neither, "difference", number_or_null(a->difference), "low",
			 number_or_null(a->interval.low), "high", number_or_null(a->interval.high), "p", a->p, "worse",
			 answer_is_worse(a), "better", answer_is_better(a));
}

static json_t *delay_json(const struct comparison *c)
{
	const struct signed_ranks *d = &c->delay;

	return json_pack("{s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:f, s:f, s:b, s:b, s:b}", "pairs", (int)c->delays,
			 "differ", (int)d->n, "slower", (int)d->positive, "median_a_s", number_or_null(c->median_a_s),
			 "median_b_s", number_or_null(c->median_b_s), "shift_s", number_or_null(d->shift), "low_s",
			 number_or_null(d->interval.low), "high_s", number_or_null(d->interval.high), "w_plus",
			 d->w_plus, "p", d->p, "exact", d->exact, "worse", delay_is_worse(c), "better",
			 delay_is_better(c));
}

static json_t *side_json(const struct result *r)
{
	bool scored = result_counts(r), asked = scored && r->detected && result_rca_asked(r);

	return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o}", "status", result_status_text(r->status), "scored", scored,
			 "detected", scored ? json_boolean(r->detected) : json_null(), "mttd_s",
			 scored && r->detected ? number_or_null(r->mttd_s) : json_null(), "rca_service",
			 asked ? text_or_null(r->rca_service) : json_null(), "rca_correct",
			 asked ? json_boolean(r->rca_correct) : json_null());
}

static json_t *pairs_json(const struct comparison *c)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < c->n; i++) {
		const struct compare_pair *p = &c->pairs[i];

		json_array_append_new(list,
				      json_pack("{s:o, s:i, s:s, s:o, s:o}", "experiment", text_or_null(p->a->id),
						"repeat", (int)p->repeat + 1, "change", pair_change_text(p->change),
						"a", side_json(p->a), "b", side_json(p->b)));
	}
	return list;
}

static json_t *names_json(const struct result *const *v, uint32_t n)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(list, text_or_null(v[i]->id));
	return list;
}

json_t *comparison_json(const struct comparison *c)
{
	return json_pack("{s:i, s:{s:o, s:o, s:o, s:o}, s:o, s:o, s:o, s:o, s:b}", "scored", (int)c->scored,
			 "questions", "scored", answer_json(&c->answers[COMPARE_SCORED]), "detected",
			 answer_json(&c->answers[COMPARE_DETECTED]), "right_root",
			 answer_json(&c->answers[COMPARE_ROOT]), "no_false_alarm",
			 answer_json(&c->answers[COMPARE_QUIET]), "delay", delay_json(c), "experiments", pairs_json(c),
			 "only_a", names_json(c->only_a, c->n_only_a), "only_b", names_json(c->only_b, c->n_only_b),
			 "regressed", comparison_regressed(c));
}
