// SPDX-License-Identifier: GPL-2.0-only
/* What pipelines answer, rightly and wrongly, by text and over HTTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>

#include "score/pipeline/pipeline.h"
#include "scripted_server.h"
#include "util/cleanup.h"
#include "util/clock.h"

static int read_alerts(const struct pipeline_config *c, const char *body, struct alerts *ret, struct fl_error *err)
{
	memset(ret, 0, sizeof(*ret));
	return pipeline_read_alerts(c, body, strlen(body), ret, err);
}

/* 2024-05-01T10:00:00Z is 1714557600 (date -u -d @1714557600). */
static void times(void **state)
{
	static const struct {
		const char *json;
		double s;
	} good[] = {
		{ "1714557600", 1714557600 },
		{ "1714557600.25", 1714557600.25 },
		{ "1714557600250", 1714557600.25 },
		{ "1714557600250000", 1714557600.25 },
		{ "1714557600250000000", 1714557600.25 },
		{ "\"1714557600\"", 1714557600 },
		{ "\"2024-05-01T10:00:00Z\"", 1714557600 },
		{ "\"2024-05-01T10:00:00\"", 1714557600 },
		{ "\"2024-05-01 17:00:00+07:00\"", 1714557600 },
		{ "\"2024-05-01T17:00:00.5+0700\"", 1714557600.5 },
		{ "\"2024-05-01T05:30:00-04:30\"", 1714557600 },
		{ "\"2018-07-04T20:27:12.60602144+02:00\"", 1530728832.60602144 },
	};
	static const char *const bad[] = { "-1",
					   "\"yesterday\"",
					   "\"2024-13-01T10:00:00Z\"",
					   "null",
					   "true",
					   "[1]",
					   "\"2024-05-01\"",
					   "1e300",
					   "\"2024-05-01T10:00:00+99:00\"",
					   "\"2024-05-01T10:00:00 CET\"",
					   "\"\"" };
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		json_t *v = json_loads(good[i].json, JSON_DECODE_ANY, NULL);

		if (!(fabs(pipeline_time(v) - good[i].s) < 1e-5))
			fail_msg("%s is %.6f", good[i].json, pipeline_time(v));
		json_decref(v);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		json_t *v = json_loads(bad[i], JSON_DECODE_ANY, NULL);

		if (!isnan(pipeline_time(v)))
			fail_msg("%s is %.6f", bad[i], pipeline_time(v));
		json_decref(v);
	}
}

static void alert_shapes(void **state)
{
	static const char *const bodies[] = {
		"[{\"fired_at\": 1714557600, \"service\": \"pay\"}]",
		"{\"alerts\": [{\"timestamp\": 1714557600000, \"svc\": \"pay\"}]}",
		"{\"count\": 1, \"whatever\": [{\"ts\": \"1714557600\", \"service\": \"pay\"}]}",
		"{\"data\": {\"alerts\": [{\"time\": 1714557600, \"labels\": {\"job\": \"pay\"}}]}}",
		" \n[{\"startsAt\": \"2024-05-01T10:00:00Z\", \"labels\": {\"service\": \"pay\"}}]",
	};
	struct alerts a;
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct fl_error err = {};

		if (read_alerts(NULL, bodies[i], &a, &err))
			fail_msg("%s: %s", bodies[i], err.message);
		assert_int_equal(a.n, 1);
		assert_int_equal(a.malformed, 0);
		assert_string_equal(a.v[0].service, "pay");
		assert_true(a.v[0].time_s == 1714557600);
		assert_true(a.v[0].id[0]);
		alerts_free(&a);
	}
}

