// SPDX-License-Identifier: GPL-2.0-only
/* A scripted result for each failure mode, and its near miss; the graph behind the rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "result_maker.h"
#include "score/evidence.h"
#include "score/graph.h"
#include "util/json/json_path.h"

/* frontend -> gateway -> { payment -> payment-db, inventory -> inventory-db, checkout -> payment } */
static json_t *shop(void)
{
	return json_pack("{s:[[s,s],[s,s],[s,s],[s,s],[s,s],[s,s],[s,s]]}", "edges", "frontend", "api-gateway",
			 "api-gateway", "payment-svc", "payment-svc", "payment-db", "api-gateway", "inventory-svc",
			 "inventory-svc", "inventory-db", "api-gateway", "checkout-svc", "checkout-svc", "payment-svc");
}

struct found {
	struct gap *v;
	uint32_t n;
};

static struct found gaps_of(struct result *r)
{
	json_t *graph = shop();
	struct found f = {};

	score_detect(r);
	assert_int_equal(score_gaps(r, 1, graph, &f.v, &f.n, NULL), 0);
	json_decref(graph);
	return f;
}

/* Exactly one gap, of this mode, whose symptom and cause hold these words. */
static void one_gap(struct result *r, const char *mode, const char *symptom, const char *cause)
{
	struct found f = gaps_of(r);

	if (f.n != 1)
		fail_msg("%u gaps, the first: %s %s", f.n, f.n ? f.v[0].mode : "", f.n ? f.v[0].symptom : "");
	assert_string_equal(f.v[0].experiment, r->id);
	assert_string_equal(f.v[0].mode, mode);
	if (!strstr(f.v[0].symptom, symptom) || !strstr(f.v[0].cause, cause))
		fail_msg("%s -> %s", f.v[0].symptom, f.v[0].cause);
	assert_non_null(f.v[0].evidence);
	gaps_free(f.v, f.n);
	result_free(r);
}

static void no_gap(struct result *r)
{
	struct found f = gaps_of(r);

	if (f.n)
		fail_msg("%s: %s", f.v[0].mode, f.v[0].symptom);
	gaps_free(f.v, f.n);
	result_free(r);
}

static void kernel(struct result *r, const char *service, double before, double sd, double during)
{
	json_t *list = json_object_get(r->detail, "kernel");

	if (!list) {
		list = json_array();
		json_object_set_new(r->detail, "kernel", list);
	}
	json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:{s:f, s:f}, s:{s:f}}", "service", service, "metric",
					      "latency", "unit", "ms", "before", "mean", before, "sd", sd, "during",
					      "mean", during));
}

static void targets(struct result *r, const char *a, const char *b)
{
	json_object_set_new(r->detail, "proof", json_pack("[{s:[s]}, {s:[s]}]", "targets", a, "targets", b));
}

static void cluster(struct result *r, const char *a, const char *b)
{
	r->clusters = json_pack("[{s:[{s:s}, {s:{s:s}}]}]", "alerts", "service", a, "labels", "service", b);
}

static void all_is_well(void **state)
{
	struct result r = make_result(1, "payment_latency");
	(void)state;

	make_alert(&r, 1310, "payment-svc");
	make_blame(&r, "payment-svc", true, 0.9);
	cluster(&r, "payment-svc", "frontend");
	no_gap(&r);
}

