// SPDX-License-Identifier: GPL-2.0-only
/* The first symptom: found when it is there, silent when nothing changed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "measure/symptom.h"
#include "tests/unit/snapshot_maker.h"
#include "util/clock.h"

static const char *const names[] = { "a", "b", NULL };
#define BASELINE_S 10
#define RATE	   100 /* requests a second */

/* A generator of its own, so that the test is the same everywhere. */
static uint64_t seed;
static double uniform(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return ((seed >> 11) + 0.5) / 9007199254740992.0;
}

/* Ten seconds of a request every 10 ms at 10 ms, every fiftieth at 30 ms. */
static void learn(struct symptom_watch *w, struct series *s)
{
	struct meter_snapshot d;
	uint32_t i;

	snapshot_make(&d, names);
	snapshot_row(&d, 1, 2, METER_AS_CLIENT, RATE - 2, 10 * NS_PER_MSEC, 2);
	hist_take(&d.rows[0].latency, 2, 30 * NS_PER_MSEC);
	d.rows[0].requests += 2;
	for (i = 0; i < BASELINE_S; i++)
		series_add(s, &d, i * NS_PER_SEC, (i + 1) * NS_PER_SEC);
	*w = (struct symptom_watch){ .match = { 1, 2, METER_AS_CLIENT } };
	symptom_learn(w, s, 0, BASELINE_S * NS_PER_SEC);
	snapshot_drop(&d);
}

static void take(struct symptom_watch *w, double at_s, double ms, uint16_t status)
{
	const struct meter_event e = { .at_ns = (uint64_t)(at_s * 1e9), .client = 1, .server = 2,
				       .vantage = METER_AS_CLIENT,
				       .latency_ns = (uint64_t)(ms * 1e6), .status = status };

	symptom_take(w, &e);
}

static void tails(void **state)
{
	(void)state;
	assert_true(fabs(poisson_tail(1, 0.5) - (1 - exp(-0.5))) < 1e-12);
	assert_true(fabs(poisson_tail(2, 1) - (1 - 2 * exp(-1))) < 1e-12);
	assert_true(fabs(poisson_tail(3, 50) - 1) < 1e-9);
	assert_true(fabs(poisson_tail(10, 0.1) / 2.518e-17 - 1) < 0.01);
	assert_true(poisson_tail(0, 3) == 1 && poisson_tail(2, 0) == 0);
}

static void baseline(void **state)
{
	struct series *s = series_new();
	struct symptom_watch w;

	(void)state;
	learn(&w, s);
	/* p99 is in the bucket of 30 ms; a quarter above it, nothing of the baseline is left. */
	assert_in_range(w.slow_ns, 35 * NS_PER_MSEC, 40 * NS_PER_MSEC);
	assert_true(fabs(w.bad_hz - 0.1) < 1e-9); /* (0 + 1) / 10 s */
	assert_true(w.dispersion == 1);
	take(&w, 20, 45, 200);
	assert_int_equal(w.n, 1);
	take(&w, 20.1, 30, 200); /* as before */
	assert_int_equal(w.n, 1);
	symptom_free(&w);
	series_free(s);
}

/* From 20.25 s on everything takes 60 ms: the symptom is the first of them. */
static void a_delay_is_found(void **state)
{
	struct series *s = series_new();
	struct symptom_watch w;
	struct symptom found;
	int i;

	(void)state;
	learn(&w, s);
	take(&w, 15, 60, 200); /* before the fault */
	for (i = 0; i < 200; i++)
		take(&w, 20 + i * 0.01, i < 25 ? 10 : 60, 200);
	assert_true(symptom_find(&w, 20 * NS_PER_SEC, 10, &found));
	assert_true(llabs((long long)found.first.at_ns - 20250000000ll) < 1000);
	assert_in_range(found.run, 3, 6);
	assert_true(found.probability < SYMPTOM_ALPHA);
	symptom_free(&w);
	series_free(s);
}

static void errors_are_found_without_a_slow_limit(void **state)
{
	struct symptom_watch w = { .bad_hz = 0.1, .dispersion = 1 };
	struct symptom found;
	int i;

	(void)state;
	take(&w, 5, 9000, 200); /* slow means nothing here */
	for (i = 0; i < 5; i++)
		take(&w, 21 + i * 0.05, 1, i % 2 ? 503 : 0);
	take(&w, 21.5, 1, 404);
	assert_int_equal(w.n, 6);
	assert_true(symptom_find(&w, 20 * NS_PER_SEC, 10, &found));
	assert_true(found.first.at_ns == 21 * NS_PER_SEC);
	symptom_free(&w);
}

/* Two in a row are no run. */
static void stragglers_are_none(void **state)
{
	struct symptom_watch w = { .bad_hz = 0.1, .dispersion = 1, .slow_ns = NS_PER_MSEC };
	struct symptom found;

	(void)state;
	take(&w, 20.0, 60, 200);
	take(&w, 20.001, 60, 200);
	take(&w, 25.0, 60, 200);
	take(&w, 29.9, 60, 200);
	assert_false(symptom_find(&w, 20 * NS_PER_SEC, 10, &found));
	symptom_free(&w);
}

/* 2000 watches of 30 s in which bad requests come as in the baseline: about SYMPTOM_ALPHA speak. */
static void silence(void **state)
{
	unsigned int i, alarms = 0;

	(void)state;
	seed = 42;
	for (i = 0; i < 2000; i++) {
		struct symptom_watch w = { .bad_hz = 2, .dispersion = 1, .slow_ns = NS_PER_MSEC };
		struct symptom found;
		double at = 0;

		while ((at += -log(uniform()) / 2) < 30)
			take(&w, at, 5, 200);
		alarms += symptom_find(&w, 0, 30, &found);
		symptom_free(&w);
	}
	print_message("%u of 2000 silent watches spoke\n", alarms);
	assert_true(alarms <= 8); /* 2 are expected; more than 8 has a probability of 2e-4 */
}

/* The same in bursts of five: the dispersion of the baseline explains them. */
static void bursts(void **state)
{
	struct symptom_watch w = { .bad_hz = 2, .dispersion = 5, .slow_ns = NS_PER_MSEC };
	struct symptom found;
	int i, k;

	(void)state;
	for (i = 0; i < 12; i++)
		for (k = 0; k < 5; k++)
			take(&w, 2.5 * i + 0.002 * k, 5, 200);
	assert_false(symptom_find(&w, 0, 30, &found));
	w.dispersion = 1;
	assert_true(symptom_find(&w, 0, 30, &found));
	symptom_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tails),
		cmocka_unit_test(baseline),
		cmocka_unit_test(a_delay_is_found),
		cmocka_unit_test(errors_are_found_without_a_slow_limit),
		cmocka_unit_test(stragglers_are_none),
		cmocka_unit_test(silence),
		cmocka_unit_test(bursts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