static void alert_entries(void **state)
{
	struct alerts a;
	(void)state;

	/* In order: no time, a time that is none, no object, an object that is no alert, a good one. */
	assert_int_equal(read_alerts(NULL,
				     "[{\"service\": \"a\"}, {\"service\": \"a\", \"ts\": \"soon\"},"
				     " 7, {\"x\": 1}, {\"ts\": 99, \"name\": \"n\", \"severity\": \"tier-1\","
				     " \"id\": 12}]",
				     &a, NULL),
			 0);
	assert_int_equal(a.n, 2);
	assert_int_equal(a.malformed, 3);
	assert_true(isnan(a.v[0].time_s));
	assert_string_equal(a.v[1].id, "12");
	assert_string_equal(a.v[1].severity, "tier-1");
	alerts_free(&a);
	assert_int_equal(read_alerts(NULL, "{}", &a, NULL), 0);
	assert_int_equal(a.n, 0);
	assert_int_equal(read_alerts(NULL, "[]", &a, NULL), 0);
}

static void wrong_bodies(void **state)
{
	static const char *const bodies[] = { "",
					      "  \n",
					      "<html><body>502</body></html>",
					      "nope",
					      "{\"alerts\": [",
					      "7",
					      "null",
					      "\"text\"",
					      "{\"alerts\": \"none\"}",
					      "{\"a\": [], \"b\": []}",
					      "{\"status\": \"ok\"}" };
	json_t *clusters, *evidence;
	struct cause *causes;
	struct alerts a;
	uint32_t n;
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct fl_error err = {};
		int rc = read_alerts(NULL, bodies[i], &a, &err);

		if (rc != -EBADMSG || !err.message[0])
			fail_msg("'%s' was read as alerts: %d", bodies[i], rc);
		if (pipeline_read_clusters(NULL, bodies[i], strlen(bodies[i]), &clusters, NULL) != -EBADMSG)
			fail_msg("'%s' was read as clusters", bodies[i]);
	}
	for (i = 0; i < 6; i++)
		if (pipeline_read_rca(NULL, bodies[i], strlen(bodies[i]), &causes, &n, &evidence, NULL) != -EBADMSG)
			fail_msg("'%s' was read as causes", bodies[i]);
	assert_int_equal(pipeline_read_rca(NULL, "{\"error\": \"no\"}", 15, &causes, &n, &evidence, NULL), -EBADMSG);
}

static void nested_bombs(void **state)
{
	char deep[4001];
	struct alerts a;
	(void)state;

	memset(deep, '[', 1000);
	memset(deep + 1000, ']', 1000);
	deep[2000] = '\0';
	assert_int_equal(read_alerts(NULL, deep, &a, NULL), -EBADMSG);
	memset(deep, '[', 4000);
	deep[4000] = '\0';
	assert_int_equal(read_alerts(NULL, deep, &a, NULL), -EBADMSG);
}

static void remapped(void **state)
{
	struct pipeline_config c = {};
	struct cause *causes;
	json_t *evidence;
	struct alerts a;
	uint32_t n;
	(void)state;

	c.fields = json_pack("{s:s, s:s, s:s, s:s}", "alerts", "payload.items", "alert_time", "meta.when",
			     "alert_service", "meta.tags[0]", "root_service", "verdict.who");
	assert_int_equal(read_alerts(&c,
				     "{\"alerts\": [], \"payload\": {\"items\": [{\"meta\": {\"when\": 5,"
				     " \"tags\": [\"db\"]}}]}}",
				     &a, NULL),
			 0);
	assert_int_equal(a.n, 1);
	assert_string_equal(a.v[0].service, "db");
	assert_true(a.v[0].time_s == 5);
	alerts_free(&a);
	assert_int_equal(read_alerts(&c, "[]", &a, NULL), -EBADMSG); /* not where it was said to be */
	assert_int_equal(pipeline_read_rca(&c, "{\"verdict\": {\"who\": \"db\"}}", 26, &causes, &n, &evidence, NULL),
			 0);
	assert_string_equal(causes[0].service, "db");
	free(causes);
	json_decref(evidence);
	json_decref(c.fields);
}

