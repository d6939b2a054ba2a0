// SPDX-License-Identifier: GPL-2.0-only
/* Figures, tables, graphs and OpenMetrics text of made-up readings of the meter. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "measure/edges.h"
#include "measure/figures.h"
#include "measure/series.h"
#include "measure/table.h"
#include "serve/openmetrics.h"
#include "tests/unit/snapshot_maker.h"
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
	assert_string_equal(t.services[2].server, "checkout-svc"); /* nothing known comes last */
	assert_true(isnan(t.services[2].figures.p95_s));
	assert_int_equal(t.n_edges, 2);
	assert_string_equal(t.edges[1].client, "checkout-svc");
	assert_true(t.edges[1].figures.p50_s > 0.055); /* as its client saw it */
	assert_true(fabs(t.edges[1].figures.retransmits - 0.5) < 1e-9); /* of both ends */
	assert_int_equal(t.edges[0].vantage, METER_AS_SERVER); /* outside is not measured */
	assert_true(fabs(t.edges[0].figures.error_rate - 0.25) < 1e-9);
	table_free(&t);

	o = (struct table_options){ .sort = SORT_RATE, .filter = "payment" };
	assert_int_equal(table_make(&s, 10, &o, &t), 0);
	assert_int_equal(t.n_services, 1);
	assert_int_equal(t.n_edges, 1);
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
	json_t *faults = json_pack("[{s:s, s:s, s:s, s:s, s:i, s:i, s:b}]", "id", "abc.1", "kind",
				   "latency", "target", "payment-svc", "backend", "hold", "matched", 9,
				   "injected", 7, "active", 1);
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
	assert_string_equal(out.s + out.len - 6, "# EOF\n");
	text_free(&line);
	text_free(&out);
	json_decref(faults);
	snapshot_drop(&s);
}

static void series_windows(void **state)
{
	const struct series_match payment = { SERIES_ANY, PAYMENT, METER_AS_SERVER };
	const struct series_match edge = { CHECKOUT, PAYMENT, METER_AS_CLIENT };
	const struct series_match both = { SERIES_ANY, PAYMENT, SERIES_ANY };
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
		cmocka_unit_test(figures),     cmocka_unit_test(table_of_the_shop),
		cmocka_unit_test(table_fits_the_screen), cmocka_unit_test(graph),
		cmocka_unit_test(openmetrics), cmocka_unit_test(series_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
