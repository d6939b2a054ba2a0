/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * loss.h - Markov chains that decide which packet is lost. Each step moves *chain and says whether
 * this packet is lost; it depends on (parameters, *chain, draw) alone, so it can run inside a spin
 * lock and in a unit test. A chain of 0 is a fresh one. Nothing returns a struct: clang 19 refuses
 * that for the BPF target.
 *
 * Sources: G. Hasslinger, O. Hohlfeld, "The Gilbert-Elliott model for packet loss in real time
 * services on the Internet", 2008; S. Salsano et al., "Definition of a general and intuitive loss
 * model for packet networks and its implementation in the Netem module", 2012.
 */
#ifndef FL_LOSS_H
#define FL_LOSS_H

#include "hash.h"

/*
 * Random loss with correlation c: two states, kept and lost, with P(lost|lost) = p + c (1 - p)
 * and P(lost|kept) = p (1 - c). Its stationary loss is p, its lag-1 autocorrelation c.
 */
static __always_inline int loss_correlated(__u32 p_ppm, __u32 correlation_ppm, __u32 *chain, __u64 hash)
{
	enum { KEPT = 1, LOST = 2 };
	__u64 p = p_ppm, c = correlation_ppm;
	int lost;

	if (*chain == LOST)
		p += c * (FL_PPM - p) / FL_PPM;
	else if (*chain == KEPT)
		p = p * (FL_PPM - c) / FL_PPM;
	lost = hash_chance(hash, p);
	*chain = lost ? LOST : KEPT;
	return lost;
}

/* Gilbert-Elliott: the packet meets the present state, then the state moves. */
static __always_inline int loss_gilbert(const struct fl_loss *loss, __u32 *chain, __u64 hash)
{
	enum { GOOD = 1, BAD = 2 };
	int lost;

	if (*chain == BAD) {
		lost = hash_chance(hash, loss->loss_bad_ppm);
		*chain = hash_chance_low(hash, loss->r_ppm) ? GOOD : BAD;
	} else {
		lost = hash_chance(hash, loss->loss_good_ppm);
		*chain = hash_chance_low(hash, loss->p_ppm) ? BAD : GOOD;
	}
	return lost;
}

/*
 * Four states, as "loss state" of tc-netem(8): the state moves, the packet meets the new one.
 * 1 good in a gap, 2 good in a burst, 3 lost in a burst, 4 lost alone (always back to 1).
 */
static __always_inline int loss_markov4(const struct fl_loss *loss, __u32 *chain, __u64 hash)
{
	__u32 draw = ((hash >> 32) * FL_PPM) >> 32, next = 1;

	switch (*chain) {
	case 0:
	case 1:
		if (draw < loss->p14_ppm)
			next = 4;
		else if (draw < loss->p14_ppm + loss->p13_ppm)
			next = 3;
		break;
	case 2: next = draw < loss->p23_ppm ? 3 : 2; break;
	case 3:
		if (draw < loss->p32_ppm)
			next = 2;
		else if (draw >= loss->p32_ppm + loss->p31_ppm)
			next = 3;
		break;
	}
	*chain = next;
	return next == 3 || next == 4;
}

#endif
