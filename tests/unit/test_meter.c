// SPDX-License-Identifier: GPL-2.0-only
/* Histograms and snapshots of the meter: buckets, quantiles, differences, sums. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "measure/figures.h"
#include "measure/hist.h"
#include "measure/meter.h"

/* As the kernel side puts it (bpf/measure_flow.bpf.h); tests/bpf/test_measure.c has the real one. */
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

static struct meter_row row(uint32_t client, uint32_t server, enum meter_vantage vantage,
			    enum meter_protocol protocol, uint64_t n)
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
		cmocka_unit_test(buckets),
		cmocka_unit_test(quantiles),
		cmocka_unit_test(subtract),
		cmocka_unit_test(sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
