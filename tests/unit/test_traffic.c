// SPDX-License-Identifier: GPL-2.0-only
/* Figures, tables, graphs and OpenMetrics text of made-up readings of the meter. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf/abi/abi.h"
#include "measure/edges.h"
#include "measure/figures.h"
#include "measure/series.h"
#include "measure/table.h"
#include "serve/openmetrics.h"
#include "tests/unit/snapshot_maker.h"
#include "util/cleanup.h"
#include "util/clock.h"

static const char *const shop[] = { "frontend", "checkout-svc", "payment-svc", NULL };
enum { OUTSIDE, FRONTEND, CHECKOUT, PAYMENT };

/* frontend answers 40 with 5xx among them; checkout calls payment: the client saw 50 ms more. */
static void make_shop(struct meter_snapshot *s)
{
	struct meter_row *r;

	snapshot_make(s, shop);
	snapshot_row(s, OUTSIDE, FRONTEND, METER_AS_SERVER, 30, 20 * NS_PER_MSEC, 2);
	r = &s->rows[0];
	r->status[5] = 10;
	r->requests += 10;
	hist_take(&r->latency, 10, 200 * NS_PER_MSEC);
	r = snapshot_row(s, CHECKOUT, PAYMENT, METER_AS_CLIENT, 100, 60 * NS_PER_MSEC, 2);
	r->retransmits = 3;
	r = snapshot_row(s, CHECKOUT, PAYMENT, METER_AS_SERVER, 100, 10 * NS_PER_MSEC, 2);
	r->retransmits = 2;
	r->first_ns = 500;
}

static void figures(void **state)
{
	struct meter_row r = {};
	struct figures f;

	(void)state;
	figures_of(&r, 2, &f);
	assert_true(f.rate == 0 && isnan(f.error_rate) && isnan(f.p50_s) && isnan(f.mean_s));
	r.requests = 6;
	r.status[2] = 3;
	r.status[4] = 2;
	r.status[5] = 1;
	r.timeouts = 2;
	r.refused = 2;
	hist_take(&r.latency, 6, 10 * NS_PER_MSEC);
	figures_of(&r, 2, &f);
	assert_true(f.rate == 5);
	assert_true(fabs(f.error_rate - 0.5) < 1e-9); /* 5xx, no answers, refused: 5 of 10 */
	assert_true(fabs(f.mean_s - 0.010) < 1e-9);
	assert_true(fabs(f.p50_s - 0.010) < 0.010 / 16);
	r.resets = 90;
	figures_of(&r, 2, &f);
	assert_true(f.error_rate == 0.95);
}

static void table_of_the_shop(void **state)
{
	struct table_options o = { .sort = SORT_P95 };
	struct meter_snapshot s;
	struct table t;

	(void)state;
	make_shop(&s);
	assert_int_equal(table_make(&s, 10, &o, &t), 0);
	assert_int_equal(t.n_services, 3);
	assert_string_equal(t.services[0].server, "frontend");
	assert_string_equal(t.services[1].server, "payment-svc"); /* as it answered: 10 ms */
	assert_true(t.services[1].figures.p50_s < 0.011);
	assert_true(fabs(t.services[1].figures.retransmits - 0.5) < 1e-9); /* of both ends */
	assert_string_equal(t.services[2].server, "checkout-svc");         /* nothing known comes last */
	assert_true(isnan(t.services[2].figures.p95_s));
	assert_int_equal(t.n_edges, 2);
	assert_string_equal(t.edges[1].client, "checkout-svc");
	assert_true(t.edges[1].figures.p50_s > 0.055);                  /* as its client saw it */
	assert_true(fabs(t.edges[1].figures.retransmits - 0.5) < 1e-9); /* of both ends */
	assert_int_equal(t.edges[0].vantage, METER_AS_SERVER);          /* outside is not measured */
	assert_true(fabs(t.edges[0].figures.error_rate - 0.25) < 1e-9);
	table_free(&t);

	o = (struct table_options){ .sort = SORT_RATE, .filter = "payment" };
	assert_int_equal(table_make(&s, 10, &o, &t), 0);
	assert_int_equal(t.n_services, 1);
	assert_int_equal(t.n_edges, 1);
	table_free(&t);
	snapshot_drop(&s);
}

