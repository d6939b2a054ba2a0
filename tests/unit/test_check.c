// SPDX-License-Identifier: GPL-2.0-only
/* Every rule of check: one suite that breaks it and only it, and one that breaks none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fault/fault.h"
#include "measure/metric_name.h"
#include "model/experiment.h"
#include "util/cleanup.h"
#include "util/text/text.h"

static const struct param none[] = { {} };
static const struct fault_ops latency = { .name = "latency", .params = none };
static const struct fault_ops *const table[] = { &latency, NULL };

static const char sound[] = "suite:\n"
			    "  probe: {url: 'http://127.0.0.1/'}\n"
			    "  pipeline: {url: 'http://127.0.0.1:8000'}\n"
			    "  metrics: {order_rate: {probe: success_rate}, up: {prometheus: up}}\n"
			    "  prometheus: http://127.0.0.1:9090\n"
			    "experiments:\n"
			    "  - name: a\n"
			    "    hypothesis: order_rate >= 90%\n"
			    "    faults: [{type: latency}, {type: latency, offset: 1s}]\n"
			    "    blast_radius: {target: x, traffic: 5%, duration: 10s}\n"
			    "    rollback: {automatic: true, trigger_when: order_rate < 10%, method: m}\n"
			    "    measurement: {metrics: [order_rate], capture_window: t-5s to t+10s}\n"
			    "    abort_conditions: [alert tier-1 fires]\n"
			    "    ground_truth: {root_service: x}\n";

/* As many path prefixes as a meter tells apart. */
#define RATE(path) "'rate{service=x,path=/" path "}'"
#define EIGHT                                                                                                \
	RATE("1")                                                                                            \
	", " RATE("2") ", " RATE("3") ", " RATE("4") ", " RATE("5") ", " RATE("6") ", " RATE("7") ", " RATE( \
		"8") ", " RATE("1")

#define GRAPH "graph: {services: [x, db], edges: [[web, x]]}"

/* Check the sound suite with one edit; the findings as "rule rule ..." (errors with '!'). */
static void findings(const char *from, const char *to, char *ret, size_t size)
{
	const char *at = strstr(sound, from);
	struct fl_error err = {};
	struct finding *v = NULL;
	struct suite *s = NULL;
	struct text t = {}, rules = {};
	uint32_t n = 0, i;

	assert_non_null(at);
	text_append(&t, "%.*s%s%s", (int)(at - sound), sound, to, at + strlen(from));
	if (suite_parse("t.yaml", t.s, t.len, table, &s, &err))
		fail_msg("%s at %d:%d: %s", to, err.line, err.column, err.message);
	assert_int_equal(suite_check(s, &v, &n, &err), 0);
	for (i = 0; i < n; i++) {
		text_append(&rules, "%s%s%s", i ? " " : "", v[i].rule, v[i].error ? "!" : "");
		assert_true(v[i].text[0]);
		assert_true(!v[i].experiment || v[i].line == 7);
	}
	text_copy(ret, size, rules.s ? rules.s : "");
	text_free(&t);
	text_free(&rules);
	free(v);
	suite_free(s);
}

