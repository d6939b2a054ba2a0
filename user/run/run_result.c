// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_result.c - the entry of an experiment in chaos_results.json. It is written twice: ahead, as
 * aborted, when the experiment begins, so that a runner that dies leaves a valid file that `--resume`
 * goes on from; and with everything that was found out when it is over.
 */
#include <errno.h>
#include <math.h>

#include "measure/kernel_json.h"
#include "run/folder/baseline.h"
#include "run/run_private.h"
#include "run/stack/stage.h"
#include "score/pipeline/pipeline.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *time_or_null(double wall_s)
{
	return wall_s > 0 ? json_real(wall_s) : json_null();
}

static char *join(char *const *words, const char *between)
{
	struct text t = {};
	size_t i;

	for (i = 0; words && words[i]; i++)
		text_append(&t, "%s%s", i ? between : "", words[i]);
	return t.s ? t.s : strdup("");
}

static char *fault_types(const struct experiment *x)
{
	struct text t = {};
	uint32_t i;

	if (x->control)
		return strdup("control");
	for (i = 0; i < x->n_faults; i++)
		text_append(&t, "%s%s", i ? "+" : "", x->faults[i].ops->name);
	return t.s ? t.s : strdup("");
}

/* Put the turn's result into the list (again). */
static int keep(struct run *r, const struct turn *t, struct fl_error *err)
{
	json_t *entry = result_json(&t->result);
	struct result copy = {};
	struct result *grown;
	uint32_t i;
	int rc = entry ? result_from_json(entry, &copy, err) : error_sys(err, ENOMEM, "out of memory");

	json_decref(entry);
	if (rc)
		return rc;
	for (i = 0; i < r->n_results && strcmp(r->results[i].id, copy.id); i++)
		;
	if (i == r->n_results) {
		grown = reallocarray(r->results, i + 1, sizeof(*grown));
		if (!grown) {
			result_free(&copy);
			return error_sys(err, ENOMEM, "results: out of memory");
		}
		r->results = grown;
		r->n_results++;
	} else {
		result_free(&r->results[i]);
	}
	r->results[i] = copy;
	return 0;
}

int run_result_begin(struct run *r, struct turn *t, struct fl_error *err)
{
	const struct experiment *x = t->x;
	struct result *result = &t->result;

	*result = (struct result){
		.number = x->number,
		.id = strdup(x->id),
		.name = strdup(x->name),
		.target = join(x->targets, ", "),
		.fault_type = fault_types(x),
		.status = RESULT_ABORTED,
		.baseline_start = NAN,
		.baseline_end = NAN,
		.inject = NAN,
		.end = NAN,
		.window_end = NAN,
		.recovered = NAN,
		.mttd_s = NAN,
		.confidence = NAN,
		.pipeline_reachable_before = r->suite->pipeline.url != NULL,
	};
	if (!result->id || !result->name || !result->target || !result->fault_type)
		return error_sys(err, ENOMEM, "results: out of memory");
	result->detail = json_pack("{s:s, s:s}", "error", "the runner ended before this experiment did",
				   "config_sha256", r->suite->sha256);
	return keep(r, t, err) ?: outdir_save_results(&r->out, r->results, r->n_results, err);
}

/* --- the parts of the detail ----------------------------------------------------------------- */

static json_t *probe_json(const struct run *r, uint64_t from_ns, uint64_t to_ns)
{
	struct probe_summary sum;

	if (!r->probe || !from_ns || to_ns <= from_ns)
		return json_null();
	probe_summarise(r->probe, from_ns, to_ns, &sum);
	return json_pack("{s:i, s:i, s:o, s:o, s:o}", "n", (int)sum.n, "passed", (int)sum.passed, "pass_rate",
			 number(sum.pass_rate), "latency_p50_ms", number(sum.latency_p50_ms), "latency_p99_ms",
			 number(sum.latency_p99_ms));
}

/* Before: the baseline. After: from the end of the fault on, as far as it was watched. */
static json_t *probe_windows(const struct run *r, const struct turn *t)
{
	return json_pack("{s:o, s:o, s:o}", "before", probe_json(r, t->baseline_ns, t->inject_ns), "during",
			 probe_json(r, t->inject_ns, t->end_ns), "after",
			 probe_json(r, t->end_ns, t->end_ns ? clock_mono_ns() : 0));
}

