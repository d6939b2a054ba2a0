// SPDX-License-Identifier: GPL-2.0-only
/* The jitter tables: known quantiles, standardised rows, and a simulated series with the asked
 * correlation. The simulation reads the tables as bpf/net/jitter.bpf.h does. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/hold/quantile.h"

#define CDF_ONE (1 << 28) /* abi.h */

static struct fl_table_row rows[FL_TABLE_MAX];

static double read_at(int row, double p)
{
	double at = p * FL_TABLE_SIZE - 0.5;
	int i = (int)floor(at);

	if (i < 0)
		return rows[row].q16[0];
	if (i >= FL_TABLE_SIZE - 1)
		return rows[row].q16[FL_TABLE_SIZE - 1];
	return rows[row].q16[i] + (at - i) * (rows[row].q16[i + 1] - rows[row].q16[i]);
}

static void normal_quantiles(void **state)
{
	(void)state;
	/* Tabulated values (Wichura, AS 241). */
	assert_true(fabs(quantile_normal(0.5)) < 1e-12);
	assert_true(fabs(quantile_normal(0.25) + 0.6744897501960817) < 1e-9);
	assert_true(fabs(quantile_normal(0.001) + 3.090232306167814) < 1e-9);
	assert_true(fabs(quantile_normal(0.975) - 1.959963984540054) < 1e-9);
}

/* The 1 %, 50 % and 99 % points: how much longer is the upper part? */
static double half_ratio(int row)
{
	return (read_at(row, 0.99) - read_at(row, 0.5)) / (read_at(row, 0.5) - read_at(row, 0.01));
}

static void rows_are_standardised(void **state)
{
	int row, i, n = 1 << 20;
	(void)state;

	for (row = 0; row < FL_DIST_MAX; row++) {
		double mean = 0, square = 0;
		double deviation = row == FL_DIST_UNIFORM ? 1 / sqrt(3) : 1;

		for (i = 0; i < n; i++) {
			double v = read_at(row, (i + 0.5) / n) / 65536;

			mean += v / n;
			square += v * v / n;
			if (i)
				assert_true(v >= read_at(row, (i - 0.5) / n) / 65536);
		}
		assert_true(fabs(mean) < 1e-4);
		assert_true(fabs(sqrt(square) - deviation) < 1e-3);
	}
	/* Whatever mean and scale, (1 - p)^(-1/3) has this ratio of its upper to its lower half. */
	assert_true(fabs(half_ratio(FL_DIST_PARETO) - 13.181) < 0.02);
	/* The same of a quarter normal and three quarters Pareto. */
	assert_true(fabs(half_ratio(FL_DIST_PARETONORMAL) - 4.367) < 0.02);
	assert_true(fabs(read_at(FL_TABLE_NORMAL_CDF, 0.5) - CDF_ONE / 2.0) < 1);
	assert_true(fabs(read_at(FL_TABLE_NORMAL_CDF, (1.959963985 + 8) / 16) / CDF_ONE - 0.975) < 1e-5);
}

/* A small generator of uniform numbers (xorshift64*), so that the test is the same every time. */
static double draw(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;
	return (double)((*s * 0x2545f4914f6cdd1dull) >> 11) / 9007199254740992.0;
}

static double simulated_correlation(int dist, double c)
{
	double z = 0, before = 0, n = 1 << 20, sum = 0, square = 0, product = 0;
	uint64_t s = 88172645463325252ull;
	int i;

	for (i = 0; i < (int)n; i++) {
		double e = read_at(FL_TABLE_NORMAL, draw(&s)) / 65536, v;

		z = c * z + sqrt(1 - c * c) * e;
		v = read_at(dist, read_at(FL_TABLE_NORMAL_CDF, (z + 8) / 16) / CDF_ONE);
		sum += v;
		square += v * v;
		product += v * before;
		before = v;
	}
	return (product / n - sum / n * sum / n) / (square / n - sum / n * sum / n);
}

static void correlation_is_the_asked_one(void **state)
{
	static const double asked[] = { 0.1, 0.5, 0.9 };
	int dist, i;
	(void)state;

	for (dist = 0; dist < FL_DIST_MAX; dist++)
		for (i = 0; i < 3; i++) {
			double c = quantile_ar_coefficient(rows, dist, asked[i]);

			assert_true(c >= asked[i] - 1e-6 && c <= 1);
			assert_true(fabs(simulated_correlation(dist, c) - asked[i]) < 0.03);
		}
	/* In closed form for the uniform one: 2 sin(pi rho / 6). */
	assert_true(fabs(quantile_ar_coefficient(rows, FL_DIST_UNIFORM, 0.5) - 2 * sin(M_PI * 0.5 / 6)) < 1e-3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_quantiles),
		cmocka_unit_test(rows_are_standardised),
		cmocka_unit_test(correlation_is_the_asked_one),
	};

	quantile_rows(rows);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
