// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way into the delay line and back: due times, jitter from the tables, correlation, marks,
 * generations.
 */
#include <math.h>

#include "rig.h"
#include "util/cleanup.h"

#define MS 1000000ull

static const struct flow flow = { "10.9.0.5", "10.8.1.2", 8080, 40000 };

/* How long the frame is to wait, as its header says, on the program's own clock. */
static double wait_ms(struct rig *r, enum fl_direction dir, uint16_t *ret_flags)
{
	struct fl_hold_header header;
	struct frame f;

	frame_udp(&f, &flow, dir == FL_DIR_FROM, "hello", 5);
	assert_int_equal(rig_run(r, dir, &f), TC_REDIRECT);
	header = rig_held(r, &f);
	if (ret_flags)
		*ret_flags = header.flags;
	return (double)(int64_t)(header.due_ns - rig_proof(r, header.rule).last_hit_ns) / 1e6;
}

static void constant(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_DELAY);
	uint16_t flags;
	double wait;

	rule.delay.delay_ns = 50 * MS;
	rig_only(r, &rule);
	wait = wait_ms(r, FL_DIR_FROM, &flags);
	assert_true(wait == 50);
	assert_int_equal(flags, FL_HOLD_ORDERED);
	wait = wait_ms(r, FL_DIR_TO, &flags);
	assert_true(wait == 50);
	assert_int_equal(rig_proof(r, 0).injected, 2);
	assert_int_equal(rig_stat(r, FL_STAT_HELD), 2);
}

/* Several delays add up to one wait; what is dropped does not wait. */
static void composes(void **state)
{
	struct rig *r = *state;
	struct fl_rule delay = rig_rule(FL_KIND_DELAY), loss = rig_rule(FL_KIND_LOSS);
	struct frame f;
	double wait;

	delay.delay.delay_ns = 50 * MS;
	rig_set(r, 1, &delay);
	delay.delay.delay_ns = 30 * MS;
	rig_set(r, 2, &delay);
	loss.enabled = 0;
	rig_set(r, 0, &loss);
	rig_everybody(r, 3);
	wait = wait_ms(r, FL_DIR_FROM, NULL);
	assert_true(wait == 80);
	loss.enabled = 1;
	rig_set(r, 0, &loss);
	frame_udp(&f, &flow, true, "hello", 5);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_SHOT);
	assert_int_equal(rig_proof(r, 1).matched, 1);
}

static void no_line(void **state)
{
	static const struct fl_hook hook = { .n_lens = 1 };
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_DELAY);
	struct frame f;

	rule.delay.delay_ns = 50 * MS;
	rule.max_hits = 1;
	rig_only(r, &rule);
	rig_hook(r, FL_DIR_FROM, &hook);
	frame_udp(&f, &flow, true, "hello", 5);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_int_equal(r->out.len, f.len);
	assert_int_equal(rig_proof(r, 0).skipped, 1);
	assert_int_equal(rig_proof(r, 0).injected, 0);
	/* A skipped packet takes none of the hits. */
	wait_ms(r, FL_DIR_TO, NULL);
}

static double normal_cdf(double x)
{
	return erfc(-x / sqrt(2)) / 2;
}

/* By bisection: good enough for a table, and not how the product does it. */
static double normal_quantile(double p)
{
	double low = -9, high = 9;
	int i;

	for (i = 0; i < 60; i++) {
		double mid = (low + high) / 2;

		*(normal_cdf(mid) < p ? &low : &high) = mid;
	}
	return low;
}

static void fill_tables(struct rig *r)
{
	static struct fl_table_row rows[FL_TABLE_MAX];
	uint32_t i, row;

	for (i = 0; i < FL_TABLE_SIZE; i++) {
		double p = (i + 0.5) / FL_TABLE_SIZE, x = -8 + 16 * p;

		rows[FL_TABLE_UNIFORM].q16[i] = (int32_t)lrint((2 * p - 1) * 65536);
		rows[FL_TABLE_NORMAL].q16[i] = (int32_t)lrint(normal_quantile(p) * 65536);
		rows[FL_TABLE_NORMAL_CDF].q16[i] = (int32_t)lrint(normal_cdf(x) * (1 << 28));
	}
	for (row = 0; row < FL_TABLE_MAX; row++)
		assert_int_equal(bpf_map_update_elem(bpf_map__fd(r->skel->maps.tables), &row, &rows[row], 0), 0);
}

struct moments {
	double mean, sd, lag1;
};

