/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dns_local.bpf.h - DNS that never leaves the target's network namespace: Docker's resolver at
 * 127.0.0.11, systemd-resolved's at 127.0.0.53, a dnsmasq of its own. Its answers are met at tc
 * egress of that namespace's loopback.
 *
 * Docker moves 127.0.0.11:53 to a random port by DNAT. At lo a query carries that port already,
 * while the answer comes from port 53 again. An answer that was in a delay line has lost its
 * connection tracking entry: with port 53 it would look like a new connection that clashes with
 * the query's, and the kernel would give it another source port. So it goes back with the port
 * that the query went to; conntrack finds the entry, and takes the NAT back once more at LOCAL_IN.
 *
 * It also goes back with a route: an address of 127.0.0.0/8 that arrives without one is a martian.
 * bpf_redirect_neigh() looks one up.
 *
 * One lookup can be answered twice: by the resolver in the target, and to that resolver by its
 * upstream. Only the answer that the asking program waits for counts: questions are remembered, and
 * what is fetched for them from elsewhere is left alone (fl_dns.once).
 *
 * Limits: only answers to 127.0.0.0/8 or ::1 can wait; and only when their query was seen. A query
 * over TCP is remembered when it is alone in its packet.
 */
#ifndef FL_DNS_LOCAL_BPF_H
#define FL_DNS_LOCAL_BPF_H

#include "dns_read.bpf.h"
#include "bpf/net/hold.bpf.h"
#include "bpf/net/maps.bpf.h"
#include "bpf/net/packet.bpf.h"
#include "bpf/net/proof.bpf.h"

#define PACKET_HOST  0                    /* uapi/linux/if_packet.h */
#define ASKED_MAX_NS (10 * 1000000000ull) /* nobody waits longer for an answer */

/* In packet.fetched_for: who asked the resolver inside the target. */
enum {
	FETCHED_FOR_INSIDE = 1 << 0,
	FETCHED_FOR_OUTSIDE = 1 << 1,
};

/* The port behind the one that a client on loopback spoke to. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* local_flow() */
	__type(value, __u32);
} local_ports SEC(".maps");

/* Questions without an answer yet, and when they were asked. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* asked_key() */
	__type(value, __u64);
} questions SEC(".maps");

/* --- who asked ----------------------------------------------------------------------------- */

static __always_inline __u64 asked_key(const struct packet *p, const struct dns_name *name, __u16 type, __u32 who)
{
	return hash_mix(name->hash + ((__u64)p->loopback << 32 | (__u64)type << 8 | who));
}

/* The type asked for; question_end is behind type and class. */
static __always_inline __u16 dns_type(struct __sk_buff *skb, __u32 question_end)
{
	__be16 type = 0;

	bpf_skb_load_bytes(skb, question_end - 4, &type, sizeof(type));
	return bpf_ntohs(type);
}

apart int dns_asked_at(struct __sk_buff *skb, struct packet *p, __u32 off)
{
	take_packet(p);
	struct dns_name *name = dns_name_at_hand();
	int end;
	__u64 key, now;

	if (!p || !name)
		return 0;
	end = dns_question(skb, name, off, p->end, DNS_QUERY);
	if (end <= 0)
		return 0;
	key = asked_key(p, name, dns_type(skb, end), p->on_loopback ? FETCHED_FOR_INSIDE : FETCHED_FOR_OUTSIDE);
	now = packet_now(p);
	bpf_map_update_elem(&questions, &key, &now, BPF_ANY);
	return 1;
}

/* Remember the question of a query, if the packet is one. */
static __always_inline void dns_asked(struct __sk_buff *skb, struct packet *p)
{
	if (p->payload_len < DNS_HEADER_SIZE)
		return;
	/* Over TCP the length comes first; some write it on its own. */
	if (!(p->flags & PACKET_TCP) || !dns_asked_at(skb, p, p->payload_off + 2))
		dns_asked_at(skb, p, p->payload_off);
}

static __always_inline bool dns_is_asked(struct packet *p, __u64 key)
{
	const __u64 *when = bpf_map_lookup_elem(&questions, &key);

	return when && packet_now(p) - *when < ASKED_MAX_NS;
}

/* For whom was this answer fetched? Whoever receives it directly no longer waits. */
apart int dns_fetched_for(struct __sk_buff *skb, struct packet *p, const struct dns_name *name)
{
	take_packet(p);
	take_name(name);
	__u64 inside, outside;
	int ret = 0;
	__u16 type;

	if (!p || !name)
		return 0;
	type = dns_type(skb, p->question_end);
	inside = asked_key(p, name, type, FETCHED_FOR_INSIDE);
	outside = asked_key(p, name, type, FETCHED_FOR_OUTSIDE);
	if (p->direction == FL_DIR_FROM) {
		bpf_map_delete_elem(&questions, &outside);
		return 0;
	}
	if (p->on_loopback)
		bpf_map_delete_elem(&questions, &inside);
	else if (dns_is_asked(p, inside))
		ret |= FETCHED_FOR_INSIDE;
	if (dns_is_asked(p, outside))
		ret |= FETCHED_FOR_OUTSIDE;
	return ret;
}

