/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * proof.bpf.h - may a rule act now, and what has it done. Liveness is checked for each packet, so a
 * fault ends by itself: at its expiry, at its last hit, or when the session's owner is gone.
 */
#ifndef FL_PROOF_BPF_H
#define FL_PROOF_BPF_H

#include "maps.bpf.h"
#include "packet.bpf.h"

static __always_inline bool rule_live(const struct fl_rule *rule, const struct fl_state *state, struct packet *p)
{
	const struct fl_lease *lease;
	__u32 zero = 0;

	if (!rule->enabled || packet_now(p) >= rule->expires_ns)
		return false;
	if (rule->max_hits && state->hits >= rule->max_hits)
		return false;
	lease = bpf_map_lookup_elem(&leases, &zero);
	if (!lease || packet_now(p) >= lease->alive_until_ns) {
		stat_count(FL_STAT_LEASE_EXPIRED);
		return false;
	}
	return true;
}

/* Take the next value of one of @state's counters: no two callers get the same. */
static __always_inline __u64 state_take(struct fl_state *state, __u64 *counter)
{
#ifdef FL_PLAIN
	__u64 n;

	bpf_spin_lock(&state->lock);
	n = (*counter)++;
	bpf_spin_unlock(&state->lock);
	return n;
#else
	return __sync_fetch_and_add(counter, 1);
#endif
}

/* Take one of the rule's hits; false when another CPU took the last one. */
static __always_inline bool rule_claim(const struct fl_rule *rule, struct fl_state *state)
{
	__u64 before = state_take(state, &state->hits);

	return !rule->max_hits || before < rule->max_hits;
}

static __always_inline void proof_matched(__u32 index)
{
	struct fl_proof *proof = bpf_map_lookup_elem(&proofs, &index);

	if (proof)
		proof->matched++;
}

static __always_inline void proof_skipped(__u32 index)
{
	struct fl_proof *proof = bpf_map_lookup_elem(&proofs, &index);

	if (proof)
		proof->skipped++;
}

static __always_inline void proof_injected(__u32 index, struct packet *p)
{
	struct fl_proof *proof = bpf_map_lookup_elem(&proofs, &index);

	if (!proof)
		return;
	proof->injected++;
	proof->bytes += p->length;
	if (!proof->first_hit_ns)
		proof->first_hit_ns = packet_now(p);
	proof->last_hit_ns = packet_now(p);
}

/* What was counted as injected could not be done after all. */
static __always_inline void proof_retract(__u32 index, const struct packet *p)
{
	struct fl_proof *proof = bpf_map_lookup_elem(&proofs, &index);

	if (!proof || !proof->injected)
		return;
	proof->injected--;
	proof->bytes -= p->length;
	proof->skipped++;
}

#endif