/* payment-svc and frontend by method and path; what payment answered to POST /pay had two clients. */
static void make_requests(struct meter_snapshot *s)
{
	struct meter_row *r;

	snapshot_make(s, shop);
	meter_paths_add(&s->paths, "/pay", NULL);
	meter_paths_add(&s->paths, "/pay/refund", NULL);
	r = snapshot_row(s, CHECKOUT, PAYMENT, METER_AS_SERVER, 0, 0, 2);
	r->connects = 3;
	r->resets = 2;
	hist_take(&r->connect, 3, NS_PER_MSEC);
	r = snapshot_requests(s, CHECKOUT, PAYMENT, METER_AS_SERVER, FL_HTTP_POST, "/pay", 40, 10 * NS_PER_MSEC, 2);
	r->status[4] = 8;
	r->status[5] = 4;
	r->status[2] = 28;
	snapshot_requests(s, CHECKOUT, PAYMENT, METER_AS_SERVER, FL_HTTP_POST, NULL, 50, NS_PER_MSEC, 2);
	snapshot_requests(s, CHECKOUT, PAYMENT, METER_AS_SERVER, FL_HTTP_GET, "/pay/refund", 100, NS_PER_MSEC, 2);
	snapshot_requests(s, FRONTEND, PAYMENT, METER_AS_SERVER, FL_HTTP_POST, "/pay", 60, 10 * NS_PER_MSEC, 2);
	snapshot_requests(s, FRONTEND, PAYMENT, METER_AS_CLIENT, FL_HTTP_POST, "/pay", 60, 90 * NS_PER_MSEC, 2);
	snapshot_requests(s, OUTSIDE, FRONTEND, METER_AS_SERVER, FL_HTTP_OPTIONS, "/pay/refund", 1, NS_PER_MSEC, 2);
}

static void table_of_requests(void **state)
{
	struct table_options o = { .sort = SORT_P95, .print_requests = true };
	const struct table_line *l;
	struct meter_snapshot s;
	struct text out = {};
	json_t *all, *json;
	struct table t;

	(void)state;
	make_requests(&s);
	assert_int_equal(table_make(&s, 10, &o, &t), 0);
	assert_int_equal(t.n_requests, 4);
	l = &t.requests[0];
	assert_string_equal(l->server, "payment-svc");
	assert_string_equal(l->method, "POST");
	assert_string_equal(l->path, "/pay");
	assert_int_equal(l->requests, 100);
	assert_int_equal(l->errors, 4);
	assert_int_equal(l->status[4], 8);
	assert_true(l->figures.rate == 10 && l->figures.p95_s < 0.011); /* as the server saw it */
	/* The services and edges are what they were: over all of them. */
	assert_int_equal(t.n_services, 3);
	assert_string_equal(t.services[0].server, "payment-svc");
	assert_int_equal(t.services[0].requests, 252);
	assert_int_equal(t.services[0].errors, 6);
	assert_int_equal(t.services[0].protocol, METER_HTTP);
	assert_int_equal(t.n_edges, 2); /* checkout has no rows as a client */

	table_print(&t, 0, 0, &out);
	assert_non_null(
		strstr(out.s,
		       "REQUEST                              rate/s  errors      p50      p95      p99     4xx\n"));
	assert_non_null(strstr(out.s, "payment-svc POST /pay*                 10.0    4.0%   10.2ms"));
	assert_non_null(strstr(out.s, "    8.0%\n"));
	assert_non_null(strstr(out.s, "frontend OPTIONS /pay/refund* "));
	assert_non_null(strstr(out.s, "payment-svc POST  "));
	text_free(&out);
	all = table_json(&t);
	json = json_array_get(json_object_get(all, "requests"), 0);
	assert_int_equal(json_array_size(json_object_get(all, "requests")), 4);
	assert_string_equal(json_string_value(json_object_get(json, "path")), "/pay");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "status"), "2xx")), 88);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "status"), "5xx")), 4);
	assert_true(json_real_value(json_object_get(json, "error_rate")) == 0.04);
	assert_null(json_object_get(json, "retransmits"));
	json_decref(all);
	table_free(&t);
	snapshot_drop(&s);
}

static void table_of_requests_filtered(void **state)
{
	struct table_options o = { .sort = SORT_RATE, .filter = "payment" };
	struct meter_snapshot s;
	struct text out = {};
	json_t *all, *json;
	struct table t;

	(void)state;
	make_requests(&s);
	assert_int_equal(table_make(&s, 10, &o, &t), 0);
	assert_int_equal(t.n_requests, 3);
	assert_string_equal(t.requests[0].method, "GET"); /* as many as POST /pay: by name */
	assert_null(t.requests[2].path);
	table_print(&t, 0, 0, &out);
	assert_null(strstr(out.s, "REQUEST")); /* nobody asked for it */
	all = table_json(&t);
	json = json_array_get(json_object_get(all, "requests"), 2);
	assert_true(json_is_null(json_object_get(json, "path"))); /* but it is in the JSON */
	json_decref(all);
	text_free(&out);
	table_free(&t);
	snapshot_drop(&s);
}