static json_t *describe(const struct run *r, const char *name, uint64_t from_ns, uint64_t to_ns)
{
	json_t *v = from_ns && to_ns > from_ns ? metrics_describe(r->metrics, name, from_ns, to_ns) : NULL;

	return v ? v : json_null();
}

static json_t *metric_windows(const struct run *r, const struct turn *t)
{
	json_t *all = json_object();
	char **m;

	for (m = t->x->metrics; m && *m; m++)
		json_object_set_new(all, *m,
				    json_pack("{s:o, s:o, s:o}", "before",
					      describe(r, *m, t->baseline_ns, t->inject_ns), "during",
					      describe(r, *m, t->inject_ns, t->end_ns), "after",
					      describe(r, *m, t->end_ns, t->end_ns ? clock_mono_ns() : 0)));
	return all;
}

static json_t *proofs_json(const struct turn *t)
{
	json_t *list = json_array();
	uint32_t i, k;

	for (i = 0; i < t->n_faults; i++) {
		const struct run_fault *f = &t->faults[i];
		const struct fault_proof *p = &f->proof;
		json_t *targets = json_array(), *entry;

		for (k = 0; k < f->fault.n_targets; k++)
			json_array_append_new(targets, json_string(f->fault.targets[k].name));
		entry = json_pack("{s:s, s:s, s:s, s:o, s:o}", "fault", f->fault.id, "kind", f->plan->ops->name,
				  "backend", f->fault.backend, "targets", targets, "params",
				  params_json(&f->fault.params));
		json_object_set_new(entry, "on", time_or_null(f->on_wall_s));
		json_object_set_new(entry, "off", time_or_null(f->off_wall_s));
		json_object_set_new(entry, "matched", json_integer((json_int_t)p->matched));
		json_object_set_new(entry, "injected", json_integer((json_int_t)p->injected));
		json_object_set_new(entry, "skipped", json_integer((json_int_t)p->skipped));
		json_object_set_new(entry, "bytes", json_integer((json_int_t)p->bytes));
		json_object_set_new(entry, "targets_died", json_integer((json_int_t)p->died));
		json_object_set_new(entry, "first_hit", time_or_null(p->first_hit_wall_ns / 1e9));
		json_object_set_new(entry, "last_hit", time_or_null(p->last_hit_wall_ns / 1e9));
		json_object_set_new(entry, "first_hit_mono_ns", json_integer((json_int_t)p->first_hit_ns));
		json_object_set_new(entry, "effect", p->effect[0] ? json_string(p->effect) : json_null());
		json_object_set_new(entry, "changes", f->fault.changes ? json_incref(f->fault.changes) : json_array());
		if (f->fault.courses)
			json_object_set_new(entry, "courses", json_deep_copy(f->fault.courses));
		json_array_append_new(list, entry);
	}
	return list;
}

/*
 * One clause by the whole fault window, or by its first part when the clause says for how long. The
 * word returned is its verdict.
 */
static const char *judge(struct run *r, const struct turn *t, const struct expr_clause *c, double *ret_value,
			 uint32_t *ret_n)
{
	char name[EXPR_NAME_MAX];
	uint64_t to = t->end_ns;

	*ret_value = NAN;
	*ret_n = 0;
	if (c->for_ns && t->inject_ns + c->for_ns < to)
		to = t->inject_ns + c->for_ns;
	expr_clause_name(c, name, sizeof(name));
	if (t->inject_ns && !run_answer(r, t, name, c, to, ret_value)) {
		*ret_n = 1;
		return expr_compare(c->op, *ret_value, c->value) ? "held" : "refuted";
	}
	if (!t->inject_ns || metrics_over(r->metrics, name, t->inject_ns, to, ret_value, ret_n))
		return "not_measurable";
	return expr_compare(c->op, *ret_value, c->value) ? "held" : "refuted";
}

