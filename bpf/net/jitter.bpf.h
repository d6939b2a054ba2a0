/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * jitter.bpf.h - how long a packet waits: a constant and a draw from a quantile table.
 *
 * A correlated series is a Gaussian AR(1) process seen through Phi and the distribution's
 * quantile function (a Gaussian copula), so correlation does not change the distribution.
 * Numbers are fixed-point: a probability has 28 bits, everything else is Q16.
 */
#ifndef FL_JITTER_BPF_H
#define FL_JITTER_BPF_H

#include "bpf/compat.bpf.h"
#include "hash.h"
#include "maps.bpf.h"

#define JITTER_UNIT_BITS 28

/* Row @row at position @at of 2^28, interpolated linearly between the entries' midpoints. */
apart __s64 jitter_table(__u32 row, __u32 at)
{
	const struct fl_table_row *table = bpf_map_lookup_elem(&tables, &row);
	__s64 from, to;
	__u32 i;

	if (!table)
		return 0;
	at = at > 1u << 15 ? at - (1u << 15) : 0;
	i = at >> 16;
	from = table->q16[bounded(i, FL_TABLE_SIZE)];
	to = i < FL_TABLE_SIZE - 1 ? table->q16[bounded(i + 1, FL_TABLE_SIZE)] : from;
	return from + ((to - from) * (__s64)(at & 0xffff) >> 16);
}

/* The next value of the rule's AR(1) process, as a probability. */
static __always_inline __u32 jitter_correlated(const struct fl_delay *delay, struct fl_state *state, __u64 n, __u32 at)
{
	__s64 innovation = jitter_table(FL_TABLE_NORMAL, at);
	__s64 z;

	bpf_spin_lock(&state->lock);
	/* The first value is drawn from the stationary distribution. */
	z = n ? (delay->ar_coeff_q16 * state->ar_q16 + delay->ar_innovation_q16 * innovation) >> 16 : innovation;
	state->ar_q16 = z;
	bpf_spin_unlock(&state->lock);

	z += 8 << 16;
	if (z < 0)
		z = 0;
	if (z > (16 << 16) - 1)
		z = (16 << 16) - 1;
	return jitter_table(FL_TABLE_NORMAL_CDF, (__u32)z << 8);
}

/* The wait of the rule's @n-th packet in ns. */
static __always_inline __u64 jitter_delay(const struct fl_delay *delay, struct fl_state *state, __u64 seed, __u64 n)
{
	__u32 row = delay->distribution, at;
	__s64 value;

	if (!delay->jitter_ns || row >= FL_DIST_MAX)
		return delay->delay_ns;
	at = hash_draw(seed, HASH_JITTER, n) >> (64 - JITTER_UNIT_BITS);
	if (delay->ar_coeff_q16)
		at = jitter_correlated(delay, state, n, at);
	/* A table value has 22 bits at most and an hour of jitter 42, so nothing overflows. */
	value = (__s64)delay->delay_ns + (jitter_table(row, at) * (__s64)delay->jitter_ns >> 16);
	return value > 0 ? value : 0;
}

#endif
