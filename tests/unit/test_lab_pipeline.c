// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference pipeline without its network: text format, differences, detector, correlator and
 * ranker, each on input made by hand.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tools/lab/pipeline/control.h"
#include "tools/lab/pipeline/correlator.h"
#include "tools/lab/pipeline/detector.h"
#include "tools/lab/pipeline/promtext.h"
#include "tools/lab/pipeline/ranker.h"
#include "tools/lab/pipeline/wire.h"

/* --- the text format ------------------------------------------------------------------------- */

struct seen {
	unsigned int n;
	double sum;
	char last[64];
};

static void on_sample(void *context, const struct prom_sample *s)
{
	struct seen *seen = context;
	const char *label = prom_label(s, "path");

	seen->n++;
	if (isfinite(s->value))
		seen->sum += s->value;
	snprintf(seen->last, sizeof(seen->last), "%s|%s", s->name, label ? label : "");
}

static void text_format_is_read(void **state)
{
	char page[] = "# TYPE a counter\na 1\na{} 2\na{path=\"/x\",code=\"200\"} 3.5 1700000000\n"
		      "  b{path=\"q\\\"uote \\\\ back\"} +Inf\n\nc NaN\nd{path=\"last, one\"} 1e2";
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(prom_parse(page, on_sample, &seen), 0);
	assert_int_equal(seen.n, 6);
	assert_true(fabs(seen.sum - 106.5) < 1e-9);
	assert_string_equal(seen.last, "d|last, one");
}

static void nonsense_is_counted_and_passed_over(void **state)
{
	char page[] = "a{path=\"open 1\nb{path} 1\nc\nd x\ne 5\n{} 1\nf 1x";
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(prom_parse(page, on_sample, &seen), 6);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.last, "e|");
}

/* --- observations ---------------------------------------------------------------------------- */

static void observation_of(struct observation *o, double requests, double start)
{
	char page[1024];

	snprintf(page, sizeof(page),
		 "process_start_time_seconds %f\nlab_requests_total{path=\"/\",code=\"200\"} %f\n"
		 "lab_requests_total{path=\"/\",code=\"503\"} %f\n"
		 "lab_upstream_calls_total{peer=\"db\",result=\"timeout\"} %f\n"
		 "lab_upstream_calls_total{peer=\"db\",result=\"refused\"} %f\n"
		 "lab_upstream_calls_total{peer=\"db\",result=\"dns\"} %f\n",
		 start, requests, requests / 10, requests / 20, requests / 20, requests);
	observation_read(o, page);
	o->at_s = requests;
}

static void difference_of_two_scrapes(void **state)
{
	static struct observation old, now, d;

	(void)state;
	observation_of(&old, 100, 5);
	observation_of(&now, 300, 5);
	assert_true(observation_diff(&old, &now, &d));
	assert_true(fabs(d.requests - 220) < 1e-9);
	assert_true(fabs(d.errors - 20) < 1e-9);
	assert_int_equal(d.n_peers, 1);
	/* Timeouts and refused connections; a name that did not resolve is not the peer's. */
	assert_true(fabs(d.peers[0].timeouts - 20) < 1e-9);
	/* Another process: its counters began again. */
	observation_of(&now, 300, 6);
	assert_false(observation_diff(&old, &now, &d));
	now.start_s = 5;
	now.up = false;
	assert_false(observation_diff(&old, &now, &d));
}

static void quantile_interpolates_in_its_bucket(void **state)
{
	struct obs_histogram h = { .n = 3, .bounds = { 0.1, 0.2, HUGE_VAL }, .counts = { 50, 100, 100 } };

	(void)state;
	assert_true(fabs(histogram_quantile(&h, 0.5) - 0.1) < 1e-9);
	assert_true(fabs(histogram_quantile(&h, 0.75) - 0.15) < 1e-9);
	h.counts[2] = 200; /* half of them are beyond the last bound */
	assert_true(fabs(histogram_quantile(&h, 0.95) - 0.2) < 1e-9);
	memset(&h, 0, sizeof(h));
	assert_true(fabs(histogram_quantile(&h, 0.5)) < 1e-9);
}

