// SPDX-License-Identifier: GPL-2.0-only
/* Windows, matrix, ratios and the scoreboard, against examples worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "result_maker.h"
#include "score/pipeline/answers.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

/* baseline 1000..1300, inject 1300, window_end 1390 */
static void windows(void **state)
{
	struct result r = make_result(1, "a");
	(void)state;

	make_alert(&r, 999.9, "x");  /* before everything */
	make_alert(&r, 1000, "x");   /* baseline begins */
	make_alert(&r, 1299.9, "x"); /* baseline ends */
	make_alert(&r, 1299.9, "x"); /* the same, polled twice */
	make_alert(&r, 1390, "y");   /* the last moment of the window */
	make_alert(&r, 1347, "x");
	make_alert(&r, 1390.1, "x"); /* too late */
	make_alert(&r, 9e9, "x");    /* the future */
	make_alert(&r, NAN, "x");
	make_alert(&r, NAN, "x");
	score_detect(&r);
	assert_true(r.detected);
	assert_true(near(r.mttd_s, 47));
	assert_int_equal(r.false_alarms, 2);
	assert_int_equal(r.alerts.n, 8);
	assert_int_equal(json_integer_value(json_path(r.detail, "alerts_by_window.fault")), 2);
	assert_int_equal(json_integer_value(json_path(r.detail, "alerts_by_window.after_the_window")), 2);
	assert_int_equal(json_integer_value(json_path(r.detail, "alerts_by_window.without_time")), 1);
	assert_int_equal(json_integer_value(json_path(r.detail, "alerts_by_window.elsewhere")), 1);
	result_free(&r);
}

static void only_alerts_that_do_not_count(void **state)
{
	struct result r = make_result(1, "a");
	(void)state;

	make_alert(&r, NAN, "x");
	make_alert(&r, 9e9, "x");
	score_detect(&r);
	assert_false(r.detected);
	assert_true(isnan(r.mttd_s));
	result_free(&r);
}

static void right_root(void **state)
{
	char *pay[] = { "payment-svc", NULL }, *edge[] = { "frontend", "api-gateway", NULL };
	char *checkout[] = { "checkout-svc", NULL };
	struct ground_truth one = { .root_services = pay };
	struct ground_truth either = { .root_services = edge };
	struct ground_truth anything_but = { .not_services = checkout };
	struct ground_truth both = { .root_services = pay, .not_services = checkout };
	struct ground_truth none = {};
	(void)state;

	assert_true(score_rca_correct(&one, "payment-svc"));
	assert_true(score_rca_correct(&one, "Payment-SVC"));
	assert_false(score_rca_correct(&one, "payment-svc2"));
	assert_false(score_rca_correct(&one, NULL));
	assert_false(score_rca_correct(&one, ""));
	assert_true(score_rca_correct(&either, "api-gateway"));
	assert_false(score_rca_correct(&anything_but, "checkout-svc"));
	assert_true(score_rca_correct(&anything_but, "payment-svc"));
	assert_false(score_rca_correct(&anything_but, NULL));
	assert_false(score_rca_correct(&both, "api-gateway"));
	assert_true(score_rca_correct(&none, NULL));
	assert_false(score_rca_correct(&none, "payment-svc"));
}

/* Ten experiments: 8 found at 10, 20, ... 80 s, of which 6 with the right root, 1 wrong, 1 without
 * an answer; 2 missed; one alert in one baseline. */
static void make_ten(struct result *r)
{
	int i;

	for (i = 0; i < 10; i++) {
		char id[16];

		snprintf(id, sizeof(id), "exp%d", i + 1);
		r[i] = make_result(i + 1, id);
		if (i < 8)
			make_alert(&r[i], 1300 + 10 * (i + 1), "payment-svc");
		if (i < 6)
			make_blame(&r[i], "payment-svc", true, 0.9);
		if (i == 6)
			make_blame(&r[i], "api-gateway", false, 0.6);
		if (i == 2)
			make_alert(&r[i], 1100, "frontend");
		score_detect(&r[i]);
	}
}

static void free_all(struct result *r, int n)
{
	while (n--)
		result_free(&r[n]);
}

