/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * match.bpf.h - from a packet to its rules. The cost does not grow with the number of rules: one
 * look-up for the hook, one per prefix length in use there, and no rule is touched before that.
 */
#ifndef FL_MATCH_BPF_H
#define FL_MATCH_BPF_H

#include "maps.bpf.h"
#include "packet.bpf.h"

static __always_inline void match_mask(__u8 to[16], const __be32 addr[4], __u32 len)
{
	__u32 i;

	for (i = 0; i < 4; i++) {
		__u32 bits = len > 32 * i ? len - 32 * i : 0;
		__u32 mask = bits >= 32 ? ~0u : ~(~0u >> bits);

		((__be32 *)to)[i] = addr[i] & bpf_htonl(mask);
	}
}

/* The rules of the peer's prefix of @len bits at this hook, or NULL. */
static __always_inline const struct fl_ruleset *match_prefix(const struct packet *p, __u32 len)
{
	struct fl_peer_key key = {
		.netns = netns_id,
		.ifindex = p->ifindex,
		.direction = p->direction,
		.prefix_len = len,
	};

	match_mask(key.addr, p->peer, len);
	return bpf_map_lookup_elem(&peers, &key);
}

/* The rules for this peer at this hook, or NULL. Keeps in @p where they were found. */
static __always_inline const struct fl_ruleset *match_rules(struct packet *p,
							     const struct fl_hook *hook)
{
	const struct fl_ruleset *set;
	__u32 i;

	for (i = 0; i < FL_MAX_PREFIX_LENS; i++) {
		if (i >= hook->n_lens)
			break;
		p->prefix_len = hook->lens[i];
		set = match_prefix(p, p->prefix_len);
		if (set)
			return set;
	}
	return NULL;
}

static __always_inline bool match_range(struct fl_port_range range, __u16 port)
{
	return range.min <= port && port <= range.max;
}

static __always_inline bool match_any(struct fl_port_range range)
{
	return range.min == 0 && range.max == 65535;
}

/* Does the rule want packets of this protocol, these ports, this flow? */
static __always_inline bool match_packet(const struct fl_rule *rule, const struct packet *p)
{
	if (rule->protocol && rule->protocol != p->protocol)
		return false;
	if (p->flags & PACKET_PORTS) {
		if (!match_range(rule->port, p->local_port) &&
		    !match_range(rule->port, p->peer_port))
			return false;
		if (!match_range(rule->local_port, p->local_port) ||
		    !match_range(rule->peer_port, p->peer_port))
			return false;
	} else if (!match_any(rule->port) || !match_any(rule->local_port) ||
		   !match_any(rule->peer_port)) {
		return false;
	}
	return rule->flow_share_ppm >= FL_PPM ||
	       hash_chance(hash_draw(rule->seed, HASH_SHARE, p->flow), rule->flow_share_ppm);
}

#endif