/* Is the answer one of those that the rule is about? */
static __always_inline bool dns_counts(const struct fl_rule *rule, const struct packet *p)
{
	__u8 answers = rule->dns.answers ? rule->dns.answers : 1 << FL_DIR_FROM | 1 << FL_DIR_TO;

	if (!p->on_loopback && !(answers & 1 << p->direction))
		return false;
	if (!rule->dns.once)
		return true;
	return !(p->fetched_for & FETCHED_FOR_INSIDE) &&
	       !(p->fetched_for & FETCHED_FOR_OUTSIDE && answers & 1 << FL_DIR_FROM);
}

/* --- the delay line of a loopback ---------------------------------------------------------- */

/* A client's socket and the address it asks, whatever the port is there. */
static __always_inline __u64 local_flow(const __be32 client[4], __u16 port, const __be32 server[4], __u8 protocol)
{
	return hash_mix(flow_hash_end(client, port) + 3 * flow_hash_end(server, 0) + netns_id) ^ protocol;
}

static __always_inline bool local_is_loopback(const struct packet *p, const __be32 addr[4])
{
	if (p->version == 4)
		return (addr[3] & bpf_htonl(0xff000000)) == bpf_htonl(0x7f000000);
	return !addr[0] && !addr[1] && !addr[2] && addr[3] == bpf_htonl(1);
}

/* A packet on its way to what may be a resolver. */
static __always_inline void local_learn_port(const struct packet *p)
{
	__u64 key = local_flow(p->peer, p->peer_port, p->local, p->protocol);
	__u32 *known, port = p->local_port;

	if (!local_is_loopback(p, p->local))
		return;
	known = bpf_map_lookup_elem(&local_ports, &key);
	if (!known || *known != port)
		bpf_map_update_elem(&local_ports, &key, &port, BPF_ANY);
}

/* Behind which port is the resolver that sent this answer? 0: it cannot wait. */
static __always_inline __u16 local_port(const struct packet *p)
{
	__u64 key = local_flow(p->local, p->local_port, p->peer, p->protocol);
	const __u32 *port;

	if (!local_is_loopback(p, p->local) || !local_is_loopback(p, p->peer))
		return 0;
	port = bpf_map_lookup_elem(&local_ports, &key);
	return port ? *port : 0;
}

/* Have the packet come from the resolver's @port. */
apart int local_set_port(struct __sk_buff *skb, struct packet *p, __u32 port)
{
	take_packet(p);
	__be16 old, new = bpf_htons((__u16)port);
	__u32 checksum, flags = sizeof(new);

	if (!p)
		return -1;
	old = bpf_htons(p->peer_port);
	checksum = p->transport_off;
	if (p->flags & PACKET_UDP) {
		checksum += offsetof(struct udphdr, check);
		flags |= BPF_F_MARK_MANGLED_0;
	} else {
		checksum += offsetof(struct tcphdr, check);
	}
	if (old == new)
		return 0;
	if (bpf_l4_csum_replace(skb, checksum, old, new, flags) ||
	    bpf_skb_store_bytes(skb, p->transport_off, &new, sizeof(new), 0))
		return -1;
	p->peer_port = (__u16)port;
	packet_set_flow(p); /* as it is when it comes back: for its mark */
	return 0;
}

/* Into the delay line, from the port where conntrack expects it. */
static __always_inline int local_hold(struct __sk_buff *skb, struct packet *p)
{
	__u32 port = local_port(p);
	int ret;

	if (!port || local_set_port(skb, p, port)) {
		proof_retract(p->delay_rule, p);
		return TC_ACT_UNSPEC;
	}
	ret = hold_send(skb, p);
	if (ret == TC_ACT_UNSPEC) /* it passes at once after all */
		local_set_port(skb, p, DNS_PORT);
	return ret;
}

/* tc ingress of the TAP: out by loopback once more, with a route. */
static __always_inline int local_return(struct __sk_buff *skb)
{
	struct fl_line_key key = { .netns = netns_id, .tap_ifindex = skb->ifindex };
	const struct fl_line *line = bpf_map_lookup_elem(&lines, &key);

	if (!line)
		return TC_ACT_SHOT;
	/* Frames on loopback are addressed to nobody, and not to the TAP; the receiver would drop one meant for another. */
	bpf_skb_change_type(skb, PACKET_HOST);
	skb->mark = FL_MARK_MAGIC | generation;
	stat_count(FL_STAT_RETURNED);
	return bpf_redirect_neigh(line->ifindex, NULL, 0, 0);
}

#endif
