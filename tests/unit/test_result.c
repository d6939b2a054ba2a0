// SPDX-License-Identifier: GPL-2.0-only
/* chaos_results.json: there and back, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

#include "result_maker.h"
#include "util/cleanup.h"

static struct result full_result(void)
{
	struct result r = make_result(4, "gateway_cpu");

	make_alert(&r, 1312.5, "api-gateway");
	make_alert(&r, NAN, "frontend");
	r.alerts.v[0].raw = json_pack("{s:i}", "ts", 1312);
	r.alerts.malformed = 3;
	make_blame(&r, "api-gateway", true, 0.75);
	r.causes = calloc(2, sizeof(*r.causes));
	r.causes[0] = (struct cause){ .service = "api-gateway", .confidence = 0.75, .n_evidence = 1 };
	r.causes[1] = (struct cause){ .service = "frontend", .confidence = NAN };
	r.n_causes = 2;
	r.clusters = json_pack("[{s:i}]", "id", 1);
	r.pipeline_error = strdup("answered with HTTP 500");
	r.recovered = NAN;
	score_detect(&r);
	json_object_set_new(r.detail, "backend", json_string("hold"));
	return r;
}

static void there_and_back(void **state)
{
	struct result r = full_result(), back;
	json_t *first = result_json(&r), *second;
	struct fl_error err = {};
	(void)state;

	assert_non_null(first);
	if (result_from_json(first, &back, &err))
		fail_msg("%s", err.message);
	second = result_json(&back);
	assert_true(json_equal(first, second));
	assert_string_equal(back.id, "gateway_cpu");
	assert_int_equal(back.alerts.n, 2);
	assert_int_equal(back.alerts.malformed, 3);
	assert_true(back.detected && back.mttd_s == 12.5);
	assert_true(isnan(back.alerts.v[1].time_s) && isnan(back.recovered));
	assert_true(isnan(back.causes[1].confidence));
	assert_string_equal(json_string_value(json_object_get(back.detail, "backend")), "hold");
	assert_null(json_object_get(back.detail, "alerts")); /* a field, no detail */
	/* Undefined is null in the file, never NaN and never 0. */
	assert_true(json_is_null(json_object_get(json_object_get(first, "times"), "recovered")));
	json_decref(first);
	json_decref(second);
	result_free(&r);
	result_free(&back);
}

static void missed(void **state)
{
	struct result r = make_result(1, "a"), back;
	json_t *e;
	(void)state;

	score_detect(&r);
	e = result_json(&r);
	assert_true(json_is_null(json_object_get(e, "mttd_s")));
	assert_true(json_is_null(json_object_get(e, "rca_service")));
	assert_int_equal(result_from_json(e, &back, NULL), 0);
	assert_true(isnan(back.mttd_s) && !back.rca_service && !back.detected);
	json_decref(e);
	result_free(&r);
	result_free(&back);
}

/* One key at a time is removed, or becomes an object: each is an error that names the key. */
static void strict(void **state)
{
	struct result r = full_result(), back;
	json_t *good = result_json(&r), *v;
	size_t refused = 0;
	const char *key;
	(void)state;

	json_object_foreach(good, key, v) {
		json_t *bad = json_deep_copy(good);
		struct fl_error err = {};
		int rc;

		/* Written for the exercise's scripts, and read by nobody here. */
		bool theirs = !strcmp(key, "mttd") || !strcmp(key, "observed_at_ts") || !strcmp(key, "raw");

		if (json_object_get(r.detail, key) || theirs) {
			json_decref(bad);
			continue;
		}
		json_object_del(bad, key);
		rc = result_from_json(bad, &back, &err);
		if (!rc || err.exit != FL_EXIT_USAGE || !strstr(err.message, key))
			fail_msg("without %s: %d %s", key, rc, err.message);
		json_object_set_new(bad, key, json_pack("{s:[]}", "x"));
		error_clear(&err);
		if (!result_from_json(bad, &back, &err))
			fail_msg("with an object as %s", key);
		refused++;
		json_decref(bad);
	}
	assert_true(refused >= 20);
	json_decref(good);
	result_free(&r);
}

static void parse_fails(const char *text, const char *part)
{
	struct fl_error err = {};
	struct result *v;
	uint32_t n;

	if (!results_parse("old.json", text, strlen(text), &v, &n, &err))
		fail_msg("read: %s", text);
	if (!strstr(err.message, part) && !strstr(err.hint, part))
		fail_msg("'%s' (%s) does not say '%s'", err.message, err.hint, part);
	assert_string_equal(err.file, "old.json");
	assert_int_equal(err.exit, FL_EXIT_USAGE);
}

static void bad_files(void **state)
{
	struct result *v;
	uint32_t n;
	(void)state;

	parse_fails("[{\"id\": \"payment_latency\", \"detected\": true}]", "older version");
	parse_fails("[{\"id\": \"payment_latency\", \"detected\": true}]", "entry 1 (payment_latency)");
	parse_fails("[{\"format\": 2}]", "newer");
	parse_fails("[{\"format\": 1, \"number\": 1}]", "'id' is missing");
	parse_fails("[{\"format\": 1, \"number\": -1}]", "'number' must be");
	parse_fails("[{\"format\": 1, \"num", "--resume");
	parse_fails("", "no whole JSON");
	parse_fails("{\"format\": 1}", "an array");
	parse_fails("[[]]", "must be an object");
	parse_fails("\x7f"
		    "ELF",
		    "no whole JSON");
	assert_int_equal(results_parse("x", "[]", 2, &v, &n, NULL), 0);
	assert_int_equal(n, 0);
	results_free(v, n);
	assert_true(results_load("/nonexistent/chaos_results.json", &v, &n, NULL) < 0);
}

static void file(void **state)
{
	char dir[] = "/tmp/fltest-result-XXXXXX";
	struct result r[2] = { full_result(), make_result(5, "b") }, *back;
	_cleanup_free_ char *path = NULL;
	uint32_t n;
	(void)state;

	/* Words of the pipeline that are no UTF-8 must not cost the file. */
	r[1].rca_service = strdup("pay\xff");
	assert_non_null(mkdtemp(dir));
	assert_true(asprintf(&path, "%s/chaos_results.json", dir) > 0);
	assert_int_equal(results_save(path, r, 2, NULL), 0);
	assert_int_equal(results_load(path, &back, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_string_equal(back[1].rca_service, "pay?");
	results_free(back, n);
	result_free(&r[0]);
	result_free(&r[1]);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back), cmocka_unit_test(missed), cmocka_unit_test(strict),
		cmocka_unit_test(bad_files),      cmocka_unit_test(file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
