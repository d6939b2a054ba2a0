// SPDX-License-Identifier: GPL-2.0-only
/* Files of the exercise as people write them: what each spelling becomes in our own form, and what is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "exercise/entry.h"
#include "exercise/phrase.h"
#include "experiment/experiment.h"
#include "fault/fault.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text.h"

#define S NS_PER_SEC

static const struct param net[] = {
	{ .name = "peer", .type = PARAM_PEERS }, { .name = "share", .type = PARAM_PERCENT, .def = "100%" }, {}
};
static const struct param delay[] = {
	{ .name = "delay", .type = PARAM_DURATION, .def = "!" }, { .name = "jitter", .type = PARAM_DURATION }, {}
};
static const struct param percent[] = {
	{ .name = "percent", .type = PARAM_PERCENT, .def = "!" }, { .name = "status", .type = PARAM_INT, .max = 999 },
	{ .name = "bytes", .type = PARAM_BYTES }, { .name = "path", .type = PARAM_STRING },
	{ .name = "mode", .type = PARAM_STRING }, {}
};
static const struct param every[] = {
	{ .name = "every", .type = PARAM_DURATION }, { .name = "signal", .type = PARAM_STRING }, {}
};
static const struct param load_of[] = {
	{ .name = "load", .type = PARAM_PERCENT }, { .name = "workers", .type = PARAM_INT, .min = 1, .max = 99 }, {}
};
static const struct param offset[] = { { .name = "offset", .type = PARAM_OFFSET }, {} };
static const char *const retry_alias[] = { "cascade_retry", NULL };
static const struct fault_ops ops[] = {
	{ .name = "latency", .params = delay, .common = net },
	{ .name = "network_loss", .params = percent, .common = net },
	{ .name = "availability", .params = every },
	{ .name = "cpu_saturation", .params = load_of },
	{ .name = "memory", .params = percent },
	{ .name = "disk_fill", .params = percent },
	{ .name = "time_skew", .params = offset },
	{ .name = "network_partition", .common = net },
	{ .name = "dns_latency", .params = delay, .common = net },
	{ .name = "http_error", .aliases = retry_alias, .params = percent, .common = net },
};
static const struct fault_ops *const table[] = { &ops[0], &ops[1], &ops[2], &ops[3], &ops[4], &ops[5],
						 &ops[6], &ops[7], &ops[8], &ops[9], NULL };

/* One entry as the template has them, in our own words. */
static const char entry[] =
	"experiments:\n"
	"- id: 1\n"
	"  name: slow_pay\n"
	"  fault_type: latency\n"
	"  target: payment-svc\n"
	"  hypothesis: probe pass-rate >= 97%, and no order hangs\n"
	"  blast_radius:\n"
	"    target: 1 instance of payment-svc\n"
	"    duration_seconds: 45\n"
	"    traffic_percent: 100\n"
	"  rollback:\n"
	"    automatic: true\n"
	"    trigger_when: probe_pass_rate < 40% for 15s\n"
	"    method: tc qdisc del\n"
	"  measurement:\n"
	"    metrics: [probe_pass_rate, p99_latency]\n"
	"    capture_window_seconds: 240\n"
	"  ground_truth:\n"
	"    expected_root_service: payment-svc\n"
	"    expected_fault_class: latency\n";