static uint32_t count_lines(const char *s, size_t *ret_longest)
{
	uint32_t n = 0;
	size_t len;

	for (*ret_longest = 0; *s; s += len + 1, n++) {
		len = strcspn(s, "\n");
		*ret_longest = len > *ret_longest ? len : *ret_longest;
	}
	return n;
}

static void table_fits_the_screen(void **state)
{
	struct table_options o = { .sort = SORT_RATE };
	unsigned int height;
	struct meter_snapshot s;
	struct table t;
	size_t longest;

	(void)state;
	make_shop(&s);
	s.events_lost = 7;
	assert_int_equal(table_make(&s, 1, &o, &t), 0);
	for (height = 1; height < 12; height++) {
		struct text out = {};

		table_print(&t, 50, height, &out);
		assert_true(count_lines(out.s ? out.s : "", &longest) <= height);
		assert_true(longest <= 200); /* the last line may wrap; the others do not */
		if (height >= 8)
			assert_non_null(strstr(out.s, "7 events lost"));
		if (height == 5)
			assert_non_null(strstr(out.s, " more"));
		text_free(&out);
	}
	table_free(&t);
	snapshot_drop(&s);
}

/* Heads and lines of a part in a printed table. */
static uint32_t part_lines(const char *s, const char *head)
{
	const char *at = strstr(s, head);
	uint32_t n = 0;

	while (at && (at = strchr(at, '\n')) && at[1] && at[1] != '\n' && !strspn(at + 1, "0123456789") &&
	       strncmp(at + 1, "EDGE", 4) && strncmp(at + 1, "REQUEST", 7)) {
		at++;
		n++;
	}
	return n;
}

/* Three services, two edges and four requests: each part has its share, and what one leaves. */
static void requests_fit_the_screen(void **state)
{
	static const struct {
		unsigned int height;
		uint32_t services, edges, requests;
	} expected[] = {
		{ 3, 1, 0, 0 },  { 5, 1, 1, 0 },  { 6, 1, 2, 0 },  { 7, 1, 1, 1 },  { 8, 1, 1, 2 },  { 9, 1, 2, 2 },
		{ 10, 2, 2, 2 }, { 11, 2, 2, 3 }, { 12, 3, 2, 3 }, { 13, 3, 2, 4 }, { 40, 3, 2, 4 },
	};
	struct table_options o = { .sort = SORT_RATE, .print_requests = true };
	struct meter_snapshot s;
	struct table t;
	size_t longest, i;

	(void)state;
	make_requests(&s);
	assert_int_equal(table_make(&s, 1, &o, &t), 0);
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		struct text out = {};
		char more[16];

		table_print(&t, 60, expected[i].height, &out);
		assert_true(count_lines(out.s, &longest) <= expected[i].height && longest <= 60);
		if (part_lines(out.s, "SERVICE") != expected[i].services ||
		    part_lines(out.s, "EDGE") != expected[i].edges ||
		    part_lines(out.s, "REQUEST") != expected[i].requests)
			fail_msg("at %u lines:\n%s", expected[i].height, out.s);
		snprintf(more, sizeof(more), "%u more",
			 9 - expected[i].services - expected[i].edges - expected[i].requests);
		assert_true(!strncmp(more, "0 ", 2) || strstr(out.s, more));
		text_free(&out);
	}
	table_free(&t);
	snapshot_drop(&s);
}

static void graph(void **state)
{
	struct meter_snapshot s;
	struct text dot = {};
	json_t *g, *e;

	(void)state;
	make_shop(&s);
	memcpy(s.services[FRONTEND], "front\"end", 10);
	g = edges_json(&s, 10, 1000000000);
	assert_int_equal(json_array_size(json_object_get(g, "services")), 3);
	assert_int_equal(json_array_size(json_object_get(g, "edges")), 2);
	e = json_array_get(json_object_get(g, "edges"), 1);
	assert_string_equal(json_string_value(json_object_get(e, "client")), "checkout-svc");
	assert_int_equal(json_integer_value(json_object_get(e, "requests")), 100);
	/* the earlier first of both ends, on the wall clock */
	assert_true(fabs(json_real_value(json_object_get(e, "first")) - 1.0000005) < 1e-9);
	edges_dot(g, &dot);
	assert_non_null(strstr(dot.s, "\"outside\" -> \"front\\\"end\" [label=\"4.0/s"));
	assert_non_null(strstr(dot.s, "25.0 % errors"));
	assert_non_null(strstr(dot.s, "color=red"));
	text_free(&dot);
	json_decref(g);
	snapshot_drop(&s);
}

