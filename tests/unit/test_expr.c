// SPDX-License-Identifier: GPL-2.0-only
/* Metric expressions: grammar, units, three-valued logic, `for`, and clauses found in prose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>

#include "expr/expr.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define S NS_PER_SEC

/* What the metrics are; NaN: no data yet. */
struct world {
	double rate, p99, breach, alerts;
};

static int lookup(void *ctx, const struct expr_clause *c, double *ret)
{
	const struct world *w = ctx;

	if (!strcmp(c->metric, "rate"))
		*ret = w->rate;
	else if (!strcmp(c->metric, "p99"))
		*ret = w->p99;
	else if (!strcmp(c->metric, "slo_breach"))
		*ret = w->breach;
	else if (!strcmp(c->metric, "alerts_firing"))
		*ret = w->alerts;
	else
		return -ENOENT;
	return isnan(*ret) ? -ENODATA : 0;
}

static bool truth(const char *text, struct world w)
{
	struct expr *e;
	bool t = false;

	assert_int_equal(expr_parse(text, &e, NULL), 0);
	assert_int_equal(expr_eval(e, 1, lookup, &w, &t, NULL, 0, NULL), 0);
	expr_free(e);
	return t;
}

static void logic(void **state)
{
	struct world w = { .rate = 0.85, .p99 = 2.0 };
	struct world dark = { .rate = NAN, .p99 = 2.0 };
	(void)state;

	assert_true(truth("rate < 90% OR p99 > 3s", w));
	assert_false(truth("rate < 90% AND p99 > 3s", w));
	assert_true(truth("rate<90% and p99>=2000 ms", w));
	assert_true(truth("NOT p99 > 3s", w));
	assert_true(truth("!(p99 > 3s || rate >= 90 percent)", w));
	/* AND binds tighter than OR, on both sides. */
	assert_true(truth("rate < 90% OR p99 > 3s AND p99 > 3s", w));
	assert_false(truth("(rate < 90% OR p99 > 3s) AND p99 > 3s", w));
	assert_true(truth("p99 > 3s AND p99 > 3s OR rate < 90%", w));
	assert_true(truth("rate ≤ 0.85", w) && truth("rate ≥ 85%", w) && truth("p99 ≠ 1s", w));
	assert_true(truth("p99 = 2s", w) && truth("p99 == 2s", w) && !truth("p99 != 2s", w));
	/* No data: neither it nor its opposite fires. */
	assert_false(truth("rate < 90%", dark));
	assert_false(truth("NOT rate < 90%", dark));
	assert_true(truth("rate < 90% OR p99 > 1s", dark));
	assert_false(truth("rate < 90% AND p99 > 1s", dark));
	assert_true(truth("NOT (rate < 90% AND p99 > 3s)", dark));
}

static void units(void **state)
{
	static const struct {
		const char *text;
		double value;
		enum expr_unit unit;
	} good[] = {
		{ "m < 90%", 0.9, EXPR_RATIO },
		{ "m < 3s", 3, EXPR_SECONDS },
		{ "m < 800ms", 0.8, EXPR_SECONDS },
		{ "m < 60 seconds", 60, EXPR_SECONDS },
		{ "m < 5", 5, EXPR_NONE },
		{ "m < -1.5", -1.5, EXPR_NONE },
		{ "m < 64MiB", 67108864, EXPR_NONE },
		{ "m < 100 req/s", 100, EXPR_NONE },
		{ "m < 150%", 1.5, EXPR_RATIO },
		{ "m < 20µs", 20e-6, EXPR_SECONDS },
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		const struct expr_clause *c;
		struct expr *e;

		assert_int_equal(expr_parse(good[i].text, &e, NULL), 0);
		assert_int_equal(expr_clauses(e, &c, 1), 1);
		assert_true(fabs(c->value - good[i].value) < 1e-12);
		assert_int_equal(c->unit, good[i].unit);
		assert_string_equal(c->text, good[i].text);
		expr_free(e);
	}
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"",
		"   ",
		"rate",
		"rate <",
		"rate < x",
		"< 5",
		"rate < 5 parsecs",
		"rate < 5parsecs",
		"rate < 5 OR",
		"(rate < 5",
		"rate < 5)",
		"rate < 5 for",
		"rate < 5 for 3%",
		"rate < 5 for 30",
		"rate 5",
		"rate{a=b < 5",
		"any SLO breach",
		"alert tier-1",
		"NOT",
		"rate < nan",
		"rate < 1e999",
		"rate < 5 rate < 6",
		"rate < 5 for -3s",
	};
	char deep[400];
	struct fl_error err;
	struct expr *e;
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		error_clear(&err);
		if (expr_parse(bad[i], &e, &err) >= 0)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(err.exit, FL_EXIT_USAGE);
		assert_true(err.message[0]);
	}
	memset(deep, '(', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_true(expr_parse(deep, &e, NULL) < 0);
	for (i = 0; i + 4 < sizeof(deep); i += 4)
		memcpy(deep + i, "NOT ", 4);
	deep[i] = '\0';
	assert_true(expr_parse(deep, &e, NULL) < 0);
}

static bool at(struct expr *e, uint64_t now_s, struct world w)
{
	char why[128];
	bool t;

	assert_int_equal(expr_eval(e, now_s * S, lookup, &w, &t, why, sizeof(why), NULL), 0);
	assert_int_equal(t, why[0] != '\0');
	return t;
}

