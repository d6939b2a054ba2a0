// SPDX-License-Identifier: GPL-2.0-only
/*
 * carry.c - does a trial leave something behind for the next? A pipeline that learns what is usual has learnt from the trials, users'
 * caches are warm. See sweep.h.
 */
#include <math.h>
#include <stdlib.h>

#include "score/sweep/sweep.h"
#include "util/cleanup.h"

#define EACH_MIN 4 /* trials of either sort */
#define REACH    3.0
#define STEP     0.25

/* One of the trials just before the @i-th was larger. */
static bool is_behind_larger(const struct sweep *s, uint32_t i)
{
	uint32_t k;

	for (k = 1; k <= CARRY_LOOK && k <= i; k++)
		if (s->trials[i - k].counts && s->trials[i - k].size > s->trials[i].size)
			return true;
	return false;
}

struct told_trials {
	struct psy_trial *v;
	bool *behind;
	uint32_t n, n_behind;
};

static bool collect(const struct sweep *s, enum sweep_curve curve, struct told_trials *t)
{
	uint32_t i;

	*t = (struct told_trials){ calloc(s->n + 1, sizeof(*t->v)), calloc(s->n + 1, sizeof(*t->behind)), 0, 0 };
	for (i = 0; t->v && t->behind && i < s->n; i++) {
		const struct sweep_trial *trial = &s->trials[i];

		if (!trial->counts || trial->size <= 0 || trial->answer[curve] == ANSWER_UNKNOWN)
			continue;
		t->behind[t->n] = is_behind_larger(s, i);
		t->n_behind += t->behind[t->n];
		t->v[t->n++] = (struct psy_trial){ trial->size, trial->answer[curve] == ANSWER_YES };
	}
	return t->v && t->behind && t->n_behind >= EACH_MIN && t->n - t->n_behind >= EACH_MIN;
}

/* The largest likelihood with the threshold times exp(@shift) behind a larger trial. */
static double likelihood(const struct sweep *s, const struct told_trials *t, double shift, struct psy_trial *room)
{
	struct psy fit;
	uint32_t i;

	for (i = 0; i < t->n; i++)
		room[i] = (struct psy_trial){ t->v[i].size * (t->behind[i] ? exp(-shift) : 1), t->v[i].yes };
	psy_fit(&s->range, room, t->n, &fit);
	return psy_log_likelihood(&fit, room, t->n);
}

void sweep_carry(const struct sweep *s, enum sweep_curve curve, struct carry *ret)
{
	_cleanup_free_ struct psy_trial *room = calloc(s->n + 1, sizeof(*room));
	double none, best, shift, at = 0;
	struct told_trials t;

	*ret = (struct carry){ NAN, NAN, 0 };
	if (collect(s, curve, &t) && room) {
		none = best = likelihood(s, &t, 0, room);
		for (shift = -REACH; shift <= REACH; shift += STEP) {
			double l = likelihood(s, &t, shift, room);

			at = l > best ? shift : at;
			best = fmax(l, best);
		}
		/* Twice the difference is chi-squared with one degree of freedom. */
		*ret = (struct carry){ erfc(sqrt(fmax(best - none, 0))), exp(at), t.n_behind };
	}
	free(t.v);
	free(t.behind);
}

void sweep_carry_sentence(const struct sweep *s, struct text *out)
{
	static const char *const whose[] = { "What users feel", "What the pipeline reports", "Which root it names" };
	enum sweep_curve c;

	for (c = 0; c < SWEEP_ROOT; c++) {
		struct carry carry;

		sweep_carry(s, c, &carry);
		if (!sweep_asks(s, c) || !(carry.p < CARRY_TOLD))
			continue;
		text_append(
			out,
			"%s%s depends on the trials before (p = %.2g): behind a larger fault it takes %.2g times the "
			"size, so the limit is that of this series, not of a single fault; give it time to forget: a "
			"longer cooldown%s.",
			out->len ? " " : "", whose[c], carry.p, carry.factor,
			c == SWEEP_REPORTED ? ", or pipeline.forget_path" : "");
	}
}