static void noise_floor_7_1(void **state)
{
	struct result r = make_result(1, "cache_cpu"), quiet = make_result(1, "cache_cpu");
	struct result steady = make_result(1, "cache_cpu"), outside = make_result(1, "cache_cpu");
	struct result edge = make_result(1, "cache_cpu");
	(void)state;

	/* 40 ms +- 10 becomes 90: five spreads; another service moved two. */
	kernel(&r, "frontend", 20, 5, 30);
	kernel(&r, "cache-svc", 40, 10, 90);
	one_gap(&r, "7.1", "latency of cache-svc go from 40 to 90 ms, 5.0 times the spread", "visible anomaly");
	kernel(&quiet, "cache-svc", 40, 10, 50);
	one_gap(&quiet, "7.1", "1.0 times the spread", "inside the noise floor");
	/* A spread of 0 counts as a hundredth of the mean: 40 -> 44 is ten of them. */
	kernel(&steady, "cache-svc", 40, 0, 44);
	one_gap(&steady, "7.1", "10.0 times the spread", "visible anomaly");
	/* Of an edge it is what the client saw of the service. */
	kernel(&edge, "cache-svc", 40, 10, 90);
	json_object_set_new(json_array_get(json_object_get(edge.detail, "kernel"), 0), "client",
			    json_string("frontend"));
	one_gap(&edge, "7.1", "latency of frontend > cache-svc go from 40 to 90 ms", "visible anomaly");
	/* Without the kernel, a metric of the experiment: 0.1 s +- 0.05 becomes 0.3. */
	json_object_set_new(
		outside.detail, "metrics",
		json_loads("{\"checkout_p99\": {\"before\": {\"mean\": 0.1, \"spread\": 0.05},"
			   "\"during\": {\"mean\": 0.3}}, \"rate\": {\"before\": {\"mean\": 1, \"spread\": null},"
			   "\"during\": null}}",
			   0, NULL));
	one_gap(&outside, "7.1", "the runner saw checkout_p99 go from 0.1 to 0.3, 4.0 times the spread", "visible");
}

static void merged_7_2(void **state)
{
	struct result two = make_result(1, "two_faults"), stranger = make_result(2, "one_fault");
	struct result related = make_result(3, "related");
	(void)state;

	/* payment-db and inventory-db do not reach one another, and are one cluster. */
	targets(&two, "payment-db", "inventory-db");
	make_alert(&two, 1310, "payment-db");
	make_blame(&two, "payment-svc", true, 0.5); /* also when the guess happens to be right */
	cluster(&two, "inventory-db", "payment-db");
	one_gap(&two, "7.2", "holds payment-db and inventory-db", "dependency graph");
	/* One fault, and a cluster with a service that has nothing to do with it, which is blamed. */
	make_alert(&stranger, 1310, "payment-svc");
	make_blame(&stranger, "inventory-db", false, 0.5);
	cluster(&stranger, "payment-svc", "inventory-db");
	one_gap(&stranger, "7.2", "holds payment-svc and inventory-db", "dependency graph");
	/* Two targets that do reach one another belong together. */
	targets(&related, "payment-db", "payment-svc");
	make_alert(&related, 1310, "payment-db");
	make_blame(&related, "payment-svc", true, 0.5);
	cluster(&related, "payment-svc", "payment-db");
	no_gap(&related);
}

static void loudest_7_3(void **state)
{
	struct result r = make_result(10, "retry_storm"), not_loud = make_result(11, "b");
	struct result only_not = make_result(12, "c"), tie = make_result(13, "d");
	int i;
	(void)state;

	for (i = 0; i < 10; i++)
		make_alert(&r, 1310 + i, "checkout-svc");
	make_alert(&r, 1320, "payment-svc");
	make_blame(&r, "checkout-svc", false, 0.7);
	one_gap(&r, "7.3", "blamed checkout-svc with 10 alerts, the root payment-svc had 1 and is called",
		"alert count");
	make_alert(&not_loud, 1310, "payment-svc");
	make_alert(&not_loud, 1311, "payment-svc");
	make_alert(&not_loud, 1312, "frontend");
	make_blame(&not_loud, "frontend", false, 0.7);
	one_gap(&not_loud, "-", "RCA blamed frontend, the truth is payment-svc", "no rule");
	/* As loud as another: nothing says that loudness decided. */
	make_alert(&tie, 1310, "checkout-svc");
	make_alert(&tie, 1311, "frontend");
	make_blame(&tie, "checkout-svc", false, 0.7);
	one_gap(&tie, "-", "RCA blamed checkout-svc", "no rule");
	json_object_set_new(only_not.detail, "ground_truth",
			    json_pack("{s:[], s:[s]}", "root_services", "not_services", "checkout-svc"));
	make_alert(&only_not, 1310, "checkout-svc");
	make_blame(&only_not, "checkout-svc", false, 0.7);
	one_gap(&only_not, "7.3", "the loudest with 1 alert,", "alert count");
}

