// SPDX-License-Identifier: GPL-2.0-only
/* Names of the kernel's metrics, and their values over made-up readings. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf/abi/abi.h"
#include "measure/kernel_json.h"
#include "measure/kernel_metric.h"
#include "measure/metric_name.h"
#include "tests/unit/snapshot_maker.h"
#include "util/cleanup.h"
#include "util/clock.h"

static const char *const services[] = { "api-gateway", "payment-svc", "payment-db", "checkout-svc", NULL };

static void names(void **state)
{
	static const struct {
		const char *name;
		enum kernel_stat stat;
		double quantile;
		const char *client, *server;
		enum meter_vantage vantage;
	} good[] = {
		{ "checkout_p99", KERNEL_QUANTILE, 0.99, "", "checkout-svc", METER_AS_SERVER },
		{ "payment_p99.9", KERNEL_QUANTILE, 0.999, "", "payment-svc", METER_AS_SERVER },
		{ "payment_db_error_rate", KERNEL_ERROR_RATE, 0, "", "payment-db", METER_AS_SERVER },
		{ "api_gateway_rate", KERNEL_RATE, 0, "", "api-gateway", METER_AS_SERVER },
		{ "error_rate{service=payment-svc}", KERNEL_ERROR_RATE, 0, "", "payment-svc", METER_AS_SERVER },
		{ "mean{ service = \"payment-svc\" , side=client}", KERNEL_MEAN, 0, "", "payment-svc",
		  METER_AS_CLIENT },
		{ "edge_p95{from=checkout-svc,to=payment-svc}", KERNEL_QUANTILE, 0.95, "checkout-svc", "payment-svc",
		  METER_AS_CLIENT },
		{ "edge_error_rate{to=payment-svc, from=checkout-svc, side=server}", KERNEL_ERROR_RATE, 0,
		  "checkout-svc", "payment-svc", METER_AS_SERVER },
		{ "retransmits{from=checkout-svc,to=payment-svc}", KERNEL_RETRANSMITS, 0, "checkout-svc", "payment-svc",
		  METER_AS_CLIENT },
	};
	struct kernel_metric m;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		struct fl_error err = {};

		if (kernel_metric_parse(good[i].name, services, true, &m, &err))
			fail_msg("%s: %s", good[i].name, err.message);
		if (m.stat != good[i].stat || m.vantage != good[i].vantage ||
		    fabs(m.quantile - good[i].quantile) > 1e-9 || strcmp(m.client, good[i].client) ||
		    strcmp(m.server, good[i].server) || m.method || m.path[0])
			fail_msg("%s: %s > %s, statistic %d, side %d", good[i].name, m.client, m.server, (int)m.stat,
				 (int)m.vantage);
	}
}

static void bad_names(void **state)
{
	static const struct {
		const char *name, *says;
		int error;
	} bad[] = {
		{ "queue_depth", NULL, -ENOENT },
		{ "paymnt_p99", NULL, -ENOENT },
		{ "payment_p0", NULL, -ENOENT },
		{ "p99", NULL, -ENOENT },
		{ "alerts_firing{level=tier-1}", NULL, -ENOENT },
		{ "depth{service=payment-svc}", NULL, -ENOENT },
		{ "p95{service=paymentsvc}", "payment-svc", -EINVAL },
		{ "edge_p95{from=checkout-svc}", "from or to", -EINVAL },
		{ "edge_p95{service=checkout-svc}", "from or to", -EINVAL },
		{ "p95{service=payment-svc,colour=red}", "colour=red", -EINVAL },
		{ "p95{service=payment-svc,side=both}", "side=both", -EINVAL },
	};
	struct kernel_metric m;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fl_error err = {};
		int r = kernel_metric_parse(bad[i].name, services, true, &m, &err);

		if (r != bad[i].error)
			fail_msg("%s: %d", bad[i].name, r);
		if (bad[i].says && !strstr(err.message, bad[i].says) && !strstr(err.hint, bad[i].says))
			fail_msg("%s: '%s' '%s'", bad[i].name, err.message, err.hint);
	}
	/* Where not all services are known, a label is taken at its word. */
	assert_int_equal(kernel_metric_parse("p95{service=other}", services, false, &m, NULL), 0);
}