/* --- detector -------------------------------------------------------------------------------- */

#define LATENCY(value) ((struct signal){ 0, -1, METRIC_LATENCY, value })

static double now_s;

static void ticks(struct detector *d, unsigned int n, double value)
{
	struct signal s = LATENCY(value);

	while (n--)
		detector_tick(d, now_s += 1, true, &s, 1);
}

static unsigned int count(const struct detector *d)
{
	unsigned int n;

	detector_alerts(d, 0, &n);
	return n;
}

static int new_detector(void **state)
{
	now_s = 1000;
	*state = detector_new();
	return !*state;
}

static int free_detector(void **state)
{
	detector_free(*state);
	return 0;
}

static void a_lasting_rise_fires_once(void **state)
{
	struct detector *d = *state;
	const struct alert *a;
	unsigned int n;

	ticks(d, 20, 0.005);
	ticks(d, 3, 0.5);
	assert_int_equal(count(d), 0);
	ticks(d, 1, 0.5);
	assert_int_equal(count(d), 1);
	ticks(d, 20, 0.7);
	a = detector_alerts(d, 0, &n);
	assert_int_equal(n, 1);
	assert_true(fabs(a->fired_at_s - 1024) < 1e-9);
	assert_true(fabs(a->signal.value - 0.7) < 1e-9); /* the worst of it */
	assert_true(fabs(a->baseline - 0.005) < 1e-9);
	assert_true(a->ended_at_s <= 0);
}

static void an_outlier_does_not_fire(void **state)
{
	struct detector *d = *state;
	int i;

	ticks(d, 20, 0.005);
	for (i = 0; i < 20; i++) {
		ticks(d, 3, 2);
		ticks(d, 1, 0.005);
	}
	assert_int_equal(count(d), 0);
}

static void nothing_is_judged_without_a_baseline(void **state)
{
	ticks(*state, 4, 0.005); /* too few to know what is usual */
	ticks(*state, 20, 5);
	assert_int_equal(count(*state), 0);
}

static void the_floor_keeps_small_rises_quiet(void **state)
{
	ticks(*state, 20, 0.001);
	ticks(*state, 20, 0.04); /* forty times as much, and nobody would notice */
	assert_int_equal(count(*state), 0);
}

static void a_noisy_baseline_raises_the_level(void **state)
{
	struct detector *d = *state;
	int i;

	for (i = 0; i < 20; i++)
		ticks(d, 1, i % 4 ? 0.01 : 0.2);
	ticks(d, 3, 0.4); /* no more, or it would be learnt */
	assert_int_equal(count(d), 0);
	ticks(d, 5, 0.6);
	assert_int_equal(count(d), 1);
}

/* What stays just below the alarm is learnt, and the alarm is higher then; unless it is told to forget. */
static void it_forgets_when_it_is_told(void **state)
{
	struct detector *d = *state;
	const struct alert *a;
	unsigned int n;

	ticks(d, 60, 0.02);
	ticks(d, 10, 0.065); /* alarm from 0.07 */
	ticks(d, 20, 0.02);
	ticks(d, 8, 0.1);
	assert_int_equal(count(d), 0);
	detector_forget(d, now_s);
	ticks(d, 4, 0.1);
	assert_int_equal(count(d), 0); /* nothing is known yet */
	detector_forget(d, now_s);
	ticks(d, 12, 0.02);
	ticks(d, 8, 0.1);
	assert_int_equal(count(d), 1);
	detector_forget(d, now_s);
	a = detector_alerts(d, 0, &n);
	assert_true(a->ended_at_s > a->fired_at_s);
}

static void an_anomaly_does_not_become_the_baseline(void **state)
{
	struct detector *d = *state;

	ticks(d, 20, 0.005);
	ticks(d, 60, 0.5);
	ticks(d, 10, 0.005);
	ticks(d, 10, 0.5);
	assert_int_equal(count(d), 2);
}

static void a_level_that_stays_is_the_new_normal(void **state)
{
	struct detector *d = *state;

	ticks(d, 20, 0.005);
	ticks(d, 400, 0.5);
	assert_int_equal(count(d), 1);
	ticks(d, 10, 0.5);
	assert_int_equal(count(d), 1);
}

