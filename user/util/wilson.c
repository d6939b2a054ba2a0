// SPDX-License-Identifier: GPL-2.0-only
/* wilson.c - see wilson.h */
#include <math.h>

#include "util/wilson.h"

void wilson(double share, double n, double z, double *ret_low, double *ret_high)
{
	double z2 = z * z, middle = (share + z2 / (2 * n)) / (1 + z2 / n);
	double reach = z * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n);

	*ret_low = fmax(middle - reach, 0);
	*ret_high = fmin(middle + reach, 1);
}
