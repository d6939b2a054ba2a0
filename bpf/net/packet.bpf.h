/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * packet.bpf.h - what a packet is, as the rules see it. The peer's address is read first, to look up
 * the rules; the packet is taken apart only when there are any.
 *
 * Limits: Ethernet only. One VLAN tag is beside the frame (__sk_buff.vlan_tci) and does not matter here; frames
 * with a second one, and other protocols, pass. IPv6 extension headers: at
 * most eight. A fragment after the first has no ports, so only rules without ports match it.
 */
#ifndef FL_PACKET_BPF_H
#define FL_PACKET_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "share.h"
#include "bpf/plain_net.bpf.h"

enum {
	PACKET_FRAGMENT = 1 << 0, /* any part of a fragmented datagram */
	PACKET_PORTS = 1 << 1,    /* local_port and peer_port are known */
	PACKET_TCP = 1 << 2,      /* the whole TCP header is there */
	PACKET_UDP = 1 << 3,
};

enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
};

#define IPV6_EXTENSIONS_MAX 8

struct packet {
	__be32 local[4]; /* the target's address; IPv4 as ::ffff:a.b.c.d */
	__be32 peer[4];
	__u16 local_port, peer_port; /* host byte order */
	__u32 ifindex;
	__u8 direction; /* enum fl_direction */
	__u8 version;   /* 4, 6 */
	__u8 protocol;
	__u8 flags; /* PACKET_* */
	__u16 transport_off;
	__u16 tcp_flags;
	__u32 end;         /* where the IP packet ends; Ethernet may pad behind it */
	__u32 payload_off; /* of TCP or UDP */
	__u32 payload_len;
	__u32 seq, ack; /* TCP, host byte order */
	__u32 length;   /* of the frame */
	__u64 flow;     /* hash of both ends, the same in both directions */
	__u64 now_ns;   /* 0: the clock has not been read yet */
	/* What the rules have decided so far. */
	__u64 delay_ns;
	__u64 departs_ns; /* to wait by departure time */
	__u32 delay_rule;
	__u32 hold_ifindex;
	__u8 delayed;    /* delay_ns counts, even if 0 */
	__u8 jittered;   /* its flow may be reordered */
	__u8 stalled;    /* its flow must not be */
	__u8 http_done;  /* the HTTP stage has seen it */
	__u8 dns_done;   /* so has the DNS stage */
	__u8 prefix_len; /* under which the rules were found */
	__u8 copies;     /* a second one is to be sent, by copy_rule */
	__u8 departs;    /* departs_ns counts, even if 0 */
	__u8 on_loopback;
	__u8 fetched_for;   /* DNS: FETCHED_*, of the present message */
	__u16 loopback;     /* fl_hook.loopback */
	__u32 question_end; /* DNS: offset behind the question of the present message */
	__u32 error_rule;   /* DNS: the rule that wants an error */
	__u32 copy_rule;
	__u32 size; /* from the IP header on; of a GSO super-packet a full segment's, as the wire will have it */
	__u8 ttl, tos;
	__u16 question_type; /* DNS: of the present message, as the question is */
	__u8 answer_fits;    /* it has what its rule changes; dns_answer.bpf.h */
	__u8 answer_signed;
	__u8 pad2[2];
	__u64 answer_draw; /* for random addresses */
};

/*
 * The packet at hand, one a CPU: on the stack it would leave too little to the functions that work on
 * it. While a copy is sent on the way to the target, the copy passes the hook, within the program
 * that sends it; it takes another slot.
 */
enum packet_slot { PACKET_FIRST = 0, PACKET_AGAIN = 1, PACKET_SLOTS };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PACKET_SLOTS);
	__type(key, __u32);
	__type(value, struct packet);
} packets SEC(".maps");

static __always_inline struct packet *packet_at_hand(void)
{
	__u32 slot = PACKET_FIRST;

	return bpf_map_lookup_elem(&packets, &slot);
}

static __always_inline struct packet *packet_begin(struct __sk_buff *skb, __u32 slot, enum fl_direction direction)
{
	struct packet *p = bpf_map_lookup_elem(&packets, &slot);

	if (!p)
		return NULL;
	__builtin_memset(p, 0, sizeof(*p));
	p->ifindex = skb->ifindex;
	p->direction = direction;
	p->length = skb->len;
	return p;
}

static __always_inline __u64 packet_now(struct packet *p)
{
	if (!p->now_ns)
		p->now_ns = bpf_ktime_get_ns();
	return p->now_ns;
}

static __always_inline void packet_map_ipv4(__be32 to[4], __be32 addr)
{
	to[0] = 0;
	to[1] = 0;
	to[2] = bpf_htonl(0xffff);
	to[3] = addr;
}

/* Only the peer's address: most packets need no more. False: cut short. */
static __always_inline bool packet_read_peer(struct __sk_buff *skb, enum fl_direction direction, __be32 peer[4])
{
	__u32 off = ETH_HLEN;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		off += direction == FL_DIR_FROM ? offsetof(struct iphdr, daddr) : offsetof(struct iphdr, saddr);
		packet_map_ipv4(peer, 0);
		return !bpf_skb_load_bytes(skb, off, &peer[3], sizeof(peer[3]));
	}
	off += direction == FL_DIR_FROM ? offsetof(struct ipv6hdr, daddr) : offsetof(struct ipv6hdr, saddr);
	return !bpf_skb_load_bytes(skb, off, peer, 16);
}