/* @from replaced by @to in the entry; a second pair may follow. */
static char *edit(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	struct text t = {};

	if (!at)
		fail_msg("no '%s' in the entry", from);
	text_append(&t, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return t.s;
}

/* The suite and its completed text. */
static struct suite *read_text(const char *text, struct text *completed)
{
	struct finding *findings = NULL;
	struct fl_error err = {};
	struct suite *s = NULL;
	uint32_t n;

	if (suite_read_text("w3.yaml", text, strlen(text), table, &s, &err))
		fail_msg("%s:%d: %s\n%s", err.file, err.line, err.message, text);
	if (suite_complete("w3.yaml", text, strlen(text), table, completed, &findings, &n, &err))
		text_append(completed, "REFUSED %s", err.message);
	free(findings);
	return s;
}

static bool said(const struct suite *s, const char *rule)
{
	uint32_t i;

	for (i = 0; i < s->n_findings; i++)
		if (!strcmp(s->findings[i].rule, rule))
			return true;
	return false;
}

static void print_findings(const struct suite *s)
{
	uint32_t i;

	for (i = 0; i < s->n_findings; i++)
		print_message("%d: [%s] %s\n", s->findings[i].line, s->findings[i].rule, s->findings[i].text);
}

static void as_the_template(void **state)
{
	struct text completed = {};
	struct suite *s = read_text(entry, &completed), *again = NULL;
	struct experiment *x = &s->experiments[0];
	struct finding *f = NULL;
	uint32_t n = 0;
	(void)state;

	assert_int_equal(s->n, 1);
	assert_string_equal(x->name, "slow_pay");
	assert_int_equal(x->number, 1);
	assert_string_equal(x->targets[0], "payment-svc");
	assert_null(x->targets[1]);
	assert_int_equal(x->duration_ns, 45 * S);
	assert_true(x->synthetic);
	assert_int_equal(x->stage, STAGE_DEV);
	assert_int_equal(x->window_after_ns, 240 * S);
	assert_int_equal(x->n_clauses, 1);
	assert_string_equal(x->clauses[0].metric, "pass_rate");
	assert_string_equal(expr_text(x->trigger_when), "probe_pass_rate < 40% for 15s");
	assert_string_equal(x->truth.root_services[0], "payment-svc");
	assert_string_equal(x->truth.symptom, "latency");
	assert_int_equal(params_u64(&x->faults[0].params, "delay"), 500 * NS_PER_MSEC);
	assert_int_equal(params_u64(&x->faults[0].params, "jitter"), 100 * NS_PER_MSEC);
	assert_true(x->line >= 2 && x->line <= 3); /* of the file that a person has */
	assert_true(said(s, "invented-params") && said(s, "invented-probe") && said(s, "invented-pipeline"));
	assert_false(said(s, "invented-trigger") || said(s, "invented-hypothesis"));
	/* Completed, nothing is left to be said. */
	assert_int_equal(suite_parse("c.yaml", completed.s, completed.len, table, &again, NULL), 0);
	assert_int_equal(suite_check(again, &f, &n, NULL), 0);
	if (n)
		fail_msg("the completed file: [%s] %s", f[0].rule, f[0].text);
	free(f);
	suite_free(again);
	suite_free(s);
	text_free(&completed);
}

struct spelling {
	const char *from, *to; /* in the entry */
	const char *becomes;   /* in the completed file */
	const char *rule;      /* of a finding; NULL: whatever */
};

static const struct spelling spellings[] = {
	/* durations */
	{ "duration_seconds: 45", "duration_s: 45", "duration: \"45s\"", NULL },
	{ "duration_seconds: 45", "duration_sec: '45'", "duration: \"45s\"", NULL },
	{ "duration_seconds: 45", "durationSeconds: 45", "duration: \"45s\"", NULL },
	{ "duration_seconds: 45", "Duration Seconds: 45", "duration: \"45s\"", NULL },
	{ "duration_seconds: 45", "duration-seconds: 45", "duration: \"45s\"", NULL },
	{ "duration_seconds: 45", "duration: 45", "duration: \"45s\"", NULL },
	{ "duration_seconds: 45", "duration: 45s", "duration: \"45s\"", NULL },
	{ "duration_seconds: 45", "duration: 1m", "duration: \"1m\"", NULL },
	{ "duration_seconds: 45", "duration: 1 phút", "duration: \"1min\"", NULL },
	{ "duration_seconds: 45", "duration: 45 giây", "duration: \"45s\"", NULL },
	{ "duration_seconds: 45", "duration_minutes: 2", "duration: \"2min\"", NULL },
	{ "duration_seconds: 45", "duration_ms: 4500", "duration: \"4500ms\"", NULL },
	{ "    duration_seconds: 45\n", "", "duration: \"60s\"", "invented-duration" },
	{ "  blast_radius:\n", "  duration_seconds: 33\n  blast_radius:\n", "duration: \"45s\"", "said-twice" },
	{ "duration_seconds: 45", "duration: 1m30s", "duration: \"90s\"", NULL },
	/* traffic */
	{ "traffic_percent: 100", "traffic: synthetic", "traffic: \"100% synthetic load\"", NULL },
	{ "traffic_percent: 100", "traffic_pct: 25", "traffic: \"25% of the synthetic load\"", "whole-load" },
	{ "traffic_percent: 100", "trafficPercentage: 100%", "traffic: \"100% of the synthetic load\"", NULL },
	{ "    traffic_percent: 100\n", "", "traffic: \"100% synthetic load\"", "invented-traffic" },
	/* windows */
	{ "capture_window_seconds: 240", "capture_window: 240", "capture_window: t-240s to t+240s", NULL },
	{ "capture_window_seconds: 240", "capture_window: t-5m to t+10m", "capture_window: t-5m to t+10m", NULL },
	{ "capture_window_seconds: 240", "capture_window: 5 phút trước, 10 phút sau", "t-5min to t+10min", NULL },
	{ "capture_window_seconds: 240", "capture_window: [-2m, +4m]", "t-2m to t+4m", NULL },
	{ "capture_window_seconds: 240", "capture_window: {before: 60s, after: 300s}", "t-60s to t+300s", NULL },
	{ "    capture_window_seconds: 240\n", "", "t-5min to t+10min", "invented-window" },
	/* targets */
	{ "  target: payment-svc\n", "  target_service: payment-svc\n", "target: payment-svc\n", NULL },
	{ "  target: payment-svc\n", "  target: {service: payment-svc, instances: 1}\n", "target: payment-svc\n", NULL },
	{ "  target: payment-svc\n", "  target: [payment-svc]\n", "target: payment-svc\n", NULL },
	{ "  target: payment-svc\n", "  container: w3d2-payment-svc\n", "target: payment-svc\n", "container-name" },
	{ "  target: payment-svc\n", "  target: my_stack_payment-svc_1\n", "target: payment-svc\n", NULL },
	{ "  target: payment-svc\n", "", "target: payment-svc\n", NULL },
	{ "  target: payment-svc\n", "  target: billing-svc\n", "target: billing-svc\n", "two-targets" },
	/* kinds */
	{ "fault_type: latency", "fault_type: netem_delay", "fault_type: latency", NULL },
	{ "fault_type: latency", "faultType: Network Latency", "fault_type: latency", NULL },
	{ "fault_type: latency", "fault: {type: packet-loss, params: {loss_percent: 12}}", "percent: \"12%\"", NULL },
	{ "fault_type: latency", "fault_type: pod_kill", "every: \"60s\"", "invented-params" },
	{ "fault_type: latency", "fault_type: stress_cpu", "load: \"90%\"", "invented-params" },
	{ "fault_type: latency", "fault_type: memory_fill", "percent: \"95%\"", "invented-params" },
	{ "fault_type: latency", "fault_type: clock_skew", "offset: \"60s\"", "invented-params" },
	{ "fault_type: latency", "fault_type: slow_lookup", "delay: \"2s\"", "invented-params" },
	{ "fault_type: latency", "fault_type: disk_full", "path: \"/\"", "invented-path" },
	{ "fault_type: latency", "fault_type: cascade_retry", "status: \"500\", percent: \"20%\"", "invented-params" },
	{ "  fault_type: latency\n", "", "fault_type: latency", "invented-fault" },
	/* parameters */
	{ "fault_type: latency", "fault_type: latency\n  params: {delay_ms: 300}", "{delay: \"300ms\"}", NULL },
	{ "fault_type: latency", "fault_type: latency\n  parameters: {latency: 2s}", "{delay: \"2s\"}", NULL },
	{ "fault_type: latency", "fault_type: latency\n  delay_ms: 300", "{delay: \"300ms\"}", NULL },
	{ "fault_type: latency", "fault_type: latency\n  params: {delay: 500ms ± 50ms}", "jitter: \"50ms\"", NULL },
	{ "fault_type: latency", "fault_type: latency\n  params: {delay: 2}", "{delay: \"2s\"}", NULL },
	{ "fault_type: latency", "fault_type: network_loss\n  params: {loss: 0.2}", "percent: \"20%\"", NULL },
	{ "fault_type: latency", "fault_type: http_500\n  params: {error_rate: 0.4, http_code: 503}", "\"40%\"", NULL },
	{ "fault_type: latency", "fault_type: time_skew\n  params: {skew_seconds: 90}", "offset: \"90s\"", NULL },
	{ "fault_type: latency", "fault_type: kill\n  params: {kill_interval_s: 20}", "every: \"20s\"", NULL },
	{ "fault_type: latency", "fault_type: disk_fill\n  params: {fill_percent: 90, mount: /data}", "path: \"/data\"",
	  NULL },
	{ "fault_type: latency", "fault_type: latency\n  params: {delay_ms: 300, colour: red}", "300ms", "ignored-param" },
	{ "fault_type: latency", "fault_type: latency\n  inject_cmd_args: {params: '{\"latency_ms\": 250}'}", "250ms", NULL },
	/* edges */
	{ "fault_type: latency\n  target: payment-svc", "fault_type: partition\n  target: frontend ↔ api-gateway",
	  "target: frontend <-> api-gateway", NULL },
	{ "fault_type: latency\n  target: payment-svc", "fault_type: partition\n  target: frontend to api-gateway link",
	  "target: frontend <-> api-gateway", NULL },
	{ "fault_type: latency\n  target: payment-svc", "fault_type: partition\n  target: {source: frontend, destination: api-gateway}",
	  "target: frontend <-> api-gateway", NULL },
	{ "fault_type: latency\n  target: payment-svc", "fault_type: partition\n  target: [frontend, api-gateway]",
	  "target: frontend <-> api-gateway", NULL },
	{ "fault_type: latency\n  target: payment-svc", "fault_type: partition\n  target: frontend\n  peer: api-gateway",
	  "target: frontend <-> api-gateway", NULL },
	{ "fault_type: latency\n  target: payment-svc", "fault_type: partition\n  target: frontend",
	  "target: frontend <-> api-gateway", "invented-peer" },
	{ "fault_type: latency\n  target: payment-svc", "fault_type: partition\n  target: frontend\n  params: {peer_service: auth-svc}",
	  "target: frontend <-> auth-svc", NULL },
	/* hypotheses */
	{ "probe pass-rate >= 97%", "probe_success_rate ≥ 97%", "probe_success_rate", NULL },
	{ "probe pass-rate >= 97%", "payment_latency_p99 ≤ 120ms", "steady_state: [payment_p99 <= 120ms]", NULL },
	{ "probe pass-rate >= 97%", "payment_success_rate >= 99%", "payment_error_rate <= 1%", NULL },
	{ "probe pass-rate >= 97%", "checkout_p99 <= 1s", "p99{service=checkout-svc} <= 1000ms", NULL },
	{ "probe pass-rate >= 97%", "orders go through", "steady_state: [probe_pass_rate >= 99%]",
	  "invented-hypothesis" },
	{ "probe pass-rate >= 97%", "queue_depth < 5, pass rate >= 98%", "steady_state: [pass rate >= 98%]",
	  "unmeasured-clause" },
	{ "probe pass-rate >= 97%", "JWT validation success rate >= 99.9%", "steady_state: [probe_pass_rate >= 99%]",
	  "unmeasured-clause" },
	/* triggers */
	{ "probe_pass_rate < 40% for 15s", "probe_pass_rate < 40% for 15s continuously",
	  "trigger_when: probe_pass_rate < 40% for 15s\n", NULL },
	{ "probe_pass_rate < 40% for 15s", "probe pass-rate < 40% trong 15 giây", "pass-rate < 40% for 15s", NULL },
	{ "probe_pass_rate < 40% for 15s", "probe_pass_rate < 0.4 hoặc p99_latency > 3000ms",
	  "probe_pass_rate < 0.4 OR p99_latency > 3000ms", NULL },
	{ "probe_pass_rate < 40% for 15s", "probe_pass_rate < 40 for 15s", "probe_pass_rate < 40% for 15s", NULL },
	{ "probe_pass_rate < 40% for 15s", "p99_latency > 3000", "p99_latency > 3000ms", NULL },
	{ "probe_pass_rate < 40% for 15s", "a person says so", "probe_pass_rate < 10% for 30s", "invented-trigger" },
	{ "probe_pass_rate < 40% for 15s", "{metric: probe_pass_rate, operator: '<', threshold: 40%, for: 15}",
	  "trigger_when: probe_pass_rate < 40% for 15s", NULL },
	{ "probe_pass_rate < 40% for 15s", "[probe_pass_rate < 40%, p99 > 5s]", "probe_pass_rate < 40% OR p99 > 5s", NULL },
	{ "probe_pass_rate < 40% for 15s", "disk is full OR probe_pass_rate < 40%", "probe_pass_rate < 40%",
	  "unmeasured-trigger" },
	{ "    trigger_when: probe_pass_rate < 40% for 15s\n", "", "probe_pass_rate < 10% for 30s", "invented-trigger" },
	{ "probe_pass_rate < 40% for 15s", "null", "probe_pass_rate < 10% for 30s", "invented-trigger" },
	/* rollback */
	{ "automatic: true", "automatic: yes", "automatic: true", NULL },
	{ "automatic: true", "auto: có", "automatic: true", NULL },
	{ "automatic: true", "automatic: false", "automatic: true", "invented-rollback" },
	{ "method: tc qdisc del", "method: null", "method: faultline stop --all", "invented-method" },
	{ "method: tc qdisc del", "method: none", "method: none", NULL },
	{ "method: tc qdisc del", "command: [a, b]", "method: \"a; b\"", NULL },
	/* metrics */
	{ "[probe_pass_rate, p99_latency]", "probe_pass_rate, error_rate", "metrics: [probe_pass_rate, fail_rate]", NULL },
	{ "[probe_pass_rate, p99_latency]", "[{name: probe_pass_rate}, {name: p99_latency}]", "[probe_pass_rate, p99_latency]",
	  NULL },
	{ "[probe_pass_rate, p99_latency]", "{users: probe_pass_rate, slow: p99_latency}", "[probe_pass_rate, p99_latency]",
	  NULL },
	{ "[probe_pass_rate, p99_latency]", "[detector_alerts, rca_root_service, retry_count, p99_latency]",
	  "[detector_alerts, rca_root_service, retry_count, p99_latency]", NULL },
	{ "[probe_pass_rate, p99_latency]", "[queue_depth]", "[probe_pass_rate, p99_latency]", "invented-metrics" },
	{ "[probe_pass_rate, p99_latency]", "[p99_latency, queue_depth]", "[p99_latency]", "unmeasured-metric" },
	/* ground truth */
	{ "expected_root_service: payment-svc", "expected_rca_service: payment-svc", "root_service: [payment-svc]", NULL },
	{ "expected_root_service: payment-svc", "fault_service: payment-svc", "root_service: [payment-svc]", NULL },
	{ "expected_root_service: payment-svc", "expectedRootService: payment-svc", "root_service: [payment-svc]", NULL },
	{ "expected_root_service: payment-svc", "root_cause: payment", "root_service: [payment-svc]", NULL },
	{ "expected_root_service: payment-svc", "expected_root_service: NOT checkout-svc", "not_service: [checkout-svc]", NULL },
	{ "expected_root_service: payment-svc", "expected_root_service: not_checkout-svc", "not_service: [checkout-svc]", NULL },
	{ "expected_root_service: payment-svc", "expected_root_service: '!checkout-svc'", "not_service: [checkout-svc]", NULL },
	{ "expected_root_service: payment-svc", "expected_root_service: không phải checkout-svc",
	  "not_service: [checkout-svc]", NULL },
	{ "expected_root_service: payment-svc", "must_not_root: checkout-svc", "not_service: [checkout-svc]", NULL },
	{ "expected_root_service: payment-svc", "reject_rca: [checkout-svc]\n    accept_rca: [payment-svc, payment-db]",
	  "root_service: [payment-svc, payment-db]\n      not_service: [checkout-svc]", NULL },
	{ "expected_root_service: payment-svc", "expected_root_service: payment-svc (NOT checkout-svc)",
	  "root_service: [payment-svc]\n      not_service: [checkout-svc]", NULL },
	{ "expected_root_service: payment-svc", "expected_root_service: NOT checkout-svc (payment-svc or payment-db)",
	  "root_service: [payment-svc, payment-db]\n      not_service: [checkout-svc]", NULL },
	{ "expected_root_service: payment-svc", "expected_root_service: edge:frontend-api-gateway",
	  "root_service: [frontend, api-gateway]", NULL },
	{ "expected_root_service: payment-svc", "expected_root_service: depends on topology",
	  "root_service: [payment-svc]", "invented-truth" },
	{ "expected_fault_class: latency", "expected_detected: false", "must_detect: false", NULL },
	{ "expected_fault_class: latency", "expected_detection: không", "must_detect: false", NULL },
	{ "expected_fault_class: latency", "fault_signature: slow", "symptom: slow", NULL },
	{ "  ground_truth:\n    expected_root_service: payment-svc\n    expected_fault_class: latency\n",
	  "  ground_truth: NOT checkout-svc\n", "not_service: [checkout-svc]", NULL },
	/* the file */
	{ "experiments:\n", "version: 1\nexperiments:\n", "slow_pay", NULL },
	{ "experiments:\n", "pipeline: http://127.0.0.1:9\nexperiments:\n", "\"url\": \"http://127.0.0.1:9\"", NULL },
	{ "experiments:\n", "probe: {endpoint: 'http://127.0.0.1:7/h'}\nexperiments:\n", "http://127.0.0.1:7/h", NULL },
	{ "experiments:\n", "prometheus: {url: 'http://127.0.0.1:9'}\nexperiments:\n", "prometheus: \"http://127.0.0.1:9\"",
	  NULL },
	{ "experiments:\n- id: 1\n", "defaults: {target: payment-db, duration: 9}\nexperiments:\n- id: 1\n", "target: payment-svc\n",
	  NULL },
	{ "experiments:\n- id: 1\n", "base: &b {target: payment-db, tags: [x]}\nexperiments:\n- id: 1\n  <<: *b\n", "target: payment-svc\n",
	  NULL },
	{ "experiments:\n", "cooldown_seconds: 30\nexperiments:\n", "cooldown: \"30s\"", NULL },
	{ "experiments:\n- id: 1\n", "experiments:\n- id: 1\n  simulation: {detected: true}\n", "slow_pay", "ignored-key" },
	{ "experiments:\n- id: 1\n", "experiments:\n- id: '1'\n", "id: \"1\"", NULL },
	{ "experiments:\n- id: 1\n", "experiments:\n- id: EXP-01\n", "id: EXP-01", NULL },
	{ "experiments:\n- id: 1\n", "- id: 1\n", "slow_pay", NULL },
	{ "  name: slow_pay\n", "", "name: payment-svc_latency_1", "invented-name" },
};

static void spelled(void **state)
{
	size_t i, failed = 0;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(spellings); i++) {
		const struct spelling *p = &spellings[i];
		_cleanup_free_ char *text = edit(entry, p->from, p->to);
		struct text completed = {};
		struct suite *s = read_text(text, &completed);

		if (!strstr(completed.s, p->becomes) || (p->rule && !said(s, p->rule)) || s->n != 1) {
			print_message("'%s': '%s'%s%s expected in\n%s", p->to, p->becomes, p->rule ? " and " : "",
				      p->rule ? p->rule : "", completed.s);
			failed++;
		}
		suite_free(s);
		text_free(&completed);
	}
	assert_int_equal(failed, 0);
}

