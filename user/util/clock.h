/* SPDX-License-Identifier: GPL-2.0-only */
/* clock.h - the two clocks: monotonic for what is measured, wall for what is written down. */
#ifndef FL_CLOCK_H
#define FL_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_SEC  1000000000ull
#define NS_PER_MSEC 1000000ull
#define NS_PER_USEC 1000ull

static inline uint64_t clock_read_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* CLOCK_MONOTONIC in ns, the clock of bpf_ktime_get_ns(). */
static inline uint64_t clock_mono_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

/* CLOCK_REALTIME in ns since the epoch. */
static inline uint64_t clock_wall_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

/* CLOCK_REALTIME in seconds since the epoch. */
static inline double clock_wall_s(void)
{
	return (double)clock_wall_ns() / 1e9;
}

#endif
