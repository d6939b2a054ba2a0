// SPDX-License-Identifier: GPL-2.0-only
/* weakness.c - see weakness.h */
#include <string.h>

#include "report/weakness.h"

uint32_t weaknesses_rank(const struct folder *f, struct weakness ret[WEAKNESSES_MAX])
{
	uint32_t n = 0, i, j;

	for (i = 0; i < f->n_gaps; i++) {
		for (j = 0; j < n && strcmp(ret[j].mode, f->gaps[i].mode) != 0; j++)
			;
		if (j == WEAKNESSES_MAX)
			continue;
		if (j == n)
			ret[n++] = (struct weakness){ f->gaps[i].mode, &f->gaps[i], 0 };
		ret[j].gaps++;
	}
	for (i = 1; i < n; i++) {
		struct weakness at = ret[i];
		bool known = *at.mode != '-';

		for (j = i; j > 0; j--) {
			bool before = *ret[j - 1].mode != '-';

			if (before > known || (before == known && ret[j - 1].gaps >= at.gaps))
				break;
			ret[j] = ret[j - 1];
		}
		ret[j] = at;
	}
	return n;
}