static json_t *hypothesis_json(struct run *r, const struct turn *t, bool *ret_refuted)
{
	const struct experiment *x = t->x;
	json_t *clauses = json_array();
	uint32_t i, n, held = 0, refuted = 0;
	double value;

	for (i = 0; i < x->n_clauses; i++) {
		const struct expr_clause *c = &x->clauses[i];
		struct metric_source source;
		struct fl_error why = {};
		const char *verdict = judge(r, t, c, &value, &n);
		char name[EXPR_NAME_MAX];

		held += verdict[0] == 'h';
		refuted += verdict[0] == 'r';
		expr_clause_name(c, name, sizeof(name));
		if (!metric_resolve(r->suite, name, &source, &why) && verdict[0] == 'n')
			text_copy(why.message, sizeof(why.message), "no samples in the fault window");
		json_array_append_new(clauses,
				      json_pack("{s:s, s:s, s:s, s:f, s:o, s:i, s:s, s:o}", "clause", c->text, "metric",
						name, "op", expr_op_text(c->op), "limit", c->value, "value",
						number(value), "samples", (int)n, "verdict", verdict, "why",
						why.message[0] ? json_string(why.message) : json_null()));
	}
	*ret_refuted = refuted > 0;
	return json_pack("{s:s, s:s, s:o}", "text", x->hypothesis, "verdict",
			 refuted ? "refuted"
			 : held  ? "held"
				 : "not_measurable",
			 "clauses", clauses);
}

const char *run_cause_text(enum rollback_cause cause)
{
	static const char *const words[] = { "duration", "trigger_when", "abort_conditions", "signal", "failure" };

	return words[cause];
}

static json_t *rollback_json(const struct run *r, const struct turn *t)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:s}", "cause", run_cause_text(t->cause), "why", t->cause_text,
			 "ended_by", t->cause == BY_SIGNAL ? ended_json(&r->ended) : json_null(),
			 "breach_to_rollback_ms",
			 t->breach_ns && t->end_ns ? json_real((t->end_ns - t->breach_ns) / 1e6) : json_null(),
			 "method", t->x->rollback_method);
}

bool run_has_hits(const struct turn *t)
{
	uint32_t i;

	for (i = 0; i < t->n_faults; i++)
		if (!t->faults[i].proof.injected)
			return false;
	return t->n_faults > 0 || t->x->control;
}

static enum result_status status_of(const struct run *r, const struct turn *t)
{
	if (t->result.status == RESULT_SKIPPED)
		return RESULT_SKIPPED;
	if (t->cause == BY_FAILURE || (!t->inject_ns && t->error.exit != FL_EXIT_OK))
		return RESULT_FAILED;
	if (t->cause != BY_DURATION || !t->inject_ns)
		return RESULT_ABORTED;
	if (r->aborting && (!t->recovered_ns || !isfinite(t->result.window_end)))
		return RESULT_ABORTED;
	if (!t->recovered_ns)
		return RESULT_NOT_RECOVERED;
	return run_has_hits(t) ? RESULT_OK : RESULT_NOT_MANIFESTED;
}

static void set_detail(struct run *r, struct turn *t, bool *ret_refuted)
{
	const struct experiment *x = t->x;
	json_t *d = json_object();

	json_decref(t->result.detail);
	t->result.detail = d;
	json_object_set_new(d, "error", t->error.message[0] ? json_string(t->error.message) : json_null());
	json_object_set_new(d, "config_sha256", json_string(r->suite->sha256));
	json_object_set_new(d, "stage", json_string(stage_text(x->stage)));
	json_object_set_new(d, "stage_forced", json_boolean(t->stage_forced));
	json_object_set_new(d, "hypothesis", hypothesis_json(r, t, ret_refuted));
	json_object_set_new(d, "ground_truth", ground_truth_json(&x->truth));
	if (x->control)
		json_object_set_new(d, "control", json_true());
	json_object_set_new(d, "probe", probe_windows(r, t));
	json_object_set_new(d, "metrics", metric_windows(r, t));
	run_add_felt(r, t);
	json_object_set_new(d, "kernel", run_kernel_json(r, t));
	json_object_set_new(d, "anomaly", run_anomaly_json(r, t));
	json_object_set(d, "control_group", t->effects ? t->effects : json_null());
	json_object_set_new(d, "proof", proofs_json(t));
	json_object_set(d, "unseen", t->unseen ? t->unseen : json_null());
	json_object_set_new(d, "rollback", rollback_json(r, t));
	json_object_set_new(d, "rca_by_cluster", t->rca ? json_incref(t->rca) : json_array());
	json_object_set_new(d, "pipeline_asked", json_boolean(r->suite->pipeline.url));
	json_object_set_new(d, "rca_asked", json_boolean(pipeline_names_causes(&r->suite->pipeline)));
	json_object_set_new(d, "polls",
			    json_pack("{s:i, s:i, s:i}", "n", (int)t->polls, "failed", (int)t->polls_failed,
				      "not_understood", (int)t->polls_unread));
	if (r->suite->pipeline.learned && r->suite->pipeline.learned->told[0])
		json_object_set_new(d, "told_by", json_string(r->suite->pipeline.learned->told));
	json_object_set_new(d, "capture_window",
			    json_pack("{s:f, s:f}", "before_s", x->window_before_ns / 1e9, "after_s",
				      x->window_after_ns / 1e9));
	if (r->options->trials)
		json_object_set_new(d, "trial",
				    json_pack("{s:s, s:s}", "param", r->trial.param, "size",
					      r->trial.size[0] ? r->trial.size : "none"));
	if (x->n_faults)
		json_object_set_new(d, "backend", json_string(t->n_faults ? t->faults[0].fault.backend : ""));
}

