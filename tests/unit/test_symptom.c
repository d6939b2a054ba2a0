// SPDX-License-Identifier: GPL-2.0-only
/* The first symptom: found when it is there, silent when nothing changed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "measure/visible/symptom.h"
#include "tests/unit/snapshot_maker.h"
#include "util/clock.h"

static const char *const names[] = { "a", "b", NULL };
#define SINCE 20 /* s: the injection */

/* A generator of its own, so that the test is the same everywhere. */
static uint64_t seed;
static double uniform(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return ((seed >> 11) + 0.5) / 9007199254740992.0;
}

/* @readings half seconds of 50 requests at 10 ms, two of them at 30 ms; @bad have one at 200 ms. */
static void learn(struct symptom_watch *w, uint32_t readings, uint32_t bad)
{
	struct series *s = series_new();
	struct meter_snapshot d;
	uint32_t i;

	*w = (struct symptom_watch){ .match = { .client = 1, .server = 2, .vantage = METER_AS_CLIENT } };
	for (i = 0; i < readings; i++) {
		snapshot_make(&d, names);
		snapshot_row(&d, 1, 2, METER_AS_CLIENT, 50, 10 * NS_PER_MSEC, 2);
		hist_take(&d.rows[0].latency, 2, 30 * NS_PER_MSEC);
		hist_take(&d.rows[0].latency, i < bad, 200 * NS_PER_MSEC);
		d.rows[0].requests += 2 + (i < bad);
		series_add(s, &d, i * SYMPTOM_BIN_NS, (i + 1) * SYMPTOM_BIN_NS);
		snapshot_drop(&d);
	}
	symptom_learn(w, s, 0, UINT64_MAX, SINCE * NS_PER_SEC);
	series_free(s);
}

static void take(struct symptom_watch *w, double after_s, double ms, uint16_t status)
{
	const struct meter_event e = { .at_ns = (uint64_t)((SINCE + after_s) * 1e9),
				       .client = 1,
				       .server = 2,
				       .vantage = METER_AS_CLIENT,
				       .latency_ns = (uint64_t)(ms * 1e6),
				       .status = status };

	symptom_take(w, &e);
}

/* All of m bad with Beta(a, b): the product of (a + i) / (a + b + i); at least one: 1 - none. */
static void tails(void **state)
{
	double all = 1, none = 1;
	int i;

	(void)state;
	for (i = 0; i < 8; i++) {
		all *= (0.5 + i) / (15 + i);
		none *= (14.5 + i) / (15 + i);
	}
	assert_true(fabs(exp(beta_binomial_log_tail(8, 8, 0.5, 14.5)) / all - 1) < 1e-9);
	assert_true(fabs(exp(beta_binomial_log_tail(1, 8, 0.5, 14.5)) - (1 - none)) < 1e-9);
	assert_true(beta_binomial_log_tail(0, 8, 0.5, 14.5) == 0);
	/* Uniform: each count from 0 to m has the same probability. */
	assert_true(fabs(exp(beta_binomial_log_tail(3, 4, 1, 1)) - 0.4) < 1e-9);
}

static void baseline(void **state)
{
	struct symptom_watch w;

	(void)state;
	learn(&w, 10, 0);
	/* p99 is in the bucket of 30 ms; a quarter above it, nothing of the baseline is left. */
	assert_in_range(w.slow_ns, 35 * NS_PER_MSEC, 40 * NS_PER_MSEC);
	assert_true(w.readings == 10 && w.bad_readings == 0);
	take(&w, 1, 30, 200);     /* as before */
	take(&w, -1, 500, 500);   /* before the injection */
	take(&w, 3600, 500, 500); /* long after it */
	assert_null(w.bins);
	take(&w, 1, 45, 200);
	assert_non_null(w.bins);
	assert_true(w.bins[2].latency_ns == 45 * NS_PER_MSEC);
	symptom_free(&w);
	learn(&w, 100, 3);
	assert_true(w.readings == 100 && w.bad_readings == 3);
	symptom_free(&w);
}

