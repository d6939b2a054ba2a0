// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loss models: rates inside their 99.9 % intervals, correlation and burst lengths as asked,
 * each decision as the model's own function says.
 */
#include <math.h>

#include "rig.h"
#include "bpf/net/loss.h"
#include "util/cleanup.h"

#define N 20000

static const struct flow flow = { "10.9.0.5", "10.8.1.2", 8080, 40000 };
static uint8_t lost[N];

/* N packets through rule 0; their fates in lost[]. */
static double run(struct rig *r, const struct fl_rule *rule, int n)
{
	struct frame f;
	double sum = 0;
	int i;

	rig_only(r, rule);
	rig_reset(r, 0);
	frame_udp(&f, &flow, true, "x", 1);
	for (i = 0; i < n; i++) {
		lost[i] = rig_run(r, FL_DIR_FROM, &f) == TC_SHOT;
		sum += lost[i];
	}
	assert_int_equal(rig_proof(r, 0).matched, n);
	assert_int_equal(rig_proof(r, 0).injected, (int)sum);
	return sum / n;
}

/* 99.9 %: z = 3.29. @effective: how many independent packets N correlated ones are worth. */
static void assert_rate(double rate, double p, double effective)
{
	double half = 3.29 * sqrt(p * (1 - p) / effective);

	print_message("# FIGURE loss %.4f, asked %.4f +- %.4f\n", rate, p, half);
	assert_true(fabs(rate - p) <= half);
}

static double autocorrelation(double mean)
{
	double cov = 0, var = 0;
	int i;

	for (i = 0; i < N; i++) {
		var += (lost[i] - mean) * (lost[i] - mean);
		cov += i ? (lost[i] - mean) * (lost[i - 1] - mean) : 0;
	}
	return cov / var;
}

static double mean_burst(void)
{
	int i, bursts = 0, packets = 0;

	for (i = 0; i < N; i++) {
		packets += lost[i];
		bursts += lost[i] && (!i || !lost[i - 1]);
	}
	return (double)packets / bursts;
}

static void random_loss(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_LOSS);

	rule.probability_ppm = 300000;
	assert_rate(run(*state, &rule, N), 0.3, N);
	assert_true(fabs(autocorrelation(0.3)) < 0.03);
}

static void every_nth(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_LOSS);
	int i;

	rule.loss = (struct fl_loss){ .model = FL_LOSS_NTH, .nth = 7 };
	run(*state, &rule, 70);
	for (i = 0; i < 70; i++)
		assert_int_equal(lost[i], i % 7 == 6);
	rule.loss.nth = 0;
	assert_true(run(*state, &rule, 10) == 0);
}

static void correlated(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_LOSS);
	double c = 0.6;

	rule.probability_ppm = 200000;
	rule.loss.correlation_ppm = 600000;
	assert_rate(run(*state, &rule, N), 0.2, N * (1 - c) / (1 + c));
	assert_true(fabs(autocorrelation(0.2) - c) < 0.05);
}

static void gilbert_elliott(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_LOSS);
	double burst, c = 1 - 0.02 - 0.2;

	rule.loss =
		(struct fl_loss){ .model = FL_LOSS_GILBERT, .p_ppm = 20000, .r_ppm = 200000, .loss_bad_ppm = FL_PPM };
	assert_rate(run(*state, &rule, N), 0.02 / 0.22, N * (1 - c) / (1 + c));
	burst = mean_burst();
	/* Bursts are geometric with mean 5; there are about N * 0.0182 of them. */
	assert_true(fabs(burst - 5) < 3.29 * sqrt(0.8 / 0.04 / (N * 0.0182)));
	print_message("# FIGURE mean burst %.2f, asked 5\n", burst);
}

/* Isolated losses only, then bursts only: the four states do what tc-netem(8) says. */
static void markov4(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_LOSS);
	int i;

	rule.loss = (struct fl_loss){ .model = FL_LOSS_MARKOV4, .p14_ppm = 100000 };
	/* 1 → 4 at 10 %, 4 → 1 always: the stationary share of 4 is 0.1 / 1.1. */
	assert_rate(run(*state, &rule, N), 0.1 / 1.1, N);
	for (i = 1; i < N; i++)
		assert_false(lost[i] && lost[i - 1]);
	rule.loss = (struct fl_loss){
		.model = FL_LOSS_MARKOV4, .p13_ppm = 50000, .p31_ppm = 100000, .p32_ppm = 300000, .p23_ppm = 500000
	};
	/* pi3: p13 pi1 = p31 pi3, p32 pi3 = p23 pi2: 1 / (1 + 2 + 0.6); correlated, take N / 20. */
	assert_rate(run(*state, &rule, N), 1 / 3.6, N / 20.0);
}

/* The chain in the kernel is the chain of the header. */
static void replayable(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_LOSS);
	uint32_t chain = 0;
	int i;

	rule.loss = (struct fl_loss){ .model = FL_LOSS_GILBERT,
				      .p_ppm = 100000,
				      .r_ppm = 300000,
				      .loss_bad_ppm = 900000,
				      .loss_good_ppm = 10000 };
	run(*state, &rule, 2000);
	for (i = 0; i < 2000; i++)
		assert_int_equal(lost[i],
				 loss_gilbert(&rule.loss, &chain, hash_draw(rule.seed, HASH_DECIDE, (uint64_t)i)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		rig_test(random_loss),     rig_test(every_nth), rig_test(correlated),
		rig_test(gilbert_elliott), rig_test(markov4),   rig_test(replayable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