static void adapters(void **state)
{
	struct pipeline_config prom = { .adapter = "prometheus" };
	struct pipeline_config am = { .adapter = "alertmanager" };
	json_t *clusters;
	struct alerts a;
	static const char groups[] =
		"[{\"labels\": {\"job\": \"a\"}, \"receiver\": {}, \"alerts\": [{}]}, {\"alerts\": []}]";
	(void)state;

	assert_int_equal(read_alerts(&prom,
				     "{\"status\": \"success\", \"data\": {\"alerts\": ["
				     "{\"labels\": {\"alertname\": \"Slow\", \"job\": \"pay\"}, \"state\": \"firing\","
				     " \"activeAt\": \"2024-05-01T10:00:00Z\", \"value\": \"1e+00\"},"
				     "{\"labels\": {\"job\": \"x\"}, \"state\": \"pending\","
				     " \"activeAt\": \"2024-05-01T10:00:00Z\"}]}}",
				     &a, NULL),
			 0);
	assert_int_equal(a.n, 1); /* pending has not fired */
	assert_int_equal(a.malformed, 0);
	assert_string_equal(a.v[0].name, "Slow");
	assert_string_equal(a.v[0].service, "pay");
	alerts_free(&a);
	assert_int_equal(read_alerts(&am,
				     "[{\"labels\": {\"alertname\": \"Slow\", \"service\": \"pay\"},"
				     " \"startsAt\": \"2024-05-01T10:00:00.000Z\", \"fingerprint\": \"f1\","
				     " \"status\": {\"state\": \"active\"}}]",
				     &a, NULL),
			 0);
	assert_string_equal(a.v[0].id, "f1");
	alerts_free(&a);
	assert_int_equal(pipeline_read_clusters(&am, groups, strlen(groups), &clusters, NULL), 0);
	assert_int_equal(json_array_size(clusters), 2);
	json_decref(clusters);
}

static void clusters(void **state)
{
	static const struct {
		const char *body;
		size_t n;
	} cases[] = {
		{ "[]", 0 },
		{ "{}", 0 },
		{ "[{\"id\": 1}, {\"id\": 2}]", 2 },
		{ "{\"clusters\": [{\"id\": 1}]}", 1 },
		{ "{\"cluster\": {\"id\": 1}}", 1 },
		{ "{\"id\": 1, \"alerts\": [{}, {}, {}]}", 1 }, /* one cluster, not three */
		{ "{\"incidents\": [{\"alerts\": []}], \"alerts\": []}", 1 },
	};
	json_t *list;
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fl_error err = {};

		if (pipeline_read_clusters(NULL, cases[i].body, strlen(cases[i].body), &list, &err))
			fail_msg("%s: %s", cases[i].body, err.message);
		if (json_array_size(list) != cases[i].n)
			fail_msg("%s: %zu", cases[i].body, json_array_size(list));
		json_decref(list);
	}
}

