// SPDX-License-Identifier: GPL-2.0-only
/* Departure times: what a packet is told, when it is told nothing, and that order is kept. One rig for
 * all tests: to load the programs takes seconds on an emulated machine. */
#include "rig.h"

#define MS 1000000ull

static const struct flow flow = { "10.9.0.5", "10.8.1.2", 8080, 40000 };

static struct fl_rule departing(enum fl_kind kind, uint64_t delay_ns)
{
	struct fl_rule rule = rig_rule(kind);

	rule.departs = 1;
	rule.delay = (struct fl_delay){ .delay_ns = delay_ns, .ar_innovation_q16 = 65536 };
	return rule;
}

static struct frame packet(void)
{
	struct frame f;

	frame_udp(&f, &flow, false, "x", 1);
	return f;
}

/* Without a delay line at the hook: it must not be needed. */
static void only_departing(struct rig *r, const struct fl_rule *rule)
{
	static const struct fl_hook hook = { .n_lens = 1 };

	rig_hook(r, FL_DIR_TO, &hook);
	rig_reset(r, 0);
	rig_only(r, rule);
}

/* Send one that is to leave @ahead_ns from now (0: it has no such time); how long it then waits. */
static uint64_t wait_of(struct rig *r, int64_t ahead_ns)
{
	struct frame f = packet();
	uint64_t now = clock_mono_ns();

	r->tstamp = ahead_ns ? now + (uint64_t)ahead_ns : 0;
	assert_int_equal(rig_run(r, FL_DIR_TO, &f), VERDICT_PASS);
	assert_int_equal(r->out.len, f.len);
	return r->tstamp ? r->tstamp - now : 0;
}

#define assert_wait(wait, ms) assert_in_range(wait, (ms)*MS, (ms)*MS + 20 * MS)

static void told_when_to_leave(void **state)
{
	struct fl_rule rule = departing(FL_KIND_DELAY, 50 * MS);
	struct rig *r = *state;

	only_departing(r, &rule);
	assert_wait(wait_of(r, 0), 50);
	assert_int_equal(rig_proof(r, 0).matched, 1);
	assert_int_equal(rig_proof(r, 0).injected, 1);
	assert_int_equal(rig_stat(r, FL_STAT_HELD), 0);
}

/* A rule that sleeps leaves the sender's own time alone. */
static void asleep(void **state)
{
	struct fl_rule rule = departing(FL_KIND_DELAY, 50 * MS);
	struct rig *r = *state;

	rule.enabled = 0;
	only_departing(r, &rule);
	assert_int_equal(wait_of(r, 0), 0);
	rule.enabled = 1;
	rule.expires_ns = clock_mono_ns();
	rig_set(r, 0, &rule);
	assert_int_equal(wait_of(r, 0), 0);
	rule.expires_ns = UINT64_MAX;
	rig_set(r, 0, &rule);
	rig_lease(r, clock_mono_ns());
	assert_int_equal(wait_of(r, 0), 0);
	r->tstamp = 12345;
	rig_run(r, FL_DIR_TO, (struct frame[]){ packet() });
	assert_int_equal(r->tstamp, 12345);
	rig_lease(r, UINT64_MAX);
	assert_wait(wait_of(r, 0), 50);
}

/* The sender's pacing, or an earlier session's delay, comes on top; times of other clocks do not. */
static void on_top(void **state)
{
	struct fl_rule rule = departing(FL_KIND_DELAY, 50 * MS);
	struct rig *r = *state;
	struct frame f = packet();

	only_departing(r, &rule);
	assert_wait(wait_of(r, 30 * MS), 80);
	rig_reset(r, 0);
	assert_wait(wait_of(r, -30 * (int64_t)MS), 50);
	rig_reset(r, 0);
	assert_wait(wait_of(r, 1790000000ll * 1000000000), 50);

	/* Held by another rule as well: all of it in the delay line. */
	rig_hook(r, FL_DIR_TO, &(struct fl_hook){ .n_lens = 1, .hold_ifindex = RIG_TAP });
	rule.departs = 0;
	rig_set(r, 1, &rule);
	rig_everybody(r, 2);
	r->tstamp = clock_mono_ns() + 30 * MS;
	assert_int_equal(rig_run(r, FL_DIR_TO, &f), TC_REDIRECT);
	assert_wait(rig_held(r, &f).due_ns - clock_mono_ns() + 10 * MS, 130);
}

/* A shorter delay does not make a packet overtake; a jittered one may. */
static void order(void **state)
{
	struct fl_rule rule = departing(FL_KIND_DELAY, 500 * MS);
	struct rig *r = *state;
	uint64_t last;

	only_departing(r, &rule);
	assert_wait(wait_of(r, 0), 500);
	last = r->tstamp;
	rule.delay.delay_ns = 10 * MS;
	rig_set(r, 0, &rule);
	wait_of(r, 0);
	assert_int_equal(r->tstamp, last);
	rule.delay.jitter_ns = MS;
	rig_set(r, 0, &rule);
	assert_in_range(wait_of(r, 0), 9 * MS, 40 * MS);
}

/* Two rules add up; 100 kbit/s is 100 ms for each packet of 1250 bytes. */
static void rate(void **state)
{
	struct fl_rule rule = departing(FL_KIND_RATE, 0);
	static const char zeros[1208];
	struct rig *r = *state;
	uint64_t start = 0;
	struct frame f;
	int i;

	rule.rate = (struct fl_rate){ .rate_bps = 100000, .queue_ns = 1000 * MS };
	only_departing(r, &rule);
	frame_udp(&f, &flow, false, zeros, sizeof(zeros));
	assert_int_equal(f.len, 1250);
	for (i = 0; i < 10; i++) {
		r->tstamp = 0;
		assert_int_equal(rig_run(r, FL_DIR_TO, &f), VERDICT_PASS);
		if (i == 1)
			start = r->tstamp;
		if (i)
			assert_int_equal(r->tstamp, start + (uint64_t)(i - 1) * 100 * MS);
	}
	for (i = 0; i < 20; i++) {
		r->tstamp = 0;
		if (rig_run(r, FL_DIR_TO, &f) == TC_REDIRECT)
			break; /* the queue is full: dropped, and the sender is not told */
	}
	assert_in_range(i, 0, 5);

	rule = departing(FL_KIND_DELAY, 200 * MS);
	rig_reset(r, 0);
	rig_set(r, 0, &rule);
	rule.delay.delay_ns = 50 * MS;
	rig_set(r, 1, &rule);
	rig_everybody(r, 2);
	assert_wait(wait_of(r, 0), 250);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_when_to_leave),
		cmocka_unit_test(asleep),
		cmocka_unit_test(on_top),
		cmocka_unit_test(order),
		cmocka_unit_test(rate),
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
