/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * payload.bpf.h - change bytes of a packet's payload, with its transport checksum.
 *
 * bpf_l4_csum_replace() leaves a checksum alone that the device is yet to compute
 * (CHECKSUM_PARTIAL), so this is right for packets of a local sender and for GSO as well.
 */
#ifndef FL_PAYLOAD_BPF_H
#define FL_PAYLOAD_BPF_H

#include "bpf/compat.bpf.h"
#include "packet.bpf.h"

static __always_inline __u32 payload_checksum_off(const struct packet *p)
{
	return p->transport_off + (p->flags & PACKET_TCP ? 16 : 6);
}

/* Replace the byte at @off of the frame, in the payload, by @value. Returns 0 or negative. */
apart int payload_set(struct __sk_buff *skb, const struct packet *p, __u32 off, __u32 value, __u32 fix_checksum)
{
	take_packet(p);
	__be32 before, after;
	__u32 flags, shift;
	__u8 from, to = value;

	if (!p || bpf_skb_load_bytes(skb, off, &from, 1))
		return -1;
	if (!fix_checksum)
		return bpf_skb_store_bytes(skb, off, &to, 1, BPF_F_RECOMPUTE_CSUM);
	flags = p->flags & PACKET_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	/* The checksum adds 16-bit words from the transport header on: which half is the byte? */
	shift = (off - p->transport_off) & 1 ? 16 : 24;
	/* With its checksum, the packet's sum does not change, so neither does skb->csum. */
	if (bpf_skb_store_bytes(skb, off, &to, 1, 0))
		return -1;
	before = bpf_htonl((__u32)from << shift);
	after = bpf_htonl((__u32)to << shift);
	return bpf_l4_csum_replace(skb, payload_checksum_off(p), 0, bpf_csum_diff(&before, 4, &after, 4, 0), flags);
}

/* The pseudo header's sum for @len bytes of transport, folded to 16 bits, in network byte order. */
static __always_inline __u16 payload_pseudo_sum(const struct packet *p, __u32 len)
{
	__u64 sum = 0;
	__u32 i;

	for (i = p->version == 4 ? 3 : 0; i < 4; i++)
		sum += (__u64)p->local[i] + p->peer[i];
	sum += bpf_htonl(p->protocol);
	sum += bpf_htonl(len);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/*
 * Is the checksum yet to be computed (CHECKSUM_PARTIAL)? Then the field holds the sum of the pseudo
 * header, which a finished one does once in 65536 times. Between two veths it is never computed.
 */
static __always_inline bool payload_is_partial(struct __sk_buff *skb, const struct packet *p)
{
	__u16 check;

	return !bpf_skb_load_bytes(skb, payload_checksum_off(p), &check, sizeof(check)) &&
	       check == payload_pseudo_sum(p, p->end - p->transport_off);
}

/* Sum of @len bytes from @off on; at most 320. */
static __always_inline __u32 payload_sum(struct __sk_buff *skb, __u32 off, __u32 len)
{
	__be32 block[16];
	__wsum sum = 0;
	__u32 i;

	for (i = 0; i < 5; i++) {
		__u32 n;

		__builtin_memset(block, 0, sizeof(block));
		n = load_some(skb, off, block, sizeof(block), len);
		if (!n)
			break;
		sum = bpf_csum_diff(NULL, 0, block, sizeof(block), sum);
		off += n;
		len -= n;
	}
	return sum;
}

/* The IP header says that the packet ends at @end. */
static __always_inline int payload_set_end(struct __sk_buff *skb, const struct packet *p, __u32 end)
{
	__be16 old, new;

	if (p->version == 4) {
		new = bpf_htons(end - ETH_HLEN);
		if (bpf_skb_load_bytes(skb, ETH_HLEN + 2, &old, 2) ||
		    bpf_l3_csum_replace(skb, ETH_HLEN + 10, old, new, 2))
			return -1;
		return bpf_skb_store_bytes(skb, ETH_HLEN + 2, &new, 2, 0);
	}
	new = bpf_htons(end - ETH_HLEN - sizeof(struct ipv6hdr));
	return bpf_skb_store_bytes(skb, ETH_HLEN + 4, &new, 2, BPF_F_RECOMPUTE_CSUM);
}

/*
 * The checksum of a transport segment of @len bytes, at most 320, whose field is 0: what belongs
 * there, or what must be there for the device to finish it.
 */
static __always_inline __u16 payload_checksum(struct __sk_buff *skb, const struct packet *p, __u32 len, bool partial)
{
	__u64 sum = payload_pseudo_sum(p, len);

	if (partial)
		return sum;
	sum += payload_sum(skb, p->transport_off, len);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	/* UDP's 0 is "no checksum"; for TCP both forms of zero are right. */
	return sum == 0xffff ? 0xffff : ~sum & 0xffff;
}

/* Cut the packet off at @end of the frame. */
static __always_inline int payload_cut(struct __sk_buff *skb, struct packet *p, __u32 end)
{
	if (bpf_skb_change_tail(skb, end, 0) || payload_set_end(skb, p, end))
		return -1;
	p->end = end;
	p->length = end;
	p->payload_len = end - p->payload_off;
	return 0;
}

/* Cut a UDP packet off at @end of the frame; its payload then has at most 300 bytes. */
static __always_inline int payload_trim_udp(struct __sk_buff *skb, struct packet *p, __u32 end)
{
	bool partial = payload_is_partial(skb, p);
	__u32 len = end - p->transport_off;
	__be16 be_len = bpf_htons(len);
	__u16 check = 0;

	if (len > 320 || payload_cut(skb, p, end) ||
	    bpf_skb_store_bytes(skb, p->transport_off + 4, &be_len, 2, BPF_F_RECOMPUTE_CSUM) ||
	    bpf_skb_store_bytes(skb, p->transport_off + 6, &check, 2, BPF_F_RECOMPUTE_CSUM))
		return -1;
	check = payload_checksum(skb, p, len, partial);
	return bpf_skb_store_bytes(skb, p->transport_off + 6, &check, 2, BPF_F_RECOMPUTE_CSUM);
}

#endif