static void root_causes(void **state)
{
	static const struct {
		const char *body, *first;
		double confidence;
		uint32_t n, n_evidence;
	} cases[] = {
		{ "{\"root_service\": \"pay\", \"confidence\": 0.9, \"evidence\": [\"a\", \"b\"]}", "pay", 0.9, 1, 2 },
		{ "{\"root_service\": \"pay\", \"confidence\": 95, \"evidence\": \"p99 up\"}", "pay", 0.95, 1, 1 },
		{ "{\"root_service\": null, \"confidence\": 0, \"evidence\": []}", NULL, 0, 0, 0 },
		{ "[]", NULL, 0, 0, 0 },
		{ "{}", NULL, 0, 0, 0 },
		{ "[\"pay\", \"db\", \"pay\"]", "pay", NAN, 2, 0 },
		{ "[[\"pay\", 0.7], [\"db\", 0.2]]", "pay", 0.7, 2, 0 },
		/* The order of a list is a ranking, but where every entry has a score. */
		{ "{\"candidates\": [{\"service\": \"db\", \"score\": 0.1}, {\"service\": \"pay\", \"score\": 0.9}]}",
		  "pay", 0.9, 2, 0 },
		{ "{\"candidates\": [{\"service\": \"pay\", \"score\": 0.1}, {\"service\": \"db\"}]}", "pay", 0.1, 2,
		  0 },
		{ "{\"root_service\": \"pay\", \"causes\": [{\"service\": \"db\", \"score\": 0.9}]}", "pay", NAN, 2,
		  0 },
		{ "{\"result\": {\"data\": {\"root_service\": \"pay\"}}}", "pay", NAN, 1, 0 },
		{ "{\"result\": {\"data\": {\"root_service\": null}}}", NULL, 0, 0, 0 },
		{ "{\"causes\": [{\"service\": \"pay\", \"score\": \"0.5\"}, {\"service\": \"db\"}]}", "pay", 0.5, 2,
		  0 },
		{ "{\"root_service\": \"db\", \"ranking\": [\"pay\", \"db\"]}", "db", NAN, 2, 0 },
		{ "{\"root_cause\": {\"service\": \"pay\"}, \"confidence\": -3}", "pay", NAN, 1, 0 },
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fl_error err = {};
		struct cause *v = NULL;
		json_t *evidence = NULL;
		uint32_t n = 0;

		if (pipeline_read_rca(NULL, cases[i].body, strlen(cases[i].body), &v, &n, &evidence, &err))
			fail_msg("%s: %s", cases[i].body, err.message);
		if (n != cases[i].n)
			fail_msg("%s: %u causes", cases[i].body, n);
		if (n) {
			assert_string_equal(v[0].service, cases[i].first);
			assert_int_equal(v[0].n_evidence, cases[i].n_evidence);
			assert_int_equal(json_array_size(evidence), cases[i].n_evidence);
			if (isnan(cases[i].confidence))
				assert_true(isnan(v[0].confidence));
			else
				assert_true(fabs(v[0].confidence - cases[i].confidence) < 1e-9);
		}
		free(v);
		json_decref(evidence);
	}
}

/* --- over HTTP ------------------------------------------------------------------------------ */

#define OK_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"

static struct pipeline_config config(struct scripted_server *s, uint32_t retries)
{
	return (struct pipeline_config){ .url = s->url, .timeout_ns = 300 * NS_PER_MSEC, .retries = retries };
}

static const char *third_time(struct scripted_server *s, int n, const char *request)
{
	(void)s;
	(void)request;
	if (n == 0)
		return "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";
	if (n == 1)
		return "";
	return OK_HEAD "[{\"ts\": 1, \"service\": \"pay\"}]";
}

