/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hold.bpf.h - into the delay line and back. A packet that has to wait gets a struct
 * fl_hold_header and goes to the hook's TAP; its holder in user space writes it back when it is
 * due, and fl_return puts it where it was taken, marked, so that nothing is done to it twice.
 *
 * The packet's own mark does not survive the TAP, so a mark that is not 0 is remembered by flow:
 * connection marks are the same on every packet of a flow, and GSO may cut what was one packet.
 */
#ifndef FL_HOLD_BPF_H
#define FL_HOLD_BPF_H

#include "edt.bpf.h"
#include "maps.bpf.h"
#include "packet.bpf.h"
#include "proof.bpf.h"

/* IEEE 802 local experimental ethertype. */
#define HOLD_ETHERTYPE 0x88b5

/* An interface index that no interface can have. */
#define HOLD_NOWHERE 0

/* In fl_hold_header.rule: the packet waits for others of its flow, no rule asked for it. */
#define HOLD_NO_RULE    (~0u)

#define HOLD_MARK_SETS  2048 /* a power of two */
#define HOLD_MARK_WAYS  4
#define HOLD_MARK_GRACE 1000000000ull /* ns that a packet may come back later than it is due */

/* The mark of a flow whose packets wait, until the last of them must have come back. */
struct hold_mark {
	__u64 flow; /* hold_flow() */
	__u64 until_ns;
	__u32 mark;
	__u32 pad;
};

/*
 * A flow may be in one of the few places of its set, and none is taken from a flow that needs it: a target
 * with many flows cannot make others lose their marks. A packet that finds no place is not held.
 */
struct hold_mark_set {
	struct bpf_spin_lock lock;
	__u32 pad;
	struct hold_mark way[HOLD_MARK_WAYS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, HOLD_MARK_SETS);
	__type(key, __u32);
	__type(value, struct hold_mark_set);
} marks SEC(".maps");

/* Until when the packets of a flow in one direction must wait, because an earlier one does. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* hold_flow() */
	__type(value, __u64);
} stalls SEC(".maps");

/* Set once a packet with a mark was held: without any, no look-up is needed on the way back. */
__u32 marks_in_use = 0;

/* Set once a flow was stalled. */
__u32 stalls_in_use = 0;

/* One direction of a flow at one hook. */
static __always_inline __u64 hold_flow(const struct packet *p)
{
	return hash_mix(p->flow + p->ifindex * 2 + p->direction);
}

/*
 * Drop at this hook without telling anybody. At egress, TC_ACT_SHOT would reach a
 * sender on this host as NET_XMIT_DROP, and its TCP would know; TC_ACT_STOLEN is unknown to tcx.
 * A redirect to nowhere frees the packet and reports success (skb_do_redirect, __dev_queue_xmit).
 */
static __always_inline int hold_drop(const struct packet *p)
{
	return hook_is_egress(p->direction) ? bpf_redirect(HOLD_NOWHERE, 0) : TC_ACT_SHOT;
}

/* The packet waits @delay_ns more, by rule @index. */
static __always_inline void hold_delay(struct packet *p, __u32 index, __u64 delay_ns, bool jittered)
{
	p->delay_ns += delay_ns;
	p->delay_rule = index;
	p->delayed = 1;
	if (jittered)
		p->jittered = 1;
}

/* The packet waits, and whatever comes later in its flow must not overtake it. */
static __always_inline void hold_stall(struct packet *p, __u32 index, __u64 delay_ns)
{
	__u64 flow = hold_flow(p), until;

	hold_delay(p, index, delay_ns, false);
	p->stalled = 1;
	until = packet_now(p) + p->delay_ns;
	stalls_in_use = 1;
	bpf_map_update_elem(&stalls, &flow, &until, BPF_ANY);
}

/* Wait for the earlier packets of a stalled flow. */
static __always_inline void hold_wait_turn(struct packet *p)
{
	__u64 flow = hold_flow(p);
	__u64 *until = bpf_map_lookup_elem(&stalls, &flow);

	if (!until || packet_now(p) >= *until || !p->hold_ifindex)
		return;
	hold_delay(p, HOLD_NO_RULE, *until - packet_now(p), false);
	p->stalled = 1;
}

static __always_inline struct hold_mark_set *hold_mark_set(__u64 flow)
{
	__u32 index = flow & (HOLD_MARK_SETS - 1);

	return bpf_map_lookup_elem(&marks, &index);
}

/* Where @flow is in @set, or could be; NULL: all places are taken. The lock is held. */
static __always_inline struct hold_mark *hold_mark_place(struct hold_mark_set *set, __u64 flow, __u64 now_ns)
{
	struct hold_mark *unused = NULL;
	int i;

	for (i = 0; i < HOLD_MARK_WAYS; i++) {
		struct hold_mark *m = &set->way[i];

		if (m->until_ns <= now_ns)
			unused = m;
		else if (m->flow == flow)
			return m;
	}
	return unused;
}

