/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * match.bpf.h - from a packet to its rules. The cost does not grow with the number of rules: one
 * look-up for the hook, one per prefix length in use there, and no rule is touched before that.
 */
#ifndef FL_MATCH_BPF_H
#define FL_MATCH_BPF_H

#include "maps.bpf.h"
#include "owner.bpf.h"
#include "packet.bpf.h"

static __always_inline void match_mask(__u8 to[16], const __be32 addr[4], __u32 len)
{
	__u32 i;

	for (i = 0; i < 2; i++) {
		__u32 bits = len > 64 * i ? len - 64 * i : 0;
		__u64 mask = bits >= 64 ? ~0ull : ~(~0ull >> bits);
		__u64 half;

		__builtin_memcpy(&half, &addr[2 * i], sizeof(half));
		((__u64 *)to)[i] = half & bpf_cpu_to_be64(mask);
	}
}

/* The rules of the peer's prefix of @len bits at this hook, or NULL. */
static __always_inline const struct fl_ruleset *match_prefix(__u32 ifindex, enum fl_direction direction,
							     const __be32 peer[4], __u32 len)
{
	struct fl_peer_key key = {
		.netns = netns_id,
		.ifindex = ifindex,
		.direction = direction,
		.prefix_len = len,
	};

	match_mask(key.addr, peer, len);
	return bpf_map_lookup_elem(&peers, &key);
}

/* The rules for a packet that has already been parsed. */
static __always_inline const struct fl_ruleset *match_again(const struct packet *p)
{
	return match_prefix(p->ifindex, p->direction, p->peer, p->prefix_len);
}

/* The rules for this peer at this hook, or NULL; @ret_len: the prefix under which they are. */
static __always_inline const struct fl_ruleset *
match_rules(const struct fl_hook *hook, __u32 ifindex, enum fl_direction direction, const __be32 peer[4], __u8 *ret_len)
{
	const struct fl_ruleset *set;
	__u32 i;

	for (i = 0; i < FL_MAX_PREFIX_LENS; i++) {
		if (i >= hook->n_lens)
			break;
		*ret_len = hook->lens[i];
		set = match_prefix(ifindex, direction, peer, *ret_len);
		if (set)
			return set;
	}
	return NULL;
}

static __always_inline bool match_any(struct fl_port_range range)
{
	return range.min == 0 && range.max == 65535;
}

/* What few rules ask for; see struct fl_more. */
static __always_inline bool match_more(const struct fl_more *m, const struct packet *p)
{
	if (m->tcp && (!(p->flags & PACKET_TCP) || (p->tcp_flags & m->tcp_mask) != m->tcp_value))
		return false;
	if (m->tcp && m->tcp_any && !(p->tcp_flags & m->tcp_any))
		return false;
	if (p->ttl < m->ttl_min || p->ttl > m->ttl_max || p->size < m->size_min || p->size > m->size_max)
		return false;
	return !m->dscp || m->dscp >> (p->tos >> 2) & 1;
}

/* Does the rule want packets of this owner, this protocol, these ports, this flow? */
static __always_inline bool match_packet(const struct fl_rule *rule, const struct packet *p)
{
	if (host_side && !owner_is(rule))
		return false;
	if (rule->protocol && rule->protocol != p->protocol)
		return false;
	if (p->flags & PACKET_PORTS) {
		/* (Not by a function of all six values, which takes the stack over what 6.1 and older allow.) */
		if (!port_is_in(rule->port, p->local_port) && !port_is_in(rule->port, p->peer_port))
			return false;
		if (!port_is_in(rule->local_port, p->local_port) || !port_is_in(rule->peer_port, p->peer_port))
			return false;
	} else if (!match_any(rule->port) || !match_any(rule->local_port) || !match_any(rule->peer_port)) {
		return false;
	}
	if (rule->more.asked && !match_more(&rule->more, p))
		return false;
	return rule->flow_share_ppm >= FL_PPM || hash_chance(share_draw(rule->seed, p->flow), rule->flow_share_ppm);
}

#endif
