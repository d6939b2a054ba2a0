/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mangle.bpf.h - corrupted and duplicated packets.
 *
 * Limits: a GSO super-packet is one packet, as it is to a driver. At most 64 bytes are flipped.
 */
#ifndef FL_MANGLE_BPF_H
#define FL_MANGLE_BPF_H

#include "hold.bpf.h"
#include "packet.bpf.h"
#include "payload.bpf.h"

#define MANGLE_BYTES_MAX 64

enum mangle_result {
	MANGLE_FAILED = -1,
	MANGLE_DONE = 0,
	MANGLE_DROP = 1, /* the receiver's stack would throw it away */
};

static __always_inline bool mangle_has_checksum(const struct packet *p)
{
	return p->flags & (PACKET_TCP | PACKET_UDP);
}

/* Does the packet have anything that could be corrupted? */
static __always_inline bool mangle_has_payload(const struct packet *p)
{
	return mangle_has_checksum(p) ? p->payload_len : p->transport_off < p->end;
}

/*
 * Flip bytes at places that hash(seed, n) names. With a wrong checksum the receiver's stack drops
 * the packet; but a checksum that is still to be computed would be computed over the flipped bytes,
 * or between two veths never be looked at, so there the packet is dropped here.
 */
apart int mangle_corrupt(struct __sk_buff *skb, struct packet *p, __u32 index, __u64 n)
{
	take_packet(p);
	const struct fl_rule *rule = bpf_map_lookup_elem(&rules, &index);
	__u32 i, from, len;
	__u64 draw;

	if (!p || !rule)
		return MANGLE_FAILED;
	from = mangle_has_checksum(p) ? p->payload_off : p->transport_off;
	len = p->end - from;
	if (!len || (rule->corrupt.fix_checksum && !mangle_has_checksum(p)))
		return MANGLE_FAILED;
	if (!rule->corrupt.fix_checksum && mangle_has_checksum(p) && payload_is_partial(skb, p))
		return MANGLE_DROP;
	draw = hash_draw(rule->seed, HASH_BYTES, n);
	for (i = 0; i < MANGLE_BYTES_MAX; i++) {
		__u32 off = from + (__u32)(draw >> 32) % len;
		__u8 byte;

		if (i >= rule->corrupt.bytes)
			break;
		/* Never to the same value; hitting one place twice may undo itself. */
		if (bpf_skb_load_bytes(skb, off, &byte, 1) ||
		    payload_set(skb, p, off, byte ^ (1 + draw % 255), rule->corrupt.fix_checksum))
			return MANGLE_FAILED;
		draw = hash_mix(draw);
	}
	return MANGLE_DONE;
}

/*
 * Send a copy of the packet at once, past this session's hook: by its mark it counts as one that
 * was held. Returns 0 or negative.
 */
static __always_inline int mangle_send_copy(struct __sk_buff *skb, struct packet *p, __u32 flags)
{
	__u32 mark = skb->mark;
	int error;

	if (!hold_save_mark(skb, p, packet_now(p)))
		return -1;
	skb->mark = FL_MARK_MAGIC | generation;
	error = bpf_clone_redirect(skb, p->ifindex, flags);
	skb->mark = mark;
	return error;
}

/* A second one of the packet, behind all other rules. */
static __always_inline void mangle_duplicate(struct __sk_buff *skb, struct packet *p)
{
	if (mangle_send_copy(skb, p, hook_is_egress(p->direction) ? 0 : BPF_F_INGRESS))
		proof_retract(p->copy_rule, p);
}

#endif
