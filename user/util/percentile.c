// SPDX-License-Identifier: GPL-2.0-only
/* percentile.c - see percentile.h */
#include <math.h>
#include <stdlib.h>

#include "util/percentile.h"

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double percentile(double *values, uint32_t n, double q)
{
	double position, below;

	if (!n)
		return NAN;
	qsort(values, n, sizeof(*values), compare);
	position = fmin(fmax(q, 0), 1) * (n - 1);
	below = floor(position);
	/* A whole rank is that value itself: interpolating by 0 towards infinity would be NaN. */
	if (position == below || values[(uint32_t)below] == values[(uint32_t)below + 1])
		return values[(uint32_t)below];
	return values[(uint32_t)below] + (position - below) * (values[(uint32_t)below + 1] - values[(uint32_t)below]);
}
