/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hash.h - the one source of chance. Decisions are a pure function of (seed, what is decided), so a
 * run can be replayed and a test can compute what the kernel must do. Compiles on both sides.
 */
#ifndef FL_HASH_H
#define FL_HASH_H

#include "bpf/abi/abi.h"

/* The finaliser of splitmix64 (Steele, Lea, Flood 2014; constants by David Stafford, "Mix13"). */
static inline __u64 hash_mix(__u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebull;
	x ^= x >> 31;
	return x;
}

/* What a number of one seed is drawn for: each purpose has its own stream. */
enum hash_stream {
	HASH_DECIDE = 1,
	HASH_SHARE = 2,
	HASH_JITTER = 3,
	HASH_BYTES = 4,
};

static inline __u64 hash_draw(__u64 seed, enum hash_stream stream, __u64 n)
{
	return hash_mix(hash_mix(seed + stream * 0x9e3779b97f4a7c15ull) ^ hash_mix(n));
}

/* True for @ppm of a million values of @hash; uses its upper 32 bits. */
static inline int hash_chance(__u64 hash, __u32 ppm)
{
	return (((hash >> 32) * FL_PPM) >> 32) < ppm;
}

/* The same by the lower 32 bits, for a second decision from one draw. */
static inline int hash_chance_low(__u64 hash, __u32 ppm)
{
	return (((hash & 0xffffffffu) * FL_PPM) >> 32) < ppm;
}

#endif
