// SPDX-License-Identifier: GPL-2.0-only
/* Tests and intervals for pairs, against cases by hand and published ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "score/compare/paired.h"

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

/* To the digits that were printed. */
static bool printed(double value, double said, double unit)
{
	return fabs(value - said) <= unit / 2 + 1e-12;
}

/* The sum of C(n, 0..least) over 2^(n-1): 20/512, 18/256 (Bentur 2009 in Fagerland 2013: 0.070), 2/64;
 * Armitage & Berry 1994 p. 127, 12 and 2: 0.0129; never above 1. */
static void mcnemar(void **state)
{
	(void)state;
	assert_true(near(mcnemar_exact(1, 8), 20.0 / 512));
	assert_true(near(mcnemar_exact(8, 1), 20.0 / 512));
	assert_true(near(mcnemar_exact(1, 7), 18.0 / 256));
	assert_true(printed(mcnemar_exact(12, 2), 0.0129, 1e-4));
	assert_true(near(mcnemar_exact(0, 6), 2.0 / 64));
	assert_true(near(mcnemar_exact(0, 5), 2.0 / 32));
	assert_true(near(mcnemar_exact(3, 3), 1));
	assert_true(near(mcnemar_exact(0, 0), 1));
	assert_true(near(mcnemar_exact(0, 1), 1));
	/* Many: finite, and as small as it should be, 2 * 2^-2000 * C is no 0 / 0. */
	assert_true(near(mcnemar_exact(1000, 1000), 1));
	assert_true(mcnemar_exact(900, 1100) > 1e-6 && mcnemar_exact(900, 1100) < 1e-4);
}

static struct interval interval_of(uint32_t both, uint32_t only_b, uint32_t only_a, uint32_t neither, double *ret)
{
	struct paired_counts c = { .both = both, .only_a = only_a, .only_b = only_b, .neither = neither };
	struct interval i;

	*ret = paired_difference(&c, &i);
	return i;
}

static void newcombe(void **state)
{
	struct interval i;
	double d;
	(void)state;

	/* Newcombe 1998, table II, 36 12 2 0, method 10: 0.0569 to 0.3404. */
	i = interval_of(36, 12, 2, 0, &d);
	assert_true(printed(d, 0.2, 1e-4) && printed(i.low, 0.0569, 1e-4) && printed(i.high, 0.3404, 1e-4));
	/* Bentur 2009 in Fagerland, Lydersen and Laake 2014: -0.507 to -0.026. */
	i = interval_of(1, 1, 7, 12, &d);
	assert_true(near(d, -6.0 / 21) && printed(i.low, -0.507, 1e-3) && printed(i.high, -0.026, 1e-3));
	/*
	 * By hand: nothing changed, all nine yes in both. Wilson has 9/(9 + z^2) = 0.700855 to 1, phi is 0, and so the
	 * interval is 0 -+ (1 - 0.700855).
	 */
	i = interval_of(9, 0, 0, 0, &d);
	assert_true(near(d, 0) && printed(i.low, -0.299145, 1e-6) && printed(i.high, 0.299145, 1e-6));
	/* The two change places: so do the limits. */
	i = interval_of(36, 2, 12, 0, &d);
	assert_true(printed(i.low, -0.3404, 1e-4) && printed(i.high, -0.0569, 1e-4));
	i = interval_of(0, 0, 0, 0, &d);
	assert_true(isnan(d) && isnan(i.low) && isnan(i.high));
}

static struct signed_ranks ranks_of(const double *v, uint32_t n)
{
	struct signed_ranks r;

	assert_int_equal(signed_ranks_compute(v, n, &r), 0);
	return r;
}

