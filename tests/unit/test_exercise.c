// SPDX-License-Identifier: GPL-2.0-only
/* A file of the exercise from end to end: the template, files that are refused, the scale. */
#include "exercise_maker.h"

#define S NS_PER_SEC

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
	assert_int_equal(params_get(&x->faults[0].params, "delay")->u64, 500 * NS_PER_MSEC);
	assert_int_equal(params_get(&x->faults[0].params, "jitter")->u64, 100 * NS_PER_MSEC);
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

static void wrong(void **state)
{
	static const struct {
		const char *from, *to, *rule, *word;
	} cases[] = {
		{ "hypothesis:", "hypotesis:", "unknown-key", "'hypothesis'" },
		{ "duration_seconds:", "duraton_seconds:", "unknown-key", "'duration'" },
		{ "fault_type: latency", "fault_type: latancy", "not-understood", "latency" },
		{ "fault_type: latency", "fault_type: chaos", "no-fault", "network_partition" },
		{ "  hypothesis: probe pass-rate >= 97%, and no order hangs\n", "", "no-hypothesis",
		  "probe pass-rate" },
		{ "probe pass-rate >= 97%, and no order hangs", "TODO", "no-hypothesis", "probe pass-rate" },
		{ "probe pass-rate >= 97%, and no order hangs", "'# TODO: điền'", "no-hypothesis",
		  "still to be written" },
		{ "probe pass-rate >= 97%, and no order hangs", "<your hypothesis>", "no-hypothesis",
		  "still to be written" },
		{ "probe pass-rate >= 97%, and no order hangs", "", "no-hypothesis", "no hypothesis" },
	};
	struct fl_error err = {};
	struct suite *s;
	size_t i;
	uint32_t k;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *plain = edit(entry, "expected_fault_class: latency", "note: x");
		_cleanup_free_ char *text = edit(plain, cases[i].from, cases[i].to);
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

/* What is no YAML, and what to do about it. */
static void no_yaml(void **state)
{
	static const struct {
		const char *text, *hint; /* NULL: it is YAML */
	} cases[] = {
		{ "experiments:\n- id: 1\n\tname: x\n", "tab" },
		{ "experiments:\n- id: 1\n  hypothesis: Steady-state: pass_rate >= 9%\n", "quotes" },
		{ "experiments:\n- id: 1\n  target: `payment-svc`\n", "quotes" },
		{ "experiments:\n- id: 1\n  target: @payment-svc\n", "quotes" },
		{ "experiments:\n- id: 1\n  target:\xc2\xa0payment-svc\n  name: x\n", "no-break" },
		{ "experiments:\n- id: 1\n  target: payment-svc\n   name: x\n", "same column" },
		{ "experiments:\n- id: 1\n  name: 'it's slow'\n  target: x\n", "quote" },
		{ "experiments:\n- id: 1\n---\nexperiments:\n- id: 2\n", NULL },
		{ "experiments:\n- id: 1\n  name: x\n  name: y\n", "line 3" },
		{ "# 1: latency\n\n", "'- id: 1'" },
		{ "experiments: [\n  {id: 1, hypothesis: x}\n]\n", NULL },
		{ "experiments:\n- id: 1\n  metrics: {- probe_pass_rate, - p99_latency}\n", "no '-'" },
		{ "experiments:\n- id: 1\n  metrics: [ - probe_pass_rate ]\n", "no '-'" },
		{ "experiments:\n- id: 1\n  // slow\n  name: x\n", "begins with '#'" },
		{ "experiments:\n- id: 1\n  name: x\n  target = payment-svc\n", "not 'key = value'" },
		{ "{'experiments': [{'id': 1,\n  'hypothesis': 'a text that '\n    'goes on'}]}\n", "json.dump" },
		/* in another form */
		{ "# x\n\n[[experiments]]\nid = 1\nname = \"x\"\n", "tomllib" },
		{ "[payment_latency]\nfault_type = latency\n", "TOML" },
		{ "title = \"chaos\"\n[a]\nb = 1\n", "'- id: 1'" },
		{ "EXPERIMENTS = [\n  {'id': 1},\n]\n", "json.dump" },
		{ "import yaml\nEXPERIMENTS = []\n", "json.dump" },
		{ "id,name,fault_type,target\n1,x,latency,payment-svc\n", "csv.DictReader" },
		{ "id;name;fault_type;target\n1;x;latency;payment-svc\n", "csv.DictReader" },
		{ "| # | Target |\n|---|---|\n| 1 | payment-svc |\n", "'- id: 1'" },
		{ "<!DOCTYPE html>\n<html></html>\n", "Raw" },
		{ "// x\n{\"experiments\": []}\n", "'#'" },
		{ "{\"columns\": [\"id\"], \"data\": [[1]]}\n", "orient='records'" },
		{ "{\"id\": {\"0\": 1}, \"name\": {\"0\": \"x\"}, \"target\": {\"0\": \"y\"}}\n", "orient='records'" },
		{ "experiments: [[id, name], [1, x]]\n", "orient='records'" },
		{ "{\"title\": \"x\", \"steady-state-hypothesis\": {}, \"method\": []}\n", "import chaostoolkit" },
		{ "apiVersion: chaos-mesh.org/v1alpha1\nkind: NetworkChaos\nspec: {action: delay}\n",
		  "import chaos-mesh" },
		{ "\xff\xfe"
		  "e",
		  "iconv" },
		{ "Experiments\n===\n\n1. payment-svc: delay 500ms, 60s\n", "'- id: 1'" },
		{ "[ {id: 1, hypothesis: x} ]\n", NULL },
		{ "a, b: c\n", NULL },
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fl_error err = {};
		struct suite *s = NULL;

		if (suite_read_text("n.yaml", cases[i].text, strlen(cases[i].text), table, &s, &err) == 0)
			suite_free(s);
		if (!cases[i].hint != !err.hint[0] || (cases[i].hint && !strstr(err.hint, cases[i].hint)))
			fail_msg("%s: '%s' (%s)", cases[i].text, err.hint, err.message);
	}
}

/* All problems of a file of our own in one go, and none of them twice. */
static void all_at_once(void **state)
{
	static const char text[] = "experiments:\n"
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
	static const char *const words[] = { "hypotesis", "no-hypothesis", "101%",       "soon",
					     "perhaps",   "ends where",    "root_servic" };
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

/* A copied entry whose id and name were left as they were. */
static void twice(void **state)
{
	struct text completed = {};
	_cleanup_free_ char *text = text_format("%s%s", entry, strstr(entry, "- id"));
	struct suite *s = read_text(text, &completed);
	(void)state;

	assert_int_equal(s->n, 2);
	assert_int_equal(s->experiments[0].number, 1);
	assert_int_equal(s->experiments[1].number, 2);
	assert_string_equal(s->experiments[1].name, "slow_pay_2");
	assert_true(said(s, "invented-id") && said(s, "invented-name"));
	suite_free(s);
	text_free(&completed);
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
	assert_int_equal(s->probe.recover_within_ns, 120 * S);
	assert_int_equal(x->duration_ns, 4500 * NS_PER_MSEC);
	assert_int_equal(x->window_after_ns, 24 * S);
	assert_int_equal(params_get(&x->faults[0].params, "delay")->u64, 500 * NS_PER_MSEC);
	suite_free(s);
	text_free(&completed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_template), cmocka_unit_test(wrong), cmocka_unit_test(no_yaml),
		cmocka_unit_test(all_at_once),     cmocka_unit_test(twice), cmocka_unit_test(scaled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
