// SPDX-License-Identifier: GPL-2.0-only
/* quest.c - see quest.h */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "score/sweep/quest.h"
#include "util/cleanup.h"

#define STEP      0.04 /* of the thresholds, in natural logarithms */
#define CELLS_MIN 40
#define CELLS_MAX 600

/* Before anything is known every threshold is as likely as any other, and so is every width. Few pipelines report
 * often where nothing is, or miss often what is far above their threshold. */
static const double widths[] = { PSY_WIDTH_MIN, 0.06, 0.12, 0.25, 0.5, 1.0 };
static const double guesses[] = { 0.005, 0.03, 0.1, 0.25, 0.5, PSY_GUESS_MAX };
static const double guess_prior[] = { 0.3, 0.3, 0.2, 0.1, 0.06, 0.04 };
static const double lapses[] = { 0.005, 0.03, 0.1, PSY_LAPSE_MAX };
static const double lapse_prior[] = { 0.4, 0.35, 0.2, 0.05 };

#define N_WIDTHS  (sizeof(widths) / sizeof(*widths))
#define N_GUESSES (sizeof(guesses) / sizeof(*guesses))
#define N_LAPSES  (sizeof(lapses) / sizeof(*lapses))
#define N_ERRORS  (N_GUESSES * N_LAPSES)

struct quest {
	uint32_t n;      /* thresholds */
	double from, by; /* their logarithms */
	double lo, hi;   /* of the range */
	double *p;       /* [threshold][width][guess][lapse], adds up to 1 */
	/* Of each threshold and width the probability, and the sums of p * guess and p * (1 - guess - lapse); what a
	 * size is expected to tell needs no more. */
	double *mass, *base, *slope;
	double *by_threshold; /* the probability of each threshold alone */
	double *rise;         /* [width][size - threshold in steps + n]: the curve without guesses and lapses */
};

static double *cell(const struct quest *q, uint32_t m, uint32_t w)
{
	return q->p + ((size_t)m * N_WIDTHS + w) * N_ERRORS;
}

static double logistic(double v)
{
	return 1 / (1 + exp(-v));
}

static double rise_at(const struct quest *q, uint32_t m, uint32_t w, double size)
{
	return size > 0 ? logistic((log(size) - (q->from + m * q->by)) / widths[w]) : 0;
}

static const double *rise_by_steps(const struct quest *q, uint32_t w)
{
	return q->rise + (size_t)w * 2 * q->n + q->n;
}

/* Make the sum one again, and the sums that gains need. */
static void settle(struct quest *q)
{
	size_t i, k, n = (size_t)q->n * N_WIDTHS * N_ERRORS;
	double sum = 0;

	for (i = 0; i < n; i++)
		sum += q->p[i];
	for (i = 0; i < n; i++)
		q->p[i] /= sum;
	for (i = 0; i < q->n; i++)
		q->by_threshold[i] = 0;
	for (i = 0; i < (size_t)q->n * N_WIDTHS; i++) {
		const double *p = q->p + i * N_ERRORS;

		q->mass[i] = q->base[i] = q->slope[i] = 0;
		for (k = 0; k < N_ERRORS; k++) {
			double guess = guesses[k / N_LAPSES], lapse = lapses[k % N_LAPSES];

			q->mass[i] += p[k];
			q->base[i] += p[k] * guess;
			q->slope[i] += p[k] * (1 - guess - lapse);
		}
		q->by_threshold[i / N_WIDTHS] += q->mass[i];
	}
}

static bool make_room(struct quest *q)
{
	const size_t cells = (size_t)q->n * N_WIDTHS;

	q->p = calloc(cells * N_ERRORS, sizeof(*q->p));
	q->mass = calloc(cells * 3, sizeof(*q->mass));
	q->rise = calloc(cells * 2, sizeof(*q->rise));
	q->by_threshold = calloc(q->n, sizeof(*q->by_threshold));
	if (!q->p || !q->mass || !q->rise || !q->by_threshold)
		return false;
	q->base = q->mass + cells;
	q->slope = q->base + cells;
	return true;
}

static void fill(struct quest *q)
{
	uint32_t m, w, k;

	for (m = 0; m < q->n; m++)
		for (w = 0; w < N_WIDTHS; w++)
			for (k = 0; k < N_ERRORS; k++)
				cell(q, m, w)[k] = guess_prior[k / N_LAPSES] * lapse_prior[k % N_LAPSES];
	for (w = 0; w < N_WIDTHS; w++)
		for (k = 0; k < 2 * q->n; k++)
			q->rise[(size_t)w * 2 * q->n + k] = logistic(((double)k - q->n) * q->by / widths[w]);
}