static void wrong(void **state)
{
	static const struct {
		const char *from, *to, *rule, *word;
	} cases[] = {
		{ "hypothesis:", "hypotesis:", "unknown-key", "'hypothesis'" },
		{ "duration_seconds:", "duraton_seconds:", "unknown-key", "'duration'" },
		{ "fault_type: latency", "fault_type: latancy", "not-understood", "latency" },
		{ "  hypothesis: probe pass-rate >= 97%, and no order hangs\n", "", "no-hypothesis", "probe pass-rate" },
		{ "probe pass-rate >= 97%, and no order hangs", "TODO", "no-hypothesis", "probe pass-rate" },
	};
	struct fl_error err = {};
	struct suite *s;
	size_t i;
	uint32_t k;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = edit(entry, cases[i].from, cases[i].to);
		bool found = false;

		s = NULL;
		error_clear(&err);
		assert_true(suite_parse("w.yaml", text, strlen(text), table, &s, &err) < 0);
		assert_int_equal(err.exit, FL_EXIT_USAGE);
		assert_true(err.line > 0);
		assert_int_equal(suite_read_text("w.yaml", text, strlen(text), table, &s, &err), 0);
		for (k = 0; k < s->n_findings; k++)
			found |= s->findings[k].error && !strcmp(s->findings[k].rule, cases[i].rule) &&
				 strstr(s->findings[k].text, cases[i].word);
		if (!found) {
			print_findings(s);
			fail_msg("'%s': no error [%s]", cases[i].to, cases[i].rule);
		}
		suite_free(s);
	}
}

