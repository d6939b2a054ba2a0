/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shape.bpf.h - a rate limit, by departure times: the virtual clock of a rule (state.tokens) is when
 * the line is free again. A packet leaves when the clock is at most a burst ahead of now (GCRA, the
 * algorithm of a token bucket without tokens); until then it waits in the delay line, in order. One
 * that would have to wait longer than the queue is long is dropped, as by a full queue.
 */
#ifndef FL_SHAPE_BPF_H
#define FL_SHAPE_BPF_H

#include "hold.bpf.h"
#include "packet.bpf.h"
#include "proof.bpf.h"

#define SHAPE_QUEUE_NS  500000000ull /* where the rule names no bound */
#define SHAPE_BURST_MAX (1ull << 30) /* keeps the arithmetic within 64 bits */
/* How late a delay line may be: it is a process, whose faults end when it does not run for so long. */
#define SHAPE_LATE_NS 1000000000ull

enum shape_result {
	SHAPE_PASS = 0,
	SHAPE_WAIT = 1,
	SHAPE_DROP = 2,
	SHAPE_FOLLOW = 3, /* need not wait, but must not overtake those that did either */
};

static __always_inline __u64 shape_line_ns(__u64 bytes, __u64 rate_bps)
{
	return rate_bps ? bytes * 8 * 1000000000ull / rate_bps : 0;
}

/* Bytes on the wire; each segment of a GSO super-packet will have the headers again. */
static __always_inline __u64 shape_bytes(struct __sk_buff *skb, const struct packet *p)
{
	__u32 segments = skb->gso_segs;

	return p->length + (segments > 1 ? (segments - 1) * p->payload_off : 0);
}

/* How the packet fares; *@ret_wait_ns is for SHAPE_WAIT. */
static __always_inline int shape_rate(const struct fl_rate *rate, struct fl_state *state, __u64 now, __u64 bytes,
				      __u64 *ret_wait_ns)
{
	__u64 burst = rate->burst_bytes < SHAPE_BURST_MAX ? rate->burst_bytes : SHAPE_BURST_MAX;
	__u64 burst_ns = shape_line_ns(burst, rate->rate_bps);
	__u64 line_ns = shape_line_ns(bytes, rate->rate_bps);
	__u64 queue_ns = rate->queue_ns ? rate->queue_ns : SHAPE_QUEUE_NS;
	__u64 free, wait;
	int result;

	bpf_spin_lock(&state->lock);
	free = state->tokens > now ? state->tokens : now;
	wait = free - now > burst_ns ? free - now - burst_ns : 0;
	if (wait > queue_ns) {
		result = SHAPE_DROP;
	} else {
		state->tokens = free + line_ns;
		result = now < state->last_due_ns + SHAPE_LATE_NS ? SHAPE_FOLLOW : SHAPE_PASS;
		if (wait) {
			result = SHAPE_WAIT;
			state->last_due_ns = now + wait;
		}
	}
	bpf_spin_unlock(&state->lock);
	*ret_wait_ns = wait;
	return result;
}

#endif