static void ungrounded_7_4(void **state)
{
	struct result r = make_result(1, "a"), grounded = make_result(2, "b"), unsure = make_result(3, "c");
	(void)state;

	make_alert(&r, 1310, "payment-svc");
	make_blame(&r, "auth-svc", false, 0.93);
	json_array_clear(r.evidence);
	one_gap(&r, "7.4", "names auth-svc (wrong) with confidence 0.93", "not grounded");
	make_alert(&grounded, 1310, "payment-svc");
	make_blame(&grounded, "auth-svc", false, 0.93);
	one_gap(&grounded, "-", "blamed auth-svc", "no rule");
	make_alert(&unsure, 1310, "payment-svc");
	make_blame(&unsure, "payment-svc", true, 0.79);
	json_array_clear(unsure.evidence);
	no_gap(&unsure);
}

static void blind_7_5(void **state)
{
	struct result r = make_result(7, "log_disk_fill"), before = make_result(8, "b");
	(void)state;

	r.pipeline_reachable_during = false;
	r.pipeline_error = strdup("timed out");
	kernel(&r, "payment-svc", 40, 10, 90); /* the pipeline could not have seen it */
	one_gap(&r, "7.5", "stopped answering with the fault on payment-svc (timed out)", "depends on");
	/* Unreachable before the fault as well: not the fault's doing. */
	before.pipeline_reachable_before = before.pipeline_reachable_during = false;
	one_gap(&before, "-", "no alert within 90 s", "no rule");
}

static void put(struct result *r, const char *key, const char *json)
{
	json_object_set_new(r->detail, key, json_loads(json, 0, NULL));
}

/* Where the run judged itself what there was to see, its judgement stands, and not the largest of all figures. */
static void visible_7_1(void **state)
{
	static const char usual[] =
		"{\"found\": false, \"looked_at\": 18, \"client\": \"a\", \"service\": \"b\", \"metric\": "
		"\"latency\", \"unit\": \"ms\", \"before\": 0.19, \"during\": 0.8, \"spread\": 0.08, "
		"\"spreads\": 8.1, \"p\": 0.4, \"lasted_s\": 4, \"baseline_tried\": 36, \"baseline_spoke\": 0}";
	struct result quiet = make_result(1, "a"), seen = make_result(2, "b"), felt = make_result(3, "c"),
		      untested = make_result(4, "d");
	char *found = strdup(usual), *at = strstr(found, "false");
	(void)state;

	kernel(&quiet, "log-collector", 40, 10, 90); /* a stranger's, and 5 spreads */
	put(&quiet, "anomaly", usual);
	one_gap(&quiet, "-",
		"no alert within 90 s of the fault, and of 18 figures that it can show on none left its baseline",
		"no rule");
	memcpy(at, " true", 5);
	put(&seen, "anomaly", found);
	one_gap(&seen, "7.1",
		"while the kernel saw latency of a > b go from 0.19 to 0.8 ms for 4 s, 8.1 times the spread",
		"the same rule spoke in 0 of 36 baseline windows");
	json_object_set_new(felt.detail, "anomaly", json_null());
	kernel(&felt, "payment-svc", 40, 10, 90);
	json_object_set_new(felt.detail, "felt_by", json_string("probe_success_rate"));
	put(&felt, "felt_tests", "[{\"what\": \"probe_success_rate\", \"before\": 1, \"during\": 0.5, \"p\": 1e-6}]");
	one_gap(&felt, "7.1", "no alert while users felt it: probe_success_rate went from 1 to 0.5",
		"above what users feel");
	json_object_set_new(untested.detail, "anomaly", json_null());
	json_object_set_new(untested.detail, "felt_by", json_string("probe_p50"));
	put(&untested, "felt_tests", "[{\"what\": \"probe_p50\", \"before\": 1, \"during\": 9, \"p\": null}]");
	one_gap(&untested, "-", "no alert within 90 s of the fault", "no rule of 7.1-7.5 fits");
	free(found);
}