/* Both addresses and where the packet ends; false: pass it, it is none of ours. */
static __always_inline bool packet_read_addresses(struct __sk_buff *skb, struct packet *p)
{
	__be32 *src = p->direction == FL_DIR_FROM ? p->local : p->peer;
	__be32 *dst = p->direction == FL_DIR_FROM ? p->peer : p->local;
	__u32 total;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr ip;

		if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) || ip.ihl < 5)
			return false;
		packet_map_ipv4(src, ip.saddr);
		packet_map_ipv4(dst, ip.daddr);
		p->version = 4;
		p->protocol = ip.protocol;
		p->ttl = ip.ttl;
		p->tos = ip.tos;
		p->transport_off = ETH_HLEN + ip.ihl * 4;
		if (ip.frag_off & bpf_htons(0x3fff))
			p->flags |= PACKET_FRAGMENT;
		if (!(ip.frag_off & bpf_htons(0x1fff)))
			p->flags |= PACKET_PORTS;
		total = bpf_ntohs(ip.tot_len);
		total = total ? total + ETH_HLEN : 0;
	} else {
		struct ipv6hdr ip;

		if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)))
			return false;
		__builtin_memcpy(src, ip.saddr, 16);
		__builtin_memcpy(dst, ip.daddr, 16);
		p->version = 6;
		p->protocol = ip.nexthdr;
		p->ttl = ip.hop_limit;
		p->tos = bpf_ntohl(ip.flow) >> 20;
		p->transport_off = ETH_HLEN + sizeof(ip);
		p->flags |= PACKET_PORTS;
		total = bpf_ntohs(ip.payload_len);
		total = total ? total + ETH_HLEN + sizeof(ip) : 0;
	}
	/* 0 is a super-packet of more than 64 KiB (BIG TCP): its end is the frame's. */
	p->end = total && total < skb->len ? total : skb->len;
	return true;
}

/* Walk over IPv6 extension headers; PACKET_PORTS goes when there is no transport header here. */
static __always_inline void packet_skip_extensions(struct __sk_buff *skb, struct packet *p)
{
	int i;

	for (i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
		__u8 ext[4];

		switch (p->protocol) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
		case IPPROTO_AH:
		case IPPROTO_FRAGMENT: break;
		default: return;
		}
		if (bpf_skb_load_bytes(skb, p->transport_off, ext, sizeof(ext)))
			break;
		if (p->protocol == IPPROTO_FRAGMENT) {
			__u16 offset = ext[2] << 8 | ext[3];

			/* An "atomic" fragment (RFC 6946) is a whole datagram. */
			if (offset & 0xfff9)
				p->flags |= PACKET_FRAGMENT;
			if (offset & 0xfff8)
				p->flags &= ~PACKET_PORTS;
			p->transport_off += 8;
		} else if (p->protocol == IPPROTO_AH) {
			p->transport_off += (ext[1] + 2) * 4;
		} else {
			p->transport_off += (ext[1] + 1) * 8;
		}
		p->protocol = ext[0];
		if (!(p->flags & PACKET_PORTS))
			return;
	}
	p->flags &= ~PACKET_PORTS;
}

static __always_inline void packet_set_ports(struct packet *p, __be16 source, __be16 dest)
{
	p->local_port = bpf_ntohs(p->direction == FL_DIR_FROM ? source : dest);
	p->peer_port = bpf_ntohs(p->direction == FL_DIR_FROM ? dest : source);
}

static __always_inline void packet_read_tcp(struct __sk_buff *skb, struct packet *p)
{
	struct tcphdr tcp;

	if (bpf_skb_load_bytes(skb, p->transport_off, &tcp, sizeof(tcp)))
		return;
	p->payload_off = p->transport_off + (tcp.off_res >> 4) * 4;
	if (tcp.off_res < 0x50 || p->payload_off > p->end)
		return;
	p->payload_len = p->end - p->payload_off;
	p->seq = bpf_ntohl(tcp.seq);
	p->ack = bpf_ntohl(tcp.ack_seq);
	p->tcp_flags = tcp.flags;
	p->flags |= PACKET_TCP;
}

/* All fragments of a datagram are one flow, whether they carry the ports or not. */
static __always_inline void packet_set_flow(struct packet *p)
{
	bool whole = !(p->flags & PACKET_FRAGMENT);

	p->flow = flow_hash(flow_hash_end(p->local, whole ? p->local_port : 0),
			    flow_hash_end(p->peer, whole ? p->peer_port : 0), p->protocol);
}

static __always_inline void packet_set_size(const struct __sk_buff *skb, struct packet *p)
{
	p->size = p->end - ETH_HLEN;
	if (skb->gso_size && p->payload_len > skb->gso_size)
		p->size -= p->payload_len - skb->gso_size;
}

/* The rest: ports, payload, size, flow. A transport header that is cut short has no ports. */
static __always_inline void packet_read_transport(struct __sk_buff *skb, struct packet *p)
{
	__be16 ports[2];
	bool whole;

	if (p->version == 6)
		packet_skip_extensions(skb, p);
	if (p->flags & PACKET_PORTS) {
		if ((p->protocol == IPPROTO_TCP || p->protocol == IPPROTO_UDP || p->protocol == IPPROTO_SCTP) &&
		    !bpf_skb_load_bytes(skb, p->transport_off, ports, sizeof(ports)))
			packet_set_ports(p, ports[0], ports[1]);
		else
			p->flags &= ~PACKET_PORTS;
	}
	whole = !(p->flags & PACKET_FRAGMENT);
	if (whole && (p->flags & PACKET_PORTS) && p->protocol == IPPROTO_TCP) {
		packet_read_tcp(skb, p);
	} else if (whole && (p->flags & PACKET_PORTS) && p->protocol == IPPROTO_UDP &&
		   p->transport_off + sizeof(struct udphdr) <= p->end) {
		p->payload_off = p->transport_off + sizeof(struct udphdr);
		p->payload_len = p->end - p->payload_off;
		p->flags |= PACKET_UDP;
	}
	packet_set_size(skb, p);
	packet_set_flow(p);
}

#endif
