// SPDX-License-Identifier: GPL-2.0-only
/* A window of a Prometheus query: what is asked, and what is made of the answer. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "measure/prom_range.h"
#include "util/cleanup.h"

static void url(void **state)
{
	_cleanup_free_ char *a = prom_range_url("http://p:9090", "rate(x[1m]) > 0", 100, 105.5);
	_cleanup_free_ char *b = prom_range_url("http://p:9090", "up", 0, 6000);

	(void)state;
	assert_string_equal(a, "http://p:9090/api/v1/query_range?query=rate%28x%5B1m%5D%29%20%3E%200&"
			       "start=100.000&end=105.500&step=1");
	assert_non_null(strstr(b, "step=10")); /* 600 points */
}

static int read_text(const char *text, json_t **ret, struct fl_error *err)
{
	return prom_range_read("m", text, strlen(text), ret, err);
}

static double number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static void answer(void **state)
{
	static const char text[] =
		"{\"status\": \"success\", \"data\": {\"resultType\": \"matrix\", \"result\": ["
		"{\"metric\": {\"job\": \"shop\", \"service\": \"a\"}, \"values\": [[1, \"2\"], [2, \"4\"],"
		" [3, \"NaN\"], [4, \"9\"]]},"
		"{\"metric\": {\"job\": \"shop\"}, \"values\": [[1, \"5\"]]},"
		"{\"metric\": {}, \"values\": [[1, \"7\"]]},"
		"{\"metric\": {\"service\": \"never\"}, \"values\": [[1, \"NaN\"]]}]}}";
	json_t *list, *e;

	(void)state;
	assert_int_equal(read_text(text, &list, NULL), 0);
	assert_int_equal(json_array_size(list), 3);
	e = json_array_get(list, 0);
	assert_string_equal(json_string_value(json_object_get(e, "service")), "a");
	assert_string_equal(json_string_value(json_object_get(e, "source")), "prometheus");
	assert_true(number(e, "n") == 3 && number(e, "mean") == 5);
	assert_true(fabs(number(e, "spread") - sqrt(13)) < 1e-9); /* (9 + 1 + 16) / 2 */
	assert_true(fabs(number(e, "p99") - 8.9) < 1e-9);         /* 4 + 0.98 * 5 */
	e = json_array_get(list, 1);
	assert_string_equal(json_string_value(json_object_get(e, "service")), "shop");
	assert_true(number(e, "spread") == 0);
	assert_true(json_is_null(json_object_get(json_array_get(list, 2), "service")));
	json_decref(list);
}

static void no_answer(void **state)
{
	static const char *const bad[] = { "", "[]", "{\"data\": {}}", "{\"data\": {\"result\": 3}}" };
	struct fl_error err = {};
	json_t *list;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(read_text(bad[i], &list, NULL), -EBADMSG);
	assert_int_equal(read_text("{\"status\": \"error\", \"error\": \"parse error at char 3\"}", &list, &err),
			 -EBADMSG);
	assert_non_null(strstr(err.message, "parse error at char 3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(url),
		cmocka_unit_test(answer),
		cmocka_unit_test(no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
