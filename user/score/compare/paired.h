/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * paired.h - tests and intervals for pairs: the same experiments in two runs. Exact where that can be computed;
 * sources and worked cases are in docs/scoring.md. Undefined is NaN.
 */
#ifndef FL_PAIRED_H
#define FL_PAIRED_H

#include <stdbool.h>
#include <stdint.h>

struct interval {
	double low, high; /* infinite: the data do not bound that side */
};

/* Pairs of yes and no. */
struct paired_counts {
	uint32_t both, only_a, only_b, neither;
};

/* McNemar's test, exact: two-sided p of @only_a against @only_b under a fair coin. 1 where nothing differs. */
double mcnemar_exact(uint32_t only_a, uint32_t only_b);

/* Share of yes in B less that in A, with Newcombe's interval of 95 % for pairs (1998, method 10). */
double paired_difference(const struct paired_counts *c, struct interval *ret);

/* The signed-rank test of Wilcoxon, with the estimate and the interval of Hodges and Lehmann. */
struct signed_ranks {
	uint32_t n;     /* differences that are not zero */
	uint32_t zeros; /* left out */
	uint32_t positive;
	double w_plus;            /* sum of the ranks of the positive ones */
	double p;                 /* two-sided; 1 where n is 0 */
	bool exact;               /* else by the normal approximation */
	double shift;             /* the median of the Walsh averages, zeros among them */
	struct interval interval; /* of the shift, 95 %; infinite below 6 differences */
};

/* Up to this many differences p is exact, ties or not. */
#define SIGNED_RANKS_EXACT 200u

/* Of @n differences; one that is not finite is left out. -ENOMEM. */
int signed_ranks_compute(const double *differences, uint32_t n, struct signed_ranks *ret);

/* What chance gives once in twenty: the level of every verdict and of every interval of 95 %. */
#define PAIRED_ALPHA 0.05

#endif
