// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control group: worked cases of the intervals, and simulated trials under a load that doubles in the middle. Flows
 * differ from one another, as connections to several workers do.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bpf/net/share.h"
#include "measure/hist.h"
#include "measure/trial/effect.h"
#include "util/random.h"

#define RUNS  100
#define FLOWS 120 /* and as many more in the second half */

static struct effect_group groups[EFFECT_SIDES][FL_TRIAL_GROUPS];

static uint32_t bucket_of(uint64_t ns)
{
	uint32_t low = 0, high = FL_HIST_BUCKETS - 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (hist_upper_ns(middle) <= ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void take(struct effect_group *g, double seconds, bool error)
{
	uint64_t ns = (uint64_t)(seconds * 1e9);

	g->tries++;
	g->errors += error;
	g->latency.count++;
	g->latency.sum_ns += ns;
	g->latency.buckets[bucket_of(ns)]++;
}

/* Tables of Student's t (Abramowitz & Stegun, table 26.10). */
static void student(void **state)
{
	(void)state;
	assert_float_equal(student_exceeded(0.025, 1), 12.706, 5e-4);
	assert_float_equal(student_exceeded(0.025, 2), 4.303, 5e-4);
	assert_float_equal(student_exceeded(0.025, 7), 2.365, 5e-4);
	assert_float_equal(student_exceeded(0.025, 14), 2.145, 5e-4);
	assert_float_equal(student_exceeded(0.005, 30), 2.750, 5e-4);
	assert_float_equal(student_tail(0, 5), 0.5, 1e-12);
}

/* Newcombe's interval, with Student's t for the normal quantile. */
static void shares(void **state)
{
	struct effect e;
	uint32_t i;

	(void)state;
	memset(groups, 0, sizeof(groups));
	for (i = 0; i < FL_TRIAL_GROUPS; i++) {
		groups[EFFECT_TREATED][i].tries = 1000;
		groups[EFFECT_TREATED][i].errors = 50;
		groups[EFFECT_CONTROL][i].tries = 1000;
		groups[EFFECT_CONTROL][i].errors = 10;
	}
	assert_int_equal(effect_of(groups[EFFECT_CONTROL], groups[EFFECT_TREATED], &e), 0);
	assert_float_equal(e.v[EFFECT_ERRORS].difference, 0.04, 1e-12);
	/*
	 * By hand: variances 0.05 * 0.95 / 8000 and 0.01 * 0.99 / 8000, so 9.8 degrees of freedom: 9, t = 2.2622. Wilson
	 * of 0.05 is 0.044769 to 0.055809, of 0.01 0.007772 to 0.012861.
	 */
	assert_float_equal(e.v[EFFECT_ERRORS].low, 0.034044, 2e-6);
	assert_float_equal(e.v[EFFECT_ERRORS].high, 0.046216, 2e-6);
	assert_true(e.v[EFFECT_ERRORS].p < 1e-6);
	assert_true(isnan(e.v[EFFECT_MEAN].difference));
	/* No error on either side: nothing is claimed, and the interval tells how little is known. */
	for (i = 0; i < FL_TRIAL_GROUPS; i++)
		groups[EFFECT_TREATED][i].errors = groups[EFFECT_CONTROL][i].errors = 0;
	effect_of(groups[EFFECT_CONTROL], groups[EFFECT_TREATED], &e);
	assert_float_equal(e.v[EFFECT_ERRORS].difference, 0, 0);
	assert_true(e.v[EFFECT_ERRORS].high > 0 && e.v[EFFECT_ERRORS].high < 0.001);
	assert_float_equal(e.v[EFFECT_ERRORS].p, 1, 0);
}

/* The jackknife of a mean is the spread of the groups' means: sd / sqrt(m). */
static void jackknife(void **state)
{
	struct effect e;
	uint32_t i;

	(void)state;
	memset(groups, 0, sizeof(groups));
	for (i = 0; i < FL_TRIAL_GROUPS; i++) {
		take(&groups[EFFECT_CONTROL][i], 0.001 * (i + 1), false); /* 1 .. 8 ms: sd 2.4495 ms */
		take(&groups[EFFECT_TREATED][i], 0.001 * (i + 1) + 0.02, false);
	}
	effect_of(groups[EFFECT_CONTROL], groups[EFFECT_TREATED], &e);
	assert_float_equal(e.v[EFFECT_MEAN].difference, 0.02, 1e-9);
	/* 2.1448 * sqrt(2 * 6 / 8) ms */
	assert_float_equal(e.v[EFFECT_MEAN].high - 0.02, 0.0026268, 1e-6);
	assert_int_equal(e.groups[EFFECT_TREATED], FL_TRIAL_GROUPS);
	/* One group a side says nothing of chance. */
	memset(groups, 0, sizeof(groups));
	take(&groups[EFFECT_CONTROL][0], 0.001, false);
	take(&groups[EFFECT_TREATED][0], 0.021, false);
	effect_of(groups[EFFECT_CONTROL], groups[EFFECT_TREATED], &e);
	assert_float_equal(e.v[EFFECT_MEAN].difference, 0.02, 1e-9);
	assert_true(isnan(e.v[EFFECT_MEAN].low) && isnan(e.v[EFFECT_MEAN].p));
}

/* --- simulated trials ------------------------------------------------------------------------ */

static double uniform(uint64_t *seed)
{
	return ((double)(random_next(seed) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t *seed)
{
	return sqrt(-2 * log(uniform(seed))) * cos(2 * M_PI * uniform(seed));
}

/* One flow: it is put where the kernel puts it, by the same hash. */
static void flow(uint64_t *seed, uint64_t trial_seed, double load, double delay, double more_errors)
{
	uint64_t draw = share_draw(trial_seed, random_next(seed));
	bool treated = hash_chance(draw, FL_PPM / 2);
	struct effect_group *g = &groups[treated][draw & (FL_TRIAL_GROUPS - 1)];
	double own = exp(0.3 * normal(seed)), error = 0.02 * exp(0.5 * normal(seed));
	uint32_t i, n = 20 + (uint32_t)(uniform(seed) * 60);

	for (i = 0; i < n; i++) {
		double s = 0.004 * load * own * exp(0.5 * normal(seed));

		take(g, s + (treated ? delay : 0), uniform(seed) < error + (treated ? more_errors : 0));
	}
}

static void trial(uint64_t number, double delay, double more_errors, struct effect *ret)
{
	uint64_t seed = 0x5eed + number * 7919;
	uint32_t i;

	memset(groups, 0, sizeof(groups));
	for (i = 0; i < FLOWS; i++)
		flow(&seed, number, 1, delay, more_errors);
	for (i = 0; i < 2 * FLOWS; i++) /* the load doubles, and everything takes twice as long */
		flow(&seed, number, 2, delay, more_errors);
	assert_int_equal(effect_of(groups[EFFECT_CONTROL], groups[EFFECT_TREATED], ret), 0);
}

static void null_trials(void **state)
{
	static const char *const names[] = { "mean", "p50", "p95", "p99", "errors" };
	uint32_t claimed[EFFECT_METRICS] = {}, run, i;
	struct effect e;

	(void)state;
	for (run = 0; run < RUNS; run++) {
		trial(run, 0, 0, &e);
		for (i = EFFECT_MEAN; i <= EFFECT_ERRORS; i++) {
			claimed[i] += e.v[i].p < 0.05;
			assert_true((e.v[i].p < 0.05) == (e.v[i].low > 0 || e.v[i].high < 0));
		}
	}
	for (i = EFFECT_MEAN; i <= EFFECT_ERRORS; i++) {
		print_message("FIGURE nothing injected: p < 0.05 in %s of %u of %u trials\n", names[i], claimed[i],
			      RUNS);
		assert_in_range(claimed[i], 0, RUNS / 20);
	}
}

static void true_effects(void **state)
{
	uint32_t run, covered = 0, errors_covered = 0, found = 0;
	double worst = 0, worst_p50 = 0;
	struct effect e;

	(void)state;
	for (run = 0; run < RUNS; run++) {
		trial(1000 + run, 0.020, 0.05, &e);
		worst = fmax(worst, fabs(e.v[EFFECT_MEAN].difference - 0.020));
		worst_p50 = fmax(worst_p50, fabs(e.v[EFFECT_P50].difference - 0.020));
		covered += e.v[EFFECT_MEAN].low <= 0.020 && e.v[EFFECT_MEAN].high >= 0.020;
		errors_covered += e.v[EFFECT_ERRORS].low <= 0.05 && e.v[EFFECT_ERRORS].high >= 0.05;
		found += e.v[EFFECT_MEAN].p < 0.05 && e.v[EFFECT_ERRORS].p < 0.05;
	}
	print_message(
		"FIGURE 20 ms under a load that doubles: mean off by at most %.2f ms, p50 %.2f ms, of %u trials\n",
		worst * 1e3, worst_p50 * 1e3, RUNS);
	print_message("FIGURE intervals of 95 %% hold the truth in %u of %u trials (mean), %u (errors)\n", covered,
		      RUNS, errors_covered);
	assert_true(worst < 0.001 && worst_p50 < 0.001);
	assert_in_range(covered, 89, RUNS); /* fewer: p < 0.01 if it is 95 */
	assert_in_range(errors_covered, 89, RUNS);
	assert_int_equal(found, RUNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(student),     cmocka_unit_test(shares),       cmocka_unit_test(jackknife),
		cmocka_unit_test(null_trials), cmocka_unit_test(true_effects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