/* Keep the mark of a packet that is about to wait until @due_ns. False: there is no room for it. */
static __always_inline bool hold_save_mark(struct __sk_buff *skb, struct packet *p, __u64 due_ns)
{
	__u64 flow = hold_flow(p), now_ns = packet_now(p);
	__u64 until_ns = due_ns + HOLD_MARK_GRACE;
	struct hold_mark_set *set;
	__u32 mark = skb->mark;
	struct hold_mark *m;

	if (mark)
		marks_in_use = 1;
	else if (!marks_in_use)
		return true;
	set = hold_mark_set(flow);
	if (!set)
		return false;
	bpf_spin_lock(&set->lock);
	m = hold_mark_place(set, flow, now_ns);
	/* A packet without a mark has none to keep, but may follow one of its flow that had one. */
	if (m && (mark || m->until_ns > now_ns)) {
		if (m->until_ns < until_ns)
			m->until_ns = until_ns;
		m->flow = flow;
		m->mark = mark;
	}
	bpf_spin_unlock(&set->lock);
	return m || !mark;
}

/* Send the packet into the delay line; where that is impossible it passes at once. */
static __always_inline int hold_send(struct __sk_buff *skb, struct packet *p)
{
	struct fl_hold_header header = {
		.ethertype = bpf_htons(HOLD_ETHERTYPE),
		.flags = p->stalled || !p->jittered ? FL_HOLD_ORDERED : 0,
		.due_ns = packet_now(p) + edt_pending(skb, p) + p->departs_ns + p->delay_ns,
		.flow_hash = p->flow,
		.rule = p->delay_rule,
	};

	/* The TAP's driver would put the tag into the middle of the header. */
	if (skb->vlan_present || !hold_save_mark(skb, p, header.due_ns)) {
		proof_retract(p->delay_rule, p);
		return TC_ACT_UNSPEC;
	}
	if (bpf_skb_change_head(skb, sizeof(header), 0)) {
		proof_retract(p->delay_rule, p);
		return TC_ACT_UNSPEC;
	}
	/* The frame has grown: only a redirect may follow. */
	if (bpf_skb_store_bytes(skb, 0, &header, sizeof(header), 0))
		return hold_drop(p);
	/* A duplicate waits as long as its original. */
	if (p->copies && bpf_clone_redirect(skb, p->hold_ifindex, 0))
		proof_retract(p->copy_rule, p);
	stat_count(FL_STAT_HELD);
	return bpf_redirect(p->hold_ifindex, 0);
}

/*
 * A packet with our mark at a hook: true when this session is to let it pass. Sessions run in the
 * order of their generation; those up to the holder have seen it, the holder takes the mark off.
 *
 * A packet straight from a socket of this host came out of no delay line (that one came in by its TAP) and
 * is no copy (that one has no socket): whoever may set SO_MARK has written the mark, and it means nothing.
 */
static __always_inline bool hold_has_passed(struct __sk_buff *skb, bool *ret_own)
{
	__u32 holder;

	*ret_own = false;
	if ((skb->mark & FL_MARK_MASK) != FL_MARK_MAGIC)
		return false;
	if (skb->sk && !skb->ingress_ifindex)
		return false;
	holder = skb->mark & ~FL_MARK_MASK;
	if (generation < holder)
		return true;
	/* The holder that left its mark has gone meanwhile: treat the packet as a fresh one. */
	skb->mark = 0;
	*ret_own = generation == holder;
	return *ret_own;
}

static __always_inline void hold_restore_mark(struct __sk_buff *skb, struct packet *p)
{
	__u64 flow = hold_flow(p), now_ns = packet_now(p);
	const struct hold_mark_set *set = hold_mark_set(flow);
	int i;

	for (i = 0; set && i < HOLD_MARK_WAYS; i++)
		if (set->way[i].flow == flow && set->way[i].until_ns > now_ns)
			skb->mark = set->way[i].mark;
}

/* tc ingress of a TAP: back to the hook where the packet was taken. Nothing else may come in. */
static __always_inline int hold_return(struct __sk_buff *skb)
{
	struct fl_line_key key = { .netns = netns_id, .tap_ifindex = skb->ifindex };
	const struct fl_line *line = bpf_map_lookup_elem(&lines, &key);

	if (!line)
		return TC_ACT_SHOT;
	skb->mark = FL_MARK_MAGIC | generation;
	stat_count(FL_STAT_RETURNED);
	return bpf_redirect(line->ifindex, hook_is_egress(line->direction) ? 0 : BPF_F_INGRESS);
}

#endif