static void names_of_requests(void **state)
{
	static const struct {
		const char *name;
		uint8_t method;
		const char *path;
	} good[] = {
		{ "p99{service=payment-svc,path=/pay}", 0, "/pay" },
		{ "rate{ method=POST, service=payment-svc}", FL_HTTP_POST, "" },
		{ "edge_error_rate{from=checkout-svc,to=payment-svc,path=\"/pay?id=\",method=other}", FL_HTTP_OTHER,
		  "/pay?id=" },
	};
	static const struct {
		const char *name, *says;
	} bad[] = {
		{ "p95{path=/pay}", "service" },
		{ "p95{method=GET}", "service" },
		{ "p95{service=payment-svc,path=pay}", "'/'" },
		{ "p95{service=payment-svc,path=/pay*}", "'*'" },
		{ "p95{service=payment-svc,path=/three-and-thirty-bytes-are-one-t}", "33 bytes" },
		{ "p95{service=payment-svc,method=FETCH}", "PATCH" },
		{ "resets{service=payment-svc,path=/pay}", "of connections" },
		{ "retransmits{service=payment-svc,method=GET}", "of connections" },
	};
	struct kernel_metric m;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(kernel_metric_parse(good[i].name, services, true, &m, NULL), 0);
		assert_int_equal(m.method, good[i].method);
		assert_string_equal(m.path, good[i].path);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fl_error err = {};

		assert_int_equal(kernel_metric_parse(bad[i].name, services, true, &m, &err), -EINVAL);
		if (!strstr(err.message, bad[i].says) && !strstr(err.hint, bad[i].says))
			fail_msg("%s: '%s' '%s'", bad[i].name, err.message, err.hint);
	}
}

static void two_of_one_name(void **state)
{
	static const char *const both[] = { "cart", "cart-svc", NULL };
	struct fl_error err = {};
	struct kernel_metric m;

	(void)state;
	assert_int_equal(kernel_metric_parse("cart_p99", both, true, &m, &err), -EINVAL);
	assert_non_null(strstr(err.hint, "p99{service=cart}"));
}

/* The suite's map, then a built-in name, then the kernel. */
static void order(void **state)
{
	char *known[] = { strdup("payment-svc"), strdup("probe"), NULL };
	struct suite s = { .services = known };
	struct metric_source m;
	struct fl_error err = {};

	(void)state;
	assert_int_equal(metric_resolve(&s, "payment_p99", &m, NULL), 0);
	assert_int_equal(m.kind, METRIC_KERNEL);
	assert_int_equal(metric_resolve(&s, "probe_p99", &m, NULL), 0);
	assert_int_equal(m.kind, METRIC_PROBE_LATENCY);
	assert_int_equal(metric_resolve(&s, "p99{service=probe}", &m, NULL), 0);
	assert_int_equal(m.kind, METRIC_KERNEL);
	/* Not the probe's, whose requests are told apart by nothing. */
	assert_true(metric_resolve(&s, "p99{path=/pay}", &m, NULL) < 0);
	assert_int_equal(metric_resolve(&s, "alerts_firing{level=tier-1}", &m, NULL), 0);
	assert_int_equal(m.kind, METRIC_ALERTS);
	s.metrics = json_pack("{s:{s:s}, s:{s:s}, s:{s:s}}", "payment_p99", "probe", "p50", "slow", "kernel",
			      "p95{service=payment-svc}", "broken", "kernel", "p95{service=x}");
	assert_int_equal(metric_resolve(&s, "payment_p99", &m, NULL), 0);
	assert_int_equal(m.kind, METRIC_PROBE_LATENCY);
	assert_int_equal(metric_resolve(&s, "slow", &m, NULL), 0);
	assert_int_equal(m.kind, METRIC_KERNEL);
	assert_string_equal(m.kernel.server, "payment-svc");
	assert_true(metric_resolve(&s, "broken", &m, &err) < 0);
	error_clear(&err);
	assert_true(metric_resolve(&s, "paymnt_p99", &m, &err) < 0);
	assert_non_null(strstr(err.hint, "payment_p99"));
	json_decref(s.metrics);
	free(known[0]);
	free(known[1]);
}

/* Ten seconds: 100 requests of 10 ms a second, one 5xx in every other; then ten at 60 ms. */
static struct series *two_windows(void)
{
	static const char *const three[] = { "checkout-svc", "payment-svc", NULL };
	struct series *s = series_new();
	struct meter_snapshot d;
	uint32_t i;

	for (i = 0; i < 20; i++) {
		snapshot_make(&d, three);
		snapshot_row(&d, 1, 2, METER_AS_CLIENT, 100 + i % 2, (i < 10 ? 10 : 60) * NS_PER_MSEC, 2);
		snapshot_row(&d, 1, 2, METER_AS_SERVER, 100 + i % 2, 10 * NS_PER_MSEC, 2);
		d.rows[1].status[5] = i % 2;
		series_add(s, &d, i * NS_PER_SEC, (i + 1) * NS_PER_SEC);
		snapshot_drop(&d);
	}
	return s;
}