static void worked_example(void **state)
{
	struct result r[10];
	struct score s;
	(void)state;

	make_ten(r);
	score_compute(r, 10, &s);
	assert_int_equal(s.total, 10);
	assert_int_equal(s.tp, 8);
	assert_int_equal(s.fn, 2);
	assert_int_equal(s.fp, 1);
	assert_int_equal(s.tn, 9);
	assert_int_equal(s.false_alarms, 1);
	assert_int_equal(s.rca_correct, 6);
	assert_int_equal(s.rca_wrong, 1);
	assert_int_equal(s.rca_none, 1);
	assert_true(near(s.precision, 8.0 / 9));
	assert_true(near(s.recall, 0.8));
	assert_true(near(s.f1, 16.0 / 19)); /* 2TP / (2TP + FP + FN) */
	assert_true(near(s.rca_accuracy, 0.75));
	assert_true(near(s.mttd_mean_s, 45));
	assert_true(near(s.mttd_p50_s, 45));
	assert_true(near(s.mttd_p95_s, 76.5)); /* position 6.65 of 10..80 */
	assert_true(s.accepted);
	free_all(r, 10);
}

static void acceptance(void **state)
{
	struct result r[10];
	struct score s;
	(void)state;

	make_ten(r);
	r[7].detected = false; /* 7 of 10, 6 right of 7 */
	score_compute(r, 10, &s);
	assert_true(s.accepted);
	r[5].rca_correct = false; /* 5 right of 7: 71 % */
	score_compute(r, 10, &s);
	assert_true(s.accepted);
	r[4].rca_correct = false; /* 4 of 7 */
	score_compute(r, 10, &s);
	assert_false(s.accepted);
	r[4].rca_correct = true;
	r[9].false_alarms = 1; /* two of them now */
	score_compute(r, 10, &s);
	assert_false(s.accepted);
	r[9].false_alarms = 0;
	r[6].detected = false; /* 6 of 10 */
	score_compute(r, 10, &s);
	assert_false(s.accepted);
	free_all(r, 10);
}

static void left_out(void **state)
{
	struct result r[10];
	struct score s;
	(void)state;

	make_ten(r);
	r[8].status = RESULT_NOT_MANIFESTED; /* was a miss */
	r[9].status = RESULT_ABORTED;        /* watched to the end: counts */
	score_compute(r, 10, &s);
	assert_int_equal(s.listed, 10);
	assert_int_equal(s.total, 9);
	assert_true(near(s.recall, 8.0 / 9));
	r[9].window_end = NAN; /* cut short: nobody knows */
	score_compute(r, 10, &s);
	assert_int_equal(s.total, 8);
	assert_true(near(s.recall, 1));
	free_all(r, 10);
}

/* The matrix counts windows (seed section 6.1), whatever the number of alerts in one; said below, as the board shows alerts. */
static void precision_of_windows(void **state)
{
	struct text out = {};
	struct result r[10];
	struct score s;
	int i;
	(void)state;

	make_ten(r);
	for (i = 0; i < 3; i++)
		make_alert(&r[2], 1110 + i, "frontend");
	score_detect(&r[2]);
	score_compute(r, 10, &s);
	assert_int_equal(s.false_alarms, 4);
	assert_int_equal(s.fp, 1);
	assert_true(near(s.precision, 8.0 / 9));
	scoreboard_print(r, 10, &s, NULL, 0, &out);
	assert_non_null(strstr(out.s, "False alarms in baseline windows: 4\nPrecision: 0.89\n"));
	assert_non_null(strstr(out.s, "Precision counts baseline windows with an alert: 1 of 10, so 8 / (8 + 1).\n"));
	text_free(&out);
	r[9].baseline_start = r[9].baseline_end = NAN; /* it was not watched */
	score_compute(r, 10, &s);
	scoreboard_print(r, 10, &s, NULL, 0, &out);
	assert_non_null(strstr(out.s, "Precision counts baseline windows with an alert: 1 of 9, so 8 / (8 + 1).\n"));
	text_free(&out);
	free_all(r, 10);
	make_ten(r);
	score_compute(r, 10, &s);
	scoreboard_print(r, 10, &s, NULL, 0, &out);
	assert_null(strstr(out.s, "Precision counts")); /* one alert in one window: the lines agree */
	text_free(&out);
	free_all(r, 10);
}

