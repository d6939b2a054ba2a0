// SPDX-License-Identifier: GPL-2.0-only
/* psychometric.c - see psychometric.h */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score/sweep/psychometric.h"
#include "util/cleanup.h"
#include "util/percentile.h"
#include "util/random.h"

#define DIMENSIONS 4
#define STEPS_MAX  300
#define TOLERANCE  1e-7

double psy_margin(const struct psy_range *range)
{
	return log(range->hi / range->lo) / 3;
}

double psy_at(const struct psy *p, double size)
{
	double rise = size > 0 ? 1 / (1 + exp(-(log(size) - log(p->threshold)) / p->width)) : 0;

	return p->guess + (1 - p->guess - p->lapse) * rise;
}

double psy_log_likelihood(const struct psy *p, const struct psy_trial *trials, uint32_t n)
{
	double sum = 0;
	uint32_t i;

	for (i = 0; i < n; i++) {
		double yes = psy_at(p, trials[i].size);

		sum += log(fmax(trials[i].yes ? yes : 1 - yes, 1e-12));
	}
	return sum;
}

/* --- the largest likelihood ------------------------------------------------------------------- */

struct search {
	const struct psy_range *range;
	const struct psy_trial *trials;
	uint32_t n;
};

/* A corner of the simplex: ln threshold, ln width, guess, lapse; and what it costs. */
struct corner {
	double at[DIMENSIONS], cost;
};

static struct psy psy_of(const double *at)
{
	return (struct psy){ exp(at[0]), exp(at[1]), at[2], at[3] };
}

static double clamped(double v, double lo, double hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static void look(const struct search *s, struct corner *c)
{
	double margin = psy_margin(s->range);
	struct psy p;

	c->at[0] = clamped(c->at[0], log(s->range->lo) - margin, log(s->range->hi) + margin);
	c->at[1] = clamped(c->at[1], log(PSY_WIDTH_MIN), log(PSY_WIDTH_MAX));
	c->at[2] = clamped(c->at[2], 0, PSY_GUESS_MAX);
	c->at[3] = clamped(c->at[3], 0, PSY_LAPSE_MAX);
	p = psy_of(c->at);
	c->cost = -psy_log_likelihood(&p, s->trials, s->n);
}

static int by_cost(const void *a, const void *b)
{
	const struct corner *x = a, *y = b;

	return (x->cost > y->cost) - (x->cost < y->cost);
}

/* @worst, mirrored at the middle of the others and @factor times as far away. */
static struct corner reflect(const struct search *s, const struct corner *v, double factor)
{
	struct corner ret;
	uint32_t i, k;

	for (k = 0; k < DIMENSIONS; k++) {
		double middle = 0;

		for (i = 0; i < DIMENSIONS; i++)
			middle += v[i].at[k] / DIMENSIONS;
		ret.at[k] = middle + factor * (middle - v[DIMENSIONS].at[k]);
	}
	look(s, &ret);
	return ret;
}

static void shrink(const struct search *s, struct corner *v)
{
	uint32_t i, k;

	for (i = 1; i <= DIMENSIONS; i++) {
		for (k = 0; k < DIMENSIONS; k++)
			v[i].at[k] = (v[i].at[k] + v[0].at[k]) / 2;
		look(s, &v[i]);
	}
}

/* Nelder and Mead (1965), with the usual coefficients; what leaves the bounds is put back onto them. */
static struct corner descend(const struct search *s, struct corner from)
{
	static const double first[DIMENSIONS] = { 0.3, 0.7, 0.05, 0.03 };
	struct corner v[DIMENSIONS + 1], tried, further;
	uint32_t i, step;

	for (i = 0; i <= DIMENSIONS; i++) {
		v[i] = from;
		if (i)
			v[i].at[i - 1] += first[i - 1];
		look(s, &v[i]);
	}
	for (step = 0; step < STEPS_MAX; step++) {
		qsort(v, DIMENSIONS + 1, sizeof(*v), by_cost);
		if (v[DIMENSIONS].cost - v[0].cost < TOLERANCE)
			break;
		tried = reflect(s, v, 1);
		if (tried.cost < v[0].cost) {
			further = reflect(s, v, 2);
			v[DIMENSIONS] = further.cost < tried.cost ? further : tried;
		} else if (tried.cost < v[DIMENSIONS - 1].cost) {
			v[DIMENSIONS] = tried;
		} else {
			further = reflect(s, v, tried.cost < v[DIMENSIONS].cost ? 0.5 : -0.5);
			if (further.cost < fmin(tried.cost, v[DIMENSIONS].cost))
				v[DIMENSIONS] = further;
			else
				shrink(s, v);
		}
	}
	qsort(v, DIMENSIONS + 1, sizeof(*v), by_cost);
	return v[0];
}

/* The best of a coarse grid: the likelihood of a few trials has more than one hill. */
static struct corner best_start(const struct search *s)
{
	static const double widths[] = { 0.05, 0.2, 0.6 }, guesses[] = { 0.02, 0.2 }, lapses[] = { 0.01, 0.1 };
	const double from = log(s->range->lo) - psy_margin(s->range), to = log(s->range->hi) + psy_margin(s->range);
	struct corner best = { .cost = INFINITY }, c;
	uint32_t i, k;

	for (i = 0; i < 41; i++) {
		for (k = 0; k < 12; k++) {
			c = (struct corner){ .at = { from + (to - from) * i / 40, log(widths[k % 3]),
						     guesses[k / 3 % 2], lapses[k / 6] } };
			look(s, &c);
			best = c.cost < best.cost ? c : best;
		}
	}
	return best;
}

void psy_fit(const struct psy_range *range, const struct psy_trial *trials, uint32_t n, struct psy *ret)
{
	const struct search s = { range, trials, n };
	struct corner best;

	*ret = (struct psy){ NAN, NAN, NAN, NAN };
	if (!n)
		return;
	best = descend(&s, best_start(&s));
	best = descend(&s, best); /* a simplex that has collapsed too early begins anew */
	*ret = psy_of(best.at);
}

int psy_bootstrap(const struct psy_range *range, const struct psy_trial *trials, uint32_t n, const struct psy *fit,
		  uint32_t rounds, uint64_t seed, struct psy_range *ret)
{
	_cleanup_free_ struct psy_trial *drawn = calloc(n ? n : 1, sizeof(*drawn));
	_cleanup_free_ double *thresholds = calloc(rounds ? rounds : 1, sizeof(*thresholds));
	const struct corner start = { .at = { log(fit->threshold), log(fit->width), fit->guess, fit->lapse } };
	const struct search s = { range, drawn, n };
	uint32_t i, k;

	*ret = (struct psy_range){ NAN, NAN };
	if (!drawn || !thresholds)
		return -ENOMEM;
	if (!n || isnan(fit->threshold))
		return 0;
	for (i = 0; i < rounds; i++) {
		for (k = 0; k < n; k++)
			drawn[k] = (struct psy_trial){ trials[k].size,
						       random_uniform(&seed) < psy_at(fit, trials[k].size) };
		thresholds[i] = exp(descend(&s, start).at[0]);
	}
	*ret = (struct psy_range){ percentile(thresholds, rounds, 0.025), percentile(thresholds, rounds, 0.975) };
	return 0;
}