static double value(const struct series *s, const char *name, uint64_t from_s, uint64_t to_s, uint32_t *n)
{
	struct kernel_metric m;
	double v;

	assert_int_equal(kernel_metric_parse(name, services, false, &m, NULL), 0);
	return kernel_metric_value(&m, s, from_s * NS_PER_SEC, to_s * NS_PER_SEC, &v, n) ? NAN : v;
}

static void values(void **state)
{
	struct series *s = two_windows();
	struct kernel_window w;
	struct kernel_metric m;
	uint32_t n;

	(void)state;
	assert_true(fabs(value(s, "payment_p95", 0, 10, &n) - 0.010) < 0.010 / 16);
	assert_int_equal(n, 1005);
	assert_true(fabs(value(s, "edge_p95{from=checkout-svc,to=payment-svc}", 10, 20, &n) - 0.060) < 0.060 / 16);
	assert_true(fabs(value(s, "payment_p95", 10, 20, &n) - 0.010) < 0.010 / 16); /* the server is as before */
	assert_true(fabs(value(s, "payment_rate", 0, 10, &n) - 100.5) < 1e-9);
	assert_true(fabs(value(s, "error_rate{service=payment-svc}", 0, 10, &n) - 5 / 1005.0) < 1e-9);
	assert_true(isnan(value(s, "payment_p95", 30, 40, &n)) && !n);
	assert_true(isnan(value(s, "p95{service=nobody}", 0, 10, &n)));
	assert_true(isnan(value(s, "p95{service=checkout-svc}", 0, 10, &n))); /* it answered nobody */

	kernel_metric_parse("payment_rate", services, false, &m, NULL);
	assert_int_equal(kernel_metric_window(&m, s, 0, 10 * NS_PER_SEC, &w), 0);
	assert_int_equal(w.n, 10);
	assert_true(fabs(w.mean - 100.5) < 1e-9 && fabs(w.sd - sqrt(10 * 0.25 / 9)) < 1e-9);
	kernel_metric_parse("payment_p99", services, false, &m, NULL);
	assert_int_equal(kernel_metric_window(&m, s, 0, 10 * NS_PER_SEC, &w), 0);
	assert_int_equal(w.n, 1005);
	assert_true(fabs(w.mean - 0.010) < 1e-9 && w.sd < 1e-9 && fabs(w.p99 - 0.010) < 0.001);
	kernel_metric_parse("payment_error_rate", services, false, &m, NULL);
	assert_int_equal(kernel_metric_window(&m, s, 0, 10 * NS_PER_SEC, &w), 0);
	assert_true(w.sd > 0.005 && w.sd < 0.01); /* sqrt(0.006 * 0.994 / 100) */
	series_free(s);
}

/* The same from second to second, for a picture: nothing measured is null, not 0. */
static void points(void **state)
{
	struct series *s = two_windows();
	json_t *o = kernel_points(s, "checkout-svc", "payment-svc", "latency", 0, 22 * NS_PER_SEC), *v, *e;

	(void)state;
	assert_non_null(o);
	v = json_object_get(o, "values");
	assert_true(fabs(json_number_value(json_object_get(o, "step_s")) - 1) < 1e-9);
	assert_int_equal(json_array_size(v), 22);
	e = json_array_get(v, 3);
	assert_true(json_is_number(e) && fabs(json_number_value(e) - json_number_value(json_array_get(v, 4))) < 1e-6);
	assert_true(json_number_value(json_array_get(v, 15)) > 1.5 * json_number_value(e)); /* ms; slower there */
	assert_true(json_is_null(json_array_get(v, 21)));
	json_decref(o);
	o = kernel_points(s, "", "payment-svc", "rate", 0, 3600 * NS_PER_SEC);
	assert_int_equal(json_array_size(json_object_get(o, "values")), KERNEL_POINTS_MAX);
	json_decref(o);
	assert_null(kernel_points(s, "", "payment-svc", "colour", 0, NS_PER_SEC));
	series_free(s);
}