static void set_causes(struct turn *t)
{
	struct result *result = &t->result;

	if (result->n_causes) {
		free(result->rca_service);
		result->rca_service = strdup(result->causes[0].service);
		result->confidence = result->causes[0].confidence;
	}
	result->rca_correct = result->detected && score_rca_correct(&t->x->truth, result->rca_service);
}

static void add_baseline(struct run *r, const struct turn *t)
{
	json_t *metrics, *services;
	char **m;

	if (!t->inject_ns)
		return;
	metrics = json_object();
	services = metrics_range(r->metrics);
	if (r->kernel.series) {
		struct scope scope = {};
		bool known = !run_scope(r, t, &scope);
		json_t *kernel = kernel_baseline(r->kernel.series, known ? &scope : NULL, t->baseline_ns, t->inject_ns);

		json_array_extend(services, kernel);
		json_decref(kernel);
		scope_free(&scope);
	}
	for (m = t->x->metrics; m && *m; m++)
		json_object_set_new(metrics, *m, describe(r, *m, t->baseline_ns, t->inject_ns));
	json_array_append_new(json_object_get(r->baseline, "windows"),
			      json_pack("{s:s, s:f, s:f, s:o, s:o, s:o}", "experiment", t->x->id, "start",
					t->result.baseline_start, "end", t->result.baseline_end, "probe",
					probe_json(r, t->baseline_ns, t->inject_ns), "metrics", metrics, "services",
					services));
	baseline_add_exercise_form(r->baseline, r->suite);
}

static void report_result(struct run *r, const struct turn *t)
{
	struct run_progress p = { .x = t->x,
				  .index = t->index,
				  .total = r->total,
				  .state = r->state,
				  .left_s = NAN,
				  .pass_rate = NAN,
				  .alerts = t->result.alerts.n,
				  .result = &t->result };

	if (t->error.message[0])
		p.note = t->error.message;
	if (r->options->progress)
		r->options->progress(r->options->ctx, &p);
}

int run_result_finish(struct run *r, struct turn *t, struct fl_error *err)
{
	bool refuted = false;

	set_detail(r, t, &refuted);
	run_note_graph(r, t);
	t->result.status = status_of(r, t);
	json_object_set_new(t->result.detail, "recovery",
			    json_pack("{s:b, s:o}", "recovered", t->recovered_ns != 0, "seconds",
				      t->recovered_ns ? json_real((t->recovered_ns - t->end_ns) / 1e9) : json_null()));
	if (t->inject_ns) {
		score_detect(&t->result);
		set_causes(t);
		run_add_answers(r, t);
		json_object_set_new(t->result.detail, "moments", run_moments_json(r, t));
	}
	t->refuted = refuted;
	add_baseline(r, t);
	events_write(r->events, "result", t->x->id,
		     json_pack("{s:s, s:b, s:s?}", "status", result_status_text(t->result.status), "detected",
			       t->result.detected, "rca_service", t->result.rca_service));
	report_result(r, t);
	return keep(r, t, err);
}

int run_result_save(struct run *r, const struct turn *t, struct fl_error *err)
{
	enum result_status status = t->result.status;
	int rc;

	/* A fault that was cut short passes nothing, and fails nothing. */
	if (!r->options->trials && !t->x->control && t->inject_ns &&
	    (status == RESULT_OK || status == RESULT_NOT_RECOVERED))
		stage_record(t->x, status == RESULT_OK && !t->refuted, NULL);
	rc = outdir_save_results(&r->out, r->results, r->n_results, err);
	return rc ? rc : outdir_save_json(&r->out, "baseline.json", r->baseline, err);
}