/* All problems of a file of our own in one go, and none of them twice. */
static void all_at_once(void **state)
{
	static const char text[] =
		"experiments:\n"
		"  - name: a\n"
		"    hypotesis: pass_rate >= 9%\n"
		"    fault_type: latncy\n"
		"    blast_radius: {target: x, traffic: 101%, duration: soon}\n"
		"    rollback: {automatic: perhaps, trigger_when: pass_rate <, method: m}\n"
		"    measurement: {metrics: [pass_rate], capture_window: t-5s to t+10s}\n"
		"    ground_truth: {root_servic: x}\n"
		"  - name: b\n"
		"    hypothesis: it works\n"
		"    fault_type: latency\n"
		"    params: {delay: 5ms}\n"
		"    blast_radius: {target: y, traffic: 0%, duration: 5s}\n"
		"    rollback: {automatic: true, trigger_when: pass_rate < 1%, method: m}\n"
		"    measurement: {metrics: [pass_rate], capture_window: t-5s to t+10s}\n"
		"    ground_truth: {root_service: NOT y}\n";
	static const char *const words[] = { "hypotesis", "no-hypothesis", "101%", "soon", "perhaps",
					     "ends where", "root_servic" };
	struct finding *f = NULL;
	struct suite *s = NULL;
	uint32_t n = 0, i;
	size_t k;
	(void)state;

	assert_int_equal(suite_read_text("n.yaml", text, sizeof(text) - 1, table, &s, NULL), 0);
	assert_int_equal(s->n, 1);
	assert_string_equal(s->experiments[0].truth.not_services[0], "y");
	assert_null(s->experiments[0].truth.root_services);
	assert_int_equal(suite_check(s, &f, &n, NULL), 0);
	for (k = 0; k < ARRAY_SIZE(words); k++) {
		unsigned int times = 0;

		for (i = 0; i < n; i++)
			times += f[i].error && (strstr(f[i].text, words[k]) || !strcmp(f[i].rule, words[k]));
		if (times != 1)
			fail_msg("'%s' is said %u times", words[k], times);
	}
	free(f);
	suite_free(s);
}