static void retries(void **state)
{
	struct scripted_server s = { .answer = third_time };
	struct pipeline_config c;
	struct fl_error err = {};
	struct alerts a = {};
	(void)state;

	server_start(&s);
	c = config(&s, 2);
	assert_int_equal(pipeline_alerts(&c, 1714557600.7, &a, &err), 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(s.requests, 3);
	assert_non_null(strstr(s.last, "GET /alerts?since=1714557600 HTTP/1.1"));
	alerts_free(&a);
	atomic_store(&s.requests, 0);
	c = config(&s, 1);
	assert_int_equal(pipeline_alerts(&c, 0, &a, &err), -EHOSTUNREACH);
	assert_int_equal(s.requests, 2);
	assert_true(pipeline_unreachable(-EHOSTUNREACH));
	assert_int_equal(err.exit, FL_EXIT_ENVIRONMENT);
	server_stop(&s);
}

static const char *from_ctx(struct scripted_server *s, int n, const char *request)
{
	(void)n;
	(void)request;
	return s->ctx;
}

static void bad_answers(void **state)
{
	static const struct {
		const char *answer;
		int rc, requests;
	} cases[] = {
		{ "ENDLESS", -EBADMSG, 1 }, /* ends at 8 MiB, is not asked for again */
		{ "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", -EBADMSG, 1 },
		{ "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", -EBADMSG,
		  1 }, /* not followed */
		{ OK_HEAD "<html>", -EBADMSG, 1 },
		{ OK_HEAD, -EBADMSG, 1 },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[", -EBADMSG, 2 }, /* torn */
		{ "HANG", -EHOSTUNREACH, 2 },
		{ "garbage\r\n\r\n", -EHOSTUNREACH, 2 },
	};
	struct scripted_server s = { .answer = from_ctx };
	size_t i;
	(void)state;

	server_start(&s);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pipeline_config c = config(&s, 1);
		struct fl_error err = {};
		struct alerts a = {};
		int rc;

		s.ctx = (void *)(uintptr_t)cases[i].answer;
		if (!strcmp(cases[i].answer, "ENDLESS"))
			c.timeout_ns = 10 * NS_PER_SEC;
		atomic_store(&s.requests, 0);
		rc = pipeline_alerts(&c, 0, &a, &err);
		if (rc != cases[i].rc || s.requests != cases[i].requests || !err.message[0])
			fail_msg("%.20s: %d (%s) after %d", cases[i].answer, rc, err.message, s.requests);
	}
	server_stop(&s);
}

static void posts(void **state)
{
	struct scripted_server s = { .answer = from_ctx };
	const struct alerts none = {};
	struct pipeline_config c;
	struct pipeline_window w = { .start_s = 100.9, .end_s = 200.1 };
	json_t *list = NULL, *evidence = NULL;
	struct cause *causes = NULL;
	uint32_t n = 0;
	(void)state;

	server_start(&s);
	c = config(&s, 0);
	s.ctx = (void *)(uintptr_t)(OK_HEAD "{\"clusters\": [{\"id\": \"c1\", \"deep\": [1, null]}]}");
	assert_int_equal(pipeline_correlate(&c, &none, 100.9, 200.1, &list, NULL), 0);
	assert_non_null(strstr(s.last, "POST /correlate HTTP/1.1"));
	assert_non_null(strstr(s.last, "{\"window\":{\"start\":100,\"end\":201}}"));
	s.ctx = (void *)(uintptr_t)(OK_HEAD "{\"root_service\": \"pay\"}");
	w.cluster = json_array_get(list, 0);
	assert_int_equal(pipeline_rca(&c, &w, &causes, &n, &evidence, NULL), 0);
	assert_non_null(strstr(s.last, "{\"cluster\":{\"id\":\"c1\",\"deep\":[1,null]}}"));
	assert_int_equal(n, 1);
	free(causes);
	json_decref(evidence);

	c.rca_path = "/v2/why";
	c.fields = json_pack("{s:{s:[s], s:b}}", "rca_body", "incidents", "$cluster", "fast", 1);
	assert_int_equal(pipeline_rca(&c, &w, &causes, &n, &evidence, NULL), 0);
	assert_non_null(strstr(s.last, "POST /v2/why HTTP/1.1"));
	assert_non_null(strstr(s.last, "{\"incidents\":[{\"id\":\"c1\",\"deep\":[1,null]}],\"fast\":true}"));
	free(causes);
	json_decref(evidence);
	json_decref(c.fields);
	json_decref(list);
	server_stop(&s);

	c = (struct pipeline_config){ .url = "http://127.0.0.1:1" };
	assert_int_equal(pipeline_correlate(&c, &none, 0, 1, &list, NULL), -EHOSTUNREACH);
	c.url = "gopher://127.0.0.1/";
	assert_int_equal(pipeline_correlate(&c, &none, 0, 1, &list, NULL), -EINVAL);
}

/* Alerting systems and services of other make. The second: T, the third: its second is known exactly. */
static void other_alerts(void **state)
{
	static const char *const bodies[] = {
		"[{\"id\": \"c-1\", \"fire_ts\": 1714557600, \"service\": \"pay\", \"metric\": \"p99\", \"severity\": "
		"\"crit\"}]",
		"[{\"id\": \"k\", \"lastReceived\": \"2024-05-01T10:09:00Z\", \"startedAt\": \"2024-05-01T10:00:00Z\","
		" \"service\": \"pay\", \"labels\": {\"pod\": \"pay-1\"}}]",
		"{\"incidents\": [{\"created_at\": \"2024-05-01T10:00:00Z\", \"title\": \"p99\","
		" \"service\": {\"id\": \"P1\", \"type\": \"ref\", \"summary\": \"pay\"}}], \"limit\": 25, \"more\": "
		"false}",
		"{\"jsonrpc\": \"2.0\", \"result\": [{\"eventid\": \"7\", \"clock\": \"1714557600\", \"name\": "
		"\"slow\","
		" \"hosts\": [{\"host\": \"pay\"}]}], \"id\": 1}",
		"{\"timestamp\": 1714557600, \"service\": \"pay\"}\n",
		"{\"status\": \"success\", \"data\": {\"alerts\": [{\"fire_ts\": 1714557600, \"service\": \"pay\"}]}}",
		"{\"status\": \"ok\", \"data\": {\"rows\": [{\"fireTs\": 1714557600, \"serviceName\": \"pay\"}]}}",
		"{\"alerts\": {\"a1\": {\"ts\": 1714557600, \"service\": \"pay\"}}}",
		"{\"alerts\": {\"pay\": [{\"ts\": 1714557600, \"metric\": \"p99\"}], \"db\": []}}",
		"{\"pay\": [{\"fire_ts\": 1714557600}], \"db\": []}",
		"{\"data\": {\"alerts_by_service\": {\"pay\": {\"fire_ts\": 1714557600}}}}",
		"{\"detail\": {\"alerts\": [{\"fire_ts\": 1714557600, \"service\": \"pay\"}]}}",
		"\"[{\\\"fire_ts\\\": 1714557600, \\\"service\\\": \\\"pay\\\"}]\"",
	};
	struct alerts a;
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct fl_error err = {};

		if (read_alerts(NULL, bodies[i], &a, &err))
			fail_msg("%s: %s", bodies[i], err.message);
		if (a.n != 1 || a.malformed || strcmp(a.v[0].service, "pay") || a.v[0].time_s != 1714557600 ||
		    a.v[0].resolution_s != 1)
			fail_msg("%s: %u, '%s', %f", bodies[i], a.n, a.n ? a.v[0].service : "",
				 a.n ? a.v[0].time_s : 0);
		alerts_free(&a);
	}
	assert_int_equal(read_alerts(NULL, "{\"ts\": 1, \"service\": \"a\"}\n\n{\"ts\": 2, \"service\": \"b\"}", &a,
				     NULL),
			 0);
	assert_int_equal(a.n, 2);
	alerts_free(&a);
	assert_int_equal(read_alerts(NULL, "{\"ts\": 1, \"service\": \"a\"}\nnot json\n", &a, NULL), -EBADMSG);
}