/* Hollander & Wolfe (1973) p. 29, as in R's ?wilcox.test: V = 40, p = 0.03906; pseudomedian 0.46, 0.010 to 0.786. */
static void published(void **state)
{
	static const double before[] = { 1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30 },
			    after[] = { 0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29 },
			    /* Darwin's maize: V = 96, exact p = 0.04126 */
		maize[] = { 49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48 };
	struct signed_ranks r;
	double d[9];
	int i;
	(void)state;

	for (i = 0; i < 9; i++)
		d[i] = before[i] - after[i];
	r = ranks_of(d, 9);
	assert_true(r.exact && r.n == 9 && r.positive == 7 && near(r.w_plus, 40));
	assert_true(printed(r.p, 0.03906, 1e-5) && printed(r.shift, 0.46, 1e-3));
	assert_true(printed(r.interval.low, 0.010, 1e-3) && printed(r.interval.high, 0.786, 1e-3));
	r = ranks_of(maize, 15);
	assert_true(near(r.w_plus, 96) && printed(r.p, 0.04126, 1e-5));
}

/* The tables of critical values at 5 %, two-sided: T = 0 for n = 6, 2 for 7, 3 for 8, 5 for 9, 8 for 10, 52 for 20. */
static void critical_values(void **state)
{
	static const struct {
		uint32_t n, t;
	} table[] = { { 6, 0 }, { 7, 2 }, { 8, 3 }, { 9, 5 }, { 10, 8 }, { 15, 25 }, { 20, 52 } };
	double d[20];
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		uint32_t n = table[i].n, k, more;

		for (more = 0; more < 2; more++) {
			uint32_t left = table[i].t + more;

			/* Ranks from the highest that fits, until their sum is T. */
			for (k = n; k > 0; k--) {
				d[k - 1] = k <= left ? -(double)k : k;
				left -= k <= left ? k : 0;
			}
			assert_true((ranks_of(d, n).p <= 0.05) == !more);
		}
	}
	/* 8 differences, T = 3: of 256 the five {}, {1}, {2}, {3}, {1, 2} at either end. */
	for (i = 0; i < 8; i++)
		d[i] = i == 2 ? -3 : (double)i + 1;
	assert_true(near(ranks_of(d, 8).p, 10.0 / 256));
}

/*
 * Ties: 1, 1, -1, 2 have the ranks 2, 2, 2, 4, so W+ is 8 of 10. Of the 16 ways 8 or more: 10 (all) and 8 (one of the
 * three small ones off): 4/16, twice that 0.5. Zeros are left out of the test, and stand in the estimate.
 */
static void ties_and_zeros(void **state)
{
	static const double d[] = { 0, 1, 1, -1, 2, NAN, INFINITY };
	struct signed_ranks r = ranks_of(d, 7);
	(void)state;

	assert_true(r.n == 4 && r.zeros == 1 && near(r.w_plus, 8) && near(r.p, 0.5));
	/* 15 averages of two of -1, 0, 1, 1, 2: the 8th is 0.5; and no interval from so few. */
	assert_true(near(r.shift, 0.5) && isinf(r.interval.low) && isinf(r.interval.high));
	r = ranks_of(d, 1);
	assert_true(r.n == 0 && r.zeros == 1 && near(r.p, 1) && near(r.shift, 0));
	r = ranks_of(d, 0);
	assert_true(r.n == 0 && near(r.p, 1) && isnan(r.shift));
}

/* Where the exact one ends the approximation goes on: 200 and 201 differences of a like kind have a like p. */
static void many(void **state)
{
	double d[201];
	struct signed_ranks exact, approximate;
	int i;
	(void)state;

	for (i = 0; i < 201; i++)
		d[i] = (i % 9 < 4 ? -1 : 1) * (i % 37 + 1.0);
	exact = ranks_of(d, 200);
	approximate = ranks_of(d, 201);
	assert_true(exact.exact && !approximate.exact);
	assert_true(fabs(exact.p - approximate.p) < 0.05 && exact.p > 0.01 && exact.p < 0.5);
	assert_true(isfinite(approximate.interval.low) && approximate.interval.low < approximate.shift);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mcnemar),         cmocka_unit_test(newcombe),       cmocka_unit_test(published),
		cmocka_unit_test(critical_values), cmocka_unit_test(ties_and_zeros), cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
