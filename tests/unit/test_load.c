// SPDX-License-Identifier: GPL-2.0-only
/* YAML to struct suite: what is understood as written, and every refusal with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <time.h>

#include "fault/fault.h"
#include "model/experiment.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define S NS_PER_SEC

static const struct param latency_params[] = { { .name = "delay", .type = PARAM_DURATION, .def = "!" },
					       { .name = "jitter", .type = PARAM_DURATION },
					       {} };
static const struct param common_params[] = { { .name = "share", .type = PARAM_PERCENT, .def = "100%" },
					      { .name = "peer", .type = PARAM_PEERS },
					      {} };
static const struct param loss_params[] = { { .name = "percent", .type = PARAM_PERCENT, .def = "!" }, {} };
static const char *const delay_alias[] = { "delay", NULL };
static const struct fault_ops latency = {
	.name = "latency", .aliases = delay_alias, .params = latency_params, .common = common_params
};
static const struct fault_ops loss = { .name = "network_loss", .params = loss_params };
static const struct fault_ops partition = { .name = "network_partition", .common = common_params };
static const struct fault_ops *const table[] = { &latency, &loss, &partition, NULL };

/* Section 5 of the seed text, to the letter, with its fault and ground truth. */
static const char seed[] = "experiment:\n"
			   "  name: \"Payment service network partition under load\"\n"
			   "  hypothesis: |\n"
			   "    Steady-state: order_success_rate ≥ 99.5%, checkout_p99 ≤ 800ms.\n"
			   "    Khi payment-svc bị partition từ checkout-svc, retry logic\n"
			   "    sẽ failover to backup payment provider trong < 30s, \n"
			   "    order_success_rate sẽ giảm không quá 5% trong 60s.    \n"
			   "  blast_radius:\n"
			   "    target: 1 instance of payment-svc\n"
			   "    traffic: 10% of production traffic (canary cell)\n"
			   "    duration: 60 seconds\n"
			   "  rollback:\n"
			   "    automatic: true\n"
			   "    trigger_when: order_success_rate < 90% OR checkout_p99 > 3s\n"
			   "    method: iptables flush, restart sidecar\n"
			   "  measurement:\n"
			   "    metrics: [order_success_rate, checkout_p99, payment_retry_count, error_log_rate]\n"
			   "    capture_window: t-5min to t+10min\n"
			   "  abort_conditions:\n"
			   "    - any SLO breach beyond budget for 30s\n"
			   "    - alert tier-1 fires\n"
			   "  ground_truth: payment-svc\n";

static const char one[] = "  - name: NAME\n"
			  "    hypothesis: pass_rate >= 99%\n"
			  "    fault_type: latency\n"
			  "    params: {delay: 500ms}\n"
			  "    blast_radius: {target: payment-svc, traffic: 0% (synthetic), duration: 10s}\n"
			  "    rollback: {automatic: true, trigger_when: pass_rate < 10%, method: expiry}\n"
			  "    measurement: {metrics: [pass_rate], capture_window: t-5s to t+10s}\n"
			  "    ground_truth: {root_service: payment-svc}\n";

static struct suite *load(const char *text)
{
	struct fl_error err = {};
	struct suite *s = NULL;

	if (suite_parse("t.yaml", text, strlen(text), table, &s, &err))
		fail_msg("%s:%d:%d: %s", err.file, err.line, err.column, err.message);
	return s;
}

/* The text of one() with @from replaced by @to. */
static char *edited(const char *from, const char *to)
{
	const char *at = strstr(one, from);
	struct text t = {};

	assert_non_null(at);
	text_append(&t, "experiments:\n%.*s%s%s", (int)(at - one), one, to, at + strlen(from));
	return t.s;
}

static void seed_form(void **state)
{
	struct suite *s = load(seed);
	struct experiment *x = &s->experiments[0];
	(void)state;

	assert_int_equal(s->n, 1);
	assert_int_equal(s->baseline_ns, 300 * S);
	assert_int_equal(s->cooldown_ns, 120 * S);
	assert_string_equal(x->name, "Payment service network partition under load");
	assert_string_equal(x->targets[0], "payment-svc");
	assert_null(x->targets[1]);
	assert_int_equal(x->instances, 1);
	assert_int_equal(x->traffic_ppm, 100000);
	assert_false(x->synthetic);
	assert_int_equal(x->stage, STAGE_CANARY);
	assert_int_equal(x->duration_ns, 60 * S);
	assert_true(x->rollback_automatic);
	assert_non_null(x->trigger_when);
	assert_int_equal(x->window_before_ns, 300 * S);
	assert_int_equal(x->window_after_ns, 600 * S);
	assert_non_null(x->aborts[0]);
	assert_non_null(x->aborts[1]);
	assert_null(x->aborts[2]);
	assert_int_equal(x->n_clauses, 2);
	assert_string_equal(x->truth.root_services[0], "payment-svc");
	assert_true(x->truth.must_detect);
	assert_int_equal(strlen(s->sha256), 64);
	suite_free(s);
}

