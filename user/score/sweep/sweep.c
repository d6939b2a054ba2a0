// SPDX-License-Identifier: GPL-2.0-only
/* sweep.c - see sweep.h */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score/sweep/quest.h"
#include "score/sweep/sweep.h"
#include "util/cleanup.h"
#include "util/random.h"

#define CATCH_EVERY 6 /* trials, one of which has no fault */
#define TRIALS_MIN  8 /* before anything is called known */
#define TRIALS_DUMB 4 /* without one answer: there will be none */
#define SURE        0.95
#define ROUNDS      200 /* of the bootstrap */

int sweep_init(struct sweep *s, const struct sweep_size *size, double precision, uint64_t seed, bool asks_pipeline,
	       bool asks_roots)
{
	uint32_t c;

	*s = (struct sweep){ .size = *size,
			     .range = size->range,
			     .precision = precision,
			     .seed = seed,
			     .random = seed,
			     .asks_pipeline = asks_pipeline,
			     .asks_roots = asks_pipeline && asks_roots };
	if (!(size->range.lo > 0) || !(size->range.hi > size->range.lo))
		return -EINVAL;
	if (size->falling)
		s->range = (struct psy_range){ 1 / size->range.hi, 1 / size->range.lo };
	for (c = 0; c < SWEEP_CURVES; c++) {
		s->quest[c] = quest_new(&s->range);
		if (!s->quest[c])
			return -ENOMEM;
	}
	return 0;
}

void sweep_free(struct sweep *s)
{
	uint32_t c;

	for (c = 0; c < SWEEP_CURVES; c++)
		quest_free(s->quest[c]);
	free(s->trials);
	*s = (struct sweep){};
}

bool sweep_asks(const struct sweep *s, enum sweep_curve curve)
{
	return curve == SWEEP_FELT || (curve == SWEEP_REPORTED && s->asks_pipeline) ||
	       (curve == SWEEP_ROOT && s->asks_roots);
}

/* --- what is known ---------------------------------------------------------------------------- */

/* The trials with an answer on that curve; the caller's to free. NULL: out of memory. */
static struct psy_trial *answered(const struct sweep *s, enum sweep_curve curve, struct limit *ret)
{
	struct psy_trial *v = calloc(s->n ? s->n : 1, sizeof(*v));
	uint32_t i;

	for (i = 0; v && i < s->n; i++) {
		const struct sweep_trial *t = &s->trials[i];
		bool yes = t->answer[curve] == ANSWER_YES;

		if (!t->counts || t->answer[curve] == ANSWER_UNKNOWN)
			continue;
		v[ret->n++] = (struct psy_trial){ t->size, yes };
		ret->yes += yes;
		ret->n_catch += t->size <= 0;
		ret->catch_yes += t->size <= 0 && yes;
	}
	return v;
}

static enum limit_state state_of(const struct sweep *s, enum sweep_curve curve, const struct limit *l)
{
	const struct quest *q = s->quest[curve];

	if (!l->n)
		return LIMIT_UNTESTED;
	if (l->n_catch >= 2 && 2 * l->catch_yes >= l->n_catch)
		return LIMIT_NOISY;
	if (quest_below(q) >= SURE)
		return LIMIT_BELOW;
	if (quest_above(q) >= SURE)
		return LIMIT_ABOVE;
	return l->interval.lo >= s->range.lo && l->interval.hi <= s->range.hi ? LIMIT_FOUND : LIMIT_OPEN;
}

/* Without the fit, which choosing the next size does not need. */
static struct psy_trial *look(const struct sweep *s, enum sweep_curve curve, struct limit *ret)
{
	struct psy_trial *v;

	*ret = (struct limit){ .fit = { NAN, NAN, NAN, NAN }, .bootstrap = { NAN, NAN } };
	v = answered(s, curve, ret);
	quest_interval(s->quest[curve], 0.95, &ret->interval);
	ret->precise = sqrt(ret->interval.hi / ret->interval.lo) - 1 <= s->precision;
	ret->state = state_of(s, curve, ret);
	return v;
}

void sweep_limit(const struct sweep *s, enum sweep_curve curve, bool bootstrap, struct limit *ret)
{
	_cleanup_free_ struct psy_trial *v = look(s, curve, ret);

	if (!v || !ret->n)
		return;
	psy_fit(&s->range, v, ret->n, &ret->fit);
	if (bootstrap && psy_bootstrap(&s->range, v, ret->n, &ret->fit, ROUNDS, s->seed + curve, &ret->bootstrap))
		ret->bootstrap = (struct psy_range){ NAN, NAN };
}

/* --- what comes next -------------------------------------------------------------------------- */

