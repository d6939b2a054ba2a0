/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * peers.h - which rules see a packet of which peer, at one hook: the user-space side of the `peers`
 * map. The kernel stops at the longest prefix that covers a packet's peer, so each entry holds the
 * rules of every shorter prefix that covers it, too. This is where they are put together. Pure.
 */
#ifndef FL_PEERS_H
#define FL_PEERS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "bpf/abi/abi.h"
#include "util/error.h"

struct peer_entry {
	struct in6_addr addr; /* masked to prefix_len */
	uint8_t prefix_len;
	uint32_t n_own;
	uint32_t own[FL_MAX_RULES_PER_PEER]; /* rules that were given for this very prefix */
	struct fl_ruleset set;               /* those and the covering prefixes', in verdict order */
	bool dirty;                          /* the kernel does not have `set` yet */
};

struct peer_table {
	struct peer_entry *entries;
	uint32_t n, room;
	const uint8_t *kinds; /* enum fl_kind by rule index; the owner's */
};

/*
 * Give @rule to a prefix. Changed entries become dirty. Error: a peer would have more than
 * FL_MAX_RULES_PER_PEER rules, or the hook more than FL_MAX_PREFIX_LENS lengths; the table is then
 * as before.
 */
int peers_add(struct peer_table *t, const struct in6_addr *addr, uint8_t prefix_len, uint32_t rule,
	      struct fl_error *err);

/* Take @rule from all prefixes; entries that keep no rule of their own have n_own 0. True when it
 * was in any. */
bool peers_remove(struct peer_table *t, uint32_t rule);

/* Forget the entries with n_own 0. */
void peers_compact(struct peer_table *t);

/* The prefix lengths of entries with rules of their own, longest first. Returns how many; at most
 * FL_MAX_PREFIX_LENS are written. */
uint32_t peers_lens(const struct peer_table *t, uint8_t ret_lens[FL_MAX_PREFIX_LENS]);

/* @addr with all bits behind the first @prefix_len cleared. */
struct in6_addr peers_mask(const struct in6_addr *addr, uint8_t prefix_len);

void peers_free(struct peer_table *t);

#endif
