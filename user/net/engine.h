/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * engine.h - the loaded net programs of one session and the rules in their maps.
 *
 * One engine a session: maps are made once and pinned; programs are loaded once per host-side
 * network namespace (an ifindex is only unique within one), with the namespace's number in their
 * read-only data; and once per target whose own loopback is hooked. Hooks are attached on demand, by tcx where the kernel has it, else by clsact.
 * A delay line (hold.h), or an fq qdisc (fq.h), is made for a hook when the first rule there needs
 * one.
 */
#ifndef FL_ENGINE_H
#define FL_ENGINE_H

#include <netinet/in.h>
#include <stdint.h>

#include "bpf/abi/abi.h"
#include "net/hold/hold.h"
#include "session/session.h"
#include "target/target.h"
#include "util/error.h"

/* A peer prefix on the 128-bit scale; {::, 0} is everybody. */
struct engine_peer {
	struct in6_addr addr;
	uint8_t prefix_len;
};

/* Load and pin. @max_rules 0: the default. Stores itself in s->engine. */
/* Load what a session's engine loads for interfaces of @side, and let it go again: does this kernel take it? Each
 * side is tried once in a process. */
int engine_try(enum target_side side, struct fl_error *err);
int engine_open(struct session *s, uint32_t max_rules, struct fl_error *err);
/* The session's engine, opened when there is none. */
int engine_get(struct session *s, struct engine **ret, struct fl_error *err);
void engine_close(struct engine *e);

/*
 * Add a rule to the hook (veth, direction) for each of the peers, disabled or as it says.
 * Attaches the hook and makes the delay line when needed. *ret_rule is its index.
 */
int engine_add(struct engine *e, const struct target_veth *veth, enum fl_direction dir, const struct fl_rule *rule,
	       const struct engine_peer *peers, uint32_t n_peers, uint32_t *ret_rule, struct fl_error *err);

/* Let an existing rule see packets of one more hook (one fault, both directions, one counter). */
int engine_add_hook(struct engine *e, uint32_t rule, const struct target_veth *veth, enum fl_direction dir,
		    const struct engine_peer *peers, uint32_t n_peers, struct fl_error *err);

/*
 * Tell the hook (veth, direction) that its target, whose network namespace has @inode, has a hook on
 * its own loopback: DNS lookups are seen at both.
 */
int engine_hook_loopback(struct engine *e, const struct target_veth *veth, enum fl_direction dir, uint64_t inode,
			 struct fl_error *err);

/* Take a rule from one hook again, whose interface may be gone. */
int engine_remove_hook(struct engine *e, uint32_t rule, const struct target_veth *veth, enum fl_direction dir,
		       struct fl_error *err);

/* Replace the rule's parameters; one map write. */
int engine_set(struct engine *e, uint32_t rule, const struct fl_rule *value, struct fl_error *err);
int engine_get_rule(struct engine *e, uint32_t rule, struct fl_rule *ret, struct fl_error *err);

/*
 * Switch the rules of a fault on until @expires_ns, or off. Off, a rule that makes packets wait lets
 * go of them first: its delay becomes 0 while order is still kept, what waits is given back, and only
 * then does the rule sleep; so the end of a delay does not make packets overtake each other. From an
 * fq qdisc nothing can be taken back: this waits until what all the rules keep there has departed, half a
 * second at most. Not for a thread that must not block.
 */
int engine_switch(struct engine *e, const uint32_t *rules, uint32_t n, bool on, uint64_t expires_ns,
		  struct fl_error *err);

/* Take it from all hooks; a hook without rules is detached, its delay line drained and removed. */
int engine_remove(struct engine *e, uint32_t rule, struct fl_error *err);

/*
 * Take out the connections of a rule that are over: closed by both ends, and, where @silent_ns is not 0, silent for
 * longer. Those that are left do not use up the room for new ones. conns.c.
 */
int engine_reap(struct engine *e, uint32_t rule, uint64_t silent_ns, struct fl_error *err);

/* Proof summed over CPUs. */
int engine_proof(struct engine *e, uint32_t rule, struct fl_proof *ret, struct fl_error *err);

/* "tcx" or "clsact". */
const char *engine_attach_kind(const struct engine *e);

/*
 * Of all fq qdiscs: packets that they dropped. *ret_gone: how many have been replaced or removed by
 * somebody, so that packets do not wait there.
 */
void engine_fq_stats(const struct engine *e, uint64_t *ret_dropped, uint32_t *ret_gone);

/* Of all delay lines; zeros when there is none. */
void engine_hold_stats(const struct engine *e, struct hold_stats *ret);

/* Packets that a rule matched and that were spared, by enum fl_guard. */
void engine_spared(const struct engine *e, uint64_t ret[FL_GUARD_MAX]);

/* Lease. */
void engine_heartbeat(struct engine *e);

#endif