/* Ended by its own trigger: scored by what was said until the end of its window. */
static void ended_early(void **state)
{
	struct text out = {};
	struct result r[2];
	struct score s;
	(void)state;

	r[0] = make_result(1, "felt");
	r[1] = make_result(2, "missed");
	make_alert(&r[0], 1310, "payment-svc");
	r[0].status = r[1].status = RESULT_ABORTED;
	r[0].end = r[1].end = 1324;
	r[0].window_end = 1354;
	r[1].window_end = NAN; /* an abort condition: cut short */
	score_detect(&r[0]);
	score_detect(&r[1]);
	json_object_set_new(r[0].detail, "rollback",
			    json_pack("{s:s, s:s}", "cause", "trigger_when", "why",
				      "probe_pass_rate < 50% for 20s: it is 0.1"));
	json_object_set_new(r[1].detail, "rollback", json_pack("{s:s}", "cause", "abort_conditions"));
	score_compute(r, 2, &s);
	assert_int_equal(s.total, 1);
	assert_int_equal(s.tp, 1);
	scoreboard_print(r, 2, &s, NULL, 0, &out);
	assert_non_null(strstr(out.s, "Detected: 1/1\n"));
	assert_non_null(
		strstr(out.s,
		       "Ended early by its own trigger:\n- felt: after 24 s, probe_pass_rate < 50% for 20s: it is 0.1; "
		       "scored by what the pipeline said within 54 s of the injection\n"));
	assert_non_null(strstr(out.s, "Not scored:\n- missed: aborted"));
	text_free(&out);
	result_free(&r[0]);
	result_free(&r[1]);
}

static void silence_that_is_right(void **state)
{
	struct result r = make_result(1, "a");
	struct score s;
	(void)state;

	json_object_set_new(json_object_get(r.detail, "ground_truth"), "must_detect", json_false());
	score_detect(&r);
	score_compute(&r, 1, &s);
	assert_int_equal(s.fn, 0);
	assert_int_equal(s.tn, 2);
	result_free(&r);
}

static void undefined(void **state)
{
	struct result r = make_result(1, "nothing");
	struct text out = {};
	struct score s;
	(void)state;

	score_detect(&r);
	score_compute(&r, 1, &s);
	assert_true(isnan(s.precision) && isnan(s.mttd_p50_s) && isnan(s.rca_accuracy));
	assert_true(near(s.recall, 0));
	scoreboard_print(&r, 1, &s, NULL, 0, &out);
	assert_non_null(strstr(out.s, "Precision: n/a\nRecall: 0.00\nMTTD p50: n/a, p95: n/a\n"));
	assert_null(strstr(out.s, "nan"));
	text_free(&out);
	score_compute(NULL, 0, &s);
	assert_true(isnan(s.recall) && !s.accepted);
	result_free(&r);
}

/* To the letter. */
static const char board[] = "==== Chaos Run ====\n"
			    "Total: 4\n"
			    "Detected: 2/3\n"
			    "RCA correct: 1/2\n"
			    "False alarms in baseline windows: 0\n"
			    "Precision: 1.00\n"
			    "Recall: 0.67\n"
			    "MTTD p50: 16s, p95: 27s\n"
			    "\n"
			    "Per-experiment:\n"
			    "| # | name              | detected | mttd  | rca_service  | rca_correct |\n"
			    "|---|-------------------|----------|-------|--------------|-------------|\n"
			    "| 1 | payment_latency   | Y        | 28s   | payment-svc  | Y           |\n"
			    "| 2 | payment_loss      | Y        | 3.4s  | api/[31mx?   | N           |\n"
			    "| 3 | cache_cpu         | N        | -     | -            | -           |\n"
			    "| 4 | gateway_cpu       | -        | -     | -            | -           |\n"
			    "\n"
			    "Gaps identified:\n"
			    "- payment_loss: loud → RCA ranks by alert count\n"
			    "\n"
			    "Not scored:\n"
			    "- gateway_cpu: not_manifested\n";

