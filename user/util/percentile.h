/* SPDX-License-Identifier: GPL-2.0-only */
/* percentile.h - one definition of a percentile for the whole tree. */
#ifndef FL_PERCENTILE_H
#define FL_PERCENTILE_H

#include <stdint.h>

/*
 * The @q-quantile (0..1) of @n values by linear interpolation between the closest ranks: position
 * q * (n - 1) in the sorted values (Hyndman & Fan 1996, type 7; numpy's "linear"). NaN when n is 0.
 * Sorts @values.
 */
double percentile(double *values, uint32_t n, double q);

#endif