static void an_alert_ends_when_it_is_calm_for_a_while(void **state)
{
	struct detector *d = *state;
	const struct alert *a;
	unsigned int n;

	ticks(d, 20, 0.005);
	ticks(d, 6, 0.5);
	ticks(d, 4, 0.005);
	a = detector_alerts(d, 0, &n);
	assert_true(a->ended_at_s <= 0);
	ticks(d, 1, 0.005);
	assert_true(a->ended_at_s > a->fired_at_s);
}

static void a_disturbed_observer_does_not_judge_latency(void **state)
{
	struct detector *d = *state;
	struct signal latency = LATENCY(5), gone = { 0, -1, METRIC_AVAILABILITY, 1 };
	int i;

	ticks(d, 20, 0.005);
	for (i = 0; i < 10; i++)
		detector_tick(d, now_s += 1, false, &latency, 1);
	assert_int_equal(count(d), 0);
	for (i = 0; i < 2; i++)
		detector_tick(d, now_s += 1, false, &gone, 1);
	assert_int_equal(count(d), 1);
}

/* Eight services for @n ticks, the first @slow of them ten times as slow as usual. */
static void eight(struct detector *d, unsigned int n, int slow)
{
	struct signal s[8];
	int i;

	while (n--) {
		for (i = 0; i < 8; i++)
			s[i] = (struct signal){ i, -1, METRIC_LATENCY, i < slow ? 0.2 : 0.02 };
		detector_tick(d, now_s += 1, true, s, 8);
	}
}

static void a_busy_machine_is_no_fault_of_a_service(void **state)
{
	struct detector *d = *state;

	eight(d, 20, 0);
	eight(d, 20, 8);
	assert_int_equal(count(d), 0);
	eight(d, 20, 5);
	assert_int_equal(count(d), 0);
	eight(d, 10, 0);
	eight(d, 10, 4);
	assert_int_equal(count(d), 4);
}

/* One bad second is in three windows of three seconds. */
static void one_bad_second_does_not_fire(void **state)
{
	static const enum metric metrics[] = { METRIC_ERRORS,    METRIC_EDGE_ERRORS, METRIC_EDGE_TIMEOUTS,
					       METRIC_EDGE_POOL, METRIC_THROTTLING,  METRIC_CPU,
					       METRIC_LATENCY,   METRIC_EDGE_LATENCY };
	struct detector *d = *state;
	struct signal s;
	unsigned int i, k;

	for (i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		s = (struct signal){ 0, -1, metrics[i], 0 };
		for (k = 0; k < 26; k++) {
			s.value = k >= 20 && k < 23 ? 1 : 0;
			detector_tick(d, now_s += 1, true, &s, 1);
		}
		assert_int_equal(count(d), 0);
	}
}

/* Scrapes of five targets, @slow of them in 200 ms, the others in 2. */
static bool calm(struct control *c, int slow, bool late)
{
	struct observation now[5] = {};
	int i;

	for (i = 0; i < 5; i++)
		now[i] = (struct observation){ .up = i != 0 || slow != 1, .took_s = i < slow ? 0.2 : 0.002 };
	return control_is_calm(c, now, 5, late, 3);
}

static void scrapes_are_the_control(void **state)
{
	struct control c = {};
	int i;
	(void)state;

	for (i = 0; i < 20; i++)
		assert_true(calm(&c, i % 3, false)); /* one is down, or two are slow: those are faults */
	assert_false(calm(&c, 3, false));
	for (i = 0; i < 3; i++)
		assert_false(calm(&c, 0, false)); /* the second is still in the windows */
	assert_true(calm(&c, 0, false));
	assert_false(calm(&c, 0, true));
	for (i = 0; i < 100; i++)
		assert_false(calm(&c, 5, false)); /* and that does not become the usual */
}

