// SPDX-License-Identifier: GPL-2.0-only
/* Pipelines as people have made them, whole: found out by asking, then alerts, clusters and the root cause are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <time.h>

#include "score/pipeline/pipeline_read.h"
#include "scripted_server.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define OK(body)    "HTTP/1.1 200 OK\r\n\r\n" body
#define NOT_FOUND   "HTTP/1.1 404 Not Found\r\nContent-Length: 22\r\n\r\n{\"detail\":\"Not Found\"}"
#define NOT_ALLOWED "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n"
#define ERROR       "HTTP/1.1 500 Internal Server Error\r\n\r\nInternal Server Error"
#define WANTS(loc)  "HTTP/1.1 422 Unprocessable Entity\r\n\r\n{\"detail\": [" loc "]}"
#define MISSING(place, name) \
	"{\"type\": \"missing\", \"loc\": [\"" place "\", \"" name "\"], \"msg\": \"Field required\"}"
#define ALERT   "[{\"id\": 7, \"fire_ts\": 1714557600, \"service\": \"payment-svc\"}]"
#define CLUSTER "{\"clusters\": [{\"id\": \"c1\", \"alerts\": " ALERT "}]}"
#define ROOT    "{\"root_service\": \"payment-svc\", \"confidence\": 0.9, \"evidence\": []}"

/* What an endpoint answers: @yes to a request that has @when in it, @no to others. */
struct rule {
	const char *when, *yes, *no;
};

struct shape {
	const char *name;
	struct rule alerts, correlate, rca;
	const char *said; /* what is found out of it */
	double confidence;
};

/* clang-format off */
static const struct shape shapes[] = {
	{ "below /v1", { "GET /v1/alerts?since=", OK(ALERT), NOT_FOUND }, { "POST /v1/correlate", OK(CLUSTER), NOT_FOUND },
	  { "POST /v1/rca", OK(ROOT), NOT_FOUND }, "its paths are below /v1", 0.9 },
	{ "NaN and Infinity", { "/alerts", OK("[{\"ts\": 1714557600, \"service\": \"payment-svc\", \"value\": NaN, \"z\": -Infinity}]"), NULL },
	  { "correlate", OK(CLUSTER), NULL }, { "rca", OK("{\"root_service\": \"payment-svc\", \"confidence\": NaN, \"note\": \"NaN\"}"), NULL }, "", NAN },
	{ "zoned times, a list of causes", { "/alerts", OK("{\"alerts\": [{\"timestamp\": \"2024-05-01T17:00:00+07:00\", \"service\": \"payment-svc\"}]}"), NULL },
	  { "correlate", OK(CLUSTER), NULL },
	  { "rca", OK("{\"root_cause\": [{\"service\": \"cache-svc\", \"score\": 0.2}, {\"service\": \"payment-svc\", \"score\": 0.8}]}"), NULL }, "", 0.8 },
	{ "a map of confidences", { "/alerts", OK("[{\"ts\": \"1714557600000000000\", \"service\": \"payment-svc\"}]"), NULL },
	  { "correlate", OK(CLUSTER), NULL }, { "rca", OK("{\"payment-db\": 0.2, \"payment-svc\": 0.7}"), NULL }, "", 0.7 },
	{ "confidences beside the root", { "/alerts", OK(ALERT), NULL }, { "correlate", OK(CLUSTER), NULL },
	  { "rca", OK("{\"root_service\": \"payment-svc\", \"confidence\": {\"payment-svc\": 0.6, \"payment-db\": 0.4}}"), NULL }, "", 0.6 },
	{ "queries by POST", { "/alerts", OK(ALERT), NULL }, { "POST /correlate?window=", OK(CLUSTER), WANTS(MISSING("query", "window")) },
	  { "POST /rca?window_start=", OK(ROOT), WANTS(MISSING("query", "window_start") ", " MISSING("query", "window_end")) },
	  "/correlate takes ?window= by POST; /rca takes ?window_start=&window_end= by POST", 0.9 },
	{ "server-sent events", { "/alerts", OK(ALERT), NULL }, { "correlate", OK("data: " CLUSTER "\n\n"), NULL },
	  { "rca", OK("event: progress\ndata: {\"step\": 1}\n\nevent: done\ndata: " ROOT "\n\ndata: [DONE]\n\n"), NULL }, "", 0.9 },
	{ "answers a line", { "/alerts", OK("{\"ts\": 1714557600, \"service\": \"payment-svc\"}\n"), NULL },
	  { "correlate", OK("{\"status\": \"running\"}\n" CLUSTER "\n"), NULL },
	  { "rca", OK("{\"step\": \"graph\"}\n{\"step\": \"rank\"}\n" ROOT "\n"), NULL }, "", 0.9 },
	{ "minutes, as the refusal says", { "/alerts", OK(ALERT), NULL },
	  { "\"lookback_minutes\":", OK(CLUSTER), WANTS(MISSING("body", "lookback_minutes")) },
	  { "\"from_ts\":", OK(ROOT), WANTS(MISSING("body", "from_ts") ", " MISSING("body", "to_end_ts")) },
	  "POST /correlate takes {lookback_minutes}; POST /rca takes {from_ts, to_end_ts}", 0.9 },
	{ "ISO 8601 bodies", { "/alerts", OK(ALERT), NULL }, { "\"start\":\"20", OK(CLUSTER), ERROR },
	  { "\"window_start\":\"20", OK(ROOT), ERROR }, "{start, end} in ISO 8601; POST /rca takes {window_start, window_end} in ISO 8601", 0.9 },
	{ "the cluster itself", { "/alerts", OK(ALERT), NULL }, { "\"window\":[", OK(CLUSTER), ERROR },
	  { "\r\n\r\n{\"id\":", OK(ROOT), ERROR }, "{window: [START, END]}; POST /rca takes the cluster itself", 0.9 },
	{ "services", { "/alerts", OK(ALERT), NULL }, { "\"window_minutes\"", OK(CLUSTER), ERROR },
	  { "\"services\":[", OK(ROOT), ERROR }, "{window_minutes}; POST /rca takes {services}", 0.9 },
	{ "by GET", { "/alerts", OK(ALERT), NULL }, { "GET /correlate?window=", OK(CLUSTER), NOT_ALLOWED },
	  { "GET /rca?cluster_id=", OK(ROOT), NOT_ALLOWED }, "?cluster_id= by GET", 0.9 },
	{ "no content", { "/alerts?since=17", "HTTP/1.1 200 OK\r\n\r\n" ALERT, "HTTP/1.1 204 No Content\r\n\r\n" },
	  { "correlate", "HTTP/1.1 204 No Content\r\n\r\n", NULL }, { "rca", OK(ROOT), NULL }, "", 0.9 },
	{ "start= of the alerts", { "/alerts?start=", OK(ALERT), WANTS(MISSING("query", "start")) }, { "correlate", OK(CLUSTER), NULL },
	  { "rca", OK(ROOT), NULL }, "its alerts are understood", 0.9 },
};
/* clang-format on */