/* One second: what is of no request, and three classes of requests. */
static void requests(void **state)
{
	static const char *const three[] = { "checkout-svc", "payment-svc", NULL };
	static const struct {
		const char *name;
		double value;
		uint32_t n;
	} expected[] = {
		{ "rate{service=payment-svc}", 1165, 1 },
		{ "rate{service=payment-svc,path=/pay}", 150, 1 }, /* with those of /pay/refund */
		{ "rate{service=payment-svc,path=/pay/refund}", 50, 1 },
		{ "rate{service=payment-svc,method=GET}", 1050, 1 },
		{ "rate{service=payment-svc,method=GET,path=/pay}", 50, 1 },
		{ "error_rate{service=payment-svc,method=POST}", 0.25, 100 }, /* 5xx alone */
		{ "error_rate{service=payment-svc}", 40 / 1165.0, 1165 },
		{ "mean{service=payment-svc,path=/pay/refund}", 0.030, 50 },
		{ "edge_mean{from=checkout-svc,to=payment-svc,path=/pay,side=server,method=post}", 0.010, 100 },
	};
	struct series *s = series_new();
	struct meter_snapshot d;
	struct meter_row *r;
	uint32_t i, n;

	(void)state;
	snapshot_make(&d, three);
	meter_paths_add(&d.paths, "/pay", NULL);
	meter_paths_add(&d.paths, "/pay/refund", NULL);
	r = snapshot_row(&d, 1, 2, METER_AS_SERVER, 0, 0, 2);
	r->timeouts = 5;
	r->refused = 10;
	r = snapshot_requests(&d, 1, 2, METER_AS_SERVER, FL_HTTP_POST, "/pay", 100, 10 * NS_PER_MSEC, 2);
	r->status[5] = 25;
	snapshot_requests(&d, 1, 2, METER_AS_SERVER, FL_HTTP_GET, "/pay/refund", 50, 30 * NS_PER_MSEC, 2);
	snapshot_requests(&d, 1, 2, METER_AS_SERVER, FL_HTTP_GET, NULL, 1000, 1 * NS_PER_MSEC, 2);
	series_add(s, &d, 0, NS_PER_SEC);
	snapshot_drop(&d);
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		double v = value(s, expected[i].name, 0, 10, &n);

		if (!(fabs(v - expected[i].value) < 1e-9) || n != expected[i].n)
			fail_msg("%s: %g of %u", expected[i].name, v, n);
	}
	/* A prefix that the meter was not told: nobody knows which requests these are. */
	assert_true(isnan(value(s, "rate{service=payment-svc,path=/pa}", 0, 10, &n)));
	assert_true(isnan(value(s, "p95{service=payment-svc,method=PUT}", 0, 10, &n)));
	series_free(s);
}

/* The prefixes of a suite: wherever a metric may stand; the kernel's alone. */
static void paths_of_a_suite(void **state)
{
	char *metrics[] = { strdup("rate{service=a,path=/measured}"), strdup("success_rate"), NULL };
	struct expr *aborts[2] = {};
	struct expr_clause *clauses;
	struct experiment x[2] = { {}, { .metrics = metrics, .aborts = aborts } };
	struct suite s = { .experiments = x, .n = 2 };
	const struct experiment *where;
	struct meter_paths p;
	struct fl_error err = {};

	(void)state;
	assert_int_equal(expr_parse("(p99{service=a,path=/trigger} > 1s OR error_rate{service=a,path=/b} > 5%) for 5s",
				    &x[0].trigger_when, NULL),
			 0);
	assert_int_equal(expr_parse("NOT rate{service=a,path=/abort} > 5", &aborts[0], NULL), 0);
	x[1].n_clauses = expr_find_clauses("payment: p99{service=a,path=/held} <= 800ms, still", &clauses);
	x[1].clauses = clauses;
	s.metrics = json_pack("{s:{s:s}, s:{s:s}}", "mapped", "kernel", "p95{service=a,path=/mapped}", "asked",
			      "prometheus", "up{path=\"/x\"}");
	assert_int_equal(x[1].n_clauses, 1);
	assert_int_equal(metric_paths(&s, &p, &where, &err), 0);
	assert_int_equal(p.n, 6);
	assert_int_equal(meter_paths_below(&p, "/"), 0x7e);
	assert_int_equal(meter_paths_below(&p, "/held") && meter_paths_below(&p, "/mapped") &&
				 meter_paths_below(&p, "/abort") && meter_paths_below(&p, "/trigger"),
			 1);
	json_decref(s.metrics);
	expr_free(x[0].trigger_when);
	expr_free(aborts[0]);
	free(clauses);
	free(metrics[0]);
	free(metrics[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),           cmocka_unit_test(bad_names), cmocka_unit_test(names_of_requests),
		cmocka_unit_test(two_of_one_name), cmocka_unit_test(order),     cmocka_unit_test(values),
		cmocka_unit_test(points),          cmocka_unit_test(requests),  cmocka_unit_test(paths_of_a_suite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
