/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rule.bpf.h - one rule meets one packet: does it match, is it alive, does chance say yes, and then
 * what is done. Functions without `static` are verified once, on their own, whoever calls them.
 */
#ifndef FL_RULE_BPF_H
#define FL_RULE_BPF_H

#include "edt.bpf.h"
#include "hold.bpf.h"
#include "jitter.bpf.h"
#include "loss.h"
#include "mangle.bpf.h"
#include "maps.bpf.h"
#include "match.bpf.h"
#include "packet.bpf.h"
#include "proof.bpf.h"
#include "reset.bpf.h"
#include "shape.bpf.h"

enum rule_verdict {
	RULE_NEXT = MANGLE_DONE, /* ask the next rule */
	RULE_DROP = MANGLE_DROP,
};

/* Does the loss model take the rule's n-th packet? */
static __always_inline bool rule_loses(const struct fl_rule *rule, struct fl_state *state, __u64 n)
{
	__u64 hash = hash_draw(rule->seed, HASH_DECIDE, n);
	bool lost;

	if (rule->loss.model == FL_LOSS_NTH)
		return rule->loss.nth && (n + 1) % rule->loss.nth == 0;
	if (rule->loss.model == FL_LOSS_RANDOM && !rule->loss.correlation_ppm)
		return hash_chance(hash, rule->probability_ppm);

	bpf_spin_lock(&state->lock);
	if (rule->loss.model == FL_LOSS_GILBERT)
		lost = loss_gilbert(&rule->loss, &state->chain, hash);
	else if (rule->loss.model == FL_LOSS_MARKOV4)
		lost = loss_markov4(&rule->loss, &state->chain, hash);
	else
		lost = loss_correlated(rule->probability_ppm, rule->loss.correlation_ppm, &state->chain, hash);
	bpf_spin_unlock(&state->lock);
	return lost;
}

static __always_inline bool rule_hits(const struct fl_rule *rule, struct fl_state *state, const struct packet *p,
				      __u64 n)
{
	if (rule->more.by_attempt)
		n = attempt_number(p->flow, p->seq);
	if (rule->kind == FL_KIND_LOSS)
		return rule_loses(rule, state, n);
	if (rule->kind == FL_KIND_REORDER && rule->reorder.gap > 1 && (n + 1) % rule->reorder.gap)
		return false;
	return hash_chance(hash_draw(rule->seed, HASH_DECIDE, n), rule->probability_ppm);
}

/* Is the packet one of those that the fault is about? Others are not even counted. */
static __always_inline bool rule_applies(const struct fl_rule *rule, const struct packet *p)
{
	if (rule->kind == FL_KIND_RESET)
		return reset_applies(p);
	if (rule->kind == FL_KIND_CORRUPT)
		return mangle_has_payload(p);
	return true;
}

/* A rate limit meets every packet; those that wait or find the queue full are its hits. */
static __always_inline int rule_shape(struct __sk_buff *skb, struct packet *p, __u32 index, const struct fl_rule *rule,
				      struct fl_state *state)
{
	__u64 wait;
	int result = shape_rate(&rule->rate, state, packet_now(p), shape_bytes(skb, p), &wait);

	if (result == SHAPE_FOLLOW && !rule->departs && !p->delayed)
		hold_delay(p, HOLD_NO_RULE, 0, false);
	if (result == SHAPE_PASS || result == SHAPE_FOLLOW || !rule_claim(rule, state))
		return RULE_NEXT;
	proof_injected(index, p);
	if (result == SHAPE_DROP)
		return RULE_DROP;
	if (rule->departs)
		edt_delay(p, state, wait, true);
	else
		hold_delay(p, index, wait, false);
	return RULE_NEXT;
}

static __always_inline void rule_delay(struct packet *p, __u32 index, const struct fl_rule *rule,
				       struct fl_state *state, __u64 n)
{
	__u64 delay = jitter_delay(&rule->delay, state, rule->seed, n);

	if (rule->departs)
		edt_delay(p, state, delay, !rule->delay.jitter_ns);
	else
		hold_delay(p, index, delay, rule->delay.jitter_ns);
}

/* Do what the rule says. Returns a verdict, or negative when it could not be done. */
static __always_inline int rule_act(struct __sk_buff *skb, struct packet *p, __u32 index, const struct fl_rule *rule,
				    struct fl_state *state, __u64 n)
{
	switch (rule->kind) {
	case FL_KIND_PARTITION:
	case FL_KIND_LOSS: return RULE_DROP;
	case FL_KIND_REFUSE: return reset_refuse(skb, p);
	case FL_KIND_UNCLOSED: return reset_uncloses(skb, p);
	case FL_KIND_RESET: return reset_both(skb, p);
	case FL_KIND_CORRUPT: return mangle_corrupt(skb, p, index, n);
	case FL_KIND_DUPLICATE:
		p->copies = 1;
		p->copy_rule = index;
		return RULE_NEXT;
	case FL_KIND_DELAY: rule_delay(p, index, rule, state, n); return RULE_NEXT;
	default: /* REORDER: it goes at once, and so overtakes those that wait */ p->jittered = 1; return RULE_NEXT;
	}
}

/* Faults that act on packets, whatever is in them. */
apart int rule_packet(struct __sk_buff *skb, struct packet *p, __u32 index)
{
	take_packet(p);
	const struct fl_rule *rule = bpf_map_lookup_elem(&rules, &index);
	struct fl_state *state = bpf_map_lookup_elem(&states, &index);
	__u64 n;
	int done;

	if (!p || !rule || !state || !match_packet(rule, p) || !rule_applies(rule, p) || !rule_live(rule, state, p))
		return RULE_NEXT;
	n = state_take(state, &state->matched);
	proof_matched(index);
	if (rule->kind >= FL_KIND_REORDER && !rule->departs && !p->hold_ifindex) {
		proof_skipped(index);
		return RULE_NEXT;
	}
	if (rule->kind == FL_KIND_RATE)
		return rule_shape(skb, p, index, rule, state);
	if (!rule_hits(rule, state, p, n)) {
		if (rule->kind == FL_KIND_REORDER)
			hold_delay(p, HOLD_NO_RULE, rule->reorder.delay_ns, true);
		return RULE_NEXT;
	}
	if (!rule_claim(rule, state))
		return RULE_NEXT;
	done = rule_act(skb, p, index, rule, state, n);
	if (done < 0) {
		proof_skipped(index);
		return RULE_NEXT;
	}
	proof_injected(index, p);
	return done;
}

#endif
