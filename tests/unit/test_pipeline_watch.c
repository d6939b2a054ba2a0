// SPDX-License-Identifier: GPL-2.0-only
/* Prometheus and Alertmanager as pipelines, in the shapes of 2.42 and 0.25, over HTTP. */
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

#define OK_HEAD   "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
#define NOT_FOUND "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

/* 2024-05-01T10:00:00Z is 1714557600. */
#define AM_ALERT(name, service, root, print, state)                                                                  \
	"{\"fingerprint\": \"" print "\", \"startsAt\": \"2024-05-01T10:00:00.000Z\","                               \
	" \"status\": {\"state\": \"" state "\"}, \"labels\": {\"alertname\": \"" name "\", \"service\": \"" service \
	"\", \"root\": \"" root "\"}}"

struct two {
	const char *alerts, *more;
};

/* The adapter's first question, and its second. */
static const char *by_path(struct scripted_server *s, int n, const char *request)
{
	const struct two *two = s->ctx;
	bool second = strstr(request, "GET /api/v2/alerts/groups ") || strstr(request, "GET /api/v1/rules?type=alert ");
	(void)n;

	return second ? two->more : two->alerts;
}

static struct pipeline_config config(struct scripted_server *s, const char *adapter)
{
	return (struct pipeline_config){ .url = s->url,
					 .timeout_ns = 300 * NS_PER_MSEC,
					 .adapter = (char *)(uintptr_t)adapter };
}

static const struct two alertmanager = {
	.alerts = OK_HEAD
	"[" AM_ALERT("Slow", "web", "pay", "f1",
		     "active") "," AM_ALERT("Slow", "pay", "pay", "f2",
					    "active") "," AM_ALERT("Full", "logs", "logs", "f3",
								   "active") "," AM_ALERT("Muted", "logs", "logs", "f4",
											  "suppressed") "]",
	.more = OK_HEAD "[{\"labels\": {\"shop\": \"a\"}, \"receiver\": {\"name\": \"x\"}, \"alerts\": [" AM_ALERT(
		"Slow", "web", "pay", "f1",
		"active") "," AM_ALERT("Slow", "pay", "pay", "f2",
				       "active") "]},"
						 "{\"labels\": {\"shop\": \"b\"}, \"alerts\": [" AM_ALERT(
							 "Full", "logs", "logs", "f3",
							 "active") "]},"
								   /* the same alert for a second receiver */
								   "{\"labels\": {}, \"alerts\": [" AM_ALERT(
									   "Slow", "web", "pay", "f1", "active") "]}]",
};

/* Groups are put together from what was seen, though Alertmanager has forgotten it by then. */
static void groups_are_clusters(void **state)
{
	struct scripted_server s = { .answer = by_path, .ctx = (void *)(uintptr_t)&alertmanager };
	struct alerts a = {};
	struct pipeline_config c;
	json_t *clusters;
	(void)state;

	server_start(&s);
	c = config(&s, "alertmanager");
	assert_int_equal(pipeline_alerts(&c, 0, &a, NULL), 0);
	server_stop(&s);
	assert_int_equal(s.requests, 2);
	assert_int_equal(a.n, 3); /* the suppressed one tells nobody */
	assert_int_equal(pipeline_correlate(&c, &a, 1714557600, 1714557601, &clusters, NULL), 0);
	assert_int_equal(json_array_size(clusters), 2);
	assert_int_equal(json_array_size(json_object_get(json_array_get(clusters, 0), "alerts")), 2);
	assert_int_equal(json_array_size(json_object_get(json_array_get(clusters, 1), "alerts")), 1);
	json_decref(clusters);
	assert_int_equal(pipeline_correlate(&c, &a, 1714557601, 1714557700, &clusters, NULL), 0);
	assert_int_equal(json_array_size(clusters), 0); /* another window */
	json_decref(clusters);
	alerts_free(&a);
}

