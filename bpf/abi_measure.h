/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * abi_measure.h - the maps of the measuring programs (measure.bpf.c, tcp.bpf.c), beside abi.h.
 *
 * A measured service has a small number, given by user space (1..FL_MEASURE_SERVICES-1; 0 is
 * everything that is no measured service). Rows are per edge, vantage and protocol class.
 */
#ifndef FL_ABI_MEASURE_H
#define FL_ABI_MEASURE_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define FL_MEASURE_SERVICES 256

/*
 * Buckets of a histogram of nanoseconds: 0..15 exact, then 16 a power of two up to 2^36 ns (68
 * s); the last bucket takes what is longer. Example: 50,000,000 ns lies between 2^25 and 2^26;
 * bucket (25 - 3) * 16 + (50,000,000 >> 21) - 16 = 359.
 */
#define FL_HIST_SUB_BITS 4
#define FL_HIST_BUCKETS  544

struct fl_hist {
	__u64 count;
	__u64 sum_ns;
	__u64 buckets[FL_HIST_BUCKETS];
};
_Static_assert(sizeof(struct fl_hist) == 16 + 8 * FL_HIST_BUCKETS, "fl_hist");

#endif /* FL_ABI_MEASURE_H */
