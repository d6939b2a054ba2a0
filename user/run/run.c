// SPDX-License-Identifier: GPL-2.0-only
/*
 * run.c - set a run up, turn the loop, take it down. See run.h; the states are in run_states.c.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/random.h>

#include "fault/stress/limits.h"
#include "policy/gate.h"
#include "run/run_private.h"
#include "run/stack/stage.h"
#include "score/pipeline/pipeline.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json/yaml.h"
#include "util/loop/loop_time.h"
#include "util/text/text.h"
#include "util/text/utf8.h"

bool run_is_selected(const struct run_options *o, const struct experiment *x)
{
	uint32_t i;

	for (i = 0; i < o->n_only; i++)
		if (o->only[i] == x->number)
			return true;
	return !o->n_only;
}

/* --- timers and signals ---------------------------------------------------------------------- */

static uint64_t expected_ns(const struct run *r)
{
	const struct suite *s = r->suite;

	switch (r->state) {
	case RUN_BASELINE: return s->baseline_ns;
	case RUN_INJECT: return r->turn.x->duration_ns;
	case RUN_RECOVER: return s->grace_ns > s->probe.steady_window_ns ? s->grace_ns : s->probe.steady_window_ns;
	case RUN_COOLDOWN: return s->cooldown_ns;
	default: return 0;
	}
}

void run_report_progress(struct run *r, bool changed, const char *note)
{
	struct run_progress p = { .x = r->turn.x,
				  .index = r->turn.index,
				  .total = r->total,
				  .state = r->state,
				  .changed = changed,
				  .left_s = NAN,
				  .pass_rate = NAN,
				  .asked = r->suite->pipeline.url,
				  .note = note };
	const struct alerts *alerts = &r->turn.result.alerts;
	uint64_t now = clock_mono_ns(), expected = expected_ns(r);
	struct probe_summary sum;
	uint32_t i;

	if (!r->options->progress)
		return;
	if (expected)
		p.left_s = expected > now - r->state_ns ? (expected - (now - r->state_ns)) / 1e9 : 0;
	if (r->probe) {
		probe_summarise(r->probe, now > METRICS_NOW_NS ? now - METRICS_NOW_NS : 0, now, &sum);
		p.pass_rate = sum.pass_rate;
	}
	for (i = 0; i < alerts->n; i++) /* a pipeline may list older ones as well */
		p.alerts += alerts->v[i].time_s >= r->turn.result.baseline_start;
	for (i = 0; r->state >= RUN_INJECT && i < r->turn.n_faults; i++)
		p.hits += r->turn.faults[i].proof.injected;
	r->options->progress(r->options->ctx, &p);
}

static void on_beat(uv_timer_t *timer)
{
	LOOP_CALLBACK();

	run_tick(timer->data);
}

static void on_second(uv_timer_t *timer)
{
	LOOP_CALLBACK();
	struct run *r = timer->data;

	metrics_poll(r->metrics);
	if (r->state >= RUN_BASELINE && r->state <= RUN_RECOVER)
		run_poll_alerts(r);
	if (r->state == RUN_INJECT)
		run_faults_read(&r->turn);
	run_watch(r);
	run_report_progress(r, false, NULL);
}

static void on_due(uv_timer_t *timer)
{
	LOOP_CALLBACK();

	run_tick(timer->data);
}

static void on_sample(void *ctx, const struct probe_sample *sample)
{
	(void)sample;
	run_watch(ctx);
}

static void on_signal(uv_signal_t *handle, int number)
{
	LOOP_CALLBACK();

	(void)number;
	run_abort(handle->data);
}

static void open_handles(struct run *r)
{
	uv_timer_init(&r->loop, &r->beat);
	uv_timer_init(&r->loop, &r->second);
	uv_timer_init(&r->loop, &r->due);
	uv_signal_init(&r->loop, &r->sigint);
	uv_signal_init(&r->loop, &r->sigterm);
	r->beat.data = r->second.data = r->due.data = r->sigint.data = r->sigterm.data = r;
	uv_timer_start(&r->beat, on_beat, 0, FL_LEASE_PERIOD_MS);
	uv_timer_start(&r->second, on_second, 1000, 1000);
	uv_timer_start(&r->due, on_due, 0, 0);
	uv_signal_start(&r->sigint, on_signal, SIGINT);
	uv_signal_start(&r->sigterm, on_signal, SIGTERM);
}