/* The value behind a sample's name and labels; -1 when there is none. */
static double sample(const char *text, const char *line)
{
	const char *at = strstr(text, line);
	double v;

	if (!at || (at != text && at[-1] != '\n'))
		return -1;
	return sscanf(at + strlen(line), " %lf", &v) == 1 ? v : -1;
}

/* Of one histogram: bounds grow, counts do not shrink; how many buckets. */
static unsigned int check_buckets(const char *text, const char *line)
{
	double bound = -1, count = -1, le, v;
	unsigned int n = 0;
	const char *at;

	for (at = strstr(text, line); at; at = strstr(at + 1, line), n++) {
		if (sscanf(at + strlen(line), "%lf\"} %lf", &le, &v) != 2)
			break;
		assert_true(le > bound && v >= count);
		bound = le;
		count = v;
	}
	return n;
}

static void openmetrics(void **state)
{
	json_t *faults =
		json_pack("[{s:s, s:s, s:[s], s:s, s:i, s:i, s:b}]", "id", "abc.1", "kind", "latency", "targets",
			  "payment-svc", "backend", "hold", "matched", 9, "injected", 7, "active", 1);
	const char *edge = "client=\"checkout-svc\",server=\"payment-svc\",side=\"client\",protocol="
			   "\"http\"";
	struct meter_snapshot s;
	struct text out = {}, line = {};

	(void)state;
	make_shop(&s);
	s.events_lost = 3;
	openmetrics_write(&s, faults, &out);
	text_append(&line, "faultline_request_duration_seconds_bucket{%s,le=\"0.050331648\"}", edge);
	assert_true(sample(out.s, line.s) == 0); /* 1.5 * 2^25 ns, below 60 ms */
	text_free(&line);
	text_append(&line, "faultline_request_duration_seconds_bucket{%s,le=\"0.067108864\"}", edge);
	assert_true(sample(out.s, line.s) == 100);
	text_free(&line);
	text_append(&line, "faultline_request_duration_seconds_bucket{%s,le=\"", edge);
	assert_int_equal(check_buckets(out.s, line.s), 44); /* two an octave from 2^14 to 2^35 ns; +Inf */
	text_free(&line);
	text_append(&line, "faultline_request_duration_seconds_count{%s}", edge);
	assert_true(sample(out.s, line.s) == 100);
	text_free(&line);
	text_append(&line, "faultline_request_duration_seconds_sum{%s}", edge);
	assert_true(fabs(sample(out.s, line.s) - 6) < 1e-6);
	assert_true(sample(out.s, "faultline_requests_total{client=\"outside\",server=\"frontend\","
				  "side=\"server\",protocol=\"http\",status=\"5xx\"}") == 10);
	assert_true(sample(out.s, "faultline_faults_hits_total{id=\"abc.1\",kind=\"latency\",target="
				  "\"payment-svc\",backend=\"hold\"}") == 7);
	assert_true(sample(out.s, "faultline_measure_events_lost_total") == 3);
	/* Whose name would command a terminal that shows this. */
	json_array_set_new(json_object_get(json_array_get(faults, 0), "targets"), 0,
			   json_string("a\x1b]0;x\x07\n\xc2\x9b\"\xe2\x80\xae"));
	text_free(&out);
	openmetrics_write(&s, faults, &out);
	assert_true(sample(out.s, "faultline_faults_hits_total{id=\"abc.1\",kind=\"latency\",target="
				  "\"a\\\\u001b]0;x\\\\u0007\\n\\\\u009b\\\"\\\\u202e\",backend=\"hold\"}") == 7);
	assert_string_equal(out.s + out.len - 6, "# EOF\n");
	text_free(&line);
	text_free(&out);
	json_decref(faults);
	snapshot_drop(&s);
}