/* Mean, standard deviation and lag-1 correlation of @n waits. */
static struct moments sample(struct rig *r, const struct fl_rule *rule, int n)
{
	double *w = calloc((size_t)n, sizeof(*w)), cov = 0;
	struct moments m = {};
	int i;

	assert_non_null(w);
	rig_only(r, rule);
	rig_reset(r, 0);
	for (i = 0; i < n; i++) {
		w[i] = wait_ms(r, FL_DIR_FROM, NULL);
		m.mean += w[i] / n;
	}
	for (i = 0; i < n; i++)
		m.sd += (w[i] - m.mean) * (w[i] - m.mean) / n;
	for (i = 1; i < n; i++)
		cov += (w[i] - m.mean) * (w[i - 1] - m.mean) / n;
	m.lag1 = cov / m.sd;
	m.sd = sqrt(m.sd);
	free(w);
	return m;
}

static void jitter(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_DELAY);
	struct moments m;
	uint16_t flags;
	const int n = 4000;

	fill_tables(r);
	rule.delay = (struct fl_delay){ .delay_ns = 200 * MS, .jitter_ns = 20 * MS, .distribution = FL_DIST_NORMAL };
	m = sample(r, &rule, n);
	print_message("# FIGURE normal 200 +- 20 ms: mean %.2f, sd %.2f, lag-1 %.3f\n", m.mean, m.sd, m.lag1);
	assert_true(fabs(m.mean - 200) < 3.29 * 20 / sqrt(n));
	assert_true(fabs(m.sd - 20) < 3.29 * 20 / sqrt(2.0 * n));
	assert_true(fabs(m.lag1) < 3.29 / sqrt(n));
	wait_ms(r, FL_DIR_FROM, &flags);
	assert_int_equal(flags & FL_HOLD_ORDERED, 0);

	rule.delay.distribution = FL_DIST_UNIFORM;
	m = sample(r, &rule, n);
	print_message("# FIGURE uniform 200 +- 20 ms: mean %.2f, sd %.2f\n", m.mean, m.sd);
	assert_true(fabs(m.mean - 200) < 3.29 * 20 / sqrt(3.0 * n));
	assert_true(fabs(m.sd - 20 / sqrt(3)) < 0.3);
}

/* The AR(1) process keeps the distribution and gives the correlation. */
static void jitter_correlation(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_DELAY);
	struct moments m;
	const int n = 8000;
	double c = 0.7, effective = n * (1 - c) / (1 + c);

	fill_tables(r);
	rule.delay = (struct fl_delay){ .delay_ns = 200 * MS,
					.jitter_ns = 20 * MS,
					.distribution = FL_DIST_NORMAL,
					.ar_coeff_q16 = (int32_t)(c * 65536),
					.ar_innovation_q16 = (int32_t)(sqrt(1 - c * c) * 65536) };
	m = sample(r, &rule, n);
	print_message("# FIGURE normal, correlation 0.7: mean %.2f, sd %.2f, lag-1 %.3f\n", m.mean, m.sd, m.lag1);
	assert_true(fabs(m.mean - 200) < 3.29 * 20 / sqrt(effective));
	assert_true(fabs(m.sd - 20) < 3.29 * 20 / sqrt(2 * effective));
	assert_true(fabs(m.lag1 - c) < 0.05);
}

/* Jitter wider than the delay: never into the past. */
static void never_negative(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_DELAY);
	int i, zero = 0;

	fill_tables(r);
	rule.delay = (struct fl_delay){ .delay_ns = 1 * MS, .jitter_ns = 100 * MS };
	rig_only(r, &rule);
	for (i = 0; i < 200; i++) {
		double wait = wait_ms(r, FL_DIR_FROM, NULL);

		assert_true(wait >= 0);
		zero += wait == 0;
	}
	assert_in_range(zero, 60, 140);
}

/* The frame that comes back passes once, with the mark that it had. */
static void mark_comes_back(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_DELAY);
	struct frame f;

	rig_need_ingress(r);
	rule.delay.delay_ns = 50 * MS;
	rig_only(r, &rule);
	frame_udp(&f, &flow, true, "hello", 5);
	r->mark = FL_MARK_MAGIC | RIG_GEN;
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_int_equal(r->mark, 0);
	assert_int_equal(rig_proof(r, 0).matched, 0);

	r->mark = 0xbeef;
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_REDIRECT);
	r->mark = FL_MARK_MAGIC | RIG_GEN;
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_int_equal(r->mark, 0xbeef);
	/* The other direction had none. */
	frame_udp(&f, &flow, false, "hello", 5);
	r->mark = FL_MARK_MAGIC | RIG_GEN;
	assert_int_equal(rig_run(r, FL_DIR_TO, &f), VERDICT_PASS);
	assert_int_equal(r->mark, 0);
}

