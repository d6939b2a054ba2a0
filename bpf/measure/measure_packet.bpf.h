/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * measure_packet.bpf.h - the headers of a frame, read where they lie, and nothing that is not needed:
 * most packets of a busy connection are acknowledgements, which end here.
 */
#ifndef FL_MEASURE_PACKET_BPF_H
#define FL_MEASURE_PACKET_BPF_H

#include <bpf/bpf_endian.h>
#include "bpf/net/share.h"
#include "measure_flow.bpf.h"

enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
};

enum seen_kind {
	SEEN_NOTHING = 0,
	SEEN_TCP,
	SEEN_UDP,
};

#define SEEN_HEADERS (ETH_HLEN + sizeof(struct ipv6hdr) + sizeof(struct tcphdr))

static __noinline __u64 hash_ends(const __be32 *local, const __be32 *peer)
{
	return (__u64)flow_word(local) << 32 | flow_word(peer);
}

/* The transport protocol, with the addresses in @s and the end of the IP packet; 0: none of ours. */
static __always_inline __u8 seen_ip(struct __sk_buff *skb, struct seen *s, void *data, void *data_end, __u32 *ret_end)
{
	__u32 len;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = data + ETH_HLEN;

		if ((void *)(ip + 1) > data_end || ip->ihl < 5 || ip->frag_off & bpf_htons(0x3fff))
			return 0;
		s->key.ends = s->from ? (__u64)ip->saddr << 32 | ip->daddr : (__u64)ip->daddr << 32 | ip->saddr;
		s->key.version = 4;
		s->transport_off = ETH_HLEN + ip->ihl * 4;
		len = bpf_ntohs(ip->tot_len);
		*ret_end = len ? ETH_HLEN + len : skb->len;
		return ip->protocol;
	}
	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = data + ETH_HLEN;

		if ((void *)(ip + 1) > data_end)
			return 0;
		s->key.ends = s->from ? hash_ends(ip->saddr, ip->daddr) : hash_ends(ip->daddr, ip->saddr);
		s->key.version = 6;
		s->transport_off = ETH_HLEN + sizeof(*ip);
		len = bpf_ntohs(ip->payload_len);
		*ret_end = len ? ETH_HLEN + sizeof(*ip) + len : skb->len;
		return ip->nexthdr;
	}
	return 0;
}

static __always_inline void seen_ports(struct seen *s, __be16 source, __be16 dest)
{
	s->key.local_port = bpf_ntohs(s->from ? source : dest);
	s->key.peer_port = bpf_ntohs(s->from ? dest : source);
}

static __always_inline int seen_tcp(struct seen *s, const struct tcphdr *tcp, __u32 end)
{
	s->payload_off = s->transport_off + (tcp->off_res >> 4) * 4;
	if (tcp->off_res < 0x50 || s->payload_off > end)
		return SEEN_NOTHING;
	s->payload_len = end - s->payload_off;
	s->tcp_flags = tcp->flags;
	if (!s->payload_len && !(tcp->flags & (TCP_SYN | TCP_FIN | TCP_RST)))
		return SEEN_NOTHING;
	s->seq = bpf_ntohl(tcp->seq);
	s->ack = bpf_ntohl(tcp->ack_seq);
	seen_ports(s, tcp->source, tcp->dest);
	return SEEN_TCP;
}

/* Read the headers into a zeroed @s, whose `from` is set. */
static __always_inline int seen_read(struct __sk_buff *skb, struct seen *s)
{
	void *data = (void *)(long)skb->data, *data_end = (void *)(long)skb->data_end;
	struct tcphdr *tcp;
	struct udphdr *udp;
	__u8 protocol;
	__u32 end;

	protocol = seen_ip(skb, s, data, data_end, &end);
	if (end > skb->len)
		end = skb->len;
	/* The offset is bounded by what was read; the mask says so to the verifier. */
	data += s->transport_off & 127;
	if (protocol == IPPROTO_TCP) {
		tcp = data;
		if ((void *)(tcp + 1) > data_end)
			return SEEN_NOTHING;
		return seen_tcp(s, tcp, end);
	}
	if (protocol == IPPROTO_UDP) {
		udp = data;
		if ((void *)(udp + 1) > data_end)
			return SEEN_NOTHING;
		seen_ports(s, udp->source, udp->dest);
		s->payload_off = s->transport_off + sizeof(*udp);
		s->payload_len = end > s->payload_off ? end - s->payload_off : 0;
		return SEEN_UDP;
	}
	return SEEN_NOTHING;
}

