// SPDX-License-Identifier: GPL-2.0-only
/* Histograms and snapshots of the meter: buckets, quantiles, differences, sums. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bpf/abi/abi.h"
#include "measure/figures.h"
#include "measure/hist.h"
#include "measure/meter/meter.h"

/* As the kernel side puts it (bpf/measure/measure_flow.bpf.h); tests/bpf/test_measure.c has the real one. */
static uint32_t bucket_of(uint64_t ns)
{
	uint32_t i;

	for (i = 0; i + 1 < FL_HIST_BUCKETS && hist_upper_ns(i) <= ns; i++)
		;
	return i;
}

static void record(struct fl_hist *h, uint64_t ns)
{
	h->count++;
	h->sum_ns += ns;
	h->buckets[bucket_of(ns)]++;
}

static void buckets(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < FL_HIST_BUCKETS; i++) {
		double width = (double)(hist_upper_ns(i) - hist_lower_ns(i));

		assert_true(hist_upper_ns(i) > hist_lower_ns(i));
		assert_true(i < 16 || width / (double)hist_lower_ns(i) <= 1.0 / 16);
	}
	assert_int_equal(hist_lower_ns(15), 15);
	assert_int_equal(hist_lower_ns(16), 16);
	assert_int_equal(hist_upper_ns(FL_HIST_BUCKETS - 1), 1ull << 37);
	/* The example of abi_measure.h. */
	assert_int_equal(bucket_of(50000000), 359);
}

static void quantiles(void **state)
{
	struct fl_hist *h = calloc(1, sizeof(*h));
	uint64_t i;

	(void)state;
	assert_non_null(h);
	assert_true(isnan(hist_quantile_ns(h, 0.5)));
	assert_true(isnan(hist_mean_ns(h)));
	for (i = 1; i <= 100000; i++)
		record(h, i * 1000);
	assert_true(fabs(hist_quantile_ns(h, 0.5) / 50e6 - 1) < 1e-3);
	assert_true(fabs(hist_quantile_ns(h, 0.99) / 99e6 - 1) < 1e-2);
	assert_true(hist_quantile_ns(h, 0) <= hist_upper_ns(bucket_of(1000)));
	assert_true(hist_quantile_ns(h, 1) >= 100e6);
	assert_true(fabs(hist_mean_ns(h) - 50000500.0) < 1);
	free(h);
}

static struct meter_row row(uint32_t client, uint32_t server, enum meter_vantage vantage, enum meter_protocol protocol,
			    uint64_t n)
{
	struct meter_row r = {
		.client = client,
		.server = server,
		.vantage = vantage,
		.protocol = protocol,
		.port = (uint16_t)(8000 + protocol),
		.requests = n,
		.bytes_to_client = 10 * n,
		.first_ns = 100,
		.last_ns = 100 + n,
	};
	uint64_t i;

	for (i = 0; i < n; i++)
		record(&r.latency, 1000);
	r.status[2] = n;
	return r;
}

static struct meter_row request(uint32_t client, uint32_t server, uint8_t method, uint8_t path, uint64_t n)
{
	struct meter_row r = row(client, server, METER_AS_SERVER, METER_HTTP, n);

	r.method = method;
	r.path = path;
	return r;
}

static struct meter_snapshot snapshot(uint32_t n, const struct meter_row *rows)
{
	struct meter_snapshot s = { .n_services = 3, .n_rows = n };

	s.services = calloc(3, sizeof(*s.services));
	s.rows = calloc(n ? n : 1, sizeof(*rows));
	assert_non_null(s.services);
	assert_non_null(s.rows);
	if (n) {
		memcpy(s.rows, rows, n * sizeof(*rows));
		qsort(s.rows, n, sizeof(*rows), meter_row_order);
	}
	return s;
}

static void subtract(void **state)
{
	struct meter_row old[] = { row(1, 2, METER_AS_SERVER, METER_HTTP, 5) };
	struct meter_row new[] = { row(1, 2, METER_AS_CLIENT, METER_HTTP, 3),
				   row(1, 2, METER_AS_SERVER, METER_HTTP, 12) };
	struct meter_snapshot before = snapshot(1, old), now = snapshot(2, new), d;

	(void)state;
	now.events_lost = 7;
	before.events_lost = 3;
	assert_int_equal(meter_subtract(&now, &before, &d, NULL), 0);
	assert_int_equal(d.n_rows, 2);
	assert_int_equal(d.rows[0].requests, 7);
	assert_int_equal(d.rows[0].status[2], 7);
	assert_int_equal(d.rows[0].latency.count, 7);
	assert_int_equal(d.rows[0].latency.buckets[bucket_of(1000)], 7);
	assert_int_equal(d.rows[0].bytes_to_client, 70);
	assert_int_equal(d.rows[1].requests, 3); /* was not there before: whole */
	assert_int_equal(d.events_lost, 4);
	assert_int_equal(now.rows[0].requests, 12);
	meter_snapshot_free(&d);
	meter_snapshot_free(&now);
	meter_snapshot_free(&before);
	meter_snapshot_free(&before); /* twice is fine */
}