static void other_causes(void **state)
{
	static const struct {
		const char *body, *first; /* NULL: nobody */
		double confidence;
		int rc;
	} cases[] = {
		{ "{\"status\": \"success\", \"data\": {\"root_cause\": {\"service\": \"pay\", \"confidence\": "
		  "\"high\"}}}",
		  "pay", NAN, 0 },
		{ "{\"results\": [{\"node\": \"pay\", \"score\": 0.8}, {\"node\": \"db\", \"score\": 0.1}]}", "pay",
		  0.8, 0 },
		{ "{\"possible_causes\": [\"pay\", \"db\"]}", "pay", NAN, 0 },
		{ "{\"rca\": \"## Suspected Service\\npay (confidence: 80%)\"}", "pay", 0.8, 0 },
		{ "{\"analysis\": \"Root cause: **pay**\\nIt is slow.\"}", "pay", NAN, 0 },
		{ "{\"rca\": \"Something between pay and db is slow\"}", NULL, NAN, -EBADMSG },
		{ "{\"rca\": \"Root cause: either pay or db\"}", NULL, NAN, -EBADMSG },
		{ "{\"root_cause_service\": \"pay\", \"confidence\": \"75%\"}", "pay", 0.75, 0 },
		{ "{\"status\": \"ok\", \"data\": {\"confidence\": 0.8, \"root_service\": \"pay\"}}", "pay", 0.8, 0 },
		{ "{\"scores\": {\"db\": 0.2, \"pay\": 0.7}}", "pay", 0.7, 0 },
		{ "{\"root_service\": \"unknown\", \"confidence\": 0}", NULL, NAN, 0 },
		{ "{\"data\": {\"root_service\": null}}", NULL, NAN, 0 },
		{ "{\"top_k\": [[\"db\", 0.2], [\"pay\", 0.7]]}", "pay", 0.7, 0 },
		{ "{\"detail\": {\"root_service\": \"pay\"}}", "pay", NAN, 0 },
		{ "\"{\\\"root_service\\\": \\\"pay\\\"}\"", "pay", NAN, 0 },
		{ "{\"status\": \"error\", \"message\": \"no cluster\"}", NULL, NAN, -EBADMSG },
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fl_error err = {};
		struct cause *v = NULL;
		json_t *evidence = NULL;
		uint32_t n = 0;
		int rc = pipeline_read_rca(NULL, cases[i].body, strlen(cases[i].body), &v, &n, &evidence, &err);

		if (rc != cases[i].rc || !n != !cases[i].first || (n && strcmp(v[0].service, cases[i].first)))
			fail_msg("%s: %d, '%s' (%s)", cases[i].body, rc, n ? v[0].service : "", err.message);
		if (n && isfinite(cases[i].confidence) && !(fabs(v[0].confidence - cases[i].confidence) < 1e-9))
			fail_msg("%s: confidence %f", cases[i].body, v[0].confidence);
		if (rc)
			assert_non_null(strstr(err.message, "without a root_service")); /* and what it said */
		free(v);
		json_decref(evidence);
	}
}

