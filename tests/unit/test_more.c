// SPDX-License-Identifier: GPL-2.0-only
/* Scores beyond the scoreboard, against examples worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "result_maker.h"
#include "score/statistics.h"

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

/* The causes in order, blamed the first; the true root is payment-svc. */
static void rank(struct result *r, const char *const *services, uint32_t n)
{
	uint32_t i;

	r->causes = calloc(n, sizeof(*r->causes));
	for (i = 0; i < n; i++)
		snprintf(r->causes[i].service, sizeof(r->causes[i].service), "%s", services[i]);
	r->n_causes = n;
	if (n) {
		r->rca_service = strdup(services[0]);
		r->rca_correct = !strcmp(services[0], "payment-svc");
	}
}

static void free_all(struct result *r, int n)
{
	while (n--)
		result_free(&r[n]);
}

/*
 * Ranks 1, 2, 4 and none, and one that was not detected and so has no ranking.
 *   AC@1 = 1/4, AC@2 = 2/4, AC@3 = 2/4, AC@4 = 3/4, AC@5 = 3/4
 *   Avg@5 = (1 + 2 + 2 + 3 + 3) / 20 = 0.55, MRR = (1 + 1/2 + 1/4 + 0) / 4 = 0.4375
 */
static void ranked_causes(void **state)
{
	static const char *const first[] = { "payment-svc", "a" }, *const second[] = { "a", "payment-svc" };
	static const char *const fourth[] = { "a", "b", "c", "payment-svc" };
	struct more_scores m;
	struct result r[5];
	int i;
	(void)state;

	for (i = 0; i < 5; i++) {
		r[i] = make_result(i + 1, "x");
		if (i < 4)
			make_alert(&r[i], 1310, "a");
		score_detect(&r[i]);
	}
	rank(&r[0], first, 2);
	rank(&r[1], second, 2);
	rank(&r[2], fourth, 4);
	rank(&r[3], NULL, 0);
	assert_int_equal(result_root_rank(&r[2]), 4);
	assert_int_equal(result_root_rank(&r[3]), 0);
	more_compute(r, 5, NULL, NULL, 0, &m);
	assert_int_equal(m.ranked, 4);
	assert_true(near(m.ac1, 0.25) && near(m.ac3, 0.5) && near(m.ac5, 0.75));
	assert_true(near(m.avg5, 0.55));
	assert_true(near(m.mrr, 0.4375));
	free_all(r, 5);
}

/* Any root counts; a service that must not be named does not. */
static void rank_by_truth(void **state)
{
	static const char *const causes[] = { "checkout-svc", "api-gateway", "payment-svc" };
	struct result r = make_result(1, "x");
	(void)state;

	rank(&r, causes, 3);
	assert_int_equal(result_root_rank(&r), 3);
	json_object_set_new(r.detail, "ground_truth",
			    json_pack("{s:[s,s]}", "root_services", "frontend", "api-gateway"));
	assert_int_equal(result_root_rank(&r), 2);
	json_object_set_new(r.detail, "ground_truth", json_pack("{s:[s]}", "not_services", "checkout-svc"));
	assert_int_equal(result_root_rank(&r), 2);
	json_object_del(r.detail, "ground_truth");
	assert_int_equal(result_root_rank(&r), 0);
	result_free(&r);
}

/* frontend -> gateway -> payment-svc: blamed frontend is 2 hops off, payment-svc 0; mean 1. */
static void hops(void **state)
{
	static const char *const far[] = { "frontend" }, *const right[] = { "payment-svc" };
	static const char *const unknown[] = { "mars" };
	json_t *graph = json_pack("{s:[[s,s],[s,s]]}", "edges", "frontend", "gateway", "gateway", "payment-svc");
	struct more_scores m;
	struct result r[3];
	int i;
	(void)state;

	for (i = 0; i < 3; i++) {
		r[i] = make_result(i + 1, "x");
		make_alert(&r[i], 1310, "a");
		score_detect(&r[i]);
	}
	rank(&r[0], far, 1);
	rank(&r[1], right, 1);
	rank(&r[2], unknown, 1);
	more_compute(r, 3, graph, NULL, 0, &m);
	assert_int_equal(m.hops_known, 2);
	assert_true(near(m.hops_mean, 1));
	json_decref(graph);
	free_all(r, 3);
}

/* Found after 10 s with the right root; after 80 s (over a minute) with the right root; missed.
 * exact = 1/3; partial = (1 + 1/2 + 0) / 3 = 0.5; with a wrong reason for the first: exact 0. */
static void tuples(void **state)
{
	static const char *const right[] = { "payment-svc" };
	struct more_scores m;
	struct result r[3];
	int i;
	(void)state;

	for (i = 0; i < 3; i++)
		r[i] = make_result(i + 1, "x");
	make_alert(&r[0], 1310, "a");
	make_alert(&r[1], 1380, "a");
	rank(&r[0], right, 1);
	rank(&r[1], right, 1);
	for (i = 0; i < 3; i++)
		score_detect(&r[i]);
	more_compute(r, 3, NULL, NULL, 0, &m);
	assert_true(near(m.tuple_exact, 1.0 / 3) && near(m.tuple_partial, 0.5));
	json_object_set_new(json_object_get(r[0].detail, "ground_truth"), "reason", json_string("latency"));
	json_object_set_new(r[0].detail, "rca_reason", json_string("memory"));
	more_compute(r, 3, NULL, NULL, 0, &m);
	assert_true(near(m.tuple_exact, 0) && near(m.tuple_partial, (2.0 / 3 + 0.5) / 3));
	free_all(r, 3);
}