/* Beside the three. */
static struct rule extra;

static const char *shaped(struct scripted_server *s, int n, const char *request)
{
	const struct shape *p = s->ctx;
	size_t line = strcspn(request, " ") + 1, len = strcspn(request + line, " ?");
	const struct rule *rule = NULL;

	(void)n;
	if (memmem(request + line, len, "/alerts", 7))
		rule = &p->alerts;
	else if (memmem(request + line, len, "/correlate", 10))
		rule = &p->correlate;
	else if (memmem(request + line, len, "/rca", 4))
		rule = &p->rca;
	else if (extra.when && strstr(request, extra.when))
		return extra.yes;
	if (!rule || !rule->when)
		return NOT_FOUND;
	return strstr(request, rule->when) ? rule->yes : rule->no;
}

static void one_shape(const struct shape *shape)
{
	struct scripted_server s = { .answer = shaped, .ctx = (void *)(uintptr_t)shape };
	struct pipeline_config c = { .url = s.url, .timeout_ns = 2 * NS_PER_SEC };
	struct pipeline_window w = { .start_s = 1714557590, .end_s = 1714557660, .alerted = true };
	json_t *clusters = NULL, *evidence = NULL, *made = json_pack("{s:[]}", "alerts");
	struct cause *causes = NULL;
	struct alerts alerts = {};
	struct fl_error err = {};
	uint32_t n = 0;

	server_start(&s);
	if (pipeline_learn(&c, &err))
		fail_msg("%s: %s", shape->name, err.message);
	if (!strstr(c.learned->said, shape->said))
		fail_msg("%s: '%s' is not said: %s", shape->name, shape->said, c.learned->said);
	if (pipeline_alerts(&c, 1714557590, &alerts, &err) || alerts.n != 1 || alerts.v[0].time_s != 1714557600 ||
	    strcmp(alerts.v[0].service, "payment-svc") != 0)
		fail_msg("%s: %u alerts: %s", shape->name, alerts.n, err.message);
	if (pipeline_correlate(&c, &alerts, w.start_s, w.end_s, &clusters, &err))
		fail_msg("%s: %s", shape->name, err.message);
	w.cluster = json_array_size(clusters) ? json_array_get(clusters, 0) : made;
	if (pipeline_rca(&c, &w, &causes, &n, &evidence, &err) || !n || strcmp(causes[0].service, "payment-svc") != 0)
		fail_msg("%s: %u causes: %s", shape->name, n, err.message);
	if (isnan(shape->confidence) != isnan(causes[0].confidence) ||
	    fabs(causes[0].confidence - shape->confidence) > 1e-9)
		fail_msg("%s: confidence %g", shape->name, causes[0].confidence);
	free(causes);
	json_decref(evidence);
	json_decref(clusters);
	json_decref(made);
	alerts_free(&alerts);
	free(c.learned);
	server_stop(&s);
}