struct quest *quest_new(const struct psy_range *range)
{
	struct quest *q = calloc(1, sizeof(*q));
	double margin = psy_margin(range), whole;

	assert(range->lo > 0 && range->hi > range->lo);
	if (!q)
		return NULL;
	q->lo = log(range->lo);
	q->hi = log(range->hi);
	q->from = q->lo - margin;
	whole = q->hi + margin - q->from;
	q->n = (uint32_t)fmin(fmax(ceil(whole / STEP), CELLS_MIN), CELLS_MAX) + 1;
	q->by = whole / (q->n - 1);
	if (!make_room(q)) {
		quest_free(q);
		return NULL;
	}
	fill(q);
	settle(q);
	return q;
}

void quest_free(struct quest *q)
{
	if (!q)
		return;
	free(q->p);
	free(q->mass);
	free(q->rise);
	free(q->by_threshold);
	free(q);
}

void quest_take(struct quest *q, const struct psy_trial *trial)
{
	uint32_t m, w, k;

	for (m = 0; m < q->n; m++) {
		for (w = 0; w < N_WIDTHS; w++) {
			double rise = rise_at(q, m, w, trial->size), *p = cell(q, m, w);

			for (k = 0; k < N_ERRORS; k++) {
				double guess = guesses[k / N_LAPSES], lapse = lapses[k % N_LAPSES];
				double yes = guess + (1 - guess - lapse) * rise;

				p[k] *= trial->yes ? yes : 1 - yes;
			}
		}
	}
	settle(q);
}

static double entropy(double p)
{
	return p <= 0 || p >= 1 ? 0 : -p * log2(p) - (1 - p) * log2(1 - p);
}

uint32_t quest_sizes(const struct quest *q)
{
	return q->n;
}

double quest_size(const struct quest *q, uint32_t i)
{
	return exp(q->from + i * q->by);
}

double quest_gain(const struct quest *q, uint32_t size)
{
	double yes = 0, left = 0;
	uint32_t m, w;

	for (m = 0; m < q->n; m++) {
		const double mass = q->by_threshold[m];
		double here = 0;

		if (mass < 1e-6)
			continue;
		for (w = 0; w < N_WIDTHS; w++) {
			size_t i = (size_t)m * N_WIDTHS + w;

			here += q->base[i] + q->slope[i] * rise_by_steps(q, w)[(int)size - (int)m];
		}
		yes += here;
		left += mass * entropy(here / mass);
	}
	return entropy(yes) - left;
}

/* --- the threshold alone ---------------------------------------------------------------------- */

/* A cell stands for all from half a step below it to half a step above. */
static double quantile(const struct quest *q, double share)
{
	double sum = 0, mass = 0;
	uint32_t m;

	for (m = 0; m < q->n; m++) {
		mass = q->by_threshold[m];
		if (sum + mass >= share || m == q->n - 1)
			break;
		sum += mass;
	}
	return exp(q->from + (m - 0.5 + fmin((share - sum) / mass, 1)) * q->by);
}

double quest_median(const struct quest *q)
{
	return quantile(q, 0.5);
}

void quest_interval(const struct quest *q, double level, struct psy_range *ret)
{
	*ret = (struct psy_range){ quantile(q, (1 - level) / 2), quantile(q, (1 + level) / 2) };
}

double quest_below(const struct quest *q)
{
	double sum = 0;
	uint32_t m;

	for (m = 0; m < q->n && q->from + m * q->by < q->lo; m++)
		sum += q->by_threshold[m];
	return sum;
}

double quest_above(const struct quest *q)
{
	double sum = 0;
	uint32_t m;

	for (m = q->n; m > 0 && q->from + (m - 1) * q->by > q->hi; m--)
		sum += q->by_threshold[m - 1];
	return sum;
}

double quest_ratio(const struct quest *a, const struct quest *b, struct psy_range *ret)
{
	static const double shares[] = { 0.025, 0.5, 0.975 };
	_cleanup_free_ double *by_steps = calloc(2 * (size_t)a->n, sizeof(*by_steps));
	double found[3] = { NAN, NAN, NAN }, sum = 0;
	uint32_t i, k, s = 0;

	assert(a->n == b->n);
	for (i = 0; by_steps && i < a->n; i++) {
		double p = a->by_threshold[i];

		for (k = 0; p > 1e-9 && k < b->n; k++)
			by_steps[a->n + k - i] += p * b->by_threshold[k];
	}
	for (i = 0; by_steps && i < 2 * a->n; i++) {
		sum += by_steps[i];
		while (s < 3 && sum >= shares[s])
			found[s++] = exp(((double)i - a->n) * a->by);
	}
	*ret = (struct psy_range){ found[0], found[2] };
	return found[1];
}