void run_close(struct run *r)
{
	r->closing = true;
	uv_close((uv_handle_t *)&r->beat, NULL);
	uv_close((uv_handle_t *)&r->second, NULL);
	uv_close((uv_handle_t *)&r->due, NULL);
	uv_close((uv_handle_t *)&r->sigint, NULL);
	uv_close((uv_handle_t *)&r->sigterm, NULL);
	owner_stop(r->owner);
	metrics_close(r->metrics);
	run_kernel_close(r);
	probe_stop(r->probe);
	r->metrics = NULL;
	r->probe = NULL;
	if (r->forced)
		uv_stop(&r->loop);
}

/* --- before ---------------------------------------------------------------------------------- */

static int no_errors(const struct suite *s, struct fl_error *err)
{
	_cleanup_free_ struct finding *v = NULL;
	uint32_t n = 0, i;
	int r = suite_check(s, &v, &n, err);

	for (i = 0; !r && i < n; i++)
		if (v[i].error) {
			r = error_usage(err, "[%s] %.400s", v[i].rule, v[i].text);
			error_hint(err, "faultline check %.200s lists everything that is wrong", s->path);
			error_at(err, s->path, v[i].line, v[i].column);
		}
	return r;
}

/* A target that will refuse to be armed fails its own experiment, and that is known now. */
static void say_refusal(const struct experiment *x, const struct fault *f, const struct run_options *o)
{
	struct run_progress p = { .x = x, .index = (uint32_t)x->number, .total = 0, .left_s = NAN, .pass_rate = NAN };
	_cleanup_free_ char *note = NULL;
	struct fl_error why = {};

	if (!o->progress || !fault_ready(f, &why))
		return;
	note = text_format("this one will fail: %s%s%s", why.message, why.hint[0] ? "; " : "", why.hint);
	p.note = note;
	o->progress(o->ctx, &p);
}

/* Each fault of @x: can this host do it, and is there such a target? */
static int try_faults(const struct suite *s, const struct experiment *x, const struct run_options *o,
		      struct fl_error *err)
{
	const struct target_pick pick = run_pick(x, 0);
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < x->n_faults; i++) {
		const struct fault_plan *plan = &x->faults[i];
		struct fault_support support = { .supported = true };
		struct fault f;
		char **target;

		if (plan->ops->supported)
			plan->ops->supported(&support);
		if (!support.supported)
			r = error_env(err, ENOTSUP, "%s cannot be done here: %s", plan->ops->name, support.reason);
		if (!r)
			r = fault_init(&f, NULL, plan->ops->name, err);
		if (r)
			break;
		params_free(&f.params);
		r = params_copy(&f.params, &plan->params, err);
		if (!r)
			r = limits_check(plan->ops, &plan->params,
					 plan->duration_ns ? plan->duration_ns : x->duration_ns, err);
		for (target = plan->targets; !r && target && *target; target++)
			r = fault_add_targets(&f, *target, &pick, err);
		if (!r)
			say_refusal(x, &f, o);
		fault_free(&f);
		if (r)
			error_at(err, s->path, plan->line, plan->column);
	}
	return r;
}

int run_preflight(const struct suite *s, const struct run_options *o, struct fl_error *err)
{
	uint32_t i, selected = 0;
	json_t *ledger = NULL;
	int r = gate_check(err);

	if (!r)
		r = no_errors(s, err);
	if (!r) /* damaged, or another host's: nothing can be said of stages */
		r = stage_read(&ledger, err);
	json_decref(ledger);

	for (i = 0; !r && i < s->n; i++)
		if (run_is_selected(o, &s->experiments[i])) {
			selected++;
			r = try_faults(s, &s->experiments[i], o, err);
		}
	if (!r && !selected)
		r = error_usage(err, "--only names no experiment of %s, which has 1 to %u", s->path, s->n);
	return r;
}

double suite_estimate_s(const struct suite *s, const struct run_options *o)
{
	double total = s->probe.url ? s->probe.steady_window_ns : 0;
	uint64_t after =
		s->grace_ns > s->probe.steady_window_ns || !s->probe.url ? s->grace_ns : s->probe.steady_window_ns;
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (run_is_selected(o, &s->experiments[i]))
			total += s->baseline_ns + s->experiments[i].duration_ns + after + s->cooldown_ns;
	return total / 1e9;
}

/* What a reader of the results must know of the suite: that its windows were scaled, what was invented for it. */
static int note_suite(struct outdir *out, const struct suite *s, struct fl_error *err)
{
	json_t *invented = json_array();
	uint32_t i;
	int r = 0;

	for (i = 0; i < s->n_findings; i++)
		if (s->findings[i].invented)
			json_array_append_new(invented, json_pack("{s:s, s:i, s:i, s:s}", "rule", s->findings[i].rule,
								  "experiment", s->findings[i].experiment, "line",
								  s->findings[i].line, "text", s->findings[i].text));
	if (s->pipeline.learned)
		r = outdir_note(out, "pipeline_takes", json_string(s->pipeline.learned->said), err);
	if (!r && s->exercise)
		r = outdir_note(out, "form", json_string("exercise"), err);
	if (!r && s->scale > 0)
		r = outdir_note(out, "scale", json_real(s->scale), err);
	if (!r && json_array_size(invented))
		r = outdir_note(out, "invented", json_incref(invented), err);
	json_decref(invented);
	return r;
}

