/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * owner.bpf.h - which cgroup a packet belongs to, at an interface that many share: the host's own. A
 * rule there is for one cgroup; a packet belongs to it when the socket that sends it, or that will
 * receive it, was created in that cgroup or below.
 *
 * The sender's socket comes with the packet. The receiver's is looked up as the stack will do it; a packet
 * for which there is no TCP or UDP socket (ICMP, a later fragment, an address that is translated first) is
 * nobody's, and passes.
 */
#ifndef FL_OWNER_BPF_H
#define FL_OWNER_BPF_H

#include "maps.bpf.h"
#include "packet.bpf.h"

/* Bit i: there are rules for cgroups of level i + 1. Others are not asked for. */
__u32 owner_levels = 0;

/* The ids of the cgroups that the packet's socket is in, by their level: [0] is that of level 1. */
struct owner {
	__u64 ids[FL_CGROUP_LEVELS];
	__u64 socket; /* its address, see owner_cgroup() */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct owner);
} owners SEC(".maps");

static __always_inline struct owner *owner_slot(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&owners, &zero);
}

/* The socket that will get the packet: the caller's to release. */
static __always_inline struct bpf_sock *owner_receiver(struct __sk_buff *skb, const struct packet *p)
{
	struct bpf_sock_tuple tuple = {};
	__u32 size;

	if (!(p->flags & PACKET_PORTS))
		return NULL;
	if (p->version == 4) {
		size = sizeof(tuple.ipv4);
		tuple.ipv4.saddr = p->peer[3];
		tuple.ipv4.daddr = p->local[3];
		tuple.ipv4.sport = bpf_htons(p->peer_port);
		tuple.ipv4.dport = bpf_htons(p->local_port);
	} else {
		size = sizeof(tuple.ipv6);
		__builtin_memcpy(tuple.ipv6.saddr, p->peer, 16);
		__builtin_memcpy(tuple.ipv6.daddr, p->local, 16);
		tuple.ipv6.sport = bpf_htons(p->peer_port);
		tuple.ipv6.dport = bpf_htons(p->local_port);
	}
	if (p->protocol == IPPROTO_TCP)
		return bpf_sk_lookup_tcp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (p->protocol == IPPROTO_UDP)
		return bpf_sk_lookup_udp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	return NULL;
}

/* Where the kernel keeps what no helper tells a tc program: bpf_sk_ancestor_cgroup_id() is not available to them. The
 * offsets come from user space, so that nobody else needs a kernel with BTF. */
volatile const struct fl_owner_offsets offsets = {};

static __always_inline __u64 owner_read(__u64 address)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), (const void *)address);
	return value;
}

/* The id of the ancestor at @level of the cgroup at @cgroup; 0: there is none. */
static __always_inline __u64 owner_ancestor(__u64 cgroup, __u32 level)
{
	__u64 at = cgroup + offsets.ancestors + 8 * level;

	if (level > (__u32)owner_read(cgroup + offsets.level))
		return 0;
	if (!offsets.by_pointer)
		return owner_read(at);
	return owner_read(owner_read(owner_read(at) + offsets.node) + offsets.id);
}

/* The verifier allows no arithmetic on the address of a socket; read back from a map it is a number. */
static __always_inline __u64 owner_cgroup(struct owner *o, struct bpf_sock *sk)
{
	*(volatile __u64 *)&o->socket = (__u64)(long)sk;
	return owner_read(*(volatile __u64 *)&o->socket + offsets.socket_cgroup);
}

/* Find out which cgroup owns the packet. False: none that a rule can be for. */
static __always_inline bool owner_find(struct __sk_buff *skb, const struct packet *p)
{
	bool egress = hook_is_egress(p->direction);
	struct owner *o = owner_slot();
	__u64 any = 0, cgroup = 0;
	int i;

	if (!o)
		return false;
	if (!egress) {
		struct bpf_sock *sk = owner_receiver(skb, p);

		if (!sk)
			return false;
		cgroup = owner_cgroup(o, sk);
		bpf_sk_release(sk);
		if (!cgroup)
			return false;
	}
	for (i = 0; i < FL_CGROUP_LEVELS; i++) {
		if (!(owner_levels & 1u << i))
			continue;
		o->ids[i] = egress ? bpf_skb_ancestor_cgroup_id(skb, i + 1) : owner_ancestor(cgroup, i + 1);
		any |= o->ids[i];
	}
	return any;
}

/* Does the packet, for which owner_find() returned true, belong to the rule's cgroup? */
static __always_inline bool owner_is(const struct fl_rule *rule)
{
	const struct owner *o = owner_slot();
	__u32 level = rule->cgroup_level - 1;

	return o && rule->cgroup_id && level < FL_CGROUP_LEVELS &&
	       o->ids[level & (FL_CGROUP_LEVELS - 1)] == rule->cgroup_id;
}

#endif
