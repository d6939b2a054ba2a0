// SPDX-License-Identifier: GPL-2.0-only
/*
 * net.bpf.c - network faults at tc, on the host side of a target's veth: ingress there is what the
 * target sends, egress is what it gets. For a target in the host's own network they are on the host's
 * interfaces (host_side): egress is what it sends, and packets are told by their owner.
 *
 * A packet that no rule wants goes on unharmed, after one
 * hash look-up for the hook and one for each prefix length in use.
 *
 *   mark → hook → peer → guard → rules in the order of verdicts → drop, or one trip to the delay line,
 *   or a departure time for fq
 *
 * DNS also has a hook on the loopback of the target's own namespace, see dns_local.bpf.h.
 *
 * Limits: Ethernet devices; IPv4 and IPv6, behind one VLAN tag at most; at most 16 rules for one peer.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "bpf/dns/dns_flow.bpf.h"
#include "bpf/dns/dns_local.bpf.h"
#include "bpf/net/conn.bpf.h"
#include "bpf/net/edt.bpf.h"
#include "bpf/net/guard.bpf.h"
#include "bpf/net/hold.bpf.h"
#include "bpf/http/http_flow.bpf.h"
#include "bpf/net/mangle.bpf.h"
#include "bpf/net/match.bpf.h"
#include "bpf/net/packet.bpf.h"
#include "bpf/net/rule.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Kinds that look at messages do it for all their rules at once, when the first one comes up. */
static __always_inline int net_rule(struct __sk_buff *skb, struct packet *p, __u32 index)
{
	const struct fl_rule *rule = bpf_map_lookup_elem(&rules, &index);

	if (!rule || !rule->enabled)
		return RULE_NEXT;
	switch (rule->kind) {
	case FL_KIND_HTTP_ERROR:
	case FL_KIND_HTTP_DELAY:
		if (p->http_done)
			return RULE_NEXT;
		p->http_done = 1;
		return http_packet(skb, p);
	case FL_KIND_DNS_ERROR:
	case FL_KIND_DNS_DELAY:
		if (p->dns_done)
			return RULE_NEXT;
		p->dns_done = 1;
		return dns_packet(skb, p);
	case FL_KIND_IDLE:
	case FL_KIND_LIMIT: return conn_packet(skb, p, index);
	default: return rule_packet(skb, p, index);
	}
}

static __always_inline int net_apply(struct __sk_buff *skb, struct packet *p, const struct fl_ruleset *set)
{
	__u32 i;

	if (stalls_in_use)
		hold_wait_turn(p);
	for (i = 0; i < FL_MAX_RULES_PER_PEER; i++) {
		if (i >= set->count)
			break;
		if (net_rule(skb, p, set->rules[i]) == RULE_DROP)
			return hold_drop(p);
	}
	if (p->delayed)
		return hold_send(skb, p);
	if (p->departs)
		edt_send(skb, p);
	if (p->copies)
		mangle_duplicate(skb, p);
	return TC_ACT_UNSPEC;
}

/* A packet that was held comes by its hook again: it passes, with the mark that it had. */
static __always_inline int net_pass_again(struct __sk_buff *skb, enum fl_direction direction)
{
	struct packet *p;

	if (!marks_in_use)
		return TC_ACT_UNSPEC;
	p = packet_begin(skb, PACKET_AGAIN, direction);
	if (p && packet_read_addresses(skb, p)) {
		packet_read_transport(skb, p);
		hold_restore_mark(skb, p);
	}
	return TC_ACT_UNSPEC;
}

static __always_inline int net_hook(struct __sk_buff *skb, enum fl_direction direction)
{
	struct fl_hook_key key = { netns_id, direction, skb->ifindex };
	const struct fl_ruleset *set;
	const struct fl_hook *hook;
	__u8 prefix_len = 0;
	struct packet *p;
	__be32 peer[4];
	bool own;

	if (hold_has_passed(skb, &own))
		return own ? net_pass_again(skb, direction) : TC_ACT_UNSPEC;
	hook = bpf_map_lookup_elem(&hooks, &key);
	if (!hook)
		return TC_ACT_UNSPEC;
	if (skb->protocol != bpf_htons(ETH_P_IP) && skb->protocol != bpf_htons(ETH_P_IPV6)) {
		stat_count(FL_STAT_NOT_IP);
		return TC_ACT_UNSPEC;
	}
	if (!packet_read_peer(skb, direction, peer)) {
		stat_count(FL_STAT_MALFORMED);
		return TC_ACT_UNSPEC;
	}
	set = match_rules(hook, skb->ifindex, direction, peer, &prefix_len);
	if (!set)
		return TC_ACT_UNSPEC;
	p = packet_begin(skb, PACKET_FIRST, direction);
	if (!p || !packet_read_addresses(skb, p)) {
		stat_count(FL_STAT_MALFORMED);
		return TC_ACT_UNSPEC;
	}
	p->prefix_len = prefix_len;
	p->hold_ifindex = hook->hold_ifindex;
	p->loopback = hook->loopback;
	packet_read_transport(skb, p);
	if ((host_side && !owner_find(skb, p)) || guard_spares(p, set))
		return TC_ACT_UNSPEC;
	return net_apply(skb, p, set);
}

SEC("tc")
int fl_ingress(struct __sk_buff *skb)
{
	return net_hook(skb, hook_direction(false));
}

SEC("tc")
int fl_egress(struct __sk_buff *skb)
{
	return net_hook(skb, hook_direction(true));
}

SEC("tc")
int fl_return(struct __sk_buff *skb)
{
	return hold_return(skb);
}

/* tc egress of the target's own loopback: only DNS, which a resolver in there answers. */
SEC("tc")
int fl_loopback(struct __sk_buff *skb)
{
	struct fl_hook_key key = { netns_id, FL_DIR_TO, skb->ifindex };
	const struct fl_ruleset *set;
	const struct fl_hook *hook;
	struct packet *p;
	bool own;

	if (hold_has_passed(skb, &own))
		return own ? net_pass_again(skb, FL_DIR_TO) : TC_ACT_UNSPEC;
	hook = bpf_map_lookup_elem(&hooks, &key);
	if (!hook || (skb->protocol != bpf_htons(ETH_P_IP) && skb->protocol != bpf_htons(ETH_P_IPV6)))
		return TC_ACT_UNSPEC;
	p = packet_begin(skb, PACKET_FIRST, FL_DIR_TO);
	if (!p || !packet_read_addresses(skb, p))
		return TC_ACT_UNSPEC;
	packet_read_transport(skb, p);
	if (!(p->flags & (PACKET_UDP | PACKET_TCP)))
		return TC_ACT_UNSPEC;
	p->on_loopback = 1;
	p->loopback = netns_id + 1;
	if (p->peer_port != DNS_PORT) {
		local_learn_port(p);
		dns_asked(skb, p);
		return TC_ACT_UNSPEC;
	}
	set = match_rules(hook, skb->ifindex, FL_DIR_TO, p->peer, &p->prefix_len);
	if (!set || guard_spares(p, set))
		return TC_ACT_UNSPEC;
	p->hold_ifindex = local_port(p) ? hook->hold_ifindex : 0;
	if (stalls_in_use)
		hold_wait_turn(p);
	if (dns_packet(skb, p) == RULE_DROP)
		return hold_drop(p);
	return p->delayed ? local_hold(skb, p) : TC_ACT_UNSPEC;
}

SEC("tc")
int fl_lo_return(struct __sk_buff *skb)
{
	return local_return(skb);
}
