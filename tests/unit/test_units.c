// SPDX-License-Identifier: GPL-2.0-only
/* Durations, percentages, rates, sizes: what is understood, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/moment.h"
#include "util/text/text.h"
#include "util/text/units.h"

static void durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{ "200ms", 200000000 },
		{ "1.5s", 1500000000 },
		{ "60 seconds", 60000000000 },
		{ "5min", 300000000000 },
		{ "0", 0 },
		{ "300ns", 300 },
		{ " 2 h ", 7200000000000 },
		{ "10us", 10000 },
	};
	static const char *const bad[] = { "5", "-1s", "1parsec", "", "ms", "1e400s", "nan", "0x10s", "1s1s", "inf" };
	size_t i;
	uint64_t ns;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(units_duration_ns(good[i].text, &ns, NULL), 0);
		assert_int_equal(ns, good[i].ns);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fl_error err = {};

		assert_true(units_duration_ns(bad[i], &ns, &err) < 0);
		assert_int_equal(err.exit, FL_EXIT_USAGE);
		assert_true(err.message[0]);
	}
}

static void percents(void **state)
{
	uint32_t ppm;
	(void)state;

	assert_int_equal(units_percent_ppm("30%", &ppm, NULL), 0);
	assert_int_equal(ppm, 300000);
	assert_int_equal(units_percent_ppm("0.0001", &ppm, NULL), 0);
	assert_int_equal(ppm, 1);
	assert_true(units_percent_ppm("100.1%", &ppm, NULL) < 0);
	assert_true(units_percent_ppm("-1", &ppm, NULL) < 0);
	assert_true(units_percent_ppm("30 percents", &ppm, NULL) < 0);
}

static void rates_and_sizes(void **state)
{
	uint64_t v;
	(void)state;

	assert_int_equal(units_rate_bps("10 Mbit/s", &v, NULL), 0);
	assert_int_equal(v, 10000000);
	assert_true(units_rate_bps("0", &v, NULL) < 0);
	assert_int_equal(units_bytes("64k", &v, NULL), 0);
	assert_int_equal(v, 65536);
	assert_int_equal(units_bytes("10MB", &v, NULL), 0);
	assert_int_equal(v, 10000000);
	assert_true(units_bytes("-1", &v, NULL) < 0);
}

static void forms(void **state)
{
	char buf[32];
	(void)state;

	assert_string_equal(units_format_ns(200000000, buf, sizeof(buf)), "200ms");
	assert_string_equal(units_format_ns(1500000000, buf, sizeof(buf)), "1.5s");
	assert_string_equal(units_format_ns(3601 * NS_PER_SEC, buf, sizeof(buf)), "3601s");
	assert_string_equal(units_format_ns(3600 * NS_PER_SEC, buf, sizeof(buf)), "1h");
	assert_string_equal(units_format_ns(999 * 24 * 3600 * NS_PER_SEC, buf, sizeof(buf)), "999d");
	assert_string_equal(units_format_ppm(5000, buf, sizeof(buf)), "0.5%");
	assert_string_equal(units_format_bytes(1572864, buf, sizeof(buf)), "1.5 MiB");
}

static void nearest(void **state)
{
	static const char *const words[] = { "hypothesis", "blast_radius", "rollback", NULL };
	char hex[65];
	(void)state;

	assert_string_equal(text_nearest("hypotesis", words), "hypothesis");
	assert_string_equal(text_nearest("rolback", words), "rollback");
	assert_null(text_nearest("zebra", words));
	/* FIPS 180-4, example of one block. */
	text_sha256("abc", 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* Of a host in Berlin: summer time ends on 25 October 2026, at 3:00. */
static void moments(void **state)
{
	static const struct {
		const char *text;
		double from, at;
	} good[] = {
		{ "2026-12-24T02:30:15Z", 0, 1798079415 }, { "2026-12-24 02:30:15", 0, 1798075815 },
		{ "2026-07-24 02:30", 0, 1784853000 },     { "2026-07-24T02:30", 2e9, 1784853000 },
		{ "02:30", 1798075800, 1798075800 }, /* 2026-12-24 02:30:00 */
		{ "02:30:15", 1798075800, 1798075815 },    { "02:30", 1798075800.5, 1798162200 }, /* a day later */
		{ "00:00", 1798149600, 1798153200 },                                              /* 23:00 */
		{ "12:00", 1792839600, 1792926000 }, /* 2026-10-24 13:00, 24 hours later */
		{ "12:00", 1792926000, 1792926000 },
	};
	static const char *const bad[] = { "",
					   "noon",
					   "2:30",
					   "02:3",
					   "02:30:1",
					   "24:00",
					   "12:60",
					   "12:00Z",
					   "02:30:60",
					   "2026-02-30 12:00",
					   "2026-12-24",
					   "26-12-24 02:30",
					   "2026-13-01 00:00",
					   "-1:30",
					   "+2:30",
					   "02:30 ",
					   "2026-12-24  2:30",
					   "2026-12-24T02:30z" };
	size_t i;
	struct moment m;
	(void)state;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(moment_parse(good[i].text, &m, NULL), 0);
		assert_int_equal((int64_t)moment_at(&m, good[i].from), (int64_t)good[i].at);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fl_error err = {};

		if (!moment_parse(bad[i], &m, &err))
			fail_msg("'%s' is taken", bad[i]);
		assert_non_null(strstr(err.message, "is no time"));
	}
	unsetenv("TZ");
	tzset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments),         cmocka_unit_test(durations), cmocka_unit_test(percents),
		cmocka_unit_test(rates_and_sizes), cmocka_unit_test(forms),     cmocka_unit_test(nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
