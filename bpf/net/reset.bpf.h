/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reset.bpf.h - a TCP reset that both ends see: the packet becomes a RST to its receiver, and a RST
 * with the ends swapped goes to its sender.
 *
 * Both have exactly the sequence number that their receiver expects next, or RFC 5961 has it
 * answer with a challenge: towards the receiver that of the packet, towards the sender what it has
 * acknowledged.
 */
#ifndef FL_RESET_BPF_H
#define FL_RESET_BPF_H

#include "mangle.bpf.h"
#include "packet.bpf.h"
#include "payload.bpf.h"

/* A packet that belongs to a connection, and is no reset itself. */
static __always_inline bool reset_applies(const struct packet *p)
{
	return p->flags & PACKET_TCP && p->tcp_flags & TCP_ACK && !(p->tcp_flags & TCP_RST);
}

/* Exchange @len bytes at @off with those right behind them. */
static __always_inline int reset_swap(struct __sk_buff *skb, __u32 off, __u32 len)
{
	__u8 a[16], b[16];

	if (bpf_skb_load_bytes(skb, off, a, len) || bpf_skb_load_bytes(skb, off + len, b, len) ||
	    bpf_skb_store_bytes(skb, off, b, len, 0))
		return -1;
	return bpf_skb_store_bytes(skb, off + len, a, len, 0);
}

/* Sender becomes receiver. No checksum changes: it sums both ends, in whatever order. */
apart int reset_turn(struct __sk_buff *skb, struct packet *p)
{
	take_packet(p);
	if (!p || reset_swap(skb, 0, ETH_ALEN) || reset_swap(skb, p->transport_off, 2))
		return -1;
	return p->version == 4 ? reset_swap(skb, ETH_HLEN + 12, 4) : reset_swap(skb, ETH_HLEN + 8, 16);
}

/* Write the rest of the TCP header: a reset, and nothing but. The packet ends behind it. */
apart int reset_write(struct __sk_buff *skb, struct packet *p, __u32 seq, __u32 ack, __u32 partial)
{
	take_packet(p);
	struct tcphdr tcp = {};
	__u32 rest = offsetof(struct tcphdr, seq);

	if (!p)
		return -1;
	tcp.seq = bpf_htonl(seq);
	tcp.ack_seq = bpf_htonl(ack);
	tcp.off_res = 0x50;
	tcp.flags = TCP_RST | TCP_ACK;
	if (bpf_skb_store_bytes(skb, p->transport_off + rest, &tcp.seq, sizeof(tcp) - rest, BPF_F_RECOMPUTE_CSUM))
		return -1;
	tcp.check = payload_checksum(skb, p, sizeof(tcp), partial);
	return bpf_skb_store_bytes(skb, p->transport_off + offsetof(struct tcphdr, check), &tcp.check, 2,
				   BPF_F_RECOMPUTE_CSUM);
}

/* The SYN is answered as by a closed port, and gets no further. Returns a verdict, as reset_both() does. */
apart int reset_refuse(struct __sk_buff *skb, struct packet *p)
{
	take_packet(p);
	__u32 partial;

	if (!p)
		return MANGLE_FAILED;
	partial = payload_is_partial(skb, p);
	p->payload_off = p->transport_off + sizeof(struct tcphdr);
	if (payload_cut(skb, p, p->payload_off))
		return MANGLE_FAILED;
	if (!reset_turn(skb, p) && !reset_write(skb, p, 0, p->seq + 1, partial))
		mangle_send_copy(skb, p, hook_is_egress(p->direction) ? BPF_F_INGRESS : 0);
	return MANGLE_DROP;
}

/* The end of its sender's half is eaten: the FIN alone when data comes with it, else the packet. */
static __always_inline int reset_uncloses(struct __sk_buff *skb, struct packet *p)
{
	if (p->tcp_flags & TCP_RST || !p->payload_len)
		return MANGLE_DROP;
	return payload_set(skb, p, p->transport_off + offsetof(struct tcphdr, flags), p->tcp_flags & ~TCP_FIN, 1);
}

/*
 * Returns a verdict; negative when nothing was changed. A packet that was changed halfway is dropped:
 * its sender retransmits it, and it meets the rule again.
 */
apart int reset_both(struct __sk_buff *skb, struct packet *p)
{
	take_packet(p);
	__u32 next, partial;

	if (!p)
		return MANGLE_FAILED;
	next = p->seq + p->payload_len + !!(p->tcp_flags & (TCP_SYN | TCP_FIN));
	partial = payload_is_partial(skb, p);
	p->payload_off = p->transport_off + sizeof(struct tcphdr);
	if (payload_cut(skb, p, p->payload_off))
		return MANGLE_FAILED;
	p->tcp_flags = TCP_RST | TCP_ACK;
	if (reset_turn(skb, p) || reset_write(skb, p, p->ack, next, partial) ||
	    mangle_send_copy(skb, p, hook_is_egress(p->direction) ? BPF_F_INGRESS : 0))
		return MANGLE_DROP;
	/* The copy is on its way; the packet itself turns back and goes on. */
	if (reset_turn(skb, p) || reset_write(skb, p, p->seq, p->ack, partial))
		return MANGLE_DROP;
	return MANGLE_DONE;
}

#endif
