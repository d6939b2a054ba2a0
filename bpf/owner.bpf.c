// SPDX-License-Identifier: GPL-2.0-only
/*
 * owner.bpf.c - loaded to find out whether this kernel can tell packets by their cgroup at an interface of
 * the host: the same code that net.bpf.c has for it, and nothing else. It is attached to nothing.
 */
#include "bpf/net/owner.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline int owner_ask(struct __sk_buff *skb, enum fl_direction direction)
{
	struct packet *p = packet_begin(skb, PACKET_FIRST, direction);

	if (!p || !packet_read_addresses(skb, p))
		return TC_ACT_UNSPEC;
	packet_read_transport(skb, p);
	return owner_find(skb, p) ? TC_ACT_OK : TC_ACT_UNSPEC;
}

SEC("tc")
int fl_owner_ingress(struct __sk_buff *skb)
{
	return owner_ask(skb, FL_DIR_FROM);
}

SEC("tc")
int fl_owner_egress(struct __sk_buff *skb)
{
	return owner_ask(skb, FL_DIR_TO);
}