static int set_up(struct run *r, struct fl_error *err)
{
	uint32_t i;
	int fd, log;
	int rc = outdir_open(&r->out, r->options->dir, r->suite, r->options->resume, &r->results, &r->n_results, err);

	for (i = 0; i < r->suite->n; i++)
		r->total += run_is_selected(r->options, &r->suite->experiments[i]);
	r->count = r->n_results;
	r->baseline = json_pack("{s:i, s:[]}", "format", RESULT_FORMAT, "windows");
	if (rc)
		return rc;
	if (!r->baseline)
		return error_sys(err, ENOMEM, "run: out of memory");
	fd = outdir_append(&r->out, "events.jsonl", 0644, err);
	rc = fd < 0 ? fd : events_open(fd, &r->events, err);
	if (!rc) /* forks the guardian: before there are threads */
		rc = session_begin("run", &r->session, err);
	if (!rc)
		rc = session_note_results(r->session, r->options->dir, err);
	if (!rc && !r->seed && getrandom(&r->seed, sizeof(r->seed), 0) != sizeof(r->seed))
		rc = error_sys(err, EIO, "run: no random numbers");
	r->seed &= 0x1fffffffffffffull; /* exact in every reader of JSON */
	if (!rc)
		rc = outdir_note(&r->out, "seed", json_integer((json_int_t)r->seed), err);
	if (!rc)
		rc = note_suite(&r->out, r->suite, err);
	if (!rc)
		rc = outdir_note(&r->out, "session", json_string(r->session->name), err);
	if (!rc && r->suite->probe.url) {
		log = outdir_append(&r->out, "probe.log", 0644, err);
		rc = log < 0 ? log : probe_start(&r->loop, &r->suite->probe, log, on_sample, r, &r->probe, err);
		r->probe_since_ns = clock_mono_ns();
	}
	if (!rc)
		rc = metrics_open(&r->loop, r->suite, r->probe, run_other_metric, r, &r->metrics, err);
	if (!rc)
		rc = owner_start(&r->loop, r->session, &r->owner, err);
	if (!rc)
		owner_on_change(r->owner, run_faults_changed, r);
	if (!rc)
		owner_on_gate(r->owner, run_gate_closed, r);
	if (!rc)
		rc = run_kernel_open(r, err);
	return rc;
}

/* --- after ----------------------------------------------------------------------------------- */

static uint32_t count_not_run(const struct run *r)
{
	uint32_t i, k, n = 0;

	for (i = 0; !r->options->trials && i < r->suite->n; i++) {
		bool found = !run_is_selected(r->options, &r->suite->experiments[i]);

		for (k = 0; k < r->n_results && !found; k++)
			found = !strcmp(r->results[k].id, r->suite->experiments[i].id);
		n += !found;
	}
	return n;
}

static uint32_t count_refuted(const struct run *r)
{
	uint32_t i, n = 0;

	for (i = 0; i < r->n_results; i++) {
		const json_t *h = json_object_get(r->results[i].detail, "hypothesis");
		const char *verdict = json_string_value(json_object_get(h, "verdict"));

		n += verdict && !strcmp(verdict, "refuted");
	}
	return n;
}

static int write_end(struct run *r, const struct run_report *report, struct fl_error *err)
{
	char why[500];
	enum fl_exit exit = run_verdict(report, why, sizeof(why));

	json_object_set_new(r->out.manifest, "events_lost", json_integer(events_lost(r->events)));
	json_object_set_new(r->out.manifest, "not_run", json_integer(report->not_run));
	json_object_set_new(r->out.manifest, "ended_by", ended_json(&r->ended));
	if (!r->options->trials) /* trials of small sizes are to be missed */
		json_object_set_new(r->out.manifest, "verdict",
				    json_pack("{s:i, s:s}", "exit_status", (int)exit, "why", why));
	return outdir_note(&r->out, "ended", json_real(clock_wall_s()), err);
}