static void suite_form(void **state)
{
	_cleanup_free_ char *text =
		text_format("suite:\n"
			    "  name: demo\n"
			    "  stack: lab\n"
			    "  probe: {url: 'http://127.0.0.1/x', interval: 500ms, steady: 98%%}\n"
			    "  pipeline: {url: 'http://127.0.0.1:8000', retries: 3, fields: {alert_time: when}}\n"
			    "  baseline: 8s\n"
			    "  cooldown: 0\n"
			    "  metrics: {pass_rate: {probe: success_rate}, q: {prometheus: 'sum(rate(x[1m]))'}}\n"
			    "  graph: {edges: [[frontend, api-gateway]]}\n"
			    "experiments:\n%s",
			    one);
	struct suite *s = load(text);
	struct experiment *x = &s->experiments[0];
	(void)state;

	assert_string_equal(s->stack, "lab");
	assert_int_equal(s->probe.interval_ns, 500 * NS_PER_MSEC);
	assert_int_equal(s->probe.timeout_ns, 2 * S);
	assert_int_equal(s->probe.steady_ppm, 980000);
	assert_int_equal(s->pipeline.retries, 3);
	assert_string_equal(s->pipeline.adapter, "faultline");
	assert_string_equal(json_string_value(json_object_get(s->pipeline.fields, "alert_time")), "when");
	assert_int_equal(s->baseline_ns, 8 * S);
	assert_int_equal(s->cooldown_ns, 0);
	assert_int_equal(json_object_size(s->metrics), 2);
	assert_int_equal(x->stage, STAGE_DEV);
	assert_int_equal(x->n_faults, 1);
	assert_ptr_equal(x->faults[0].ops, &latency);
	assert_int_equal(params_get(&x->faults[0].params, "delay")->u64, 500 * NS_PER_MSEC);
	assert_string_equal(x->faults[0].targets[0], "payment-svc");
	assert_string_equal(x->id, "NAME");
	assert_int_equal(x->number, 1);
	suite_free(s);
}

static void several_faults(void **state)
{
	_cleanup_free_ char *text =
		edited("    fault_type: latency\n    params: {delay: 500ms}\n",
		       "    faults:\n"
		       "      - {type: delay, params: {delay: 1s, peer: [a, b]}, offset: 2s, duration: 3s}\n"
		       "      - {type: network-loss, target: [x, 2 instances of y], params: {percent: 5}}\n");
	struct suite *s = load(text);
	struct fault_plan *f = s->experiments[0].faults;
	(void)state;

	assert_int_equal(s->experiments[0].n_faults, 2);
	assert_ptr_equal(f[0].ops, &latency);
	assert_int_equal(f[0].offset_ns, 2 * S);
	assert_int_equal(f[0].duration_ns, 3 * S);
	assert_string_equal(params_text(&f[0].params, "peer"), "a,b");
	assert_string_equal(f[0].targets[0], "payment-svc");
	assert_ptr_equal(f[1].ops, &loss);
	assert_string_equal(f[1].targets[1], "y");
	assert_int_equal(params_get(&f[1].params, "percent")->u64, 50000);
	suite_free(s);
}

static void edges(void **state)
{
	static const char *const ways[] = { "frontend <-> api-gateway", "frontend ↔ api-gateway",
					    "frontend↔api-gateway" };
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		_cleanup_free_ char *to =
			text_format("    fault_type: network_partition\n    blast_radius: {target: %s,", ways[i]);
		_cleanup_free_ char *text = edited("    fault_type: latency\n    params: {delay: 500ms}\n"
						   "    blast_radius: {target: payment-svc,",
						   to);
		struct suite *s = load(text);
		struct experiment *x = &s->experiments[0];

		assert_string_equal(x->faults[0].targets[0], "frontend");
		assert_null(x->faults[0].targets[1]);
		assert_string_equal(params_text(&x->faults[0].params, "peer"), "api-gateway");
		assert_string_equal(x->targets[1], "api-gateway");
		assert_null(x->targets[2]);
		assert_int_equal(x->stage, STAGE_DEV);
		suite_free(s);
	}
}

