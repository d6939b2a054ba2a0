// SPDX-License-Identifier: GPL-2.0-only
/* hist.c - see hist.h */
#include <math.h>

#include "measure/hist.h"

#define SUB (1u << FL_HIST_SUB_BITS)

uint64_t hist_lower_ns(uint32_t i)
{
	uint32_t power = i / SUB; /* of the 16 buckets that have one width */

	if (power == 0)
		return i;
	return (uint64_t)(SUB + i % SUB) << (power - 1);
}

uint64_t hist_upper_ns(uint32_t i)
{
	return hist_lower_ns(i + 1);
}

void hist_add(struct fl_hist *a, const struct fl_hist *b)
{
	uint32_t i;

	a->count += b->count;
	a->sum_ns += b->sum_ns;
	for (i = 0; i < FL_HIST_BUCKETS; i++)
		a->buckets[i] += b->buckets[i];
}

void hist_subtract(struct fl_hist *a, const struct fl_hist *b)
{
	uint32_t i;

	a->count -= b->count;
	a->sum_ns -= b->sum_ns;
	for (i = 0; i < FL_HIST_BUCKETS; i++)
		a->buckets[i] -= b->buckets[i];
}

/*
 * Samples are taken to lie evenly in their bucket. The buckets are added up for the rank: a histogram
 * that is read while it is written may have a count that is one ahead of them.
 */
double hist_quantile_ns(const struct fl_hist *h, double q)
{
	uint64_t total = 0, below = 0;
	double rank;
	uint32_t i;

	for (i = 0; i < FL_HIST_BUCKETS; i++)
		total += h->buckets[i];
	if (!total)
		return NAN;
	rank = q * (double)total;
	for (i = 0; i < FL_HIST_BUCKETS; i++) {
		uint64_t n = h->buckets[i];

		if (n && (double)(below + n) >= rank) {
			double lower = (double)hist_lower_ns(i), upper = (double)hist_upper_ns(i);

			return lower + (upper - lower) * (rank - (double)below) / (double)n;
		}
		below += n;
	}
	return (double)hist_upper_ns(FL_HIST_BUCKETS - 1);
}

double hist_mean_ns(const struct fl_hist *h)
{
	return h->count ? (double)h->sum_ns / (double)h->count : NAN;
}
