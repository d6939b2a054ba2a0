/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * edt.bpf.h - waiting by departure time: the packet is told when to leave (skb->tstamp), and the fq
 * qdisc behind the hook lets it go then. Only on the way to the target: there is no qdisc at
 * ingress. User space puts the fq there, and sets fl_rule.departs where it has.
 *
 * A packet that has to go into a delay line as well waits for all of it there.
 */
#ifndef FL_EDT_BPF_H
#define FL_EDT_BPF_H

#include "maps.bpf.h"
#include "packet.bpf.h"

/* A time further ahead than this is no departure time but another clock's (a receive time, SO_TXTIME by CLOCK_TAI). */
#define EDT_FAR_NS 3600000000000ull

/*
 * The packet waits @delay_ns more. @ordered: not ahead of earlier packets of the rule, whose delay
 * may have been longer; fq sorts a flow by departure times.
 */
static __always_inline void edt_delay(struct packet *p, struct fl_state *state, __u64 delay_ns, bool ordered)
{
	__u64 due = packet_now(p) + p->departs_ns + delay_ns;

	bpf_spin_lock(&state->lock);
	if (due > state->last_due_ns)
		state->last_due_ns = due;
	else if (ordered)
		due = state->last_due_ns;
	bpf_spin_unlock(&state->lock);
	p->departs_ns = due - packet_now(p);
	p->departs = 1;
}

/* How long the packet has to wait already: by its sender's pacing, or by an earlier session. */
static __always_inline __u64 edt_pending(const struct __sk_buff *skb, struct packet *p)
{
	__u64 tstamp = hook_is_egress(p->direction) ? skb->tstamp : 0;

	return tstamp > packet_now(p) && tstamp - packet_now(p) < EDT_FAR_NS ? tstamp - packet_now(p) : 0;
}

/* Cannot fail for IP packets. Marked as a delivery time it is on a duplicate as well; a plain one
 * would be cleared when that is sent. */
static __always_inline void edt_send(struct __sk_buff *skb, struct packet *p)
{
	__u64 departs_ns = packet_now(p) + edt_pending(skb, p) + p->departs_ns;

#ifdef FL_PLAIN
	skb->tstamp = departs_ns; /* before 5.18 there is only one kind */
#else
	bpf_skb_set_tstamp(skb, departs_ns, BPF_SKB_TSTAMP_DELIVERY_MONO);
#endif
}

#endif
