// SPDX-License-Identifier: GPL-2.0-only
/* paired.c - see paired.h */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score/compare/paired.h"
#include "util/cleanup.h"
#include "util/wilson.h"

double mcnemar_exact(uint32_t only_a, uint32_t only_b)
{
	uint32_t n = only_a + only_b, least = only_a < only_b ? only_a : only_b, k;
	double sum = 0;

	/* In logarithms: 2^-n is 0 from n = 1075 on. */
	for (k = 0; k <= least; k++)
		sum += exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) - n * M_LN2);
	return fmin(2 * sum, 1);
}

/* The correlation of the two, corrected for continuity; 0 where one of them never changes. */
static double paired_phi(double both, double only_b, double only_a, double neither)
{
	double n = both + only_a + only_b + neither, over = both * neither - only_a * only_b,
	       under = (both + only_b) * (only_a + neither) * (both + only_a) * (only_b + neither);

	if (under <= 0)
		return 0;
	if (over > 0)
		over = fmax(over - n / 2, 0);
	return over / sqrt(under);
}

double paired_difference(const struct paired_counts *c, struct interval *ret)
{
	double n = (double)c->both + c->only_a + c->only_b + c->neither, b = c->both + (double)c->only_b,
	       a = c->both + (double)c->only_a, difference = (b - a) / n, phi, low_b, high_b, low_a, high_a;
	struct interval of_a, of_b;

	*ret = (struct interval){ NAN, NAN };
	if (n < 1)
		return NAN;
	wilson(a / n, n, NORMAL_Z95, &of_a.low, &of_a.high);
	wilson(b / n, n, NORMAL_Z95, &of_b.low, &of_b.high);
	low_b = b / n - of_b.low;
	high_b = of_b.high - b / n;
	low_a = a / n - of_a.low;
	high_a = of_a.high - a / n;
	phi = paired_phi(c->both, c->only_b, c->only_a, c->neither);
	ret->low = difference - sqrt(fmax(low_b * low_b - 2 * phi * low_b * high_a + high_a * high_a, 0));
	ret->high = difference + sqrt(fmax(low_a * low_a - 2 * phi * low_a * high_b + high_b * high_b, 0));
	return difference;
}

/* --- signed ranks ----------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	double x = fabs(*(const double *)a), y = fabs(*(const double *)b);

	return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Twice the rank of each of @d, which are sorted by size: equal ones share the mean of theirs. Returns the sum of t^3 - t
 * over the ties, for the normal approximation. */
static double rank_twice(const double *d, uint32_t n, uint32_t *ret)
{
	double ties = 0;
	uint32_t i, j, k;

	for (i = 0; i < n; i = j) {
		for (j = i + 1; j < n && by_size(&d[i], &d[j]) == 0;)
			j++;
		for (k = i; k < j; k++)
			ret[k] = i + 1 + j;
		ties += pow(j - i, 3) - (j - i);
	}
	return ties;
}

/*
 * The chance of each sum of positive ranks, all in units of twice the rank, up to that of all of them (*ret_max): every
 * sign is as likely as the other, so the distribution over all 2^n of them is built rank by rank. NULL: out of memory.
 */
static double *rank_distribution(const uint32_t *rank2, uint32_t n, uint32_t *ret_max)
{
	double *f = calloc((size_t)n * (n + 1) + 1, sizeof(*f));
	uint32_t sum = 0, i, s;

	if (!f)
		return NULL;
	f[0] = 1;
	for (i = 0; i < n; i++) {
		sum += rank2[i];
		for (s = sum + 1; s-- > 0;)
			f[s] = 0.5 * f[s] + (s >= rank2[i] ? 0.5 * f[s - rank2[i]] : 0);
	}
	*ret_max = sum;
	return f;
}

static double normal_two_sided(const struct signed_ranks *r, double ties)
{
	double n = r->n, mean = n * (n + 1) / 4, variance = n * (n + 1) * (2 * n + 1) / 24 - ties / 48,
	       off = fmax(fabs(r->w_plus - mean) - 0.5, 0);

	return erfc(off / sqrt(2 * variance));
}