static void alerts_since(void **state)
{
	struct detector *d = *state;
	const struct alert *a;
	unsigned int n;

	ticks(d, 20, 0.005);
	ticks(d, 10, 0.5);
	ticks(d, 10, 0.005);
	ticks(d, 10, 0.5);
	detector_alerts(d, 1030, &n);
	assert_int_equal(n, 1);
	a = detector_alerts(d, 0, &n);
	assert_int_equal(n, 2);
	assert_int_equal(a[1].id, a[0].id + 1);
	detector_alerts(d, 5000, &n);
	assert_int_equal(n, 0);
}

/* --- correlator and ranker ------------------------------------------------------------------- */

/* front -> gate -> check -> pay -> paydb; gate -> pay; gate -> note; all -> dns. other stands alone. */
enum { FRONT, GATE, CHECK, PAY, PAYDB, NOTE, DNS, OTHER, SERVICES };

static struct graph graph = {
	.n = SERVICES,
	.names = { "front", "gate", "check", "pay", "paydb", "note", "dns", "other" },
	.calls = {
		[FRONT] = { [GATE] = true, [DNS] = true },
		[GATE] = { [CHECK] = true, [PAY] = true, [NOTE] = true, [DNS] = true },
		[CHECK] = { [PAY] = true, [DNS] = true },
		[PAY] = { [PAYDB] = true, [DNS] = true },
		[PAYDB] = { [DNS] = true },
		[NOTE] = { [DNS] = true },
	},
};

#define AT(when, from, to, what)                                                                \
	{                                                                                       \
		.id = 1, .signal = { .service = from, .peer = to, .metric = what, .value = 1 }, \
		.fired_at_s = 100 + (when)                                                      \
	}

static int root_of_alerts(const struct alert *alerts, unsigned int n)
{
	struct ranked ranked[GRAPH_MAX];
	double weight[64];

	return rank(&graph, alerts, n, ranked, weight) ? ranked[0].service : -1;
}
#define ROOT(alerts) root_of_alerts(alerts, sizeof(alerts) / sizeof((alerts)[0]))

static void independent_faults_stay_apart(void **state)
{
	const struct alert alerts[] = {
		AT(0, NOTE, -1, METRIC_LATENCY), AT(1, PAYDB, -1, METRIC_LATENCY), AT(2, PAY, -1, METRIC_LATENCY),
		AT(2, OTHER, -1, METRIC_ERRORS), AT(90, NOTE, -1, METRIC_LATENCY),
	};
	unsigned int cluster[5], n;

	(void)state;
	correlate(&graph, alerts, 5, cluster, &n);
	assert_int_equal(n, 4);
	assert_int_equal(cluster[1], cluster[2]);     /* neighbours, at one time */
	assert_int_not_equal(cluster[0], cluster[1]); /* two hops apart */
	assert_int_not_equal(cluster[3], cluster[1]); /* not connected */
	assert_int_not_equal(cluster[4], cluster[0]); /* same service, another time */
}

static void what_lies_between_joins(void **state)
{
	const struct alert alerts[] = {
		AT(0, NOTE, -1, METRIC_LATENCY),
		AT(0, PAYDB, -1, METRIC_LATENCY),
		AT(1, GATE, PAY, METRIC_EDGE_TIMEOUTS),
	};
	unsigned int cluster[3], n;

	(void)state;
	correlate(&graph, alerts, 3, cluster, &n);
	assert_int_equal(n, 1);
}

static void the_deepest_slow_service_is_the_root(void **state)
{
	const struct alert alerts[] = {
		AT(0, FRONT, -1, METRIC_LATENCY), AT(0, GATE, -1, METRIC_LATENCY),  AT(0, CHECK, -1, METRIC_LATENCY),
		AT(1, PAY, -1, METRIC_LATENCY),   AT(1, PAYDB, -1, METRIC_LATENCY),
	};

	(void)state;
	assert_int_equal(ROOT(alerts), PAYDB);
}

static void not_the_loudest_of_a_retry_storm(void **state)
{
	const struct alert alerts[] = {
		AT(0, PAY, -1, METRIC_ERRORS),         AT(0, CHECK, -1, METRIC_LATENCY),
		AT(0, CHECK, -1, METRIC_ERRORS),       AT(1, CHECK, PAY, METRIC_EDGE_POOL),
		AT(1, CHECK, -1, METRIC_CPU),          AT(2, GATE, CHECK, METRIC_EDGE_TIMEOUTS),
		AT(2, GATE, CHECK, METRIC_EDGE_POOL),  AT(2, GATE, PAY, METRIC_EDGE_ERRORS),
		AT(2, CHECK, PAY, METRIC_EDGE_ERRORS),
	};

	(void)state;
	assert_int_equal(ROOT(alerts), PAY);
}

