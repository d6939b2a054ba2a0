/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * payload.bpf.h - change bytes of a packet's payload, with its transport checksum.
 *
 * bpf_l4_csum_replace() leaves a checksum alone that the device is yet to compute
 * (CHECKSUM_PARTIAL), so this is right for packets of a local sender and for GSO as well.
 */
#ifndef FL_PAYLOAD_BPF_H
#define FL_PAYLOAD_BPF_H

#include "packet.bpf.h"

static __always_inline __u32 payload_checksum_off(const struct packet *p)
{
	return p->transport_off + (p->flags & PACKET_TCP ? 16 : 6);
}

/* Replace the byte at @off of the frame, in the payload, by @to. Returns 0 or negative. */
static __always_inline int payload_set(struct __sk_buff *skb, const struct packet *p, __u32 off,
				       __u8 to, bool fix_checksum)
{
	__u64 flags = p->flags & PACKET_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	/* The checksum adds 16-bit words from the transport header on: which half is the byte? */
	__u32 shift = (off - p->transport_off) & 1 ? 16 : 24;
	__be32 before, after;
	__u8 from;

	if (bpf_skb_load_bytes(skb, off, &from, 1) || bpf_skb_store_bytes(skb, off, &to, 1, 0))
		return -1;
	if (!fix_checksum)
		return 0;
	before = bpf_htonl((__u32)from << shift);
	after = bpf_htonl((__u32)to << shift);
	return bpf_l4_csum_replace(skb, payload_checksum_off(p), 0,
				   bpf_csum_diff(&before, 4, &after, 4, 0), flags);
}

#endif
