/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hist.h - the log-linear latency histogram that the kernel fills (struct fl_hist of
 * bpf/abi/abi_measure.h), read in user space. A power of two is cut into 16 buckets of one width,
 * so a bucket's width is at most 1/16 of its lower bound: HdrHistogram's scheme with four bits
 * of precision.
 */
#ifndef FL_HIST_H
#define FL_HIST_H

#include <stdint.h>

#include "bpf/abi/abi_measure.h"

/* Bounds of bucket @i in ns: [lower, upper). */
uint64_t hist_lower_ns(uint32_t i);
uint64_t hist_upper_ns(uint32_t i);

/* a += b; a -= b, for a b that was read from the same histogram earlier. */
void hist_add(struct fl_hist *a, const struct fl_hist *b);
void hist_subtract(struct fl_hist *a, const struct fl_hist *b);

/*
 * The @q-quantile (0..1) in ns, by linear interpolation inside its bucket; NaN when empty. The
 * mean is exact (sum_ns / count).
 */
double hist_quantile_ns(const struct fl_hist *h, double q);
double hist_mean_ns(const struct fl_hist *h);

#endif
