// SPDX-License-Identifier: GPL-2.0-only
/* Experiments in which nothing is injected: the example of docs/scoring.md, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "result_maker.h"
#include "score/compare/compare.h"
#include "score/statistics.h"

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

static struct result make_control(int number, const char *id)
{
	struct result r = make_result(number, id);

	json_decref(r.detail);
	r.detail = json_pack("{s:b, s:{s:b}}", "control", 1, "ground_truth", "must_detect", 0);
	return r;
}

/* Three found, the first with two alerts in its baseline; one silent control, one with three alerts. */
static void make_example(struct result *r)
{
	int i;

	for (i = 0; i < 5; i++) {
		r[i] = i < 3 ? make_result(i + 1, "fault") : make_control(i + 1, i == 3 ? "quiet" : "loud");
		if (i < 3)
			make_alert(&r[i], 1310, "payment-svc");
	}
	make_alert(&r[0], 1100, "cache-svc");
	make_alert(&r[0], 1150, "cache-svc");
	for (i = 0; i < 3; i++)
		make_alert(&r[4], 1310 + i, "auth-svc");
	make_blame(&r[4], "auth-svc", false, 0.9);
	for (i = 0; i < 5; i++)
		score_detect(&r[i]);
}

static void by_hand(void **state)
{
	struct result r[5];
	struct more_scores m;
	struct score s;
	int i;
	(void)state;

	make_example(r);
	assert_false(r[4].detected);
	assert_int_equal(r[4].false_alarms, 3);
	score_compute(r, 5, &s);
	assert_true(s.listed == 3 && s.total == 3 && s.tp == 3 && s.fn == 0 && s.fp == 2);
	/* four silent baselines and the silent control */
	assert_int_equal(s.tn, 5);
	assert_true(near(s.precision, 3.0 / 5) && near(s.recall, 1) && near(s.f1, 6.0 / 8));
	assert_true(s.false_alarms == 2 && s.controls == 2 && s.controls_alarmed == 1 && s.control_alerts == 3);
	assert_int_equal(s.rca_asked, 3);
	assert_false(s.accepted);
	more_compute(r, 5, NULL, NULL, 0, &m);
	/* 5 baselines of 300 s, 2 windows of 90 s */
	assert_true(near(m.false_alarms_per_hour, 5 / ((5 * 300 + 2 * 90) / 3600.0)));
	assert_true(m.ranked == 3 && near(m.tuple_partial, 0.5));
	assert_true(near(m.alerts_per_fault, 1));
	for (i = 0; i < 5; i++)
		result_free(&r[i]);
}

/* One alert in a control is the one false alarm that acceptance allows; one in a baseline besides is one too many. */
static void accepted(void **state)
{
	struct result r[2] = { make_result(1, "fault"), make_control(2, "control") };
	struct score s;
	(void)state;

	make_alert(&r[0], 1310, "payment-svc");
	make_blame(&r[0], "payment-svc", true, 0.9);
	make_alert(&r[1], 1310, "payment-svc");
	score_detect(&r[0]);
	score_detect(&r[1]);
	score_compute(r, 2, &s);
	assert_true(s.accepted);
	make_alert(&r[1], 1100, "payment-svc");
	score_detect(&r[1]);
	score_compute(r, 2, &s);
	assert_true(s.false_alarms == 1 && s.control_alerts == 1 && !s.accepted);
	result_free(&r[0]);
	result_free(&r[1]);
}

/* The scoreboard shows them apart, and a false alarm is a gap that is named as what it is. */
static void shown(void **state)
{
	struct result r[5];
	struct fl_error err = {};
	struct text out = {};
	struct gap *gaps;
	struct score s;
	uint32_t n;
	int i;
	(void)state;

	make_example(r);
	score_compute(r, 5, &s);
	assert_int_equal(score_gaps(r, 5, NULL, &gaps, &n, &err), 0);
	scoreboard_print(r, 5, &s, gaps, n, &out);
	assert_non_null(strstr(out.s, "Total: 3\nDetected: 3/3\n"));
	assert_null(strstr(out.s, "| 4 "));
	assert_non_null(strstr(out.s, "\nControls, nothing injected: 1 of 2 with a false alarm\n"
				      "- quiet: silent for 90 s\n- loud: 3 alerts in 90 s\n"));
	assert_non_null(strstr(out.s, "- loud: 3 alerts in a control, in which nothing was injected"));
	assert_non_null(
		strstr(out.s,
		       "\nPrecision counts baseline and control windows with an alert: 2 of 7, so 3 / (3 + 2).\n"));
	assert_null(strstr(out.s, "Not scored"));
	text_free(&out);
	gaps_free(gaps, n);
	for (i = 0; i < 5; i++)
		result_free(&r[i]);
}

/* In a comparison a control asks for silence, not for a detection. */
static void compared(void **state)
{
	struct result a = make_control(1, "control"), b = make_control(1, "control");
	struct comparison c;
	(void)state;

	make_alert(&b, 1310, "payment-svc");
	score_detect(&a);
	score_detect(&b);
	assert_int_equal(comparison_make(&a, 1, &b, 1, &c), 0);
	assert_true(c.answers[COMPARE_DETECTED].pairs == 0 && c.answers[COMPARE_QUIET].counts.only_a == 1);
	comparison_free(&c);
	result_free(&a);
	result_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(accepted),
		cmocka_unit_test(shown),
		cmocka_unit_test(compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
