/* SPDX-License-Identifier: GPL-2.0-only */
/* backoff.h - how long to wait before the next try. */
#ifndef LAB_BACKOFF_H
#define LAB_BACKOFF_H

#include <stdint.h>

struct backoff {
	uint64_t first_ns, max_ns;
};

/*
 * The wait behind try @n (from 1): doubles from first_ns up to max_ns, of which the lower half is
 * fixed and the upper half random (@random is any 32-bit number), so that callers who failed
 * together do not come back together.
 */
static inline uint64_t backoff_ns(const struct backoff *b, unsigned int n, uint32_t random)
{
	uint64_t wait = b->first_ns;

	while (n-- > 1 && wait < b->max_ns)
		wait *= 2;
	if (wait > b->max_ns)
		wait = b->max_ns;
	return wait / 2 + (wait / 2) * (random >> 8) / (1u << 24);
}

#endif