/* What differs in method or path is a row of its own, and finds its own one of before. */
static void subtract_requests(void **state)
{
	struct meter_row old[] = { row(1, 2, METER_AS_SERVER, METER_HTTP, 5), request(1, 2, FL_HTTP_GET, 1, 20),
				   request(1, 2, FL_HTTP_GET, 2, 30) };
	struct meter_row new[] = { row(1, 2, METER_AS_SERVER, METER_HTTP, 6), request(1, 2, FL_HTTP_GET, 0, 1),
				   request(1, 2, FL_HTTP_GET, 1, 22), request(1, 2, FL_HTTP_GET, 2, 33),
				   request(1, 2, FL_HTTP_POST, 1, 44) };
	struct meter_snapshot before = snapshot(3, old), now = snapshot(5, new), d;
	static const uint64_t expected[] = { 1, 1, 2, 3, 44 };
	uint32_t i;

	(void)state;
	meter_paths_add(&now.paths, "/pay", NULL);
	assert_int_equal(meter_subtract(&now, &before, &d, NULL), 0);
	for (i = 0; i < 5; i++) {
		assert_int_equal(d.rows[i].requests, expected[i]);
		assert_int_equal(d.rows[i].latency.count, expected[i]);
	}
	assert_int_equal(d.rows[3].path, 2);
	assert_string_equal(meter_path_text(&d.paths, 1), "/pay");
	meter_snapshot_free(&d);
	meter_snapshot_free(&now);
	meter_snapshot_free(&before);
}

static void by_edge(void **state)
{
	struct meter_row rows[] = { row(1, 2, METER_AS_SERVER, METER_HTTP, 1), request(1, 2, FL_HTTP_GET, 1, 20),
				    request(1, 2, FL_HTTP_POST, 0, 300),       row(1, 2, METER_AS_SERVER, METER_DNS, 5),
				    row(1, 2, METER_AS_CLIENT, METER_HTTP, 7), request(0, 2, FL_HTTP_PUT, 1, 9) };
	struct meter_snapshot s, all;

	(void)state;
	record(&rows[0].rtt, 5000);
	s = snapshot(6, rows);
	assert_int_equal(meter_by_edge(&s, &all, NULL), 0);
	assert_int_equal(all.n_rows, 4);
	assert_int_equal(all.rows[0].requests, 9); /* of a method alone: it has none here */
	assert_int_equal(all.rows[0].method | all.rows[0].path, 0);
	assert_int_equal(all.rows[1].requests, 321);
	assert_int_equal(all.rows[1].latency.count, 321);
	assert_int_equal(all.rows[1].status[2], 321);
	assert_int_equal(all.rows[1].rtt.count, 1);
	assert_int_equal(all.rows[1].port, 8000);
	assert_int_equal(all.rows[2].protocol, METER_DNS);
	assert_int_equal(all.rows[3].vantage, METER_AS_CLIENT);
	assert_int_equal(s.n_rows, 6);
	meter_snapshot_free(&all);
	meter_snapshot_free(&s);
}

static void paths(void **state)
{
	static const char *const bad[] = {
		"", "pay", "http://shop/pay", "/pa y", "/pay*", "/caf\xc3\xa9", "/three-and-thirty-bytes-are-one-t"
	};
	struct meter_paths p = {}, one = {};
	char prefix[8];
	size_t i;

	(void)state;
	assert_int_equal(meter_paths_add(&p, "/pay", NULL), 0);
	assert_int_equal(meter_paths_add(&p, "/", NULL), 0);
	assert_int_equal(meter_paths_add(&p, "/pay/refund", NULL), 0);
	assert_int_equal(meter_paths_add(&p, "/pay", NULL), 0);
	assert_int_equal(meter_paths_add(&p, "/two-and-thirty-bytes-are-allowe", NULL), 0);
	assert_int_equal(p.n, 4); /* longest first */
	assert_string_equal(meter_path_text(&p, 1), "/two-and-thirty-bytes-are-allowe");
	assert_string_equal(meter_path_text(&p, 2), "/pay/refund");
	assert_string_equal(meter_path_text(&p, 4), "/");
	assert_null(meter_path_text(&p, 0));
	assert_null(meter_path_text(&p, 5));
	/* Who asks for /pay gets what the longer prefix took away from it. */
	assert_int_equal(meter_paths_below(&p, "/pay"), 1u << 2 | 1u << 3);
	assert_int_equal(meter_paths_below(&p, "/"), 0x1e);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct fl_error err = {};

		if (meter_paths_add(&one, bad[i], &err) != -EINVAL || !err.message[0] || !err.hint[0])
			fail_msg("'%s': %s", bad[i], err.message);
	}
	assert_int_equal(one.n, 0);
	for (i = 0; i < FL_PREFIXES; i++) {
		snprintf(prefix, sizeof(prefix), "/%zu", i);
		assert_int_equal(meter_paths_add(&one, prefix, NULL), 0);
	}
	assert_int_equal(meter_paths_add(&one, "/more", NULL), -EINVAL);
	assert_int_equal(meter_paths_add(&one, "/0", NULL), 0);
}

static void sum(void **state)
{
	struct meter_row all = {};
	struct meter_row rows[] = {
		row(0, 2, METER_AS_SERVER, METER_HTTP, 1),
		row(1, 2, METER_AS_SERVER, METER_HTTP, 10),
		row(1, 2, METER_AS_SERVER, METER_TURNS, 100),
	};

	(void)state;
	row_add(&all, &rows[0]);
	row_add(&all, &rows[1]);
	assert_int_equal(all.requests, 11);
	assert_int_equal(all.port, 8000);
	row_add(&all, &rows[2]);
	assert_int_equal(all.requests, 111);
	assert_int_equal(all.latency.count, 111);
	assert_int_equal(all.port, 0); /* two of them */
	assert_int_equal(all.first_ns, 100);
	assert_int_equal(all.last_ns, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets),  cmocka_unit_test(quantiles),
		cmocka_unit_test(subtract), cmocka_unit_test(subtract_requests),
		cmocka_unit_test(by_edge),  cmocka_unit_test(paths),
		cmocka_unit_test(sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