static void bad_edges_on_all_sides_are_the_one_in_the_middle(void **state)
{
	/* A slow network around pay: it is slow itself, because its own calls are. */
	const struct alert alerts[] = {
		AT(0, CHECK, PAY, METRIC_EDGE_LATENCY), AT(0, GATE, PAY, METRIC_EDGE_LATENCY),
		AT(0, PAY, PAYDB, METRIC_EDGE_LATENCY), AT(1, PAY, DNS, METRIC_EDGE_LATENCY),
		AT(1, PAY, -1, METRIC_LATENCY),         AT(1, CHECK, -1, METRIC_LATENCY),
		AT(1, FRONT, -1, METRIC_LATENCY),
	};

	(void)state;
	assert_int_equal(ROOT(alerts), PAY);
}

/* Loss at pay's own link: few of its edges have seen enough calls to speak, and pay is slow because its own calls are. */
static void loss_on_the_way_to_and_from_is_the_one_between(void **state)
{
	const struct alert alerts[] = {
		AT(0, CHECK, PAY, METRIC_EDGE_LATENCY),
		AT(0, PAY, PAYDB, METRIC_EDGE_LATENCY),
		AT(1, PAY, -1, METRIC_LATENCY),
		AT(1, CHECK, -1, METRIC_LATENCY),
	};
	struct alert slow_db[] = {
		AT(0, PAY, PAYDB, METRIC_EDGE_LATENCY),
		AT(1, CHECK, PAY, METRIC_EDGE_LATENCY),
		AT(1, PAY, -1, METRIC_LATENCY),
		AT(1, CHECK, -1, METRIC_LATENCY),
	};

	(void)state;
	assert_int_equal(ROOT(alerts), PAY);
	/* What windows leave of calls that wait for the database is a part of that waiting. */
	slow_db[1].signal.value = 0.3;
	assert_int_equal(ROOT(slow_db), PAYDB);
}

static void silence_of_a_healthy_peer_is_the_edge(void **state)
{
	const struct alert alerts[] = {
		AT(0, FRONT, GATE, METRIC_EDGE_TIMEOUTS),
		AT(0, FRONT, -1, METRIC_ERRORS),
		AT(0, FRONT, -1, METRIC_LATENCY),
	};
	int root = ROOT(alerts);

	(void)state;
	assert_true(root == FRONT || root == GATE);
}

static void everybody_waits_for_the_name_server(void **state)
{
	const struct alert alerts[] = {
		AT(0, FRONT, DNS, METRIC_EDGE_LATENCY), AT(0, GATE, DNS, METRIC_EDGE_LATENCY),
		AT(1, PAY, DNS, METRIC_EDGE_TIMEOUTS),  AT(1, GATE, -1, METRIC_LATENCY),
		AT(1, GATE, PAY, METRIC_EDGE_TIMEOUTS), AT(1, FRONT, -1, METRIC_ERRORS),
	};

	(void)state;
	assert_int_equal(ROOT(alerts), DNS);
}

static void refused_tokens_point_at_their_issuer(void **state)
{
	/* note issues, gate refuses: there is no call between them in the graph. */
	const struct alert alerts[] = { AT(0, GATE, OTHER, METRIC_TOKENS) };

	(void)state;
	assert_int_equal(ROOT(alerts), OTHER);
}

static void confidence_grows_with_evidence(void **state)
{
	const struct alert thin[] = { AT(0, FRONT, GATE, METRIC_EDGE_TIMEOUTS) };
	const struct alert solid[] = {
		AT(0, PAY, -1, METRIC_AVAILABILITY),
		AT(0, GATE, PAY, METRIC_EDGE_TIMEOUTS),
		AT(0, CHECK, PAY, METRIC_EDGE_TIMEOUTS),
	};
	struct ranked a[GRAPH_MAX], b[GRAPH_MAX];
	double weight[8];

	(void)state;
	assert_true(rank(&graph, thin, 1, a, weight) > 0);
	assert_true(rank(&graph, solid, 3, b, weight) > 0);
	assert_true(b[0].confidence > 0.8 && b[0].confidence <= 1);
	assert_true(a[0].confidence < b[0].confidence);
}