static void roots_from_a_label(void **state)
{
	struct pipeline_config c = { .adapter = (char *)(uintptr_t) "alertmanager" };
	json_t *cluster =
		json_loads("{\"alerts\": [" AM_ALERT("Full", "x", "logs", "1",
						     "") "," AM_ALERT("Slow", "web", "pay", "2",
								      "") "," AM_ALERT("Lost", "gate", "pay", "3",
										       "") ", {\"labels\": {}}]}",
			   0, NULL);
	struct cause *causes = (struct cause *)(uintptr_t)1;
	json_t *evidence = NULL;
	struct pipeline_window w = { .cluster = cluster };
	uint32_t n = 9;
	(void)state;

	assert_non_null(cluster);
	assert_false(pipeline_names_causes(&c));
	assert_int_equal(pipeline_rca(&c, &w, &causes, &n, &evidence, NULL), 0);
	assert_null(causes);
	assert_int_equal(n, 0);
	c.fields = json_pack("{s:s}", "root_service", "labels.root");
	assert_true(pipeline_names_causes(&c));
	assert_int_equal(pipeline_rca(&c, &w, &causes, &n, &evidence, NULL), 0);
	assert_int_equal(n, 2);
	assert_string_equal(causes[0].service, "pay");
	assert_int_equal(causes[0].n_evidence, 2);
	assert_true(isnan(causes[0].confidence));
	assert_int_equal(json_array_size(evidence), 2);
	assert_string_equal(json_string_value(json_array_get(evidence, 1)), "Lost");
	free(causes);
	json_decref(evidence);
	json_decref(c.fields);
	json_decref(cluster);
}

static const struct two prometheus = {
	.alerts = OK_HEAD "{\"status\": \"success\", \"data\": {\"alerts\": ["
			  "{\"labels\": {\"service\": \"pay\", \"alertname\": \"Slow\"}, \"state\": \"firing\","
			  " \"activeAt\": \"2024-05-01T10:00:00Z\"},"
			  "{\"labels\": {\"alertname\": \"Down\"}, \"state\": \"firing\","
			  " \"activeAt\": \"2024-05-01T10:00:00Z\"}]}}",
	.more = OK_HEAD "{\"status\": \"success\", \"data\": {\"groups\": [{\"rules\": ["
			"{\"name\": \"Slow\", \"duration\": 30, \"alerts\": [{\"labels\": "
			"{\"alertname\": \"Slow\", \"service\": \"pay\"}}]},"
			"{\"name\": \"Down\", \"duration\": 0, \"alerts\": [{\"labels\": "
			"{\"alertname\": \"Down\"}}]}]}]}}",
};

/* An alert fires when its condition has been true for the rule's `for`. */
static void the_rule_is_waited_for(void **state)
{
	struct scripted_server s = { .answer = by_path, .ctx = (void *)(uintptr_t)&prometheus };
	struct alerts a = {};
	struct pipeline_config c;
	json_t *clusters;
	(void)state;

	server_start(&s);
	c = config(&s, "prometheus");
	assert_int_equal(pipeline_alerts(&c, 0, &a, NULL), 0);
	server_stop(&s);
	assert_int_equal(a.n, 2);
	assert_true(a.v[0].time_s == 1714557630);
	assert_true(a.v[1].time_s == 1714557600);
	/* It does not correlate; only a label that names the root joins its alerts. */
	assert_int_equal(pipeline_correlate(&c, &a, 0, 2e9, &clusters, NULL), 0);
	assert_int_equal(json_array_size(clusters), 0);
	json_decref(clusters);
	c.fields = json_pack("{s:s}", "root_service", "labels.service");
	assert_int_equal(pipeline_correlate(&c, &a, 0, 2e9, &clusters, NULL), 0);
	assert_int_equal(json_array_size(clusters), 1);
	assert_int_equal(json_array_size(json_object_get(json_array_get(clusters, 0), "alerts")), 2);
	json_decref(clusters);
	json_decref(c.fields);
	alerts_free(&a);
}

/* The alerts stand without the second answer, whatever it is. */
static void without_the_second_answer(void **state)
{
	static const char *const answers[] = { "",
					       NOT_FOUND,
					       OK_HEAD "<html>",
					       OK_HEAD "7",
					       OK_HEAD "[[{}], {\"alerts\": 3}]",
					       OK_HEAD "{\"data\": {\"groups\": [3, {\"rules\": {}}]}}" };
	static const char *const adapters[] = { "alertmanager", "prometheus" };
	struct two two;
	struct scripted_server s = { .answer = by_path, .ctx = &two };
	size_t i;
	(void)state;

	server_start(&s);
	for (i = 0; i < 2 * ARRAY_SIZE(answers); i++) {
		struct pipeline_config c = config(&s, adapters[i % 2]);
		struct fl_error err = {};
		struct alerts a = {};

		two.alerts = (i % 2 ? &prometheus : &alertmanager)->alerts;
		two.more = answers[i / 2];
		if (pipeline_alerts(&c, 0, &a, &err) || !a.n || err.message[0])
			fail_msg("%s, then '%s': %u alerts, %s", c.adapter, two.more, a.n, err.message);
		assert_true(a.v[0].time_s == 1714557600);
		alerts_free(&a);
	}
	server_stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_clusters),
		cmocka_unit_test(roots_from_a_label),
		cmocka_unit_test(the_rule_is_waited_for),
		cmocka_unit_test(without_the_second_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