/* Is there nothing left to learn of that curve? */
static bool is_settled(const struct sweep *s, enum sweep_curve curve)
{
	struct limit l;

	free(look(s, curve, &l));
	if (!sweep_asks(s, curve) || (!l.n && s->n >= TRIALS_DUMB))
		return true;
	if (l.n < TRIALS_MIN || !l.n_catch)
		return false;
	if (l.state == LIMIT_NOISY)
		return l.n_catch >= 4;
	return l.state == LIMIT_BELOW || l.state == LIMIT_ABOVE || (l.state == LIMIT_FOUND && l.precise);
}

/* One of each block of trials has no fault; which one is drawn, so that nothing can get used to it. */
static bool is_catch(struct sweep *s)
{
	if (s->n % CATCH_EVERY == 0)
		s->block_catch = (uint32_t)(random_next(&s->random) % CATCH_EVERY);
	return s->n % CATCH_EVERY == s->block_catch;
}

static double gain_at(const struct sweep *s, const bool settled[SWEEP_CURVES], uint32_t i)
{
	double size = quest_size(s->quest[0], i), gain = 0;
	uint32_t c;

	if (size < s->range.lo * 0.98 || size > s->range.hi * 1.02)
		return -1;
	for (c = 0; c < SWEEP_ROOT; c++)
		gain += settled[c] ? 0 : quest_gain(s->quest[c], i);
	return gain;
}

/* The size whose answers are expected to tell most of the curves that are still open; the gain changes slowly
 * with the size, so a coarse look comes first. */
static double best_size(const struct sweep *s, const bool settled[SWEEP_CURVES])
{
	const uint32_t n = quest_sizes(s->quest[0]), stride = 6;
	uint32_t i, best = n / 2, from, to;
	double most = gain_at(s, settled, best), gain;

	for (i = 0; i < n; i += stride) {
		gain = gain_at(s, settled, i);
		best = gain > most ? i : best;
		most = fmax(gain, most);
	}
	from = best > stride ? best - stride : 0;
	to = best + stride < n ? best + stride : n - 1;
	for (i = from; i <= to; i++) {
		gain = gain_at(s, settled, i);
		best = gain > most ? i : best;
		most = fmax(gain, most);
	}
	return fmin(fmax(quest_size(s->quest[0], best), s->range.lo), s->range.hi);
}

bool sweep_next(struct sweep *s, struct sweep_trial *ret)
{
	bool settled[SWEEP_CURVES], all = true;
	uint32_t c;

	/* The root is asked where the pipeline reports: no size is chosen for it. */
	for (c = 0; c < SWEEP_ROOT; c++) {
		settled[c] = is_settled(s, c);
		all &= settled[c];
	}
	if (all)
		return false;
	*ret = (struct sweep_trial){ .counts = true };
	if (!is_catch(s))
		ret->size = sweep_size_round(&s->size, best_size(s, settled));
	sweep_size_text(&s->size, ret->size, ret->text, sizeof(ret->text));
	return true;
}

int sweep_take(struct sweep *s, const struct sweep_trial *trial)
{
	uint32_t c;

	if (s->n == s->room) {
		struct sweep_trial *grown = reallocarray(s->trials, s->room + 32, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->trials = grown;
		s->room += 32;
	}
	s->trials[s->n++] = *trial;
	for (c = 0; trial->counts && c < SWEEP_CURVES; c++)
		if (trial->answer[c] != ANSWER_UNKNOWN)
			quest_take(s->quest[c], &(struct psy_trial){ trial->size, trial->answer[c] == ANSWER_YES });
	return 0;
}

/* --- between two curves ----------------------------------------------------------------------- */

static bool is_known(const struct limit *l)
{
	return l->state == LIMIT_BELOW || l->state == LIMIT_ABOVE || l->state == LIMIT_FOUND;
}

void sweep_band(const struct sweep *s, const struct limit *felt, const struct limit *reported, struct band *ret)
{
	*ret = (struct band){ BAND_UNKNOWN, NAN, { NAN, NAN } };
	if (!is_known(felt) || !is_known(reported))
		return;
	if (felt->state == LIMIT_FOUND && reported->state == LIMIT_FOUND) {
		ret->factor = quest_ratio(s->quest[SWEEP_FELT], s->quest[SWEEP_REPORTED], &ret->interval);
		ret->state = ret->interval.lo > 1 ? BAND_BLIND : ret->interval.hi < 1 ? BAND_NONE : BAND_EVEN;
		return;
	}
	if (felt->state == reported->state)
		ret->state = BAND_OUTSIDE;
	else if (felt->state == LIMIT_BELOW || reported->state == LIMIT_ABOVE)
		ret->state = BAND_OPEN_ENDED;
	else
		ret->state = BAND_NONE;
}