/* --- who it is ------------------------------------------------------------------------------- */

/* The address of one end of the packet's flow. False: it cannot be read. */
static __always_inline bool seen_addr(struct __sk_buff *skb, const struct seen *s, bool local, __be32 addr[4])
{
	bool source = local == !!s->from;

	if (s->key.version != 4)
		return !bpf_skb_load_bytes(skb, ETH_HLEN + (source ? 8 : 24), addr, 4 * sizeof(*addr));
	addr[0] = addr[1] = 0;
	addr[2] = bpf_htonl(0xffff);
	addr[3] = local ? s->key.ends >> 32 : s->key.ends;
	return true;
}

/* The service at one end of the packet's flow; 0: none that is measured. */
static __always_inline __u16 service_of(struct __sk_buff *skb, const struct seen *s, bool local)
{
	__be32 addr[4] = {};
	const __u32 *service;

	if (!seen_addr(skb, s, local, addr))
		return 0;
	service = bpf_map_lookup_elem(&services, addr);
	return service ? *service : 0;
}

/* As packet_set_flow() has it for the rules of faults. */
apart __u64 seen_flow_hash(struct __sk_buff *skb, struct seen *s, __u32 protocol)
{
	__be32 local[4] = {}, peer[4] = {};

	if (!s || !seen_addr(skb, s, true, local) || !seen_addr(skb, s, false, peer))
		return 0;
	return flow_hash(flow_hash_end(local, s->key.local_port), flow_hash_end(peer, s->key.peer_port), protocol);
}

/* Is this a veth of @service? */
static __always_inline bool service_is_here(const struct __sk_buff *skb, __u16 service)
{
	struct fl_place place = { service, skb->ifindex };

	return bpf_map_lookup_elem(&places, &place);
}

/* The measured service whose veth this is, by the packet's local address; 0: none, or a forged address. */
static __always_inline __u16 service_here(struct __sk_buff *skb, const struct seen *s)
{
	__u16 local = service_of(skb, s, true);

	return local && service_is_here(skb, local) ? local : 0;
}

/* A packet of the flow @f came by another veth than the ones before it. Is that the service's as well? */
apart int flow_moved(struct __sk_buff *skb, struct flow *f)
{
	if (!f || !service_is_here(skb, f->flags & FLOW_CLIENT_LOCAL ? f->edge.client : f->edge.server))
		return 0;
	f->veth = skb->ifindex;
	return 1;
}

/* May the packet at hand be counted in @f, or has somebody forged the flow's address, or a bridge flooded it? */
static __always_inline bool flow_is_here(struct __sk_buff *skb, struct flow *f)
{
	return f->veth == (__u16)skb->ifindex || flow_moved(skb, f);
}

/* What is known of a new flow, at whose veth the service @local is, by its first packet. */
static __always_inline void flow_begin(struct __sk_buff *skb, struct seen *s, struct flow *f, __u16 local,
				       bool by_client, __u8 protocol)
{
	__u16 peer = service_of(skb, s, false);
	bool client = by_client == !!s->from;

	f->edge.client = client ? local : peer;
	f->edge.server = client ? peer : local;
	f->edge.vantage = client ? FL_AS_CLIENT : FL_AS_SERVER;
	f->desk = (f->edge.client * 37 + f->edge.server) & (HTTP_DESKS - 1);
	f->port = client ? s->key.peer_port : s->key.local_port;
	f->flags = client ? FLOW_CLIENT_LOCAL : 0;
	f->veth = skb->ifindex;
	f->hash = seen_flow_hash(skb, s, protocol);
	flow_talk(f)->response.flags = HTTP_RESPONSE;
}

#endif