/* 10 s, 30 s and a miss: the median is 30, the 95th percentile infinite. A miss more and the median of
 * 10, 30, inf, inf lies between 30 and infinity. */
static void missed_is_infinite(void **state)
{
	struct more_scores m;
	struct result r[4];
	int i;
	(void)state;

	for (i = 0; i < 4; i++)
		r[i] = make_result(i + 1, "x");
	make_alert(&r[0], 1310, "a");
	make_alert(&r[1], 1330, "a");
	for (i = 0; i < 4; i++)
		score_detect(&r[i]);
	more_compute(r, 3, NULL, NULL, 0, &m);
	assert_true(near(m.delay_p50_s, 30) && isinf(m.delay_p95_s));
	more_compute(r, 4, NULL, NULL, 0, &m);
	assert_true(isinf(m.delay_p50_s));
	free_all(r, 4);
}

/* Inject 1300, first hit 1300.5, first failed try 1305, first alert 1320, fault ends 1360, the last
 * alert 1375; 3 alerts; a false alarm in 300 s of baseline is 12 an hour. */
static void where_time_goes(void **state)
{
	struct probe_sample probe[] = {
		{ .wall_s = 1290 }, { .wall_s = 1300, .pass = true }, { .wall_s = 1305 }, { .wall_s = 1310 }
	};
	struct result r = make_result(1, "x");
	struct more_scores m;
	(void)state;

	json_object_set_new(r.detail, "proof",
			    json_pack("[{s:f},{s:f},{s:n}]", "first_hit", 1302.0, "first_hit", 1300.5, "first_hit"));
	make_alert(&r, 1320, "a");
	make_alert(&r, 1340, "a");
	make_alert(&r, 1375, "b");
	make_alert(&r, 1100, "b");
	score_detect(&r);
	more_compute(&r, 1, NULL, probe, 4, &m);
	assert_true(near(m.to_hit_s, 0.5));
	assert_true(near(m.to_symptom_s, 4.5));
	assert_true(near(m.to_alert_s, 15));
	assert_true(near(m.alerts_per_fault, 3));
	assert_true(near(m.clearance_s, 15));
	assert_true(near(m.false_alarms_per_hour, 12));
	/* The kernel saw it before the probe did. */
	json_object_set_new(r.detail, "moments", json_pack("{s:{s:f}}", "first_symptom", "wall", 1301.0));
	more_compute(&r, 1, NULL, probe, 4, &m);
	assert_true(near(m.to_symptom_s, 0.5));
	assert_true(near(m.to_alert_s, 19));
	result_free(&r);
}

/* 2, 4, 9: mean 5, sample variance (9 + 1 + 16) / 2 = 13, SE = sqrt(13 / 3). */
static void estimates(void **state)
{
	static const double v[] = { 2, NAN, 4, 9 };
	struct estimate e = estimate_of(v, 4);
	(void)state;

	assert_int_equal(e.n, 3);
	assert_true(near(e.mean, 5) && near(e.se, sqrt(13.0 / 3)));
	e = estimate_of(v, 1);
	assert_true(near(e.mean, 2) && isnan(e.se));
	e = estimate_of(v, 0);
	assert_true(isnan(e.mean));
}

/* Two experiments, repeated twice: recall 1 and 0.5, so 0.75 +- 0.25. */
static void repeated(void **state)
{
	struct result r[4] = { make_result(1, "a"), make_result(2, "b"), make_result(1, "a"), make_result(2, "b") };
	struct more_scores m;
	int i;
	(void)state;

	for (i = 0; i < 4; i++) {
		if (i < 3)
			make_alert(&r[i], 1310 + i, "x");
		score_detect(&r[i]);
	}
	more_compute(r, 4, NULL, NULL, 0, &m);
	assert_int_equal(m.recall.n, 2);
	assert_true(near(m.recall.mean, 0.75) && near(m.recall.se, 0.25));
	assert_true(near(m.mttd_s.mean, 11.25)); /* (10.5 + 12) / 2 */
	free_all(r, 4);
}

static void nothing(void **state)
{
	struct more_scores m;
	json_t *j;
	(void)state;

	more_compute(NULL, 0, NULL, NULL, 0, &m);
	assert_true(isnan(m.ac1) && isnan(m.mrr) && isnan(m.hops_mean) && isnan(m.delay_p50_s) &&
		    isnan(m.false_alarms_per_hour) && isnan(m.recall.mean));
	j = more_json(&m);
	assert_true(json_is_null(json_object_get(j, "ac1")));
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranked_causes),
		cmocka_unit_test(rank_by_truth),
		cmocka_unit_test(hops),
		cmocka_unit_test(tuples),
		cmocka_unit_test(missed_is_infinite),
		cmocka_unit_test(where_time_goes),
		cmocka_unit_test(estimates),
		cmocka_unit_test(repeated),
		cmocka_unit_test(nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