static void phrases(void **state)
{
	static const struct {
		const char *text, *first, *second;
	} cases[] = {
		{ "100% of checkout-svc requests", "checkout-svc", NULL },
		{ "payment-svc container", "payment-svc", NULL },
		{ "1 payment-svc instance", "payment-svc", NULL },
		{ "payment-db (container w3d2-payment-db)", "payment-db", NULL },
		{ "1 instance của inventory-svc", "inventory-svc", NULL },
		{ "log-collector volume", "log-collector", NULL },
		{ "all checkout requests", "checkout-svc", NULL },
		{ "link A: frontend <-> api-gateway", "frontend", "api-gateway" },
		{ "liên kết giữa frontend và api-gateway (1 edge)", "frontend", "api-gateway" },
		{ "edge checkout->payment", "checkout-svc", "payment-svc" },
		{ "API Gateway", "api-gateway", NULL },
		{ "dns resolver", "dns-resolver", NULL },
		{ "the payment service", "payment-svc", NULL },
		{ "2 pods of search-api", "search-api", NULL },
		{ "one redis container", "redis", NULL },
		{ "everything", "everything", NULL },
		{ "", NULL, NULL },
	};
	struct phrase p;
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		phrase_read(cases[i].text, names_services, &p);
		if (p.n != (size_t)!!cases[i].first + !!cases[i].second ||
		    (cases[i].first && strcmp(p.found[0], cases[i].first)) ||
		    (cases[i].second && strcmp(p.found[1], cases[i].second)))
			fail_msg("'%s': %zu, '%s', '%s'", cases[i].text, p.n, p.n ? p.found[0] : "",
				 p.n > 1 ? p.found[1] : "");
	}
}

