// SPDX-License-Identifier: GPL-2.0-only
/*
 * quantile.c - see quantile.h
 *
 * Entry i of a row stands at the midpoint (i + 1/2) / FL_TABLE_SIZE; between midpoints the kernel
 * side reads along a straight line and beyond the outer ones it stays flat. Each distribution is
 * standardised *as it is read*, so mean and standard deviation come out exactly as asked although
 * a table cuts off the far tail.
 *
 * The distributions are those of tc-netem(8): Pareto with exponent 3, and 1/4 normal + 3/4 Pareto,
 * added quantile by quantile (NIST Net).
 *
 * Correlation: NORTA, "normal to anything" (Cario and Nelson, 1997): push a Gaussian process
 * through the quantile function, and search for the Gaussian correlation whose image is the one
 * that was asked for. netem's own way, a moving average of the draws, narrows the distribution.
 */
#include <math.h>
#include <stddef.h>

#include "net/hold/quantile.h"

#define CDF_SPAN 8.0       /* FL_TABLE_NORMAL_CDF covers -8 .. 8 ... */
#define CDF_ONE  (1 << 28) /* ... and counts in 2^-28 */

static double normal_cdf(double z)
{
	return 0.5 * erfc(-z / M_SQRT2);
}

static double normal_density(double z)
{
	return exp(-z * z / 2) / sqrt(2 * M_PI);
}

/* Newton's method from 0: right of it Phi is concave, so the steps approach from one side. */
double quantile_normal(double p)
{
	double z = 0, step;

	if (p < 0.5)
		return -quantile_normal(1 - p);
	do {
		step = (p - normal_cdf(z)) / normal_density(z);
		z += step;
	} while (step > 1e-12);
	return z;
}

static double uniform(double p)
{
	return 2 * p - 1;
}

/* Mean 3/2 and standard deviation sqrt(3)/2 before it is standardised. */
static double pareto(double p)
{
	return (pow(1 - p, -1.0 / 3) - 1.5) / (sqrt(3) / 2);
}

static double pareto_normal(double p)
{
	return 0.25 * quantile_normal(p) + 0.75 * pareto(p);
}

static double midpoint(int i)
{
	return (i + 0.5) / FL_TABLE_SIZE;
}

/* To mean 0 and standard deviation 1 of the line through the values. */
static void standardise(double v[FL_TABLE_SIZE])
{
	double mean = 0, square;
	int i;

	for (i = 0; i < FL_TABLE_SIZE; i++)
		mean += v[i] / FL_TABLE_SIZE;
	for (i = 0; i < FL_TABLE_SIZE; i++)
		v[i] -= mean;
	/* The outer half steps are flat; over a straight piece the mean of the square is this. */
	square = (v[0] * v[0] + v[FL_TABLE_SIZE - 1] * v[FL_TABLE_SIZE - 1]) / 2;
	for (i = 0; i + 1 < FL_TABLE_SIZE; i++)
		square += (v[i] * v[i] + v[i] * v[i + 1] + v[i + 1] * v[i + 1]) / 3;
	for (i = 0; i < FL_TABLE_SIZE; i++)
		v[i] /= sqrt(square / FL_TABLE_SIZE);
}

static void store(struct fl_table_row *row, const double v[FL_TABLE_SIZE], double unit)
{
	int i;

	for (i = 0; i < FL_TABLE_SIZE; i++)
		row->q16[i] = (__s32)lrint(v[i] * unit);
}

void quantile_rows(struct fl_table_row rows[FL_TABLE_MAX])
{
	static double (*const quantile[FL_DIST_MAX])(double) = {
		[FL_DIST_UNIFORM] = uniform,
		[FL_DIST_NORMAL] = quantile_normal,
		[FL_DIST_PARETO] = pareto,
		[FL_DIST_PARETONORMAL] = pareto_normal,
	};
	double v[FL_TABLE_SIZE];
	int dist, i;

	for (dist = 0; dist < FL_DIST_MAX; dist++) {
		for (i = 0; i < FL_TABLE_SIZE; i++)
			v[i] = quantile[dist](midpoint(i));
		/* The uniform one keeps its scale: jitter is its half width, not its deviation. */
		if (dist != FL_DIST_UNIFORM)
			standardise(v);
		store(&rows[dist], v, 65536);
	}
	for (i = 0; i < FL_TABLE_SIZE; i++)
		v[i] = normal_cdf(CDF_SPAN * uniform(midpoint(i)));
	store(&rows[FL_TABLE_NORMAL_CDF], v, CDF_ONE);
}

/* The row at probability @p as the kernel side reads it. */
static double read_row(const struct fl_table_row *row, double p)
{
	double at = p * FL_TABLE_SIZE - 0.5;
	int i;

	if (at <= 0)
		return row->q16[0];
	if (at >= FL_TABLE_SIZE - 1)
		return row->q16[FL_TABLE_SIZE - 1];
	i = (int)at;
	return row->q16[i] + (at - i) * (row->q16[i + 1] - row->q16[i]);
}

/* Trapezoidal rule on a grid of the plane; for what a Gaussian weighs it converges very fast. */
#define GRID_STEP 0.25
#define GRID_HALF 24 /* steps to either side: -6 .. 6 */

/* E[g(x) g(c x + sqrt(1 - c^2) y)] for independent standard normal x and y. */
static double lagged_product(const struct fl_table_row *row, double c)
{
	double s = sqrt(1 - c * c), sum = 0;
	int i, j;

	for (i = -GRID_HALF; i <= GRID_HALF; i++) {
		double x = i * GRID_STEP, inner = 0;

		for (j = -GRID_HALF; j <= GRID_HALF; j++) {
			double y = j * GRID_STEP;

			inner += normal_density(y) * read_row(row, normal_cdf(c * x + s * y));
		}
		sum += normal_density(x) * read_row(row, normal_cdf(x)) * inner;
	}
	return sum;
}

double quantile_ar_coefficient(const struct fl_table_row rows[FL_TABLE_MAX], enum fl_distribution distribution,
			       double correlation)
{
	const struct fl_table_row *row = &rows[distribution];
	double low = 0, high = 1, whole = lagged_product(row, 1);
	int i;

	if (correlation <= 0 || distribution == FL_DIST_NORMAL)
		return correlation;
	/* The image grows with c; 20 halvings are finer than the Q16 it is stored in. */
	for (i = 0; i < 20; i++) {
		double c = (low + high) / 2;

		if (lagged_product(row, c) < correlation * whole)
			low = c;
		else
			high = c;
	}
	return high;
}