/* From 2.25 s on everything takes 60 ms: the symptom is the first of them, and no straggler before. */
static void a_delay_is_found(void **state)
{
	struct symptom_watch w;
	struct symptom found;
	int i;

	(void)state;
	learn(&w, 10, 0);
	take(&w, 0.3, 300, 200);
	for (i = 0; i < 1000; i++)
		take(&w, i * 0.01, i < 225 ? 10 : 60, 200);
	assert_true(symptom_find(&w, 60, 10, 0, &found));
	assert_true(llabs((long long)found.first.at_ns - (SINCE * 1000 + 2250) * (long long)NS_PER_MSEC) < 1000);
	assert_true(found.run == 16 && found.bad == 16);
	symptom_free(&w);
}

/* One request in five fails, at 8 a second. */
static void errors_without_a_slow_limit(void **state)
{
	struct symptom_watch w = { .readings = 10, .since_ns = SINCE * NS_PER_SEC };
	struct symptom found;
	int i;

	(void)state;
	take(&w, 0.1, 9000, 200); /* slow means nothing here */
	assert_null(w.bins);
	for (i = 0; i < 80; i++)
		take(&w, 1.01 + i * 0.125, 1, i % 5 ? 200 : i % 2 ? 503 : 0);
	assert_true(symptom_find(&w, 60, 12, 0, &found));
	assert_true(llabs((long long)found.first.at_ns - (SINCE * 1000 + 1010) * (long long)NS_PER_MSEC) < 1000);
	symptom_free(&w);
}

/* What a longer baseline has not seen is improbable sooner. */
static void a_short_baseline_knows_less(void **state)
{
	struct symptom_watch w;
	struct symptom found;
	uint32_t readings, n;
	uint32_t needed[2];
	int k;

	(void)state;
	for (k = 0; k < 2; k++) {
		readings = k ? 600 : 10;
		for (n = 2; n < 20; n++) {
			uint32_t i;
			bool yes;

			learn(&w, readings, 0);
			for (i = 0; i < n; i++)
				take(&w, 0.1 + 0.5 * i, 60, 200);
			yes = symptom_find(&w, 60, 12, 0, &found);
			symptom_free(&w);
			if (yes)
				break;
		}
		needed[k] = n;
	}
	assert_in_range(needed[0], 5, 8);
	assert_in_range(needed[1], 2, 3);
}

/* Hiccups: 20 bad requests in 30 ms, once in five seconds. Many requests, few half seconds. */
static void hiccups_are_none(void **state)
{
	struct symptom_watch w;
	struct symptom found;
	int i, k;

	(void)state;
	learn(&w, 10, 1);
	for (i = 0; i < 4; i++)
		for (k = 0; k < 20; k++)
			take(&w, 1.1 + 5 * i + 0.0015 * k, 400, 200);
	assert_false(symptom_find(&w, 60, 20, 0, &found));
	symptom_free(&w);
}

/*
 * 1000 experiments of 60 watches in which a half second is bad as often as in a baseline of ten, 5 % or
 * 20 %: at most one in a hundred has a symptom.
 */
static void silence(void **state)
{
	static const double shares[] = { 0.05, 0.2 };
	unsigned int e, k, i, s, alarms;

	(void)state;
	seed = 42;
	for (s = 0; s < 2; s++) {
		alarms = 0;
		for (e = 0; e < 1000; e++) {
			bool found = false;

			for (k = 0; k < 60 && !found; k++) {
				struct symptom_event bins[SYMPTOM_BINS] = {};
				struct symptom_watch w = { .readings = 10, .bins = bins };
				struct symptom symptom;

				for (i = 0; i < 10; i++)
					w.bad_readings += uniform() < shares[s];
				for (i = 0; i < 34; i++)
					bins[i].at_ns = uniform() < shares[s];
				found = symptom_find(&w, 60, 17, 0, &symptom);
			}
			alarms += found;
		}
		print_message("%u of 1000 silent experiments had a symptom (%.0f %% bad)\n", alarms, 100 * shares[s]);
		assert_true(alarms <= 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tails),
		cmocka_unit_test(baseline),
		cmocka_unit_test(a_delay_is_found),
		cmocka_unit_test(errors_without_a_slow_limit),
		cmocka_unit_test(a_short_baseline_knows_less),
		cmocka_unit_test(hiccups_are_none),
		cmocka_unit_test(silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