static void no_alert_no_root(void **state)
{
	json_t *answer = wire_cause(&graph, NULL, 0);

	(void)state;
	assert_true(json_is_null(json_object_get(answer, "root_service")));
	assert_int_equal(json_array_size(json_object_get(answer, "evidence")), 0);
	json_decref(answer);
}

static void an_alert_survives_the_wire(void **state)
{
	const struct alert a = AT(5, CHECK, PAY, METRIC_EDGE_TIMEOUTS);
	json_t *json = wire_alert(&graph, &a);
	struct alert back;

	(void)state;
	assert_true(wire_read_alert(&graph, json, &back));
	assert_int_equal(back.signal.service, CHECK);
	assert_int_equal(back.signal.peer, PAY);
	assert_int_equal(back.signal.metric, METRIC_EDGE_TIMEOUTS);
	assert_true(fabs(back.fired_at_s - 105) < 1e-9);
	json_object_set_new(json, "service", json_string("nobody"));
	assert_false(wire_read_alert(&graph, json, &back));
	json_decref(json);
}

static void every_cause_has_its_evidence(void **state)
{
	const struct alert alerts[] = {
		AT(0, PAYDB, -1, METRIC_MEMORY),
		AT(1, PAYDB, -1, METRIC_LATENCY),
		AT(2, FRONT, -1, METRIC_LATENCY),
	};
	json_t *answer = wire_cause(&graph, alerts, 3);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(answer, "root_service")), "paydb");
	/* The symptom far above is explained, and no evidence. */
	assert_int_equal(json_array_size(json_object_get(answer, "evidence")), 2);
	json_decref(answer);
}

#define detector_test(f) cmocka_unit_test_setup_teardown(f, new_detector, free_detector)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_format_is_read),
		cmocka_unit_test(nonsense_is_counted_and_passed_over),
		cmocka_unit_test(difference_of_two_scrapes),
		cmocka_unit_test(quantile_interpolates_in_its_bucket),
		detector_test(a_lasting_rise_fires_once),
		detector_test(an_outlier_does_not_fire),
		detector_test(nothing_is_judged_without_a_baseline),
		detector_test(the_floor_keeps_small_rises_quiet),
		detector_test(a_noisy_baseline_raises_the_level),
		detector_test(it_forgets_when_it_is_told),
		detector_test(an_anomaly_does_not_become_the_baseline),
		detector_test(a_level_that_stays_is_the_new_normal),
		detector_test(an_alert_ends_when_it_is_calm_for_a_while),
		detector_test(a_disturbed_observer_does_not_judge_latency),
		detector_test(a_busy_machine_is_no_fault_of_a_service),
		detector_test(one_bad_second_does_not_fire),
		cmocka_unit_test(scrapes_are_the_control),
		detector_test(alerts_since),
		cmocka_unit_test(independent_faults_stay_apart),
		cmocka_unit_test(what_lies_between_joins),
		cmocka_unit_test(the_deepest_slow_service_is_the_root),
		cmocka_unit_test(not_the_loudest_of_a_retry_storm),
		cmocka_unit_test(bad_edges_on_all_sides_are_the_one_in_the_middle),
		cmocka_unit_test(loss_on_the_way_to_and_from_is_the_one_between),
		cmocka_unit_test(silence_of_a_healthy_peer_is_the_edge),
		cmocka_unit_test(everybody_waits_for_the_name_server),
		cmocka_unit_test(refused_tokens_point_at_their_issuer),
		cmocka_unit_test(confidence_grows_with_evidence),
		cmocka_unit_test(no_alert_no_root),
		cmocka_unit_test(an_alert_survives_the_wire),
		cmocka_unit_test(every_cause_has_its_evidence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
