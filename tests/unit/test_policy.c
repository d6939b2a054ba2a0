// SPDX-License-Identifier: GPL-2.0-only
/* test_policy.c - policy.yaml: what is read, what is refused, and when a window is on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/policy.h"
#include "util/clock.h"

static int parse(const char *text, struct policy *p, struct fl_error *err)
{
	*err = (struct fl_error){};
	return policy_parse("policy.yaml", text, strlen(text), p, err);
}

static void test_reads(void **state)
{
	struct fl_error err;
	struct policy p;
	char text[200];

	(void)state;
	assert_int_equal(parse("forbidden:\n"
			       "  - {name: pay, days: [mon-thu, sat], from: \"22:00\", to: \"06:30\", timezone: UTC}\n"
			       "  - {name: sunday, days: sun}\n"
			       "maxima: {for: 30min, forever: no, delay: 5s}\n",
			       &p, &err),
			 0);
	assert_int_equal(p.n_windows, 2);
	assert_string_equal(window_text(&p.windows[0], text, sizeof(text)), "pay (mon-thu,sat 22:00-06:30 UTC)");
	assert_string_equal(window_text(&p.windows[1], text, sizeof(text)), "sunday (sun 00:00-24:00)");
	assert_true(p.for_ns == 1800 * NS_PER_SEC);
	assert_false(p.forever);
	assert_int_equal(p.n_maxima, 1);
	assert_string_equal(p.maxima[0].text, "5s");
	assert_int_equal(p.maxima[0].line, 4);
	policy_free(&p);
	assert_int_equal(parse("maxima: {}\n", &p, &err), 0);
	assert_true(p.for_ns == POLICY_FOR_MAX_NS);
	assert_true(p.forever);
	policy_free(&p);
}

static void test_refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"forbiden: []",
		"forbidden: [{}]",
		"forbidden: [{name: a, dayz: mon}]",
		"forbidden: [{name: a, days: monday}]",
		"forbidden: [{name: a, days: mon-}]",
		"forbidden: [{name: a, from: \"24:01\", to: \"01:00\"}]",
		"forbidden: [{name: a, from: \"8:00\", to: \"09:00\"}]",
		"forbidden: [{name: a, from: \"08:00\"}]",
		"forbidden: [{name: a, from: \"08:00\", to: \"08:00\"}]",
		"forbidden: [{name: a, timezone: No/Where}]",
		"forbidden: [{name: a, timezone: ../passwd}]",
		"maxima: {for: 5}",
		"maxima: {forever: perhaps}",
		"maxima: [delay]",
	};
	struct fl_error err;
	struct policy p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (!parse(bad[i], &p, &err))
			fail_msg("'%s' is accepted", bad[i]);
		assert_string_equal(err.file, "policy.yaml");
		assert_true(err.message[0]);
	}
}

static void test_covers(void **state)
{
	enum { MON, TUE, WED, THU, FRI, SAT, SUN };
	static const struct {
		struct window w;
		int day, minute;
		bool on;
	} cases[] = {
		{ { .days = 1 << MON, .from = 480, .to = 1080 }, MON, 479, false },
		{ { .days = 1 << MON, .from = 480, .to = 1080 }, MON, 480, true },
		{ { .days = 1 << MON, .from = 480, .to = 1080 }, MON, 1079, true },
		{ { .days = 1 << MON, .from = 480, .to = 1080 }, MON, 1080, false },
		{ { .days = 1 << MON, .from = 480, .to = 1080 }, TUE, 600, false },
		/* Over midnight: of the day on which it begins. */
		{ { .days = 1 << FRI, .from = 1320, .to = 360 }, FRI, 1320, true },
		{ { .days = 1 << FRI, .from = 1320, .to = 360 }, SAT, 359, true },
		{ { .days = 1 << FRI, .from = 1320, .to = 360 }, SAT, 360, false },
		{ { .days = 1 << FRI, .from = 1320, .to = 360 }, FRI, 0, false },
		{ { .days = 1 << SUN, .from = 1320, .to = 360 }, MON, 10, true },
		{ { .days = 0x7f, .from = 0, .to = 1440 }, WED, 1439, true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (window_covers(&cases[i].w, cases[i].day, cases[i].minute) != cases[i].on)
			fail_msg("case %zu", i);
}

/* The moments of a year, also those about the changes of summer time, against the C library's zones. */
static void test_zones(void **state)
{
	static const char *const zones[] = { "UTC",        "Europe/Berlin",       "America/St_Johns",
					     "Asia/Tokyo", "Australia/Lord_Howe", "Asia/Kathmandu" };
	struct fl_error err = {};
	size_t i;
	int k;

	(void)state;
	for (i = 0; i < sizeof(zones) / sizeof(*zones); i++)
		for (k = 0; k < 40; k++) {
			time_t t = 1764000000 + (time_t)k * 788461;
			struct window w = { .days = 0x7f, .zone = (char *)(uintptr_t)zones[i] };
			struct tm tm;
			bool on;

			setenv("TZ", zones[i], 1);
			tzset();
			localtime_r(&t, &tm);
			unsetenv("TZ");
			tzset();
			w.days = (uint8_t)(1u << (tm.tm_wday + 6) % 7);
			w.from = (uint16_t)(tm.tm_hour * 60 + tm.tm_min);
			w.to = (uint16_t)(w.from + 1);
			assert_int_equal(window_is_on(&w, t, &on, &err), 0);
			if (!on)
				fail_msg("%s at %lld", zones[i], (long long)t);
			assert_int_equal(window_is_on(&w, t + 60, &on, &err), 0);
			assert_false(on);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_zones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