/* What is found when @from in the file is changed to @to. */
static const struct {
	const char *from, *to, *expected;
} rule_cases[] = {
	{ "order_rate >= 90%", "order_rate >= 90%", "" },
	{ "order_rate >= 90%", "system should still work.", "untestable-hypothesis!" },
	{ "order_rate >= 90%", "order_rat >= 90%", "unresolvable-metric!" },
	{ "order_rate >= 90%", "order_rate >= 90%, q_depth < 5", "unresolvable-metric" },
	{ "order_rate < 10%", "no_such < 10%", "unresolvable-metric!" },
	{ "order_rate < 10%", "never", "no-trigger" },
	/* The probe gives up after 2 s. */
	{ "order_rate < 10%", "p99 > 1900ms", "" },
	{ "order_rate < 10%", "p99 > 2s", "never-true" },
	{ "order_rate < 10%", "order_rate < 10% OR p99 >= 3s", "never-true" },
	{ "[alert tier-1 fires]", "[p95 > 5s]", "never-true" },
	{ "order_rate >= 90%", "order_rate >= 90%, p99 < 2s", "" },
	{ "order_rate >= 90%", "order_rate >= 90%, p99 <= 2s", "always-true" },
	{ "automatic: true", "automatic: false", "no-rollback!" },
	{ "method: m", "method: ''", "no-rollback-method" },
	{ "metrics: [order_rate]", "metrics: [up]", "up-only-measurement" },
	{ "metrics: [order_rate]", "metrics: [order_rate, zzz]", "unresolvable-metric" },
	{ "metrics: [order_rate]", "metrics: [order_rate, 'resets{service=x,path=/a}']", "unresolvable-metric!" },
	{ "metrics: [order_rate]", "metrics: [order_rate, detector_alerts, rca_root_service, retry_count]", "" },
	{ "order_rate < 10%", "detector_alerts > 3", "" },
	{ "order_rate >= 90%", "probe pass-rate >= 90%", "" },
	{ "prometheus: http://127.0.0.1:9090", "name: n", "" },
	{ "alert tier-1 fires", "nope > 3", "unresolvable-metric!" },
	{ "order_rate < 10%", "'p99{service=x,path=/a} > 1s'", "" },
	{ "order_rate < 10%", "'p99{service=x,path=/three-and-thirty-bytes-are-one-t} > 1s'", "unresolvable-metric!" },
	{ "metrics: [order_rate]", "metrics: [order_rate, " EIGHT "]", "" },
	{ "metrics: [order_rate]", "metrics: [order_rate, " EIGHT ", 'rate{service=x,path=/9}']", "too-many-paths!" },
	{ "traffic: 5%", "traffic: 15%", "stage-limit!" },
	{ "traffic: 5%", "traffic: 5%, stage: region", "stage-limit!" },
	{ "traffic: 5%", "traffic: 0%, stage: canary", "stage-limit!" },
	{ "traffic: 5%", "traffic: 50%, stage: dev", "stage-limit!" },
	{ "traffic: 5%", "traffic: 100% synthetic, stage: dev", "" },
	{ "traffic: 5%", "traffic: 30%", "" },
	{ "traffic: 5%", "traffic: 100%", "" },
	{ "target: x", "target: 2 instances of x", "stage-limit!" },
	{ "    faults: [{type: latency}, {type: latency, offset: 1s}]\n", "", "no-fault! single-fault-suite" },
	{ "{type: latency, offset: 1s}", "{type: latency, offset: 1s, duration: 10s}", "clipped-fault" },
	{ "    faults: [{type: latency}, {type: latency, offset: 1s}]\n", "    fault_type: latency\n",
	  "single-fault-suite" },
	{ "root_service: x", "symptom: s", "no-ground-truth" },
	{ "root_service: x", "root_service: x, not_service: x", "ground-truth!" },
	{ "  probe: {url: 'http://127.0.0.1/'}\n", "", "no-external-probe" },
	{ "  pipeline: {url: 'http://127.0.0.1:8000'}\n", "", "no-pipeline" },
	/* What the file declares is what a name can be; without that, only a slip of the keys is seen. */
	{ "prometheus: http://127.0.0.1:9090", GRAPH, "" },
	{ "root_service: x", "root_service: elsewhere", "" },
	{ "root_service: x", "not_service: xy", "unknown-service" },
	{ "target: x", "target: 'netns:x'", "" },
	{ "target: x", "target: 'netsn:x'", "unknown-target!" },
	{ "target: x", "target: 'pid:x'", "unknown-target!" },
	{ "target: x", "target: 'unit:'", "unknown-target! unknown-service" },
	{ "target: x", "target: 50% of x", "" },
	{ "{probe: success_rate}", "{probe: p42}", "" },
};