static void to_the_letter(void **state)
{
	static const char *const ids[] = { "payment_latency", "payment_loss", "cache_cpu", "gateway_cpu" };
	struct gap gap = {
		.experiment = "payment_loss", .mode = "7.3", .symptom = "loud", .cause = "RCA ranks by alert count"
	};
	struct text out = {};
	struct result r[4];
	struct score s;
	int i;
	(void)state;

	for (i = 0; i < 4; i++)
		r[i] = make_result(i + 1, ids[i]);
	make_alert(&r[0], 1328, "payment-svc");
	make_blame(&r[0], "payment-svc", true, 0.9);
	make_alert(&r[1], 1303.4, "api-gateway");
	make_blame(&r[1], "api|[31mx\x1b", false, 0.9); /* a name must not reach the terminal raw */
	r[3].status = RESULT_NOT_MANIFESTED;
	for (i = 0; i < 4; i++)
		score_detect(&r[i]);
	score_compute(r, 4, &s);
	scoreboard_print(r, 4, &s, &gap, 1, &out);
	assert_string_equal(out.s, board);
	text_free(&out);
	free_all(r, 4);
}

/* A pipeline that names no roots is judged by what it detects. */
static void without_rca(void **state)
{
	struct text out = {};
	struct result r[2];
	struct gap *gaps = NULL;
	uint32_t n = 0;
	struct score s;
	int i;
	(void)state;

	for (i = 0; i < 2; i++) {
		r[i] = make_result(i + 1, i ? "second" : "first");
		json_object_set_new(r[i].detail, "rca_asked", json_false());
		make_alert(&r[i], 1328, "payment-svc");
		score_detect(&r[i]);
	}
	score_compute(r, 2, &s);
	assert_int_equal(s.rca_asked + s.rca_none + s.rca_wrong, 0);
	assert_true(isnan(s.rca_accuracy));
	assert_true(s.accepted);
	assert_int_equal(score_gaps(r, 2, NULL, &gaps, &n, NULL), 0);
	assert_int_equal(n, 0);
	scoreboard_print(r, 2, &s, NULL, 0, &out);
	assert_non_null(strstr(out.s, "\nRCA correct: n/a\n"));
	assert_non_null(strstr(out.s, "| 1 | first             | Y        | 28s   | n/a          | n/a         |"));
	text_free(&out);
	/* One that does, and said nothing of the second, did not get it right. */
	json_object_set_new(r[1].detail, "rca_asked", json_true());
	score_compute(r, 2, &s);
	assert_int_equal(s.rca_asked, 1);
	assert_int_equal(s.rca_none, 1);
	assert_false(s.accepted);
	free_all(r, 2);
}

/* An alert in whole seconds belongs to the fault that began within its second. */
static void whole_seconds(void **state)
{
	static const struct {
		double time_s, resolution_s, seen_s;
		enum alert_place place;
	} cases[] = {
		{ 1000, 1, 0, ALERT_IN_FAULT },         { 1000, 1, 1001.2, ALERT_IN_FAULT },
		{ 1000, 1, 1000.3, ALERT_IN_BASELINE }, /* seen before the fault */
		{ 1000, 0.001, 0, ALERT_IN_BASELINE },  /* exact: before it */
		{ 1000, 0, 0, ALERT_IN_BASELINE },      { 999, 1, 0, ALERT_IN_BASELINE },
		{ 1001, 1, 0, ALERT_IN_FAULT },
	};
	struct result r = {
		.baseline_start = 900, .baseline_end = 1000.5, .inject = 1000.5, .end = 1060, .window_end = 1090
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct alert a = { .time_s = cases[i].time_s,
				   .resolution_s = cases[i].resolution_s,
				   .seen_s = cases[i].seen_s };

		if (alert_place(&r, &a) != cases[i].place)
			fail_msg("case %zu: %d", i, (int)alert_place(&r, &a));
	}
	assert_int_equal(alerts_add(&r.alerts, &(struct alert){ .time_s = 1000, .resolution_s = 1, .id = "a" }), 0);
	score_detect(&r);
	assert_true(r.detected);
	assert_true(r.mttd_s == 0); /* never negative */
	result_free(&r);
}