static void no_rule_fits(void **state)
{
	struct result missed = make_result(1, "a"), silent = make_result(2, "b");
	struct result noisy = make_result(3, "c"), absent = make_result(4, "d");
	(void)state;

	one_gap(&missed, "-", "no alert within 90 s of the fault", "no rule of 7.1-7.5 fits");
	make_alert(&silent, 1310, "payment-svc");
	one_gap(&silent, "-", "RCA gave no output; the truth is payment-svc", "no rule");
	make_alert(&noisy, 1310, "payment-svc");
	make_blame(&noisy, "payment-svc", true, 0.9);
	make_alert(&noisy, 1100, "auth-svc");
	one_gap(&noisy, "-", "1 alert in the baseline window", "without a fault");
	absent.status = RESULT_NOT_MANIFESTED;
	no_gap(&absent);
}

/* A detector that spoke behind the window is slow, and no noise floor hides what it saw. */
static void too_late(void **state)
{
	struct result r = make_result(1, "a");
	(void)state;

	kernel(&r, "payment-svc", 10, 1, 500);
	make_alert(&r, r.window_end + 0.9, "payment-svc");
	score_detect(&r);
	one_gap(&r, "-", "0.9 s behind the window", "longer suite.grace");
}

static void the_graph(void **state)
{
	json_t *edges = shop();
	struct graph g;
	(void)state;

	graph_init(&g, edges);
	assert_int_equal(g.n, 7);
	assert_int_equal(graph_calls(&g, "frontend", "payment-db"), 3);
	assert_int_equal(graph_calls(&g, "payment-db", "frontend"), -1);
	assert_int_equal(graph_calls(&g, "frontend", "frontend"), 0);
	assert_int_equal(graph_hops(&g, "payment-db", "inventory-db"), 4);
	assert_int_equal(graph_hops(&g, "checkout-svc", "payment-svc"), 1);
	assert_int_equal(graph_hops(&g, "auth-svc", "payment-svc"), -1);
	assert_true(graph_independent(&g, "payment-db", "inventory-db"));
	assert_false(graph_independent(&g, "payment-db", "frontend"));
	assert_false(graph_independent(&g, "auth-svc", "frontend")); /* unknown is not independent */
	json_decref(edges);
	graph_init(&g, NULL);
	assert_int_equal(g.n, 0);
	edges = json_loads("{\"edges\": [7, [\"a\"], [\"a\", 3], null, [\"a\", \"b\", \"c\"]]}", 0, NULL);
	graph_init(&g, edges);
	assert_int_equal(graph_calls(&g, "a", "b"), 1);
	json_decref(edges);
}

static void truth_text(void **state)
{
	struct result r = make_result(1, "a");
	char buf[64];
	(void)state;

	assert_string_equal(evidence_truth_text(&r, buf, sizeof(buf)), "payment-svc");
	json_object_set_new(r.detail, "ground_truth", json_pack("{s:[s,s]}", "root_services", "a", "b"));
	assert_string_equal(evidence_truth_text(&r, buf, sizeof(buf)), "a or b");
	json_object_set_new(r.detail, "ground_truth", json_pack("{s:[s]}", "not_services", "x"));
	assert_string_equal(evidence_truth_text(&r, buf, sizeof(buf)), "not x");
	json_object_del(r.detail, "ground_truth");
	assert_string_equal(evidence_truth_text(&r, buf, sizeof(buf)), "not recorded");
	json_object_set_new(r.detail, "ground_truth", json_pack("{s:b}", "must_detect", 0));
	assert_string_equal(evidence_truth_text(&r, buf, sizeof(buf)), "none");
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_well), cmocka_unit_test(noise_floor_7_1), cmocka_unit_test(merged_7_2),
		cmocka_unit_test(loudest_7_3), cmocka_unit_test(ungrounded_7_4),  cmocka_unit_test(blind_7_5),
		cmocka_unit_test(visible_7_1), cmocka_unit_test(no_rule_fits),    cmocka_unit_test(the_graph),
		cmocka_unit_test(too_late),    cmocka_unit_test(truth_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
