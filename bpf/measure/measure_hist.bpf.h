/* SPDX-License-Identifier: GPL-2.0-only */
/* measure_hist.bpf.h - times into histograms (abi_measure.h). */
#ifndef FL_MEASURE_HIST_BPF_H
#define FL_MEASURE_HIST_BPF_H

#include "bpf/compat.bpf.h"
#include "bpf/abi/abi_measure.h"

/* 1 if @v is not 0, without a branch: the compiler must not see what it is. */
static __always_inline __u32 not_zero(__u64 v)
{
	__u64 minus = -v;

	asm volatile("" : "+r"(minus));
	return (v | minus) >> 63;
}

/* floor(log2(v)), v not 0: there is no instruction for it. Without branches, which no two latencies take alike. */
static __always_inline __u32 log2_of(__u64 v)
{
	__u32 n = not_zero(v >> 32) << 5, step;

	v >>= n;
	step = not_zero(v >> 16) << 4;
	v >>= step;
	n += step;
	step = not_zero(v >> 8) << 3;
	v >>= step;
	n += step;
	step = not_zero(v >> 4) << 2;
	v >>= step;
	n += step;
	step = not_zero(v >> 2) << 1;
	v >>= step;
	return n + step + (v >> 1);
}

static __always_inline __u32 hist_bucket(__u64 ns)
{
	__u32 power, i;

	if (ns < 1 << FL_HIST_SUB_BITS)
		return ns;
	power = log2_of(ns);
	i = ((power - FL_HIST_SUB_BITS + 1) << FL_HIST_SUB_BITS) + (ns >> (power - FL_HIST_SUB_BITS)) -
	    (1 << FL_HIST_SUB_BITS);
	return i < FL_HIST_BUCKETS ? i : FL_HIST_BUCKETS - 1;
}

static __always_inline void hist_record(struct fl_hist *h, __u64 ns)
{
	__u32 i = hist_bucket(ns);

	h->count++;
	h->sum_ns += ns;
	/* Whatever the compiler knows of it: old verifiers want to see the comparison. */
	asm volatile("" : "+r"(i));
	if (i < FL_HIST_BUCKETS)
		h->buckets[i]++;
}

static __always_inline void hist_record_shared(struct fl_hist *h, __u64 ns)
{
	__u32 i = hist_bucket(ns);

	__sync_fetch_and_add(&h->count, 1);
	__sync_fetch_and_add(&h->sum_ns, ns);
	if (i < FL_HIST_BUCKETS)
		__sync_fetch_and_add(&h->buckets[i], 1);
}

#endif