/* What could not be read is no fault of the detector's. */
static void unread_is_not_absent(void **state)
{
	struct result r = { .id = strdup("x"),
			    .status = RESULT_OK,
			    .inject = 1000,
			    .end = 1060,
			    .window_end = 1090,
			    .pipeline_reachable_before = true,
			    .pipeline_reachable_during = true,
			    .mttd_s = NAN,
			    .confidence = NAN,
			    .baseline_start = NAN,
			    .baseline_end = NAN,
			    .recovered = NAN };
	struct gap *gaps = NULL;
	struct text out = {};
	uint32_t n = 0;
	(void)state;

	r.detail = json_pack("{s:{s:[{s:s, s:s, s:{s:f, s:f}, s:{s:f}}]}, s:{s:i, s:i, s:i}}", "kernel", "services",
			     "service", "pay", "metric", "p99", "before", "mean", 0.01, "spread", 0.001, "during",
			     "mean", 1.0, "polls", "n", 60, "failed", 60, "not_understood", 60);
	r.pipeline_error = strdup("the pipeline answered /alerts with no JSON");
	assert_int_equal(score_gaps(&r, 1, NULL, &gaps, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_string_equal(gaps[0].mode, "-");
	assert_non_null(strstr(gaps[0].symptom, "60 of 60 answers were not understood"));
	answers_print(&r, 1, &out);
	assert_non_null(strstr(out.s, "60 of 60 answers not understood: the pipeline answered /alerts with no JSON"));
	gaps_free(gaps, n);
	text_free(&out);
	result_free(&r);
}

/* Results of the exercise's own runner, and ours as its score_run.py reads them. */
static void results_of_the_exercise(void **state)
{
	static const char theirs[] = "[{\"id\": 3, \"name\": \"kill\", \"detected\": true, \"mttd\": 12, "
				     "\"rca_service\": \"inv\", \"rca_correct\": true,"
				     "  \"observed_at_ts\": 1700000000, \"raw\": {\"alerts\": [{\"service\": \"inv\", "
				     "\"fire_ts\": 1700000012}],"
				     "  \"rca\": {\"root_service\": \"inv\", \"confidence\": 0.6, \"evidence\": "
				     "[\"x\"]}, \"mttd_seconds\": 12, \"detected\": true}},"
				     " {\"id\": 7, \"name\": \"disk\", \"detected\": false, \"mttd\": null, "
				     "\"rca_service\": null, \"rca_correct\": false,"
				     "  \"observed_at_ts\": 1700000300, \"raw\": {\"alerts\": [], \"rca\": "
				     "{\"root_service\": null}, \"detected\": false}}]";
	struct result *v = NULL, ours = { .number = 4,
					  .id = strdup("4"),
					  .name = strdup("cpu"),
					  .detected = true,
					  .mttd_s = 3.5,
					  .inject = 1700000500.7,
					  .rca_service = strdup("gw"),
					  .rca_correct = true,
					  .confidence = 0.5,
					  .baseline_start = NAN,
					  .baseline_end = NAN,
					  .end = NAN,
					  .window_end = NAN,
					  .recovered = NAN };
	struct score s;
	json_t *entry;
	uint32_t n = 0;
	(void)state;

	assert_int_equal(results_parse("t", theirs, sizeof(theirs) - 1, &v, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_int_equal(v[0].number, 3);
	assert_true(v[0].detected && v[0].mttd_s == 12 && v[0].confidence == 0.6);
	assert_int_equal(v[0].alerts.n, 1);
	score_compute(v, n, &s);
	assert_int_equal(s.tp, 1);
	assert_int_equal(s.fn, 1);
	assert_int_equal(s.rca_correct, 1);
	results_free(v, n);

	entry = result_json(&ours);
	assert_true(json_number_value(json_object_get(entry, "mttd")) == 3.5);
	assert_int_equal(json_integer_value(json_object_get(entry, "observed_at_ts")), 1700000500);
	assert_true(json_is_array(json_object_get(json_object_get(entry, "raw"), "alerts")));
	json_decref(entry);
	result_free(&ours);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows),
		cmocka_unit_test(only_alerts_that_do_not_count),
		cmocka_unit_test(right_root),
		cmocka_unit_test(worked_example),
		cmocka_unit_test(acceptance),
		cmocka_unit_test(left_out),
		cmocka_unit_test(precision_of_windows),
		cmocka_unit_test(ended_early),
		cmocka_unit_test(silence_that_is_right),
		cmocka_unit_test(undefined),
		cmocka_unit_test(to_the_letter),
		cmocka_unit_test(without_rca),
		cmocka_unit_test(whole_seconds),
		cmocka_unit_test(unread_is_not_absent),
		cmocka_unit_test(results_of_the_exercise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
