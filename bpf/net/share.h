/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * share.h - which flows a rule is about: by their ports, and by the share of them that it touches. The rules
 * decide by it, and so does the meter, which keeps those that are touched and the others apart. Compiles on
 * both sides.
 */
#ifndef FL_SHARE_H
#define FL_SHARE_H

#include "hash.h"

/* Of one end of a flow; @addr: IPv4 as ::ffff:a.b.c.d, network byte order. */
static __always_inline __u64 flow_hash_end(const __be32 addr[4], __u16 port)
{
	__u64 high = (__u64)addr[0] << 32 | addr[1];
	__u64 low = (__u64)addr[2] << 32 | addr[3];

	return hash_mix(hash_mix(high) + hash_mix(low ^ port) + port);
}

/* An address in 32 bits: of IPv4 itself, of IPv6 a hash. */
static __always_inline __u32 flow_word(const __be32 addr[4])
{
	__u64 high = (__u64)addr[0] << 32 | addr[1];
	__u64 low = (__u64)addr[2] << 32 | addr[3];

	if (!addr[0] && !addr[1] && addr[2] == __builtin_bswap32(0xffff))
		return addr[3];
	return hash_mix(hash_mix(high) + low) >> 32;
}

/* The same in both directions. */
static __always_inline __u64 flow_hash(__u64 one_end, __u64 other_end, __u8 protocol)
{
	return hash_mix((one_end + other_end) ^ protocol);
}

/* What says, by hash_chance(), whether @flow is in the share of a rule with that @seed. */
static __always_inline __u64 share_draw(__u64 seed, __u64 flow)
{
	return hash_draw(seed, HASH_SHARE, flow);
}

/* Which attempt to connect a SYN with the sequence number @seq is: what is sent again is the same one. */
static __always_inline __u64 attempt_number(__u64 flow, __u32 seq)
{
	return hash_mix(flow + seq);
}

static __always_inline int port_is_in(struct fl_port_range range, __u16 port)
{
	return range.min <= port && port <= range.max;
}

#endif
