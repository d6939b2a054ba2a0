/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rule.bpf.h - one rule meets one packet: does it match, is it alive, does chance say yes, and then
 * what is done. Functions without `static` are verified once, on their own, whoever calls them.
 */
#ifndef FL_RULE_BPF_H
#define FL_RULE_BPF_H

#include "hold.bpf.h"
#include "jitter.bpf.h"
#include "loss.h"
#include "maps.bpf.h"
#include "match.bpf.h"
#include "packet.bpf.h"
#include "proof.bpf.h"

enum rule_verdict {
	RULE_NEXT = 0, /* ask the next rule */
	RULE_DROP = 1,
};

/* Does the loss model take the rule's n-th packet? */
static __always_inline bool rule_loses(const struct fl_rule *rule, struct fl_state *state, __u64 n)
{
	__u64 hash = hash_draw(rule->seed, HASH_DECIDE, n);
	struct loss_step step;

	if (rule->loss.model == FL_LOSS_NTH)
		return rule->loss.nth && (n + 1) % rule->loss.nth == 0;
	if (rule->loss.model == FL_LOSS_RANDOM && !rule->loss.correlation_ppm)
		return hash_chance(hash, rule->probability_ppm);

	bpf_spin_lock(&state->lock);
	if (rule->loss.model == FL_LOSS_GILBERT)
		step = loss_gilbert(&rule->loss, state->chain, hash);
	else if (rule->loss.model == FL_LOSS_MARKOV4)
		step = loss_markov4(&rule->loss, state->chain, hash);
	else
		step = loss_correlated(rule->probability_ppm, rule->loss.correlation_ppm,
				       state->chain, hash);
	state->chain = step.chain;
	bpf_spin_unlock(&state->lock);
	return step.lost;
}

static __always_inline bool rule_hits(const struct fl_rule *rule, struct fl_state *state, __u64 n)
{
	if (rule->kind == FL_KIND_LOSS)
		return rule_loses(rule, state, n);
	return hash_chance(hash_draw(rule->seed, HASH_DECIDE, n), rule->probability_ppm);
}

/* Faults that are done to packets, whatever is in them. */
__noinline int rule_packet(struct packet *p, __u32 index)
{
	const struct fl_rule *rule = bpf_map_lookup_elem(&rules, &index);
	struct fl_state *state = bpf_map_lookup_elem(&states, &index);
	__u64 n;

	if (!p || !rule || !state || !match_packet(rule, p) || !rule_live(rule, state, p))
		return RULE_NEXT;
	n = __sync_fetch_and_add(&state->matched, 1);
	proof_matched(index);
	if (!rule_hits(rule, state, n))
		return RULE_NEXT;
	if (rule->kind >= FL_KIND_REORDER && !p->hold_ifindex) {
		proof_skipped(index);
		return RULE_NEXT;
	}
	if (!rule_claim(rule, state))
		return RULE_NEXT;
	proof_injected(index, p);
	switch (rule->kind) {
	case FL_KIND_PARTITION:
	case FL_KIND_LOSS:
		return RULE_DROP;
	case FL_KIND_DELAY:
		hold_delay(p, index, jitter_delay(&rule->delay, state, rule->seed, n),
			   rule->delay.jitter_ns);
		break;
	}
	return RULE_NEXT;
}

#endif
