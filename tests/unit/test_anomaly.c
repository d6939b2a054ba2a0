// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose measurements count, and when there was something to see: on a busy lab that is made up here, where
 * latencies wander, loads come in bursts, the host slows everybody down at times, and strangers are noisy.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "measure/visible/anomaly.h"
#include "tests/unit/snapshot_maker.h"
#include "util/clock.h"

/* frontend > gateway > { pay > db, stock > cache }, and a stranger that calls the cache too. */
enum { OUTSIDE, FRONT, GATEWAY, PAY, DB, STOCK, CACHE, STRANGER, OTHER, SERVICES };
static const char *const names[] = { "frontend", "gateway", "pay", "db", "stock", "cache", "stranger", "other", NULL };
static const struct {
	uint32_t client, server;
	double rate, ms; /* a second */
} calls[] = {
	{ OUTSIDE, FRONT, 20, 12 }, { FRONT, GATEWAY, 20, 10 }, { GATEWAY, PAY, 12, 4 },     { PAY, DB, 24, 0.4 },
	{ GATEWAY, STOCK, 8, 3 },   { STOCK, CACHE, 40, 0.2 },  { STRANGER, CACHE, 3, 0.3 }, { STRANGER, OTHER, 1, 8 },
};
#define CALLS     (sizeof(calls) / sizeof(*calls))
#define READING_S 0.5

