/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guard.bpf.h - packets that no fault touches, whatever its rules say: the connection that the person
 * who began it sits on, protected networks and ports. Checked for packets that have rules, before the
 * first of them; costs nothing while nothing is protected.
 *
 * Limits: a fragment without its ports may be one of a protected port or connection, so it is spared
 * when it could be.
 */
#ifndef FL_GUARD_BPF_H
#define FL_GUARD_BPF_H

#include "maps.bpf.h"
#include "match.bpf.h"
#include "packet.bpf.h"

/* What there is to look for: a mask of 1 << enum fl_guard. */
volatile const __u32 guards = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FL_GUARD_FLOWS);
	__type(key, struct fl_guard_flow);
	__type(value, __u32);
} guard_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, FL_GUARD_PREFIXES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct fl_guard_prefix);
	__type(value, __u32);
} guard_prefixes SEC(".maps");

/* A bit a port. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536 / 64);
	__type(key, __u32);
	__type(value, __u64);
} guard_ports SEC(".maps");

static __always_inline bool guard_port(__u16 port)
{
	__u32 index = port / 64;
	const __u64 *bits = bpf_map_lookup_elem(&guard_ports, &index);

	return bits && (*bits >> (port % 64) & 1);
}

static __always_inline bool guard_prefix(const __be32 addr[4])
{
	struct fl_guard_prefix key = { .prefix_len = 128 };

	__builtin_memcpy(key.addr, addr, sizeof(key.addr));
	return bpf_map_lookup_elem(&guard_prefixes, &key);
}

/* Both ends, and each end alone: an endpoint is protected whoever talks to it. */
static __always_inline bool guard_flow(const struct packet *p)
{
	struct fl_guard_flow key = { .a_port = p->local_port, .b_port = p->peer_port };

	__builtin_memcpy(key.a, p->local, sizeof(key.a));
	__builtin_memcpy(key.b, p->peer, sizeof(key.b));
	if (bpf_map_lookup_elem(&guard_flows, &key))
		return true;
	__builtin_memset(key.b, 0, sizeof(key.b));
	key.b_port = 0;
	if (bpf_map_lookup_elem(&guard_flows, &key))
		return true;
	__builtin_memcpy(key.a, p->peer, sizeof(key.a));
	key.a_port = p->peer_port;
	return bpf_map_lookup_elem(&guard_flows, &key);
}

/* Which of them it is; -1: none. */
static __always_inline int guard_of(const struct packet *p)
{
	if (guards & 1 << FL_GUARD_PREFIX && (guard_prefix(p->local) || guard_prefix(p->peer)))
		return FL_GUARD_PREFIX;
	if (!(p->flags & PACKET_PORTS) && !(p->flags & PACKET_FRAGMENT))
		return -1;
	if (guards & 1 << FL_GUARD_PORT &&
	    (!(p->flags & PACKET_PORTS) || guard_port(p->local_port) || guard_port(p->peer_port)))
		return FL_GUARD_PORT;
	if (guards & 1 << FL_GUARD_FLOW && p->protocol == IPPROTO_TCP && guard_flow(p))
		return FL_GUARD_FLOW;
	return -1;
}

/* Would a rule have wanted it? Only then was it spared, and is counted. */
static __noinline bool guard_counts(const struct packet *p, const struct fl_ruleset *set)
{
	__u32 i;

	for (i = 0; i < FL_MAX_RULES_PER_PEER && i < set->count; i++) {
		__u32 index = set->rules[i];
		const struct fl_rule *rule = bpf_map_lookup_elem(&rules, &index);

		if (rule && rule->enabled && match_packet(rule, p))
			return true;
	}
	return false;
}

/* True: let it go on, no fault may touch it. */
static __always_inline bool guard_spares(const struct packet *p, const struct fl_ruleset *set)
{
	int which = guards ? guard_of(p) : -1;

	if (which < 0)
		return false;
	if (guard_counts(p, set))
		stat_count(FL_STAT_SPARED + (__u32)which);
	return true;
}

#endif