static void rules(void **state)
{
	char got[400];
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(rule_cases) - 1; i++) {
		findings(rule_cases[i].from, rule_cases[i].to, got, sizeof(got));
		if (strcmp(got, rule_cases[i].expected))
			fail_msg("'%s': found '%s', not '%s'", rule_cases[i].to, got, rule_cases[i].expected);
	}
	/* A broken source breaks everything that uses it. */
	findings(rule_cases[i].from, rule_cases[i].to, got, sizeof(got));
	assert_non_null(strstr(got, "unresolvable-metric!"));
}

/* With services declared: the text of every finding of an experiment with these names. */
static void declared(const char *target, const char *truth, char *ret, size_t size)
{
	struct fl_error err = {};
	struct finding *v = NULL;
	struct suite *s = NULL;
	struct text t = {}, found = {};
	uint32_t n = 0, i;

	text_append(&t,
		    "suite: {probe: {url: 'http://127.0.0.1/'}, pipeline: {url: 'http://127.0.0.1:8000'},\n"
		    "  graph: {services: [db], edges: [[web, api], [api, db]]}}\n"
		    "experiments:\n"
		    "  - {name: a, hypothesis: p99 < 1s, faults: [{type: latency}, {type: latency}],\n"
		    "     blast_radius: {target: '%s', traffic: 0%%, duration: 10s},\n"
		    "     rollback: {automatic: true, trigger_when: p99 > 1s, method: m},\n"
		    "     measurement: {metrics: [p99], capture_window: t-5s to t+10s}, ground_truth: {%s}}\n",
		    target, truth);
	if (suite_parse("t.yaml", t.s, t.len, table, &s, &err))
		fail_msg("%s: %s", target, err.message);
	assert_int_equal(suite_check(s, &v, &n, &err), 0);
	for (i = 0; i < n; i++)
		text_append(&found, "%s%s: %s\n", v[i].rule, v[i].error ? "!" : "", v[i].text);
	text_copy(ret, size, found.s ? found.s : "");
	text_free(&t);
	text_free(&found);
	free(v);
	suite_free(s);
}

static void services(void **state)
{
	static const struct {
		const char *target, *truth, *rule, *word;
	} cases[] = {
		{ "db", "root_service: DB", "", "" },
		{ "netns:shop-db", "root_service: shop-db", "", "" },
		{ "docker:db@2", "root_service: [db, web]", "", "" },
		{ "db", "root_service: dbb", "unknown-service!", "did you mean 'db'" },
		{ "db", "root_service: [db, dbb]", "unknown-service!", "did you mean 'db'" },
		{ "db", "not_service: wbe", "unknown-service!", "did you mean 'web'" },
		{ "db", "root_service: something-else", "unknown-service!", "db, web, api" },
		{ "dbb", "root_service: db", "unknown-target!", "did you mean 'db'" },
		{ "elsewhere-svc", "root_service: db", "unknown-target:", "db, web, api" },
	};
	char got[2000];
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		declared(cases[i].target, cases[i].truth, got, sizeof(got));
		if (!*cases[i].rule
			    ? *got
			    : !strstr(got, cases[i].rule) || !strstr(got, cases[i].word) || strchr(got, '\n')[1])
			fail_msg("%s, %s: '%s'", cases[i].target, cases[i].truth, got);
	}
}

static void names(void **state)
{
	struct suite s = {};
	struct metric_source m;
	struct fl_error err = {};
	(void)state;

	assert_int_equal(metric_resolve(&s, "p99_latency", &m, NULL), 0);
	assert_int_equal(m.kind, METRIC_PROBE_LATENCY);
	assert_true(m.quantile == 0.99);
	assert_true(metric_resolve(&s, "succes_rate", &m, &err) < 0);
	assert_non_null(strstr(err.hint, "success_rate"));
	assert_true(alert_level_is("critical", "tier-1"));
	assert_true(alert_level_is("Page", "tier-1"));
	assert_true(alert_level_is("gold", "gold"));
	assert_false(alert_level_is("warning", "tier-1"));
	assert_false(alert_level_is("", "tier-1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(rules), cmocka_unit_test(services),
					    cmocka_unit_test(names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
