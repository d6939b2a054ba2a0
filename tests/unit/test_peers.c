// SPDX-License-Identifier: GPL-2.0-only
/* The peer table: a look-up as the kernel does it (longest length first, stop at the first hit)
 * must find every rule whose prefix covers the address, whatever was added and removed. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "net/peers.h"

static uint8_t kinds[64];

static struct in6_addr addr(const char *text)
{
	struct in6_addr a;

	assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
	return a;
}

static const struct fl_ruleset *look_up(const struct peer_table *t, const char *text)
{
	uint8_t lens[FL_MAX_PREFIX_LENS];
	uint32_t n = peers_lens(t, lens), i, j;
	struct in6_addr a = addr(text);

	for (i = 0; i < n; i++) {
		struct in6_addr masked = peers_mask(&a, lens[i]);

		for (j = 0; j < t->n; j++)
			if (t->entries[j].n_own && t->entries[j].prefix_len == lens[i] &&
			    !memcmp(&t->entries[j].addr, &masked, sizeof(masked)))
				return &t->entries[j].set;
	}
	return NULL;
}

static void assert_rules(const struct peer_table *t, const char *text, uint32_t n, ...)
{
	const struct fl_ruleset *set = look_up(t, text);
	va_list ap;
	uint32_t i;

	if (!n) {
		assert_null(set);
		return;
	}
	assert_non_null(set);
	assert_int_equal(set->count, n);
	va_start(ap, n);
	for (i = 0; i < n; i++)
		assert_int_equal(set->rules[i], va_arg(ap, uint32_t));
	va_end(ap);
}

static void give(struct peer_table *t, const char *text, uint8_t len, uint32_t rule)
{
	struct in6_addr a = addr(text);

	assert_int_equal(peers_add(t, &a, len, rule, NULL), 0);
}

static void union_of_covering_prefixes(void **state)
{
	struct peer_table t = { .kinds = kinds };
	(void)state;

	kinds[1] = FL_KIND_DELAY;
	kinds[2] = FL_KIND_LOSS;
	kinds[3] = FL_KIND_PARTITION;
	kinds[4] = FL_KIND_LOSS;
	give(&t, "::ffff:10.9.0.7", 120, 1);
	assert_rules(&t, "::ffff:10.9.0.200", 1, 1);
	assert_rules(&t, "::ffff:10.9.1.200", 0);
	/* A narrower prefix inherits, in the order of verdicts; a wider one that comes later counts. */
	give(&t, "::ffff:10.9.0.7", 128, 4);
	assert_rules(&t, "::ffff:10.9.0.7", 2, 4, 1);
	give(&t, "::", 0, 2);
	give(&t, "::ffff:10.9.0.7", 128, 3);
	assert_rules(&t, "::ffff:10.9.0.7", 4, 3, 2, 4, 1);
	assert_rules(&t, "::ffff:10.9.0.8", 2, 2, 1);
	assert_rules(&t, "2001:db8::1", 1, 2);
	/* The same rule by two prefixes is there once. */
	give(&t, "::ffff:10.9.0.0", 112, 1);
	assert_rules(&t, "::ffff:10.9.0.8", 2, 2, 1);

	assert_true(peers_remove(&t, 2));
	assert_false(peers_remove(&t, 2));
	assert_rules(&t, "::ffff:10.9.0.7", 3, 3, 4, 1);
	assert_rules(&t, "2001:db8::1", 0);
	assert_true(peers_remove(&t, 3));
	assert_true(peers_remove(&t, 4));
	peers_compact(&t);
	assert_rules(&t, "::ffff:10.9.0.7", 1, 1);
	assert_int_equal(t.n, 2);
	peers_free(&t);
}

static void limits_leave_the_table_as_it_was(void **state)
{
	struct peer_table t = { .kinds = kinds };
	struct in6_addr a = addr("::ffff:10.0.0.1"), any = addr("::");
	struct fl_error err = {};
	uint32_t i;
	(void)state;

	memset(kinds, FL_KIND_LOSS, sizeof(kinds));
	for (i = 0; i < FL_MAX_RULES_PER_PEER; i++)
		give(&t, "::ffff:10.0.0.1", 128, i);
	assert_int_equal(peers_add(&t, &any, 0, 40, &err), -E2BIG);
	assert_true(err.message[0] && err.hint[0]);
	assert_int_equal(peers_add(&t, &a, 128, 40, NULL), -E2BIG);
	assert_int_equal(t.n, 1);
	assert_int_equal(look_up(&t, "::ffff:10.0.0.1")->count, FL_MAX_RULES_PER_PEER);
	for (i = 0; i < FL_MAX_RULES_PER_PEER; i++)
		peers_remove(&t, i);
	peers_compact(&t);

	for (i = 0; i < FL_MAX_PREFIX_LENS; i++)
		give(&t, "::ffff:10.0.0.1", (uint8_t)(128 - i), i);
	assert_int_equal(peers_add(&t, &a, 100, 20, NULL), -E2BIG);
	assert_int_equal(t.n, FL_MAX_PREFIX_LENS);
	give(&t, "::ffff:10.0.0.9", 128, 20); /* a length that is in use already */
	peers_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(union_of_covering_prefixes),
		cmocka_unit_test(limits_leave_the_table_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
