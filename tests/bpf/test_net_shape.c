// SPDX-License-Identifier: GPL-2.0-only
/* Rate limit and reordering: due times, burst, full queue, who overtakes whom. */
#include "rig.h"
#include "bpf/net/hash.h"
#include "util/cleanup.h"

#define MS 1000000ull

static const struct flow flow = { "10.9.0.5", "10.8.1.2", 8080, 40000 };

static struct frame packet_of(uint32_t size)
{
	static const char zeros[2000];
	struct frame f;

	frame_udp(&f, &flow, true, zeros, size - (14 + 20 + 8));
	assert_int_equal(f.len, size);
	return f;
}

/* 100 kbit/s, packets of 1250 bytes: one each 100 ms, from the first on. (An emulated machine may stand still for
 * ten between two of them, and then the second need not wait.) */
static void rate_spacing(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_RATE);
	struct rig *r = *state;
	struct frame f = packet_of(1250);
	struct fl_hold_header header;
	uint64_t start = 0;
	uint32_t i;

	rule.rate = (struct fl_rate){ .rate_bps = 100000, .queue_ns = 10000 * MS };
	rig_only(r, &rule);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	for (i = 1; i <= 40; i++) {
		assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_REDIRECT);
		header = rig_held(r, &f);
		assert_int_equal(header.flags, FL_HOLD_ORDERED);
		if (i == 1)
			start = header.due_ns;
		assert_int_equal(header.due_ns, start + (i - 1) * 100 * MS);
	}
	assert_int_equal(rig_proof(r, 0).matched, 41);
	assert_int_equal(rig_proof(r, 0).injected, 40);
}

/* A burst passes at once; then a full queue drops. */
static void rate_burst_and_queue(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_RATE);
	struct rig *r = *state;
	struct frame f = packet_of(1250);
	uint32_t passed = 0, held = 0, dropped = 0, i;

	rule.rate = (struct fl_rate){ .rate_bps = 1000, .burst_bytes = 10 * 1250, .queue_ns = 40000 * MS };
	rig_only(r, &rule);
	for (i = 0; i < 30; i++) {
		uint32_t verdict = rig_run(r, FL_DIR_FROM, &f);

		passed += verdict == VERDICT_PASS;
		held += verdict == TC_REDIRECT;
		dropped += verdict == TC_SHOT;
	}
	/* 10 s a packet: eleven need not wait, four wait less than 40 s, the rest are too many. */
	assert_int_equal(passed, 11);
	assert_int_equal(held, 4);
	assert_int_equal(dropped, 15);
	assert_int_equal(rig_proof(r, 0).injected, 19);
}

/* The wire has each segment's headers; a super-packet has them once. */
static void rate_counts_segments(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_RATE);
	struct rig *r = *state;
	struct frame f = packet_of(1250);
	struct fl_hold_header first, second;

	rule.rate = (struct fl_rate){ .rate_bps = 100000, .queue_ns = 10000 * MS };
	rig_only(r, &rule);
	r->gso_size = 100;
	r->gso_segs = 11;
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_REDIRECT);
	first = rig_held(r, &f);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_REDIRECT);
	second = rig_held(r, &f);
	assert_int_equal(second.due_ns - first.due_ns, (1250 + 10 * 42) * 8 * 10000);
}

/* What need not wait does not overtake what waits, be the line late; it is no hit. */
static void rate_keeps_order(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_RATE);
	struct rig *r = *state;
	struct frame f = packet_of(1250);
	struct fl_state s;
	struct fl_hold_header header;
	uint32_t zero = 0;
	uint64_t from_ns;

	rule.rate = (struct fl_rate){ .rate_bps = 1000000000 };
	rig_only(r, &rule);
	s = (struct fl_state){ .last_due_ns = clock_mono_ns() - 500 * MS };
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(r->skel->maps.states), &zero, &s, 0), 0);
	from_ns = clock_mono_ns();
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_REDIRECT);
	header = rig_held(r, &f);
	assert_in_range(header.due_ns, from_ns, clock_mono_ns());
	assert_int_equal(header.rule, ~0u);
	assert_int_equal(rig_proof(r, 0).injected, 0);
	s = (struct fl_state){ .last_due_ns = clock_mono_ns() - 1001 * MS };
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(r->skel->maps.states), &zero, &s, 0), 0);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
}

/* Those that hit go at once, the others wait; the delay line may not put them in order again. */
static void reorder(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_REORDER);
	struct rig *r = *state;
	struct frame f = packet_of(100);
	uint32_t gap;
	uint64_t n;

	for (gap = 0; gap < 8; gap += 5) {
		uint64_t overtook = 0;

		rule.probability_ppm = 400000;
		rule.reorder = (struct fl_reorder){ .gap = gap, .delay_ns = 20 * MS };
		rig_only(r, &rule);
		rig_reset(r, 0);
		for (n = 0; n < 300; n++) {
			bool may = !gap || (n + 1) % gap == 0;
			bool hit = may && hash_chance(hash_draw(rule.seed, HASH_DECIDE, n), 400000);

			assert_int_equal(rig_run(r, FL_DIR_FROM, &f), hit ? VERDICT_PASS : TC_REDIRECT);
			if (!hit)
				assert_int_equal(rig_held(r, &f).flags & FL_HOLD_ORDERED, 0);
			overtook += hit;
		}
		assert_int_equal(rig_proof(r, 0).matched, 300);
		assert_int_equal(rig_proof(r, 0).injected, overtook);
		assert_true(overtook > 0);
	}
}

/* Without a delay line nothing can wait: counted, and everything passes. */
static void no_line(void **state)
{
	static const struct fl_hook hook = { .n_lens = 1 };
	static const enum fl_kind kinds[] = { FL_KIND_REORDER, FL_KIND_RATE };
	struct rig *r = *state;
	struct frame f = packet_of(100);
	size_t i;

	rig_hook(r, FL_DIR_FROM, &hook);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct fl_rule rule = rig_rule(kinds[i]);

		rule.probability_ppm = 0;
		rig_only(r, &rule);
		rig_reset(r, 0);
		assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
		assert_int_equal(rig_proof(r, 0).skipped, 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		rig_test(rate_spacing),
		rig_test(rate_burst_and_queue),
		rig_test(rate_counts_segments),
		rig_test(rate_keeps_order),
		rig_test(reorder),
		rig_test(no_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
