/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * conn.bpf.h - faults of connections as wholes: forgotten once they were silent for a time, or too many. Of each
 * flow that such a rule has met it is known when it last carried anything, and who has closed it.
 *
 * Limits: CONN_MAX flows of a session at a time; user space takes out those that are over. What finds no room
 * passes, and is counted as skipped.
 */
#ifndef FL_CONN_BPF_H
#define FL_CONN_BPF_H

#include "hold.bpf.h"
#include "maps.bpf.h"
#include "match.bpf.h"
#include "packet.bpf.h"
#include "proof.bpf.h"
#include "reset.bpf.h"

#define CONN_MAX 65536

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONN_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct fl_conn_key);
	__type(value, struct fl_conn);
} conns SEC(".maps");

enum conn_verdict {
	CONN_PASS = 0,
	CONN_HIT = 1,
	CONN_UNKNOWN = 2, /* there is no room to remember it */
};

static __always_inline bool conn_begins(const struct packet *p)
{
	return (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static __always_inline struct fl_conn_key conn_key(const struct packet *p, __u32 index)
{
	return (struct fl_conn_key){ .flow = p->flow, .rule = index };
}

/* Which of the two ends sent it: the same answer at every hook that it passes. */
static __always_inline __u8 conn_sender(const struct packet *p)
{
	bool local_first = p->local_port < p->peer_port;
	int i;

	for (i = 0; i < 4; i++)
		if (p->local[i] != p->peer[i])
			local_first = p->local[i] < p->peer[i];
	return local_first == (p->direction == FL_DIR_FROM);
}

/* Note who has closed it; true: now both have, or it was reset. The lock is held. */
static __always_inline bool conn_close(struct fl_conn *c, const struct packet *p, __u8 sender)
{
	__u8 before = c->closed;

	if (p->tcp_flags & TCP_FIN)
		c->closed |= 1 << sender;
	if (p->tcp_flags & TCP_RST)
		c->closed = FL_CONN_CLOSED;
	return before != FL_CONN_CLOSED && c->closed == FL_CONN_CLOSED;
}

/* --- idle_timeout ------------------------------------------------------------------------------ */

/* A flow that the rule meets for the first time. When it last carried anything before is unknown, but it cannot
 * have been since the rule is on. */
static __always_inline int conn_idle_first(const struct fl_rule *rule, struct fl_state *state, struct packet *p,
					   const struct fl_conn_key *key)
{
	struct fl_conn fresh = { .last_ns = packet_now(p) };
	bool late = !conn_begins(p) && packet_now(p) > rule->idle.since_ns + rule->idle.timeout_ns;

	/* Once one was not remembered, "never met" says nothing any more. */
	if (late && state->chain)
		return CONN_UNKNOWN;
	fresh.forgotten = late;
	if (bpf_map_update_elem(&conns, key, &fresh, BPF_ANY)) {
		state->chain = 1;
		return CONN_UNKNOWN;
	}
	return late ? CONN_HIT : CONN_PASS;
}

static __always_inline int conn_idle(const struct fl_rule *rule, struct fl_state *state, struct packet *p, __u32 index)
{
	struct fl_conn_key key = conn_key(p, index);
	struct fl_conn *c = bpf_map_lookup_elem(&conns, &key);
	__u8 sender = conn_sender(p);
	__u64 last;

	if (!c)
		return conn_idle_first(rule, state, p, &key);
	last = c->last_ns > rule->idle.since_ns ? c->last_ns : rule->idle.since_ns;
	if (conn_begins(p)) {
		c->forgotten = 0;
		c->closed = 0;
	} else if (packet_now(p) > last + rule->idle.timeout_ns) {
		c->forgotten = 1;
	}
	if (c->forgotten)
		return CONN_HIT;
	c->last_ns = packet_now(p);
	bpf_spin_lock(&state->lock);
	conn_close(c, p, sender);
	bpf_spin_unlock(&state->lock);
	return CONN_PASS;
}

/* --- connection_limit -------------------------------------------------------------------------- */

/* One more, if there may be. How many are open is the rule's state.chain. */
static __always_inline bool conn_admit(const struct fl_rule *rule, struct fl_state *state)
{
	bool may;

	bpf_spin_lock(&state->lock);
	may = state->chain < rule->limit.connections;
	state->chain += may;
	bpf_spin_unlock(&state->lock);
	return may;
}

static __always_inline int conn_begin(const struct fl_rule *rule, struct fl_state *state, struct packet *p,
				      const struct fl_conn_key *key, struct fl_conn *c)
{
	struct fl_conn fresh = { .last_ns = packet_now(p) };

	if (c && c->closed != FL_CONN_CLOSED)
		return CONN_PASS; /* its SYN once more */
	if (!conn_admit(rule, state))
		return CONN_HIT;
	if (c) {
		c->last_ns = packet_now(p);
		c->closed = 0;
	} else if (bpf_map_update_elem(&conns, key, &fresh, BPF_NOEXIST)) {
		bpf_spin_lock(&state->lock);
		state->chain--;
		bpf_spin_unlock(&state->lock);
		return CONN_UNKNOWN;
	}
	return CONN_PASS;
}

static __always_inline int conn_limit(const struct fl_rule *rule, struct fl_state *state, struct packet *p, __u32 index)
{
	struct fl_conn_key key = conn_key(p, index);
	struct fl_conn *c = bpf_map_lookup_elem(&conns, &key);
	__u8 sender = conn_sender(p);

	if (conn_begins(p)) {
		if (rule->limit.attempts && !(rule->limit.attempts & 1 << (p->direction & 1)))
			return CONN_PASS;
		proof_matched(index);
		return conn_begin(rule, state, p, &key, c);
	}
	if (!c)
		return CONN_PASS;
	c->last_ns = packet_now(p);
	bpf_spin_lock(&state->lock);
	if (conn_close(c, p, sender) && state->chain)
		state->chain--;
	bpf_spin_unlock(&state->lock);
	return CONN_PASS;
}

/* --- both -------------------------------------------------------------------------------------- */

/* A rule of these kinds meets a packet. Returns a verdict as rule_packet() does. */
apart int conn_packet(struct __sk_buff *skb, struct packet *p, __u32 index)
{
	take_packet(p);
	const struct fl_rule *rule = bpf_map_lookup_elem(&rules, &index);
	struct fl_state *state = bpf_map_lookup_elem(&states, &index);
	int done = MANGLE_DROP, verdict;

	if (!p || !rule || !state || !match_packet(rule, p) || !(p->flags & PACKET_TCP) || !rule_live(rule, state, p))
		return MANGLE_DONE;
	if (rule->kind == FL_KIND_IDLE) {
		proof_matched(index);
		verdict = conn_idle(rule, state, p, index);
	} else {
		verdict = conn_limit(rule, state, p, index);
	}
	if (verdict == CONN_UNKNOWN)
		proof_skipped(index);
	if (verdict != CONN_HIT || !rule_claim(rule, state))
		return MANGLE_DONE;
	proof_injected(index, p);
	if (rule->kind == FL_KIND_IDLE && rule->idle.reset && reset_applies(p))
		done = reset_both(skb, p);
	return done == MANGLE_DONE ? MANGLE_DONE : MANGLE_DROP;
}

#endif