static uint64_t seed;
static double uniform(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

static uint32_t poisson(double mean)
{
	double limit = exp(-mean), p = uniform();
	uint32_t n = 0;

	for (; p > limit; p *= uniform())
		n++;
	return n;
}

/* What is different during the fault: latency of the calls to @server times @factor, a share of them fails. */
struct change {
	uint32_t server;
	double factor, failing;
};

struct lab {
	double wander[CALLS]; /* slow part of the logarithm of the latency */
	double load;          /* of the host, now */
	bool busy;            /* the host has phases of load */
};

/* A phase of the host's load begins now and then, and lasts some seconds; single calls may hiccup. */
static void next_reading(struct lab *l)
{
	size_t i;

	if (l->busy && uniform() < 0.02)
		l->load = l->load > 0 ? 0 : 0.5 * uniform();
	for (i = 0; i < CALLS; i++)
		l->wander[i] = 0.85 * l->wander[i] + 0.12 * normal();
}

static void take_reading(struct lab *l, struct series *s, uint64_t from_ns, const struct change *c)
{
	struct meter_snapshot d;
	size_t i;

	snapshot_make(&d, names);
	next_reading(l);
	for (i = 0; i < CALLS; i++) {
		bool changed = c && c->server == calls[i].server;
		double level = log(calls[i].ms) + l->wander[i] + l->load + (changed ? log(c->factor) : 0);
		uint32_t n = poisson(calls[i].rate * READING_S), k;
		struct meter_row *row;

		if (uniform() < 0.01)
			level += 1.5; /* a hiccup */
		row = snapshot_row(&d, calls[i].client, calls[i].server,
				   calls[i].client ? METER_AS_CLIENT : METER_AS_SERVER, 0, 0, 2);
		for (k = 0; k < n; k++) {
			bool fails = changed && uniform() < c->failing;

			hist_take(&row->latency, 1, (uint64_t)(1e6 * exp(level + 0.3 * normal())));
			row->requests++;
			row->status[fails ? 5 : 2]++;
		}
	}
	series_add(s, &d, from_ns, from_ns + (uint64_t)(READING_S * 1e9));
	snapshot_drop(&d);
}

static bool experiment(double baseline_s, double fault_s, bool busy, const struct change *c, struct anomaly *ret)
{
	static const char *const targets[] = { "pay", NULL };
	struct lab l = { .busy = busy };
	struct series *s = series_new();
	const struct anomaly_times t = { .baseline_ns = 100 * NS_PER_SEC,
					 .inject_ns = (uint64_t)((100 + baseline_s) * 1e9),
					 .end_ns = (uint64_t)((100 + baseline_s + fault_s) * 1e9) };
	struct scope scope;
	uint64_t at;
	int i;

	for (i = 0; i < 50; i++)
		next_reading(&l);
	for (at = t.baseline_ns; at < t.end_ns; at += (uint64_t)(READING_S * 1e9))
		take_reading(&l, s, at, at >= t.inject_ns ? c : NULL);
	assert_int_equal(scope_make(s, targets, NULL, &scope), 0);
	assert_int_equal(anomaly_find(s, &scope, &t, ret), 0);
	scope_free(&scope);
	series_free(s);
	return ret->found;
}

static const struct {
	double baseline_s, fault_s;
} windows[] = { { 5, 12 }, { 8, 8 }, { 12, 10 }, { 30, 20 }, { 60, 60 }, { 120, 30 } };
#define WINDOWS (sizeof(windows) / sizeof(*windows))

/* Nothing is done: at most one in a hundred is called visible. */
static void nothing_is_visible(void **state)
{
	struct anomaly a;
	uint32_t found = 0, all = 0, i, spoke = 0, tried = 0;
	(void)state;

	seed = 7;
	for (i = 0; i < 600; i++) {
		bool f = experiment(windows[i % WINDOWS].baseline_s, windows[i % WINDOWS].fault_s, true, NULL, &a);

		all++;
		found += f;
		spoke += a.spoke;
		tried += a.tried;
		if (f)
			print_message("# %g/%g: %s > %s %s %g to %g, p %g, %g spreads\n",
				      windows[i % WINDOWS].baseline_s, windows[i % WINDOWS].fault_s, a.client, a.server,
				      a.metric, a.before, a.during, a.p, a.spreads);
	}
	print_message("# FIGURE null experiments over a busy lab: %u of %u called visible; in the baselines %u of %u\n",
		      found, all, spoke, tried);
	assert_true(found * 100 <= all);
}

/* Five times as slow, or every second request fails: it is there. */
static void a_fault_is_visible(void **state)
{
	static const struct change changes[] = { { PAY, 5, 0 }, { PAY, 1, 0.5 }, { DB, 40, 0 } };
	struct anomaly a;
	size_t c, w;
	uint32_t i;
	(void)state;

	seed = 11;
	for (c = 0; c < 2; c++)
		for (w = 0; w < WINDOWS; w++) {
			uint32_t found = 0;

			for (i = 0; i < 20; i++) {
				found += experiment(windows[w].baseline_s, windows[w].fault_s, false, &changes[c], &a);
				assert_string_not_equal(a.server, "cache");
				assert_string_not_equal(a.server, "other");
			}
			print_message("# FIGURE change %zu, %g s after %g s: %u of 20 found\n", c, windows[w].fault_s,
				      windows[w].baseline_s, found);
			assert_true(found >= (w > 1 ? 12 : 8));
		}
	/* What the target calls is seen by the target itself. */
	assert_true(experiment(60, 30, false, &changes[2], &a));
	assert_string_equal(a.client, "pay");
}

/* A change of strangers alone is none of ours. */
static void strangers_are_not_looked_at(void **state)
{
	const struct change c = { OTHER, 50, 0.5 }, cache = { CACHE, 50, 0.5 };
	struct anomaly a;
	uint32_t i;
	(void)state;

	seed = 13;
	for (i = 0; i < 20; i++) {
		assert_false(experiment(30, 20, false, i % 2 ? &c : &cache, &a));
		assert_true(a.looked_at >= 4 * 3 && a.looked_at <= 4 * 5);
		assert_true(a.controls_moved > 0);
	}
}

static void scope_of(const char *target, const char *named, struct scope *ret)
{
	const char *const targets[] = { target, NULL }, *const others[] = { named, NULL };
	struct series *s = series_new();
	struct lab l = {};

	seed = 17;
	take_reading(&l, s, 0, NULL);
	assert_int_equal(scope_make(s, targets, others, ret), 0);
	series_free(s);
}

static void whose_they_are(void **state)
{
	struct scope s;
	(void)state;

	scope_of("pay", NULL, &s);
	assert_true(scope_shows(&s, GATEWAY, PAY) && scope_shows(&s, FRONT, GATEWAY) &&
		    scope_shows(&s, OUTSIDE, FRONT));
	assert_true(scope_shows(&s, PAY, DB)); /* it is the target that waits */
	assert_false(scope_shows(&s, STOCK, CACHE) || scope_shows(&s, GATEWAY, STOCK) ||
		     scope_shows(&s, STRANGER, OTHER));
	assert_true(scope_has_edge(&s, OUTSIDE, FRONT) && scope_has_edge(&s, PAY, DB));
	assert_false(scope_has_edge(&s, GATEWAY, STOCK) || scope_has_edge(&s, STRANGER, OTHER));
	scope_free(&s);
	/* A cache that a stranger uses too does not make the stranger ours. */
	scope_of("stock", "pay", &s);
	assert_true(scope_has_edge(&s, STOCK, CACHE) && scope_has_edge(&s, GATEWAY, PAY) &&
		    scope_has_edge(&s, PAY, DB));
	assert_false(scope_has_edge(&s, STRANGER, CACHE) || scope_has_edge(&s, STRANGER, OTHER));
	assert_false(scope_shows(&s, GATEWAY, PAY));
	scope_free(&s);
	/* Nobody measured it: nothing can be said of it. */
	scope_of("pid:4711", NULL, &s);
	assert_false(scope_shows(&s, FRONT, GATEWAY) || scope_has_edge(&s, FRONT, GATEWAY));
	scope_free(&s);
}

/* Too short to know what is usual, or too short to be noticed. */
static void too_little(void **state)
{
	const double flat[10] = { 5, 5, 5, 5, 5, 5, 5, 5, 5, 5 }, high[10] = { 50, 50, 50, 50, 50, 50, 50, 50, 50, 50 };
	struct anomaly_values v = {
		.baseline = flat, .n = 10, .fault = high, .m = 10, .window_s = 1, .floor = 1, .spread_floor = 0.3
	};
	struct anomaly_verdict verdict;
	(void)state;

	assert_true(anomaly_judge(&v, &verdict));
	assert_true(verdict.log_p < log(1e-4) && verdict.before == 5 && verdict.during == 50 && verdict.outside == 10);
	v.n = ANOMALY_BASELINE_MIN - 1;
	assert_false(anomaly_judge(&v, &verdict));
	v.n = 10;
	v.floor = 100; /* nobody notices */
	assert_true(anomaly_judge(&v, &verdict));
	assert_true(verdict.log_p == 0);
	v.floor = 1;
	v.window_s = 0.1; /* a second in all */
	assert_true(anomaly_judge(&v, &verdict));
	assert_true(verdict.log_p == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whose_they_are),
		cmocka_unit_test(too_little),
		cmocka_unit_test(nothing_is_visible),
		cmocka_unit_test(a_fault_is_visible),
		cmocka_unit_test(strangers_are_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