static void all_shapes(void **state)
{
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(shapes); i++)
		one_shape(&shapes[i]);
}

/* Prometheus has its alerts below /api/v1, too, and an adapter of its own: it is not taken for a pipeline. */
static void prometheus(void **state)
{
	static const struct shape other = { .alerts = { "/api/v1/alerts", OK("{\"data\": {\"alerts\": []}}"),
							NOT_FOUND } };
	struct scripted_server s = { .answer = shaped, .ctx = (void *)(uintptr_t)&other };
	struct pipeline_config c = { .url = s.url, .timeout_ns = 2 * NS_PER_SEC };
	struct fl_error err = {};
	(void)state;

	server_start(&s);
	assert_int_equal(pipeline_learn(&c, &err), 0);
	assert_string_equal(c.learned->prefix, "/api/v1");
	extra = (struct rule){ "/api/v1/status/buildinfo", OK("{\"status\": \"success\"}"), NULL };
	assert_int_equal(pipeline_learn(&c, &err), -EBADMSG);
	assert_string_equal(c.learned->prefix, "");
	assert_non_null(strstr(err.hint, "--adapter prometheus"));
	extra = (struct rule){};
	free(c.learned);
	server_stop(&s);
}

/* Stamps without a zone: UTC, or of a wall clock when UTC would put them hours ahead. */
static void local_times(void **state)
{
	static const struct {
		int east_s;
		double late_s;
		const char *tail;
		bool moved;
	} cases[] = {
		{ 0, 3, "", false },         { 7 * 3600, 3, "", true },   { 7 * 3600, 200, "", true },
		{ 19800, 1, "", true },      { 7 * 3600, 3, "Z", false }, { 7 * 3600, 3, "+00:00", false },
		{ 15 * 3600, 3, "", false }, { -5 * 3600, 3, "", false }, { 600, 0, "", false },
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		double fired = clock_wall_s() - cases[i].late_s, read;
		time_t shown = (time_t)fired + cases[i].east_s;
		char text[60], stamp[40];
		struct tm tm;
		json_t *v;

		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", gmtime_r(&shown, &tm));
		snprintf(text, sizeof(text), "%s%s", stamp, cases[i].tail);
		v = json_string(text);
		read = pipeline_time_here(v, pipeline_time(v));
		if (fabs(read - (double)(time_t)fired - (cases[i].moved ? 0 : cases[i].east_s)) > 1e-3)
			fail_msg("%s, fired at %.0f: %.0f", text, fired, read);
		json_decref(v);
	}
}

/* What a refusal asks for. */
static void refusals(void **state)
{
	static const struct {
		const char *text, *body; /* NULL: nothing that is understood */
	} cases[] = {
		{ "{\"detail\": [{\"loc\": [\"body\", \"window\", \"start\"], \"msg\": \"Field required\"}, {\"loc\": "
		  "[\"body\", \"window\", \"end\"]}]}",
		  "{\"window\":{\"start\":\"$start\",\"end\":\"$end\"}}" },
		{ "{\"detail\": [{\"loc\": [\"body\", \"start_time\"], \"msg\": \"Input should be a valid "
		  "datetime\"}]}",
		  "{\"start_time\":\"$start_iso\"}" },
		{ "{\"detail\": [{\"loc\": [\"body\", \"incident_id\"]}]}", "{\"incident_id\":\"$cluster_id\"}" },
		{ "{\"detail\": [{\"loc\": [\"body\", \"colour\"]}]}", NULL },
		{ "{\"detail\": [{\"loc\": [\"body\"]}]}", NULL },
		{ "{\"detail\": [{\"loc\": [\"header\", \"start\"]}]}", NULL },
		{ "{\"detail\": \"window: field required\"}", NULL },
		{ "{\"detail\": []}", NULL },
		{ "[]", NULL },
		{ "no", NULL },
	};
	struct pipeline_made made;
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		bool ok = pipeline_wanted(cases[i].text, strlen(cases[i].text), &made);

		if (ok != !!cases[i].body || (ok && strcmp(made.body, cases[i].body) != 0))
			fail_msg("%s: %s", cases[i].text, made.body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_shapes),
		cmocka_unit_test(prometheus),
		cmocka_unit_test(local_times),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
