// SPDX-License-Identifier: GPL-2.0-only
/* What each spelling of the entry becomes in our own form, and what is said of it. */
#include "exercise_maker.h"

struct spelling {
	const char *from, *to; /* in the entry */
	const char *becomes;   /* in the completed file */
	const char *rule;      /* of a finding; NULL: whatever */
};

/* clang-format off */
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
	{ "duration_seconds: 45", "duration: 1 phut 30 giay", "duration: \"90s\"", NULL },
	{ "duration_seconds: 45", "duration (s): 33", "duration: \"33s\"", NULL },
	{ "duration_seconds: 45", "max_duration_seconds: 33", "duration: \"33s\"", "max-duration" },
	{ "duration_seconds: 45", "duration_seconds: 45\n    max_duration: 44s", "duration: \"44s\"", "max-duration" },
	{ "duration_seconds: 45", "duration_seconds: 45\n    max_duration: soon", "duration: \"45s\"", "unread-limit" },
	{ "trigger_when: probe_pass_rate < 40% for 15s", "trigger_when: probe_pass_rate < 40 for 15", "trigger_when: probe_pass_rate < 40% for 15s", NULL },
	{ "trigger_when: probe_pass_rate < 40% for 15s", "trigger_when: pass rate < 40% (15s)", "trigger_when: pass_rate < 40% for 15s", NULL },
	{ "fault_type: latency", "fault_type: do tre mang\n  delay_ms: 300", "{delay: \"300ms\"}", "read-fault" },
	{ "fault_type: latency", "fault: {latency: {delay_ms: 300}}", "{delay: \"300ms\"}", NULL },
	{ "fault_type: latency", "fault_type: disk_fill\n  params: {size: 80%, path: /data}", "percent: \"80%\"", NULL },
	{ "probe pass-rate >= 97%, and no order hangs", "ti le thanh cong >= 97% va p99 < 900ms", "steady_state: [success_rate >= 97%, p99 < 900ms]", NULL },
	{ "duration_seconds: 45", "duration_minutes: 2", "duration: \"2min\"", NULL },
	{ "duration_seconds: 45", "duration_ms: 4500", "duration: \"4500ms\"", NULL },
	{ "    duration_seconds: 45\n", "", "duration: \"60s\"", "invented-duration" },
	{ "  blast_radius:\n", "  duration_seconds: 33\n  blast_radius:\n", "duration: \"45s\"", "said-twice" },
	{ "duration_seconds: 45", "duration: 1m30s", "duration: \"90s\"", NULL },
	{ "duration_seconds: 45", "duration: 00:01:30", "duration: \"90s\"", NULL },
	{ "duration_seconds: 45", "duration: '1:30'", "duration: \"90s\"", NULL },
	{ "duration_seconds: 45", "duration: '4294967297:30'", "duration: \"60s\"", "invented-duration" },
	{ "duration_seconds: 45", "duration: '1:75'", "duration: \"60s\"", "invented-duration" },
	/* what the template wants filled in says nothing */
	{ "duration_seconds: 45", "duration_seconds: <seconds>", "duration: \"60s\"", "invented-duration" },
	{ "target: payment-svc", "target: TODO", "target: payment-svc\n", NULL },
	{ "expected_root_service: payment-svc", "expected_root_service: ???", "root_service: [payment-svc]", "invented-truth" },
	/* traffic */
	{ "traffic_percent: 100", "traffic: synthetic", "traffic: \"100% synthetic load\"", NULL },
	{ "traffic_percent: 100", "traffic_pct: 25", "traffic: \"25% of the synthetic load\"", "whole-load" },
	{ "traffic_percent: 100", "trafficPercentage: 100%", "traffic: \"100% of the synthetic load\"", NULL },
	{ "    traffic_percent: 100\n", "", "traffic: \"100% synthetic load\"", "invented-traffic" },
	/* stages */
	{ "traffic_percent: 100", "stage: 2", "stage: staging", NULL },
	{ "traffic_percent: 100", "stage: Stage 1 (Dev)", "stage: dev", NULL },
	{ "traffic_percent: 100", "stage: moon", "traffic: \"100% synthetic load\"\n      duration: \"45s\"\n    rollback", "unread-stage" },
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
	{ "fault_type: latency", "fault_type: độ trễ mạng", "fault_type: latency", "read-fault" },
	{ "fault_type: latency", "fault_type: slow DNS lookups", "fault_type: dns_latency", "read-fault" },
	{ "fault_type: latency", "fault_type: đồng hồ bị lệch", "fault_type: time_skew", "read-fault" },
	{ "fault_type: latency", "fault: {type: packet-loss, params: {loss_percent: 12}}", "percent: \"12%\"", NULL },
	{ "fault_type: latency", "fault_type: pod_kill", "every: \"60s\"", "invented-params" },
	{ "fault_type: latency", "fault_type: stress_cpu", "load: \"90%\"", "invented-params" },
	{ "fault_type: latency", "fault_type: memory_fill", "percent: \"95%\"", "invented-params" },
	{ "fault_type: latency", "fault_type: clock_skew", "offset: \"60s\"", "invented-params" },
	{ "fault_type: latency", "fault_type: slow_lookup", "delay: \"2s\"", "invented-params" },
	{ "fault_type: latency", "fault_type: disk_full", "path: \"/\"", "invented-path" },
	{ "fault_type: latency", "fault_type: cascade_retry", "status: \"500\", percent: \"20%\"", "invented-params" },
	{ "  fault_type: latency\n", "", "fault_type: latency", "invented-fault" },
	{ "fault_type: latency", "fault_type: stress", "fault_type: latency", "invented-fault" },
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
	{ "fault_type: latency", "fault_type: latency\n  params: {netem: {delay: 300ms}}", "{delay: \"300ms\"}", NULL },
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
	{ "probe pass-rate >= 97%, and no order hangs", "{steadyState: 'probePassRate >= 0.97'}", "steady_state: [probe_pass_rate >= 0.97]", NULL },
	{ "probe pass-rate >= 97%", "tỷ lệ lỗi <= 5%", "steady_state: [fail_rate <= 5%]", NULL },
	{ "probe pass-rate >= 97%", "le taux de réussite >= 97 percent", "steady_state: [success_rate >= 97%]", NULL },
	{ "probe pass-rate >= 97%", "el p99 < 2s", "p99 < 2s", NULL },
	{ "probe pass-rate >= 97%", "the 99th percentile of payment_p99 < 2s", "payment_p99 < 2s", NULL },
	{ "probe pass-rate >= 97%", "retry_count < 100", "retry_count < 100", NULL },
	{ "probe pass-rate >= 97%", "tỷ lệ thành công tối thiểu 99,5 %", "steady_state: [success_rate >= 99.5 %]", NULL },
	{ "probe pass-rate >= 97%", "p99 dưới 4,5 giây", "steady_state: [p99 < 4.5s]", NULL },
	{ "probe pass-rate >= 97%", "p99 latency at most 1,500 ms", "p99 latency <= 1500 ms", NULL },
	{ "probe pass-rate >= 97%", "probe pass-rate remains above 70%", "pass-rate > 70%", NULL },
	{ "probe pass-rate >= 97%", "success >= 97%", "success_rate >= 97%", NULL },
	{ "probe pass-rate >= 97%", "p99 above 500ms raises an alert", "steady_state: [probe_pass_rate >= 99%]", "invented-hypothesis" },
	/* triggers */
	{ "probe_pass_rate < 40% for 15s", "probe pass rate below 40 percent for 15 seconds", "pass_rate < 40% for 15s", NULL },
	{ "probe_pass_rate < 40% for 15s", "probe_pass_rate < 40% for 15s continuously",
	  "trigger_when: probe_pass_rate < 40% for 15s\n", NULL },
	{ "probe_pass_rate < 40% for 15s", "probe pass-rate < 40% trong 15 giây", "pass-rate < 40% for 15s", NULL },
	{ "probe_pass_rate < 40% for 15s", "probe_pass_rate < 0.4 hoặc p99_latency > 3000ms",
	  "probe_pass_rate < 0.4 OR p99_latency > 3000ms", NULL },
	{ "probe_pass_rate < 40% for 15s", "probe_pass_rate < 40 for 15s", "probe_pass_rate < 40% for 15s", NULL },
	{ "probe_pass_rate < 40% for 15s", "p99_latency > 3000", "p99_latency > 3000ms", NULL },
	{ "probe_pass_rate < 40% for 15s", "p99 latency > 4,8s for 20 s", "p99_latency > 4800ms for 20s", NULL },
	{ "probe_pass_rate < 40% for 15s", "{metric: probe_pass_rate, operator: lt, threshold: 40%, for: 15}",
	  "trigger_when: probe_pass_rate < 40% for 15s", NULL },
	{ "probe_pass_rate < 40% for 15s", "<condition>", "probe_pass_rate < 10% for 30s", "invented-trigger" },
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
	{ "expected_root_service: payment-svc", "expected_root_service: 'payment-svc | payment-db, never checkout-svc'",
	  "root_service: [payment-svc, payment-db]\n      not_service: [checkout-svc]", NULL },
	{ "expected_root_service: payment-svc", "expected_root_service: payment-svc rather than checkout-svc",
	  "root_service: [payment-svc]\n      not_service: [checkout-svc]", NULL },
	{ "expected_fault_class: latency", "class: slow", "symptom: slow", NULL },
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
	{ "experiments:\n", "config: {probe_url: 'http://127.0.0.1:7/h', cooldown_seconds: 30, report_dir: out}\nexperiments:\n",
	  "http://127.0.0.1:7/h", "ignored-key" },
	{ "experiments:\n", "\xef\xbb\xbf" "experiments:\n", "slow_pay", NULL },
	{ "experiments:\n- id: 1\n", "experiments:\n- id: '1'\n", "id: \"1\"", NULL },
	{ "experiments:\n- id: 1\n", "experiments:\n- id: EXP-01\n", "id: EXP-01", NULL },
	{ "experiments:\n- id: 1\n", "- id: 1\n", "slow_pay", NULL },
	{ "  name: slow_pay\n", "", "name: payment-svc_latency_1", "invented-name" },
};
/* clang-format on */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