/* Twice the smaller tail at @w2, which belongs to both. */
static int exact_two_sided(const uint32_t *rank2, uint32_t n, uint32_t w2, double *ret)
{
	uint32_t max, s;
	_cleanup_free_ double *f = rank_distribution(rank2, n, &max);
	double low = 0, high = 0;

	if (!f)
		return -ENOMEM;
	for (s = 0; s <= max; s++) {
		low += s <= w2 ? f[s] : 0;
		high += s >= w2 ? f[s] : 0;
	}
	*ret = fmin(2 * fmin(low, high), 1);
	return 0;
}

static int test_ranks(const double *d, struct signed_ranks *r)
{
	_cleanup_free_ uint32_t *rank2 = calloc(r->n + 1u, sizeof(*rank2));
	uint32_t i, w2 = 0;
	double ties;

	if (!rank2)
		return -ENOMEM;
	ties = rank_twice(d, r->n, rank2);
	for (i = 0; i < r->n; i++) {
		if (d[i] <= 0)
			continue;
		r->positive++;
		w2 += rank2[i];
	}
	r->w_plus = w2 / 2.0;
	r->exact = r->n <= SIGNED_RANKS_EXACT;
	if (r->exact)
		return exact_two_sided(rank2, r->n, w2, &r->p);
	r->p = normal_two_sided(r, ties);
	return 0;
}

/* How many Walsh averages to leave out at either end: the largest c with P(W <= c - 1) <= alpha / 2; 0: none will do. */
static int walsh_left_out(uint32_t n, uint32_t *ret)
{
	_cleanup_free_ uint32_t *rank2 = calloc(n + 1u, sizeof(*rank2));
	_cleanup_free_ double *f = NULL;
	double m = n, low = 0;
	uint32_t i, max;

	*ret = 0;
	if (n > SIGNED_RANKS_EXACT) {
		*ret = (uint32_t)floor(m * (m + 1) / 4 - NORMAL_Z95 * sqrt(m * (m + 1) * (2 * m + 1) / 24));
		return 0;
	}
	for (i = 0; rank2 && i < n; i++)
		rank2[i] = 2 * (i + 1);
	f = rank2 ? rank_distribution(rank2, n, &max) : NULL;
	if (!f)
		return -ENOMEM;
	for (i = 0; 2 * i <= max; i++) {
		low += f[2 * i];
		if (low > PAIRED_ALPHA / 2)
			break;
		*ret = i + 1;
	}
	return 0;
}

static int shift_of(double *d, uint32_t n, struct signed_ranks *r)
{
	size_t many = (size_t)n * (n + 1) / 2, at = 0;
	_cleanup_free_ double *walsh = calloc(many + 1, sizeof(*walsh));
	uint32_t i, j, out;

	if (!walsh || walsh_left_out(n, &out))
		return -ENOMEM;
	for (i = 0; i < n; i++)
		for (j = i; j < n; j++)
			walsh[at++] = (d[i] + d[j]) / 2;
	qsort(walsh, many, sizeof(*walsh), by_value);
	r->shift = (walsh[(many - 1) / 2] + walsh[many / 2]) / 2;
	if (out)
		r->interval = (struct interval){ walsh[out - 1], walsh[many - out] };
	return 0;
}

int signed_ranks_compute(const double *differences, uint32_t n, struct signed_ranks *ret)
{
	_cleanup_free_ double *d = calloc(n + 1u, sizeof(*d));
	uint32_t i, all = 0;

	memset(ret, 0, sizeof(*ret));
	ret->p = 1;
	ret->shift = NAN;
	ret->interval = (struct interval){ -INFINITY, INFINITY };
	if (!d)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		if (isfinite(differences[i]))
			d[all++] = differences[i];
	if (!all)
		return 0;
	if (shift_of(d, all, ret))
		return -ENOMEM;
	qsort(d, all, sizeof(*d), by_size);
	while (ret->zeros < all && by_size(&d[ret->zeros], &(double){ 0 }) == 0)
		ret->zeros++;
	ret->n = all - ret->zeros;
	return ret->n ? test_ranks(d + ret->zeros, ret) : 0;
}