/* Of what a socket of this host sends, the mark is the sender's: it does not get by. */
static void mark_is_forged(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_DELAY);
	struct frame f;
	uint32_t g;

	rig_need_ingress(r);
	rule.delay.delay_ns = 50 * MS;
	rig_only(r, &rule);
	frame_udp(&f, &flow, false, "hello", 5);
	r->from_socket = true;
	for (g = RIG_GEN - 1; g <= RIG_GEN + 1; g++) {
		r->mark = FL_MARK_MAGIC | g;
		assert_int_equal(rig_run(r, FL_DIR_TO, &f), TC_REDIRECT);
	}
	r->from_socket = false;
	r->mark = FL_MARK_MAGIC | RIG_GEN;
	assert_int_equal(rig_run(r, FL_DIR_TO, &f), VERDICT_PASS);
	assert_int_equal(r->mark, FL_MARK_MAGIC | (RIG_GEN + 1)); /* it gets its own back, whatever that is */
}

/* However many flows others have: a mark stays until its packets are back, and one that there is no room
 * for is not held. */
static void marks_stay(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_DELAY);
	struct flow other = flow;
	uint32_t i, held = 0, passed = 0;
	struct frame f, g;

	rig_need_ingress(r);
	rule.delay.delay_ns = 5000 * MS;
	rig_only(r, &rule);
	frame_udp(&f, &flow, true, "hello", 5);
	r->mark = 0xbeef;
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_REDIRECT);
	for (i = 1; i <= 20000; i++) {
		uint32_t verdict;

		other.local_port = (uint16_t)(20000 + i);
		frame_udp(&g, &other, true, "hello", 5);
		r->mark = i;
		verdict = rig_run(r, FL_DIR_FROM, &g);
		held += verdict == TC_REDIRECT;
		passed += verdict == VERDICT_PASS && r->mark == i;
	}
	assert_int_equal(held + passed, 20000);
	assert_in_range(held, 4096, 8192);
	assert_int_equal(rig_proof(r, 0).skipped, passed);
	assert_int_equal(rig_proof(r, 0).injected, 1 + held);
	r->mark = FL_MARK_MAGIC | RIG_GEN;
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_int_equal(r->mark, 0xbeef);
	/* Flows without a mark need no room. */
	other.local_port = 7;
	frame_udp(&g, &other, true, "hello", 5);
	r->mark = 0;
	assert_int_equal(rig_run(r, FL_DIR_FROM, &g), TC_REDIRECT);
}

/* Sessions before the holder let the packet pass; those behind a dead holder take it as fresh. */
static void generations(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);
	struct frame f;

	rig_need_ingress(r);
	rig_only(r, &rule);
	frame_udp(&f, &flow, true, "hello", 5);
	r->mark = FL_MARK_MAGIC | (RIG_GEN + 1);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_int_equal(r->mark, FL_MARK_MAGIC | (RIG_GEN + 1));
	r->mark = FL_MARK_MAGIC | (RIG_GEN - 1);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_SHOT);
}

/* Out of a TAP: back to the hook of its line, or nowhere. */
static void returns(void **state)
{
	struct rig *r = *state;
	struct fl_line_key key = { RIG_NETNS, RIG_IFINDEX };
	struct fl_line line = { 9, FL_DIR_TO };
	int fd = bpf_program__fd(r->skel->progs.fl_return);
	struct frame f;

	frame_udp(&f, &flow, true, "hello", 5);
	assert_int_equal(rig_run_program(r, fd, &f), TC_SHOT);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(r->skel->maps.lines), &key, &line, 0), 0);
	assert_int_equal(rig_run_program(r, fd, &f), TC_REDIRECT);
	assert_int_equal(r->mark, FL_MARK_MAGIC | RIG_GEN);
	assert_int_equal(rig_stat(r, FL_STAT_RETURNED), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		rig_test(constant),        rig_test(composes),           rig_test(no_line),
		rig_test(jitter),          rig_test(jitter_correlation), rig_test(never_negative),
		rig_test(mark_comes_back), rig_test(generations),        rig_test(returns),
		rig_test(mark_is_forged),  rig_test(marks_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