/* What a strict pipeline takes: alerts as an array, seconds for /correlate, a window for /rca. */
#define REFUSE "HTTP/1.1 422 Unprocessable Entity\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

static const char *strict(struct scripted_server *s, int n, const char *request)
{
	const char *correlate = s->ctx;
	(void)n;

	if (!strncmp(request, "GET /alerts", 11))
		return OK_HEAD "[]";
	if (!strncmp(request, "POST /correlate", 15) && correlate)
		return correlate;
	if (!strncmp(request, "POST /correlate", 15))
		return strstr(request, "{\"window\":{") || !strstr(request, "{\"window\":")
			       ? "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
			       : OK_HEAD "[{\"id\": 1, \"alerts\": []}]";
	if (!strncmp(request, "POST /rca", 9))
		return strstr(request, "\"window_start\":") ? OK_HEAD "{\"root_service\": \"pay\"}" : REFUSE;
	return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
}

static void learned(void **state)
{
	struct scripted_server s = { .answer = strict };
	struct pipeline_window w = { .start_s = 100.9, .end_s = 200.1 };
	const struct alerts none = {};
	struct fl_error err = {};
	struct pipeline_config c;
	struct cause *causes = NULL;
	json_t *list = NULL, *evidence = NULL;
	uint32_t n = 0;
	int before;
	(void)state;

	server_start(&s);
	c = config(&s, 2);
	assert_int_equal(pipeline_learn(&c, &err), 0);
	assert_non_null(strstr(c.learned->said, "POST /correlate takes {window: SECONDS}"));
	assert_non_null(strstr(c.learned->said, "POST /rca takes {window_start, window_end}"));
	assert_true(pipeline_rca_by_window(&c));
	before = atomic_load(&s.requests);
	assert_int_equal(pipeline_correlate(&c, &none, 100.9, 200.1, &list, &err), 0);
	assert_int_equal(pipeline_rca(&c, &w, &causes, &n, &evidence, &err), 0);
	assert_int_equal(atomic_load(&s.requests) - before, 2); /* remembered */
	assert_non_null(strstr(s.last, "{\"window_start\":100,\"window_end\":201}"));
	assert_string_equal(causes[0].service, "pay");
	free(causes);
	json_decref(evidence);
	json_decref(list);

	/* No correlator. */
	s.ctx = (void *)(uintptr_t) "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
	assert_int_equal(pipeline_learn(&c, &err), 0);
	assert_non_null(strstr(c.learned->said, "there is no /correlate"));
	assert_int_equal(pipeline_correlate(&c, &none, 1, 2, &list, &err), -ENOENT);

	/* One that refuses all bodies is not blind. */
	s.ctx = (void *)(uintptr_t)REFUSE;
	assert_int_equal(pipeline_learn(&c, &err), 0);
	assert_int_equal(pipeline_correlate(&c, &none, 1, 2, &list, &err), -EBADMSG);
	assert_false(pipeline_unreachable(-EBADMSG));
	assert_non_null(strstr(err.message, "HTTP 422"));

	/* A wrong path is known before the first fault. */
	error_clear(&err);
	c.alerts_path = "/nowhere";
	assert_int_equal(pipeline_learn(&c, &err), -EBADMSG);
	assert_non_null(strstr(err.message, "/nowhere"));
	assert_non_null(strstr(err.message, "404"));
	free(c.learned);
	server_stop(&s);
}