/* Real traffic: the share goes to the kernel. */
static void traffic_share(void **state)
{
	_cleanup_free_ char *text = edited("0% (synthetic)", "5% of production traffic");
	_cleanup_free_ char *load_test = edited("0% (synthetic)", "100% of the load test");
	struct suite *s = load(text);
	(void)state;

	assert_int_equal(params_get(&s->experiments[0].faults[0].params, "share")->u64, 50000);
	suite_free(s);
	s = load(load_test);
	assert_true(s->experiments[0].synthetic);
	assert_int_equal(params_get(&s->experiments[0].faults[0].params, "share")->u64, 1000000);
	suite_free(s);
}

static void anchors(void **state)
{
	_cleanup_free_ char *text =
		text_format("experiments:\n"
			    "  - name: a\n    hypothesis: &h pass_rate >= 99%%\n    fault_type: latency\n"
			    "    params: &p {delay: 1s}\n"
			    "    blast_radius: &b {target: x, traffic: 0%%, duration: 1s}\n"
			    "    rollback: &r {automatic: true, trigger_when: pass_rate < 1%%, method: m}\n"
			    "    measurement: &m {metrics: pass_rate, capture_window: t-1s to t+1s}\n"
			    "    ground_truth: x\n"
			    "  - {name: b, hypothesis: *h, fault_type: latency, params: *p, blast_radius: *b,\n"
			    "     rollback: *r, measurement: *m, ground_truth: x}\n");
	struct suite *s = load(text);
	(void)state;

	assert_int_equal(s->n, 2);
	assert_int_equal(s->experiments[1].number, 2);
	assert_int_equal(params_get(&s->experiments[1].faults[0].params, "delay")->u64, S);
	suite_free(s);
}

/* Refusals of one edit, with line and column, and a word that the message or hint must have. */
static void refused(void **state)
{
	static const struct {
		const char *from, *to;
		int line, column;
		const char *word;
	} bad[] = {
		{ "hypothesis:", "hypotesis:", 3, 5, "'hypothesis'" },
		{ "params: {delay", "params: {dellay", 5, 14, "'delay'" },
		{ "fault_type: latency", "fault_type: latncy", 4, 17, "'latency'" },
		{ "target:", "targets:", 6, 20, "'target'" },
		{ "    hypothesis: pass_rate >= 99%\n", "", 2, 5, "'hypothesis'" },
		{ "500ms", "-500ms", 5, 21, "negative" },
		{ "500ms", "500", 5, 21, "unit" },
		{ "500ms", "5 parsecs", 5, 21, "parsecs" },
		{ "{delay: 500ms}", "{}", 4, 17, "delay" },
		{ "{delay: 500ms}", "[1, 2]", 5, 14, "mapping" },
		{ "0% (synthetic)", "150% of it", 6, 50, "0..100" },
		{ "0% (synthetic)", "all of it", 6, 50, "percentage" },
		{ "duration: 10s", "duration: 0", 6, 20, "0" },
		{ "duration: 10s", "duration: -3s", 6, 76, "negative" },
		{ "automatic: true", "automatic: maybe", 7, 27, "maybe" },
		{ "pass_rate < 10%", "pass_rate <", 7, 47, "number" },
		{ "t-5s to t+10s", "an hour", 8, 57, "t-5min" },
		{ "t-5s to t+10s", "t+5s to t+10s", 8, 57, "before" },
		{ "target: payment-svc", "target: the payment service", 6, 28, "netns:NAME" },
		{ "target: payment-svc", "target: 2 boxes of x", 6, 28, "target" },
		{ "target: payment-svc", "target: \"\\e[31mx\"", 6, 29, "control" },
		{ "name: NAME", "name: [a]", 2, 12, "list" },
		{ "name: NAME", "name: ''", 2, 12, "missing" },
		{ "name: NAME", "name:", 2, 5, "missing" },
		{ "latency\n", "latency\n    fault_type: latency\n", 5, 5, "uplicate" },
		{ "fault_type: latency\n    params: {delay: 500ms}", "params: {delay: 500ms}", 4, 14, "fault_type" },
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_free_ char *text = edited(bad[i].from, bad[i].to);
		struct fl_error err = {};
		struct suite *s = NULL;

		if (suite_parse("t.yaml", text, strlen(text), table, &s, &err) >= 0)
			fail_msg("accepted %s", bad[i].to);
		assert_null(s);
		assert_int_equal(err.exit, FL_EXIT_USAGE);
		assert_string_equal(err.file, "t.yaml");
		/* edited() puts a line before. */
		if (err.line != bad[i].line || err.column != bad[i].column)
			fail_msg("%s: at %d:%d, not %d:%d: %s", bad[i].to, err.line, err.column, bad[i].line,
				 bad[i].column, err.message);
		if (!strstr(err.message, bad[i].word) && !strstr(err.hint, bad[i].word))
			fail_msg("%s: no '%s' in: %s / %s", bad[i].to, bad[i].word, err.message, err.hint);
	}
}

