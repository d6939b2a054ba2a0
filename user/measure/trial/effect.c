// SPDX-License-Identifier: GPL-2.0-only
/* effect.c - see effect.h */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "measure/hist.h"
#include "measure/trial/effect.h"
#include "util/cleanup.h"
#include "util/wilson.h"

#define ALPHA 0.05
#define T_MAX 1e6
#define P_MIN 1e-12 /* what is smaller is beyond the arithmetic, and beyond anybody's use */

/* --- Student's t ----------------------------------------------------------------------------- */

/* Abramowitz & Stegun 26.7.3 and 26.7.4: finite sums for whole degrees of freedom. */
double student_tail(double t, uint32_t df)
{
	double angle = atan(t / sqrt(df)), c = cos(angle), sum = 0, term;
	bool odd = df % 2;
	uint32_t k;

	term = odd ? c : 1;
	for (k = odd ? 1 : 0; k + 2 <= df; k += 2) {
		sum += term;
		term *= c * c * (k + 1) / (k + 2);
	}
	if (odd)
		return fmax(0.5 - (angle + sin(angle) * sum) / M_PI, 0);
	return fmax(0.5 - sin(angle) * sum / 2, 0);
}

double student_exceeded(double p, uint32_t df)
{
	double low = 0, high = T_MAX;
	int i;

	for (i = 0; i < 200; i++) {
		double middle = (low + high) / 2;

		if (student_tail(middle, df) > p)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* --- one side -------------------------------------------------------------------------------- */

/* What one side says of a metric, and how sure it is. */
struct side {
	double value, variance; /* of the estimate, by the jackknife */
	double resolution;      /* how far the histogram may be off */
	double n;               /* what a share is of */
	uint32_t groups;
};

static void add(struct effect_group *a, const struct effect_group *b)
{
	a->tries += b->tries;
	a->errors += b->errors;
	a->retransmits += b->retransmits;
	hist_add(&a->latency, &b->latency);
}

static void take_out(struct effect_group *a, const struct effect_group *b)
{
	a->tries -= b->tries;
	a->errors -= b->errors;
	a->retransmits -= b->retransmits;
	hist_subtract(&a->latency, &b->latency);
}

static double share(uint64_t part, uint64_t of)
{
	return of ? (double)part / (double)of : NAN;
}

static double value_of(const struct effect_group *g, enum effect_metric metric)
{
	switch (metric) {
	case EFFECT_MEAN: return hist_mean_ns(&g->latency) / 1e9;
	case EFFECT_P50: return hist_quantile_ns(&g->latency, 0.50) / 1e9;
	case EFFECT_P95: return hist_quantile_ns(&g->latency, 0.95) / 1e9;
	case EFFECT_P99: return hist_quantile_ns(&g->latency, 0.99) / 1e9;
	case EFFECT_ERRORS: return share(g->errors, g->tries);
	default: return share(g->retransmits, g->tries);
	}
}

/* A quantile may be off by half the width of its bucket, which is a sixteenth of its power of two. */
static double resolution_of(enum effect_metric metric, double value)
{
	if (metric < EFFECT_P50 || metric > EFFECT_P99 || !(value > 0))
		return 0;
	return exp2(floor(log2(value * 1e9)) - FL_HIST_SUB_BITS) / 2 / 1e9;
}

/* Of the @n values that come out when one group is left out: (n - 1) / n * sum of (value - mean)^2. NaN below two. */
static double jackknife(const double *left_out, uint32_t n)
{
	double mean = 0, squares = 0;
	uint32_t i;

	for (i = 0; i < n; i++)
		mean += left_out[i];
	mean /= n;
	for (i = 0; i < n; i++)
		squares += (left_out[i] - mean) * (left_out[i] - mean);
	return n > 1 ? squares * (n - 1) / n : NAN;
}

/* All metrics of a side. */
static void read_side(const struct effect_group *groups, struct effect_group *room, struct side v[EFFECT_METRICS])
{
	double left_out[EFFECT_METRICS][FL_TRIAL_GROUPS];
	uint32_t n = 0, i, k;

	*room = (struct effect_group){};
	for (i = 0; i < FL_TRIAL_GROUPS; i++)
		add(room, &groups[i]);
	for (k = 0; k < EFFECT_METRICS; k++) {
		v[k] = (struct side){ .value = value_of(room, k), .n = (double)room->tries };
		v[k].resolution = resolution_of(k, v[k].value);
	}
	for (i = 0; i < FL_TRIAL_GROUPS; i++) {
		if (!groups[i].tries)
			continue;
		take_out(room, &groups[i]);
		for (k = 0; k < EFFECT_METRICS; k++)
			left_out[k][n] = value_of(room, k);
		n++;
		add(room, &groups[i]);
	}
	for (k = 0; k < EFFECT_METRICS; k++) {
		v[k].groups = n;
		v[k].variance = jackknife(left_out[k], n);
	}
}

/* --- two sides ------------------------------------------------------------------------------- */

/* Welch & Satterthwaite, rounded down. */
static uint32_t freedom(const struct side *a, const struct side *b)
{
	double sum = a->variance + b->variance;
	double parts = a->variance * a->variance / (a->groups - 1) + b->variance * b->variance / (b->groups - 1);
	double df = parts > 0 ? sum * sum / parts : a->groups + b->groups - 2.0;

	return df >= 1 ? (uint32_t)df : 1;
}

static double p_of(double t, uint32_t df)
{
	return fmax(2 * student_tail(t, df), P_MIN);
}

static void by_student(const struct side *control, const struct side *treated, struct effect_figure *f)
{
	double error = sqrt(control->variance + treated->variance);
	double resolution = control->resolution + treated->resolution, beyond, reach;
	uint32_t df;

	if (isnan(error))
		return;
	df = freedom(control, treated);
	reach = student_exceeded(ALPHA / 2, df) * error + resolution;
	f->low = f->difference - reach;
	f->high = f->difference + reach;
	beyond = fabs(f->difference) - resolution;
	f->p = beyond <= 0 ? 1 : error > 0 ? p_of(beyond / error, df) : P_MIN;
}

/* Flows that are alike are worth fewer tries: Kish's design effect, as far as the groups show one. */
static double effective(const struct side *s)
{
	double by_chance = s->value * (1 - s->value) / s->n;
	double effect = by_chance > 0 ? s->variance / by_chance : 1;

	return effect > 1 ? s->n / effect : s->n;
}

/* Newcombe's interval for two shares (1998, method 10), at @t standard errors. */
static void newcombe(const struct side *control, const struct side *treated, double t, double *low, double *high)
{
	double d = treated->value - control->value, l1, u1, l0, u0;

	wilson(treated->value, effective(treated), t, &l1, &u1);
	wilson(control->value, effective(control), t, &l0, &u0);
	*low = d - hypot(treated->value - l1, u0 - control->value);
	*high = d + hypot(u1 - treated->value, control->value - l0);
}

/* With the variance that chance gives to a share at least. */
static struct side at_least_binomial(const struct side *s)
{
	struct side at_least = *s;

	at_least.variance = fmax(s->variance, s->value * (1 - s->value) / s->n);
	return at_least;
}

/* p is where the interval ends at 0. */
static void by_newcombe(const struct side *control, const struct side *treated, struct effect_figure *f)
{
	struct side of_control = at_least_binomial(control), of_treated = at_least_binomial(treated);
	double low = 0, high = T_MAX, a, b;
	uint32_t df;
	int i;

	if (isnan(control->variance + treated->variance))
		return;
	df = freedom(&of_control, &of_treated);
	newcombe(control, treated, student_exceeded(ALPHA / 2, df), &f->low, &f->high);
	for (i = 0; i < 200; i++) {
		double t = (low + high) / 2;

		newcombe(control, treated, t, &a, &b);
		if (a <= 0 && b >= 0)
			high = t;
		else
			low = t;
	}
	f->p = f->difference != 0 ? p_of(low, df) : 1;
}

static void compare(const struct side *control, const struct side *treated, enum effect_metric metric,
		    struct effect_figure *f)
{
	*f = (struct effect_figure){
		.value = { [EFFECT_CONTROL] = control->value, [EFFECT_TREATED] = treated->value },
		.difference = treated->value - control->value,
		.low = NAN,
		.high = NAN,
		.p = NAN,
	};
	if (isnan(f->difference))
		return;
	if (metric == EFFECT_ERRORS)
		by_newcombe(control, treated, f);
	else
		by_student(control, treated, f);
}

int effect_of(const struct effect_group *control, const struct effect_group *treated, struct effect *ret)
{
	const struct effect_group *const groups[EFFECT_SIDES] = {
		[EFFECT_CONTROL] = control, [EFFECT_TREATED] = treated
	};
	struct side v[EFFECT_SIDES][EFFECT_METRICS];
	_cleanup_free_ struct effect_group *room = malloc(sizeof(*room));
	uint32_t i, k;

	if (!room)
		return -ENOMEM;
	*ret = (struct effect){};
	for (i = 0; i < EFFECT_SIDES; i++) {
		read_side(groups[i], room, v[i]);
		for (k = 0; k < FL_TRIAL_GROUPS; k++) {
			ret->requests[i] += groups[i][k].latency.count;
			ret->tries[i] += groups[i][k].tries;
			ret->errors[i] += groups[i][k].errors;
			ret->groups[i] += groups[i][k].tries > 0;
		}
	}
	for (i = 0; i < EFFECT_METRICS; i++)
		compare(&v[EFFECT_CONTROL][i], &v[EFFECT_TREATED][i], i, &ret->v[i]);
	return 0;
}
