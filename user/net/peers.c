// SPDX-License-Identifier: GPL-2.0-only
/* peers.c - see peers.h */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/peers.h"

struct in6_addr peers_mask(const struct in6_addr *addr, uint8_t prefix_len)
{
	struct in6_addr masked = *addr;
	unsigned int i;

	for (i = 0; i < 16; i++) {
		int bits = prefix_len - 8 * (int)i;

		if (bits <= 0)
			masked.s6_addr[i] = 0;
		else if (bits < 8)
			masked.s6_addr[i] &= (uint8_t)(0xff << (8 - bits));
	}
	return masked;
}

static bool covers(const struct peer_entry *wide, const struct peer_entry *narrow)
{
	struct in6_addr masked;

	if (wide->prefix_len > narrow->prefix_len)
		return false;
	/* The usual case of many single addresses: no masking, one comparison. */
	if (wide->prefix_len == narrow->prefix_len)
		return !memcmp(&wide->addr, &narrow->addr, sizeof(wide->addr));
	masked = peers_mask(&narrow->addr, wide->prefix_len);
	return !memcmp(&wide->addr, &masked, sizeof(masked));
}

/* Insert in the order of verdicts. -E2BIG when the set is full. */
static int set_insert(struct fl_ruleset *set, uint32_t rule, const uint8_t *kinds)
{
	uint32_t i;

	for (i = 0; i < set->count; i++)
		if (set->rules[i] == rule)
			return 0;
	if (set->count == FL_MAX_RULES_PER_PEER)
		return -E2BIG;
	for (i = set->count++; i; i--) {
		uint32_t before = set->rules[i - 1];

		if (kinds[before] < kinds[rule] || (kinds[before] == kinds[rule] && before < rule))
			break;
		set->rules[i] = before;
	}
	set->rules[i] = rule;
	return 0;
}

static int compile(const struct peer_table *t, struct peer_entry *entry)
{
	struct fl_ruleset set = {};
	uint32_t i, j;

	for (i = 0; i < t->n; i++) {
		const struct peer_entry *e = &t->entries[i];

		if (!covers(e, entry))
			continue;
		for (j = 0; j < e->n_own; j++)
			if (set_insert(&set, e->own[j], t->kinds))
				return -E2BIG;
	}
	if (memcmp(&set, &entry->set, sizeof(set))) {
		entry->set = set;
		entry->dirty = true;
	}
	return 0;
}

static struct peer_entry *find(struct peer_table *t, const struct in6_addr *masked, uint8_t len)
{
	uint32_t i;

	for (i = 0; i < t->n; i++)
		if (t->entries[i].prefix_len == len && !memcmp(&t->entries[i].addr, masked, sizeof(*masked)))
			return &t->entries[i];
	return NULL;
}

static struct peer_entry *find_or_make(struct peer_table *t, const struct in6_addr *masked, uint8_t len)
{
	struct peer_entry *e = find(t, masked, len);

	if (e)
		return e;
	if (t->n == t->room) {
		uint32_t room = t->room ? 2 * t->room : 8;
		struct peer_entry *grown = reallocarray(t->entries, room, sizeof(*grown));

		if (!grown)
			return NULL;
		t->entries = grown;
		t->room = room;
	}
	e = &t->entries[t->n++];
	*e = (struct peer_entry){ .addr = *masked, .prefix_len = len };
	return e;
}

static bool has_own(const struct peer_entry *e, uint32_t rule)
{
	uint32_t i;

	for (i = 0; i < e->n_own; i++)
		if (e->own[i] == rule)
			return true;
	return false;
}

static void drop_own(struct peer_entry *e, uint32_t rule)
{
	uint32_t i;

	for (i = 0; i < e->n_own; i++)
		if (e->own[i] == rule) {
			memmove(&e->own[i], &e->own[i + 1], (--e->n_own - i) * sizeof(e->own[0]));
			return;
		}
}

/* Compile all that the prefix of @entry covers. */
static int compile_below(struct peer_table *t, const struct peer_entry *entry)
{
	struct peer_entry top = *entry;
	uint32_t i;

	for (i = 0; i < t->n; i++)
		if (covers(&top, &t->entries[i]) && compile(t, &t->entries[i]))
			return -E2BIG;
	return 0;
}

int peers_add(struct peer_table *t, const struct in6_addr *addr, uint8_t prefix_len, uint32_t rule,
	      struct fl_error *err)
{
	struct in6_addr masked = peers_mask(addr, prefix_len);
	struct peer_entry *e = find_or_make(t, &masked, prefix_len);
	uint8_t lens[FL_MAX_PREFIX_LENS];
	const char *why = NULL;

	if (!e)
		return error_sys(err, ENOMEM, "peer table: out of memory");
	if (has_own(e, rule))
		return 0;
	if (e->n_own == FL_MAX_RULES_PER_PEER) {
		why = "one peer can have at most 16 rules";
	} else {
		e->own[e->n_own++] = rule;
		if (peers_lens(t, lens) > FL_MAX_PREFIX_LENS)
			why = "one interface and direction can have at most 8 different prefix lengths";
		else if (compile_below(t, e))
			why = "one peer can have at most 16 rules, with those of the prefixes that "
			      "cover it";
	}
	if (!why)
		return 0;
	drop_own(e, rule);
	compile_below(t, e);
	if (!e->n_own)
		peers_compact(t);
	error_env(err, E2BIG, "too many faults for one peer table: %s", why);
	error_hint(err, "stop a fault on this target, or give the peers with fewer lengths");
	return -E2BIG;
}

bool peers_remove(struct peer_table *t, uint32_t rule)
{
	bool found = false;
	uint32_t i;

	for (i = 0; i < t->n; i++) {
		found |= has_own(&t->entries[i], rule);
		drop_own(&t->entries[i], rule);
	}
	if (found)
		for (i = 0; i < t->n; i++)
			compile(t, &t->entries[i]); /* a smaller set always fits */
	return found;
}

void peers_compact(struct peer_table *t)
{
	uint32_t i, kept = 0;

	for (i = 0; i < t->n; i++)
		if (t->entries[i].n_own)
			t->entries[kept++] = t->entries[i];
	t->n = kept;
}

uint32_t peers_lens(const struct peer_table *t, uint8_t ret_lens[FL_MAX_PREFIX_LENS])
{
	bool used[129] = {};
	uint32_t n = 0, i;
	int len;

	for (i = 0; i < t->n; i++)
		if (t->entries[i].n_own)
			used[t->entries[i].prefix_len] = true;
	for (len = 128; len >= 0; len--) {
		if (used[len] && n < FL_MAX_PREFIX_LENS)
			ret_lens[n] = (uint8_t)len;
		n += used[len];
	}
	return n;
}

void peers_free(struct peer_table *t)
{
	free(t->entries);
	t->entries = NULL;
	t->n = t->room = 0;
}