static void duplicates(void **state)
{
	_cleanup_free_ char *same = text_format("experiments:\n%s%s", one, one);
	struct fl_error err = {};
	struct suite *s;
	(void)state;

	assert_true(suite_parse("t.yaml", same, strlen(same), table, &s, &err) < 0);
	assert_int_equal(err.line, 10);
	assert_non_null(strstr(err.message, "duplicate"));
}

static const char *const hostile_small[] = { "",
					     "\n\n# nothing\n",
					     "---\n",
					     "just words",
					     "- 1",
					     "[",
					     "{a: b",
					     "experiments: []\n",
					     "experiments: 5\n",
					     "a: &x [*x]\n",
					     "experiments: &x\n  - *x\n",
					     "experiments: *nowhere\n",
					     "experiments:\n\t- a\n",
					     "a: 1\n---\nb: 2\n",
					     "\xff\xfe\x00",
					     ("\x7f"
					      "ELF\x02\x01\x01"),
					     "experiments: [1]\nexperiments: [2]\n",
					     "? [a]\n: b\n",
					     "%YAML 9.9\n---\na\n",
					     "a:\n%a {\xff\x80: b\n",
					     "a: \xff\n",
					     "!!binary x" };

/* Whole files that must end fast, whatever their size. */
static void hostile(void **state)
{
	struct text bomb = {}, deep = {}, wide = {}, big = {};
	struct timespec begin, end;
	size_t i;
	(void)state;

	text_append(&bomb, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
	for (i = 1; i < 30; i++)
		text_append(&bomb, "a%zu: &a%zu [*a%zu,*a%zu,*a%zu,*a%zu,*a%zu,*a%zu]\n", i, i, i - 1, i - 1, i - 1,
			    i - 1, i - 1, i - 1);
	for (i = 0; i < 500000; i++)
		text_append_bytes(&deep, "[", 1);
	for (i = 0; i < 100000; i++)
		text_append(&wide, "k%zu:\n", i);
	for (i = 0; i < 10u << 20; i += 16)
		text_append_bytes(&big, "# filling it up\n", 16);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	for (i = 0; i < ARRAY_SIZE(hostile_small) + 4; i++) {
		const struct text *t = i == ARRAY_SIZE(hostile_small)       ? &bomb
				       : i == ARRAY_SIZE(hostile_small) + 1 ? &deep
				       : i == ARRAY_SIZE(hostile_small) + 2 ? &wide
									    : &big;
		const char *text = i < ARRAY_SIZE(hostile_small) ? hostile_small[i] : t->s;
		struct fl_error err = {};
		struct suite *s = NULL;

		if (suite_parse("t.yaml", text, strlen(text), table, &s, &err) >= 0)
			fail_msg("accepted hostile file %zu", i);
		assert_int_equal(err.exit, FL_EXIT_USAGE);
		assert_true(err.message[0]);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	assert_true(end.tv_sec - begin.tv_sec < 5);
	text_free(&bomb);
	text_free(&deep);
	text_free(&wide);
	text_free(&big);
	assert_true(suite_parse("t.yaml", "a\0b", 3, table, &(struct suite *){ NULL }, NULL) < 0);
}

/* Not only refused: recognised, before the walk has gone round thousands of times. */
static void cyclic(void **state)
{
	static const char text[] = "experiments: &x\n  - *x\n";
	struct fl_error err = {};
	struct suite *s = NULL;
	(void)state;

	assert_true(suite_parse("t.yaml", text, strlen(text), table, &s, &err) < 0);
	assert_non_null(strstr(err.message, "contains itself"));
}

static void no_such_file(void **state)
{
	struct fl_error err = {};
	struct suite *s;
	(void)state;

	assert_true(suite_load("/nonexistent/x.yaml", table, &s, &err) < 0);
	assert_int_equal(err.exit, FL_EXIT_USAGE);
	error_clear(&err);
	assert_true(suite_load("/", table, &s, &err) < 0);
	error_clear(&err);
	assert_true(suite_load("/dev/zero", table, &s, &err) < 0);
	assert_int_equal(err.code, -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seed_form), cmocka_unit_test(suite_form),    cmocka_unit_test(several_faults),
		cmocka_unit_test(edges),     cmocka_unit_test(traffic_share), cmocka_unit_test(anchors),
		cmocka_unit_test(refused),   cmocka_unit_test(duplicates),    cmocka_unit_test(hostile),
		cmocka_unit_test(cyclic),    cmocka_unit_test(no_such_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
