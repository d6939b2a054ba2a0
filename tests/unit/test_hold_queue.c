// SPDX-License-Identifier: GPL-2.0-only
/* The delay line's queue and memory, without a TAP. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "net/hold/hold_queue.h"

static struct hold_packet *packet(struct hold_pool *p, uint32_t tag)
{
	struct hold_packet *packet = hold_pool_get(p, 64);

	assert_non_null(packet);
	packet->len = tag;
	return packet;
}

/* Take the first one out; its tag. */
static uint32_t take(struct hold_queue *q, struct hold_pool *p)
{
	struct hold_packet *first = hold_queue_pop(q).packet;

	hold_pool_put(p, first);
	return first->len;
}

static void gives_out_by_time_then_arrival(void **state)
{
	struct hold_pool pool = { .limit = 1 << 20 };
	struct hold_queue *q = calloc(1, sizeof(*q));
	uint64_t last_due = 0, last_seq = 0;
	uint32_t i;
	(void)state;

	assert_int_equal(hold_queue_due(q), UINT64_MAX);
	/* Times repeat, so arrival has to decide between equals. */
	for (i = 0; i < 1000; i++)
		assert_int_equal(hold_queue_push(q, 1 + i * 7919 % 97, i, false, packet(&pool, i)), 0);
	for (i = 0; i < 1000; i++) {
		uint64_t due = hold_queue_due(q);
		struct hold_entry e = hold_queue_pop(q);

		assert_int_equal(due, e.due_ns);
		assert_true(e.due_ns > last_due || (e.due_ns == last_due && e.seq > last_seq));
		assert_int_equal(e.due_ns, 1 + e.packet->len * 7919 % 97);
		last_due = e.due_ns;
		last_seq = e.seq;
		hold_pool_put(&pool, e.packet);
	}
	hold_queue_free(q, &pool);
	hold_pool_trim(&pool);
	assert_int_equal(pool.allocated, 0);
	free(q);
}

static void ordered_packets_of_a_flow_never_overtake(void **state)
{
	struct hold_pool pool = { .limit = 1 << 20 };
	struct hold_queue *q = calloc(1, sizeof(*q));
	(void)state;

	/* The delay is cut from 500 to 100 while packets wait: flow 7 stays in order, flow 8 may not
	 * be made to wait for it, an unordered packet of flow 7 may overtake. */
	hold_queue_push(q, 500, 7, true, packet(&pool, 1));
	hold_queue_push(q, 101, 7, true, packet(&pool, 2));
	hold_queue_push(q, 102, 8, true, packet(&pool, 3));
	hold_queue_push(q, 103, 7, false, packet(&pool, 4));
	hold_queue_push(q, 600, 7, true, packet(&pool, 5));
	assert_int_equal(take(q, &pool), 3);
	assert_int_equal(take(q, &pool), 4);
	assert_int_equal(hold_queue_due(q), 500);
	assert_int_equal(take(q, &pool), 1);
	assert_int_equal(take(q, &pool), 2);
	assert_int_equal(take(q, &pool), 5);
	hold_queue_free(q, &pool);
	hold_pool_trim(&pool);
	free(q);
}

static void memory_is_bounded(void **state)
{
	struct hold_pool pool = { .limit = 200000 };
	struct hold_packet *small[1000], *large;
	int n = 0;
	(void)state;

	while (n < 1000 && (small[n] = hold_pool_get(&pool, 100)))
		n++;
	assert_in_range(n, 500, 900);
	assert_true(pool.allocated <= pool.limit);
	assert_null(hold_pool_get(&pool, 65000));
	while (n)
		hold_pool_put(&pool, small[--n]);
	/* What small packets leave behind does not starve a large one. */
	large = hold_pool_get(&pool, 65000);
	assert_non_null(large);
	assert_true(large->room >= 65000 && pool.allocated <= pool.limit);
	assert_null(hold_pool_get(&pool, 70000));
	hold_pool_put(&pool, large);
	hold_pool_trim(&pool);
	assert_int_equal(pool.allocated, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_out_by_time_then_arrival),
		cmocka_unit_test(ordered_packets_of_a_flow_never_overtake),
		cmocka_unit_test(memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