static void lasting(void **state)
{
	struct world bad = { .rate = 0.5 }, good = { .rate = 1 };
	struct expr *e;
	(void)state;

	assert_int_equal(expr_parse("rate < 90% for 30s", &e, NULL), 0);
	assert_false(at(e, 100, bad));
	assert_false(at(e, 129, bad));
	assert_true(at(e, 130, bad));
	assert_false(at(e, 131, good)); /* a gap starts it anew */
	assert_false(at(e, 132, bad));
	assert_false(at(e, 161, bad));
	assert_true(at(e, 162, bad));
	expr_free(e);

	/* The right side is watched even while the left decides. */
	assert_int_equal(expr_parse("p99 > 1s OR rate < 90% for 10s", &e, NULL), 0);
	assert_true(at(e, 1, (struct world){ .rate = 0.5, .p99 = 2 }));
	assert_true(at(e, 11, bad));
	expr_free(e);

	assert_int_equal(expr_parse("(rate < 90% AND p99 < 1s) for 5s", &e, NULL), 0);
	assert_false(at(e, 1, bad));
	assert_true(at(e, 6, bad));
	expr_free(e);
}

static void phrases(void **state)
{
	struct world w = { .breach = 1 }, alert = { .alerts = 2 };
	const struct expr_clause *c;
	struct expr *e;
	(void)state;

	assert_true(truth("any SLO breach beyond budget", w));
	assert_false(truth("any SLO breach beyond budget for 30s", w));
	assert_false(truth("alert tier-1 fires", w));
	assert_true(truth("alert tier-1 fires", alert));
	assert_true(truth("rate > 2 OR alert tier-1 fires", alert));
	assert_int_equal(expr_parse("alert tier-1 fires", &e, NULL), 0);
	assert_int_equal(expr_clauses(e, &c, 1), 1);
	assert_string_equal(c->metric, "alerts_firing");
	assert_string_equal(c->labels, "level=tier-1");
	assert_string_equal(c->text, "alert tier-1 fires");
	expr_free(e);
}

static void unknown_metric(void **state)
{
	struct world w = {};
	struct fl_error err = {};
	struct expr *e;
	bool t;
	(void)state;

	assert_int_equal(expr_parse("nosuch < 5", &e, NULL), 0);
	assert_true(expr_eval(e, 1, lookup, &w, &t, NULL, 0, &err) < 0);
	assert_non_null(strstr(err.message, "nosuch"));
	expr_free(e);
}

static void reasons(void **state)
{
	struct world w = { .rate = 0.85, .p99 = 2 };
	char why[128];
	struct expr *e;
	bool t;
	(void)state;

	assert_int_equal(expr_parse("p99 > 3s OR rate < 90%", &e, NULL), 0);
	assert_int_equal(expr_eval(e, 1, lookup, &w, &t, why, sizeof(why), NULL), 0);
	assert_string_equal(why, "rate < 90%: it is 85%");
	expr_free(e);
}

/* The hypotheses of the seed text, as written there. */
static void prose(void **state)
{
	static const char text[] = "Steady-state: order_success_rate ≥ 99.5%, checkout_p99 ≤ 800ms.\n"
				   "Khi payment-svc bị partition từ checkout-svc, retry logic\n"
				   "sẽ failover to backup payment provider trong < 30s, \n"
				   "order_success_rate sẽ giảm không quá 5% trong 60s.\n";
	struct expr_clause *c;
	(void)state;

	assert_int_equal(expr_find_clauses(text, &c), 2);
	assert_string_equal(c[0].metric, "order_success_rate");
	assert_int_equal(c[0].op, EXPR_GE);
	assert_true(fabs(c[0].value - 0.995) < 1e-12);
	assert_string_equal(c[0].text, "order_success_rate ≥ 99.5%");
	assert_int_equal(strncmp(text + c[0].offset, c[0].text, strlen(c[0].text)), 0);
	assert_string_equal(c[1].metric, "checkout_p99");
	assert_true(fabs(c[1].value - 0.8) < 1e-12);
	free(c);

	assert_int_equal(expr_find_clauses("order_success_rate ≥ 99.5%, p99 latency ≤ 800ms "
					   "during 60s partition.",
					   &c),
			 2);
	assert_string_equal(c[1].metric, "p99_latency");
	assert_int_equal(c[1].for_ns, 60 * S);
	free(c);

	assert_int_equal(expr_find_clauses("error_rate{service=payment-svc} < 5% within 30s", &c), 1);
	assert_string_equal(c[0].labels, "service=payment-svc");
	assert_int_equal(c[0].for_ns, 30 * S);
	free(c);
}

static void vague(void **state)
{
	static const char *const texts[] = {
		"system should still work.",
		"",
		"latency stays low",
		"we lose < 5 orders",
		"checkout_p99 stays below 3s",
		"it recovers in < 30s",
		"hệ thống vẫn chạy tốt",
		"a_b < ",
		"a_b < 3furlongs",
	};
	struct expr_clause *c;
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		if (expr_find_clauses(texts[i], &c))
			fail_msg("found '%s' in: %s", c->text, texts[i]);
		assert_null(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logic),   cmocka_unit_test(units),   cmocka_unit_test(refused),
		cmocka_unit_test(lasting), cmocka_unit_test(phrases), cmocka_unit_test(unknown_metric),
		cmocka_unit_test(reasons), cmocka_unit_test(prose),   cmocka_unit_test(vague),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