static int finish(struct run *r, struct run_report *report, struct fl_error *err)
{
	int rc;

	report->results = r->results; /* read below; the report owns them from now on */
	report->n = r->n_results;
	report->not_run = count_not_run(r);
	report->aborted = r->aborting;
	ended_text(&r->ended, report->ended, sizeof(report->ended));
	report->stopped = r->stopping;
	report->refuted = count_refuted(r);
	score_compute(report->results, report->n, &report->score);
	rc = score_gaps(report->results, report->n, r->suite->graph ? r->suite->graph : r->graph, &report->gaps,
			&report->n_gaps, err);
	if (!rc)
		rc = outdir_save_results(&r->out, report->results, report->n, err);
	if (!rc)
		rc = write_end(r, report, err);
	r->results = NULL;
	r->n_results = 0;
	return rc;
}

/* Did a target die in it, and nothing runs in its place? */
static bool target_died(const struct result *r)
{
	const json_t *fault;
	size_t i;

	json_array_foreach(json_object_get(r->detail, "proof"), i, fault) {
		if (json_integer_value(json_object_get(fault, "targets_died")) > 0)
			return true;
	}
	return false;
}

enum fl_exit run_verdict(const struct run_report *report, char *ret_why, size_t size)
{
	uint32_t i, silent = 0, failed = 0, died = 0;
	char left[64] = "";

	if (report->not_run)
		snprintf(left, sizeof(left), ", %u experiment%s not run", report->not_run,
			 report->not_run == 1 ? " was" : "s were");
	for (i = 0; i < report->n; i++) {
		silent += report->results[i].status == RESULT_NOT_MANIFESTED;
		died += target_died(&report->results[i]);
		failed += report->results[i].status == RESULT_FAILED || report->results[i].status == RESULT_SKIPPED ||
			  report->results[i].status == RESULT_NOT_RECOVERED;
	}
	if (report->aborted)
		snprintf(ret_why, size, "aborted %s%s", report->ended[0] ? report->ended : "by a signal", left);
	else if (report->stopped)
		snprintf(ret_why, size, "stopped: the steady state was lost%s", left);
	else if (failed)
		snprintf(ret_why, size, "%u experiment%s could not be carried out", failed, failed == 1 ? "" : "s");
	else if (died)
		snprintf(ret_why, size, "%u experiment%s ended a target that is no longer running", died,
			 died == 1 ? "" : "s");
	else if (silent)
		snprintf(ret_why, size, "%u fault%s did not manifest: nothing was hit", silent, silent == 1 ? "" : "s");
	else if (!report->score.total)
		snprintf(ret_why, size, "nothing was scored, so nothing was passed");
	else if (!report->score.accepted)
		snprintf(ret_why, size, "acceptance failed");
	else if (report->refuted)
		snprintf(ret_why, size, "%u of %u hypotheses refuted", report->refuted, report->n);
	else
		snprintf(ret_why, size, "accepted");
	utf8_mend(ret_why);
	if (report->aborted)
		return FL_EXIT_ABORTED;
	return report->stopped || failed || died || silent || !report->score.accepted || report->refuted
		       ? FL_EXIT_FAILED
		       : FL_EXIT_OK;
}

void run_report_free(struct run_report *report)
{
	results_free(report->results, report->n);
	gaps_free(report->gaps, report->n_gaps);
	memset(report, 0, sizeof(*report));
}

int suite_run(const struct suite *s, const struct run_options *o, struct run_report *ret, struct fl_error *err)
{
	struct run *r = calloc(1, sizeof(*r));
	sigset_t ends, before;
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (!r)
		return error_sys(err, ENOMEM, "run: out of memory");
	r->suite = s;
	r->options = o;
	r->seed = o->seed;
	r->begun_s = clock_wall_s();
	uv_loop_init(&r->loop);
	/* An end that is asked for while the session comes to be waits until somebody listens. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, &before);
	rc = set_up(r, err);
	if (!rc)
		open_handles(r);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (!rc) {
		uv_run(&r->loop, UV_RUN_DEFAULT);
		run_kernel_free(r);
		rc = finish(r, ret, err);
		if (!rc && r->error.exit != FL_EXIT_OK) {
			*err = r->error;
			rc = r->error.code;
		}
	} else {
		if (r->owner)
			owner_stop(r->owner);
		metrics_close(r->metrics);
		run_kernel_close(r);
		probe_stop(r->probe);
		uv_run(&r->loop, UV_RUN_DEFAULT);
		run_kernel_free(r);
	}
	if (r->session && session_end(r->session, rc ? NULL : err) && !rc)
		rc = err->code;
	events_close(r->events);
	outdir_close(&r->out);
	json_decref(r->baseline);
	json_decref(r->graph);
	ret->unfinished = r->alerts_job.busy || r->score_job.busy;
	if (ret->unfinished)
		return rc;
	uv_loop_close(&r->loop);
	results_free(r->results, r->n_results);
	free(r);
	return rc;
}