static void scaled(void **state)
{
	struct text completed = {};
	struct suite *s = read_text(entry, &completed);
	struct experiment *x = &s->experiments[0];
	(void)state;

	assert_int_equal(suite_scale(s, 0.1, NULL), 0);
	assert_true(s->scale == 0.1);
	assert_int_equal(s->baseline_ns, 30 * S);
	assert_int_equal(s->cooldown_ns, 12 * S);
	assert_int_equal(s->grace_ns, 3 * S);
	assert_int_equal(s->probe.interval_ns, 500 * NS_PER_MSEC);
	assert_int_equal(s->probe.steady_window_ns, 6 * S);
	assert_int_equal(s->probe.timeout_ns, 2 * S);
	assert_int_equal(x->duration_ns, 4500 * NS_PER_MSEC);
	assert_int_equal(x->window_after_ns, 24 * S);
	assert_int_equal(params_u64(&x->faults[0].params, "delay"), 500 * NS_PER_MSEC);
	suite_free(s);
	text_free(&completed);
}

/* A Prometheus configuration tells which services there are. */
static void prometheus_targets(void **state)
{
	static const char text[] = "global: {scrape_interval: 15s}\n"
				   "scrape_configs:\n"
				   "  - job_name: a\n"
				   "    static_configs: [{targets: ['search-svc:8080', 'http://geo:9090/metrics'], labels: {tier: app}}]\n"
				   "  - job_name: b\n"
				   "    static_configs: [{targets: ['10.0.0.7:9100', 'localhost:9090', 'db:9187']}]\n";
	char **list = NULL;
	(void)state;

	targets_read(text, sizeof(text) - 1, &list);
	assert_int_equal(words_count(list), 3);
	assert_string_equal(list[0], "search-svc");
	assert_string_equal(list[1], "geo");
	assert_string_equal(list[2], "db");
	words_free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_template), cmocka_unit_test(spelled), cmocka_unit_test(wrong),
		cmocka_unit_test(all_at_once),	   cmocka_unit_test(phrases), cmocka_unit_test(scaled),
		cmocka_unit_test(prometheus_targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