/* What the config gives keeps its types, in every body. */
static void typed_bodies(void **state)
{
	struct scripted_server s = { .answer = from_ctx };
	struct pipeline_window w = { .start_s = 100, .end_s = 200 };
	struct pipeline_config c;
	struct cause *causes = NULL;
	json_t *evidence = NULL, *list = NULL;
	const struct alerts none = {};
	uint32_t n = 0;
	(void)state;

	server_start(&s);
	c = config(&s, 0);
	c.fields = json_pack("{s:{s:i, s:s}, s:{s:s, s:s, s:s, s:b}}", "correlate_body", "window", 300, "until", "$end",
			     "rca_body", "window_start", "$start", "window_end", "$end", "text", "$start to $end",
			     "deep", 1);
	s.ctx = (void *)(uintptr_t)(OK_HEAD "[]");
	assert_int_equal(pipeline_correlate(&c, &none, 100, 200, &list, NULL), 0);
	assert_non_null(strstr(s.last, "{\"window\":300,\"until\":200}"));
	s.ctx = (void *)(uintptr_t)(OK_HEAD "{\"root_service\": \"pay\"}");
	assert_int_equal(pipeline_rca(&c, &w, &causes, &n, &evidence, NULL), 0);
	assert_non_null(
		strstr(s.last, "{\"window_start\":100,\"window_end\":200,\"text\":\"100 to 200\",\"deep\":true}"));
	assert_true(pipeline_rca_by_window(&c));
	free(causes);
	json_decref(evidence);
	json_decref(list);
	json_decref(c.fields);
	server_stop(&s);
}

/* Whole seconds are whole seconds in whatever unit. */
static void resolutions(void **state)
{
	static const struct {
		const char *json;
		double want;
	} cases[] = {
		{ "1714557600", 1 },
		{ "1714557600.25", 0.001 },
		{ "1714557600000", 1 },
		{ "1714557600250", 0.001 },
		{ "1714557600000000000", 1 },
		{ "1714557600250000000", 0.001 },
		{ "\"1714557600000\"", 1 },
		{ "\"2024-05-01T10:00\"", 60 },
		{ "\"2024-05-01T10:00:00\"", 1 },
		{ "\"2024-05-01T10:00:00.000Z\"", 1 },
		{ "\"2024-05-01T10:00:00.020Z\"", 0.001 },
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *v = json_loads(cases[i].json, JSON_DECODE_ANY, NULL);

		if (pipeline_time_resolution(v) != cases[i].want)
			fail_msg("%s: %g", cases[i].json, pipeline_time_resolution(v));
		json_decref(v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),        cmocka_unit_test(alert_shapes), cmocka_unit_test(alert_entries),
		cmocka_unit_test(wrong_bodies), cmocka_unit_test(nested_bombs), cmocka_unit_test(remapped),
		cmocka_unit_test(adapters),     cmocka_unit_test(clusters),     cmocka_unit_test(root_causes),
		cmocka_unit_test(retries),      cmocka_unit_test(bad_answers),  cmocka_unit_test(posts),
		cmocka_unit_test(other_alerts), cmocka_unit_test(other_causes), cmocka_unit_test(learned),
		cmocka_unit_test(resolutions),  cmocka_unit_test(typed_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