/* Two samples with the same name and labels make the whole text invalid. */
static void check_unique(const char *text)
{
	const char *a, *b;

	for (a = text; *a; a = strchr(a, '\n') + 1) {
		size_t len = strcspn(a, "#}\n");

		if (a[len] != '}')
			continue;
		for (b = strchr(a, '\n') + 1; *b; b = strchr(b, '\n') + 1)
			if (!strncmp(a, b, len + 1))
				fail_msg("twice: %.*s", (int)len + 1, a);
	}
}

static void openmetrics_of_requests(void **state)
{
	const char *edge = "client=\"checkout-svc\",server=\"payment-svc\",side=\"server\",protocol="
			   "\"http\"";
	static const struct {
		const char *name, *labels;
		double value;
	} expected[] = {
		{ "requests_total", ",method=\"POST\",path=\"/pay\",status=\"4xx\"", 8 },
		{ "requests_total", ",method=\"POST\",status=\"2xx\"", 50 },
		{ "request_duration_seconds_count", ",method=\"POST\",path=\"/pay\"", 40 },
		{ "request_duration_seconds_count", ",method=\"POST\"", 50 },
		{ "request_duration_seconds_count", ",method=\"GET\",path=\"/pay/refund\"", 100 },
		{ "request_duration_seconds_count", "", -1 }, /* nothing of no request has a duration */
		{ "connect_duration_seconds_count", "", 3 },
		{ "request_errors_total", ",kind=\"5xx\"", 4 },
		{ "request_errors_total", ",kind=\"reset\"", 2 },
		{ "bytes_total", ",direction=\"to_server\"", 19000 },
		{ "connects_total", "", 3 },
	};
	struct text out = {}, line = {};
	struct meter_snapshot s;
	size_t i;

	(void)state;
	make_requests(&s);
	qsort(s.rows, s.n_rows, sizeof(*s.rows), meter_row_order);
	openmetrics_write(&s, NULL, &out);
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		text_append(&line, "faultline_%s{%s%s}", expected[i].name, edge, expected[i].labels);
		if (sample(out.s, line.s) != expected[i].value)
			fail_msg("%s: %g", line.s, sample(out.s, line.s));
		text_free(&line);
	}
	check_unique(out.s);
	text_free(&out);
	snapshot_drop(&s);
}

static void series_windows(void **state)
{
	const struct series_match payment = { .client = SERIES_ANY, .server = PAYMENT, .vantage = METER_AS_SERVER };
	const struct series_match edge = { .client = CHECKOUT, .server = PAYMENT, .vantage = METER_AS_CLIENT };
	const struct series_match both = { .client = SERIES_ANY, .server = PAYMENT, .vantage = SERIES_ANY };
	struct series *series = series_new();
	struct series_edge *edges;
	struct meter_snapshot s;
	struct meter_row row;
	double seconds;
	uint32_t i;

	(void)state;
	make_shop(&s);
	for (i = 0; i < 5; i++) /* intervals [0,1), [1,2) .. s */
		assert_int_equal(series_add(series, &s, i * NS_PER_SEC, (i + 1) * NS_PER_SEC), 0);
	assert_int_equal(series_service(series, "payment-svc"), PAYMENT);
	assert_true(series_service(series, "payment") < 0);
	assert_int_equal(series_sum(series, &payment, NS_PER_SEC, 3 * NS_PER_SEC, &row, &seconds), 2);
	assert_true(seconds == 2);
	assert_int_equal(row.requests, 200);
	assert_int_equal(row.latency.count, 200);
	assert_int_equal(series_sum(series, &edge, 0, UINT64_MAX, &row, &seconds), 5);
	assert_int_equal(row.retransmits, 15);
	assert_true(hist_quantile_ns(&row.latency, 0.5) > 55e6);
	series_sum(series, &both, 0, UINT64_MAX, &row, &seconds);
	assert_int_equal(row.retransmits, 25);
	assert_int_equal(series_edges(series, &edges), 2);
	assert_true(edges[1].as_client && edges[1].as_server && !edges[0].as_client);
	free(edges);
	series_forget(series, 4 * NS_PER_SEC);
	assert_int_equal(series_sum(series, &payment, 0, UINT64_MAX, &row, &seconds), 2);
	series_free(series);
	snapshot_drop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures),
		cmocka_unit_test(table_of_the_shop),
		cmocka_unit_test(table_fits_the_screen),
		cmocka_unit_test(graph),
		cmocka_unit_test(openmetrics),
		cmocka_unit_test(series_windows),
		cmocka_unit_test(table_of_requests),
		cmocka_unit_test(table_of_requests_filtered),
		cmocka_unit_test(requests_fit_the_screen),
		cmocka_unit_test(openmetrics_of_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
