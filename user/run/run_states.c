// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_states.c - what each state does when it is entered, and when it is over. run_tick() is called
 * by every timer, by the probe and by finished jobs; a state that is over goes to the next one there
 * and nowhere else, so nothing ever waits or sleeps.
 */
#include <assert.h>
#include <errno.h>
#include <math.h>

#include "run/run_private.h"
#include "run/stack/stage.h"
#include "score/pipeline/pipeline.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/utf8.h"

static uint64_t state_age(const struct run *r)
{
	return clock_mono_ns() - r->state_ns;
}

/* --- IDLE, RESOLVE --------------------------------------------------------------------------- */

static bool has_result(const struct run *r, const struct experiment *x)
{
	uint32_t i;

	for (i = 0; i < r->n_results; i++)
		if (!strcmp(r->results[i].id, x->id))
			return true;
	return false;
}

static void turn_free(struct turn *t)
{
	run_faults_free(t);
	result_free(&t->result);
	json_decref(t->rca);
	json_decref(t->unseen);
	json_decref(t->effects);
	meter_snapshot_free(&t->before);
	memset(t, 0, sizeof(*t));
}

static void idle_tick(struct run *r)
{
	const struct suite *s = r->suite;

	run_share_end(r);
	run_trial_keep(r);
	turn_free(&r->turn);
	if (r->aborting || r->stopping) {
		run_enter(r, RUN_DONE);
		return;
	}
	if (r->options->trials) {
		run_enter(r, run_trial_next(r) ? RUN_RESOLVE : RUN_DONE);
		return;
	}
	for (; r->next < s->n; r->next++) {
		const struct experiment *x = &s->experiments[r->next];

		if (!run_is_selected(r->options, x) || has_result(r, x))
			continue;
		r->next++;
		r->turn.x = x;
		r->turn.index = ++r->count;
		run_enter(r, RUN_RESOLVE);
		return;
	}
	run_enter(r, RUN_DONE);
}

static int check_stage(struct run *r, struct turn *t, struct fl_error *err)
{
	json_t *ledger;
	int rc = stage_read(&ledger, err);

	if (rc)
		return rc;
	rc = stage_allowed(ledger, t->x, r->options->force_stage ? NULL : err);
	json_decref(ledger);
	t->stage_forced = rc == -EPERM && r->options->force_stage;
	return t->stage_forced ? 0 : rc;
}

/* Files are written and engines asked. */
static void resolve_work(void *run)
{
	struct run *r = run;
	struct turn *t = &r->turn;
	int rc = run_result_begin(r, t, &t->error);

	if (!rc)
		rc = check_stage(r, t, &t->error);
	if (!rc)
		rc = run_begin_check(r, t, &t->error);
	if (rc == -EPERM)
		t->result.status = RESULT_SKIPPED;
	if (!rc)
		rc = r->options->trials ? run_trial_faults(r, &t->error) : run_faults_prepare(r, t, &t->error);
	if (!rc && r->options->trials)
		rc = pipeline_forget(&r->suite->pipeline, &t->error);
	r->fault_rc = rc;
}

static void resolve_done(void *run)
{
	struct run *r = run;

	r->turn.resolved = true;
	run_tick(r);
}

static void resolve_enter(struct run *r)
{
	run_kernel_turn(r);
	run_trial_begin(r);
	r->state_job = (struct offload_job){ .work = resolve_work, .done = resolve_done, .arg = r };
	owner_do(r->owner, &r->state_job);
}

static void resolve_tick(struct run *r)
{
	if (r->turn.resolved)
		run_enter(r, r->fault_rc || r->aborting ? RUN_SCORE : RUN_ARM);
}

/* --- ARM, STEADY, BASELINE ------------------------------------------------------------------- */

static void arm_tick(struct run *r)
{
	struct turn *t = &r->turn;

	if (!t->faults_ready)
		return;
	if (t->error.exit != FL_EXIT_OK)
		t->cause = BY_FAILURE;
	run_enter(r, t->error.exit != FL_EXIT_OK || r->aborting ? RUN_ROLLBACK : RUN_STEADY);
}

static uint64_t steady_limit(const struct suite *s)
{
	return s->probe.recover_within_ns + s->probe.steady_window_ns;
}

static void steady_tick(struct run *r)
{
	struct turn *t = &r->turn;

	if (r->aborting) {
		run_enter(r, RUN_ROLLBACK);
	} else if (run_is_steady(r, 0)) {
		run_enter(r, RUN_BASELINE);
	} else if (state_age(r) > steady_limit(r->suite)) {
		error_env(&t->error, ETIMEDOUT,
			  "no steady state: fewer than %.4g %% of the probe's tries "
			  "passed in every window of %.0f s",
			  r->suite->probe.steady_ppm / 1e4, r->suite->probe.steady_window_ns / 1e9);
		t->cause = BY_FAILURE;
		r->stopping = true;
		run_enter(r, RUN_ROLLBACK);
	}
}

static void baseline_enter(struct run *r)
{
	run_kernel_read(r);
	run_unseen_begin(r);
	run_share_begin(r);
	r->turn.baseline_ns = clock_mono_ns();
	r->turn.result.baseline_start = clock_wall_s();
	run_poll_alerts(r);
}

/* Before the first fault nobody has to be hit for a pipeline that is not there. */
static bool is_pipeline_missed(struct run *r)
{
	struct turn *t = &r->turn;

	if (!r->pipeline_dead || r->injected || r->options->pipeline_may_be_down)
		return false;
	pipeline_refuse_dead(&r->dead_error, &t->error);
	r->error = t->error;
	t->cause = BY_FAILURE;
	r->stopping = true;
	return true;
}

static void baseline_tick(struct run *r)
{
	if (r->aborting) {
		run_enter(r, RUN_ROLLBACK);
	} else if (state_age(r) >= r->suite->baseline_ns) {
		enum run_begin begin = run_may_begin(r);

		if (begin == RUN_BEGIN_WAIT)
			return;
		run_unseen_look(r);
		run_enter(r, begin == RUN_BEGIN_NEVER || is_pipeline_missed(r) ? RUN_ROLLBACK : RUN_INJECT);
	}
}

/* --- INJECT, ROLLBACK, RECOVER --------------------------------------------------------------- */

static void inject_enter(struct run *r)
{
	struct turn *t = &r->turn;

	run_kernel_read(r);
	run_kernel_inject(r);
	r->injected = true;
	t->inject_ns = clock_mono_ns();
	t->result.baseline_end = t->result.inject = clock_wall_s();
	metrics_ask_range(r->metrics, t->result.baseline_start, t->result.baseline_end);
	t->result.pipeline_reachable_during = r->suite->pipeline.url != NULL;
}

static void inject_tick(struct run *r)
{
	struct turn *t = &r->turn;
	uint64_t now = clock_mono_ns(), due;

	if (!r->aborting && !t->on_failed && !t->without_fault)
		run_faults_step(r, now);
	if (!r->aborting && t->on_failed)
		t->cause = BY_FAILURE;
	if (r->aborting || t->cause == BY_FAILURE || now >= t->inject_ns + t->x->duration_ns) {
		run_enter(r, RUN_ROLLBACK);
		return;
	}
	/* The heartbeat looks every 100 ms; this looks at the very moment. */
	due = run_faults_due(t);
	uv_timer_start(&r->due, r->due.timer_cb, due > now ? (due - now) / NS_PER_MSEC + 1 : 1, 0);
}

static void rollback_enter(struct run *r)
{
	struct turn *t = &r->turn;

	if (r->aborting && t->cause == BY_DURATION) {
		t->cause = BY_SIGNAL;
		ended_text(&r->ended, t->cause_text, sizeof(t->cause_text));
		utf8_mend(t->cause_text);
	}
	run_faults_end(r);
}

void run_window_over(struct run *r)
{
	struct turn *t = &r->turn;

	run_kernel_read(r);
	events_write(r->events, "rollback", t->x->id,
		     json_pack("{s:s, s:s, s:o}", "cause", run_cause_text(t->cause), "why", t->cause_text,
			       "breach_to_rollback_ms",
			       t->breach_ns ? json_real((t->end_ns - t->breach_ns) / 1e6) : json_null()));
}

static void rollback_tick(struct run *r)
{
	if (r->turn.faults_ready)
		run_enter(r, r->turn.inject_ns && !r->aborting ? RUN_RECOVER : RUN_SCORE);
}

static void recover_enter(struct run *r)
{
	struct turn *t = &r->turn;

	t->window_end_ns = t->end_ns + r->suite->grace_ns;
	/*
	 * A window that was cut short is none: nobody knows what the rest would have shown. Its own trigger is different:
	 * the fault did what the file expected at worst, and the pipeline could see it from the injection on.
	 */
	if (t->cause == BY_DURATION || (t->cause == BY_TRIGGER && run_has_hits(t)))
		t->result.window_end = t->result.end + r->suite->grace_ns / 1e9;
}

static void recover_tick(struct run *r)
{
	struct turn *t = &r->turn;
	uint64_t now = clock_mono_ns();
	bool late = now - t->end_ns > r->suite->probe.recover_within_ns;

	if (!t->recovered_ns && run_is_steady(r, t->end_ns)) {
		/* The good window has just ended; it began with the recovery. */
		t->recovered_ns = r->probe ? now - r->suite->probe.steady_window_ns : now;
		t->result.recovered = t->result.end + (t->recovered_ns - t->end_ns) / 1e9;
		events_write(r->events, "recovered", t->x->id,
			     json_pack("{s:f}", "after_s", (t->recovered_ns - t->end_ns) / 1e9));
	}
	if (r->aborting) {
		t->result.window_end = now >= t->window_end_ns ? t->result.window_end : NAN;
		run_enter(r, RUN_SCORE);
	} else if (now >= t->window_end_ns && (t->recovered_ns || late)) {
		r->stopping |= !t->recovered_ns;
		run_enter(r, RUN_SCORE);
	}
}

/* --- SCORE, COOLDOWN, DONE ------------------------------------------------------------------- */

static void save_work(void *run)
{
	struct run *r = run;

	r->fault_rc = run_result_save(r, &r->turn, &r->error);
	if (!r->fault_rc && r->options->trials)
		r->fault_rc = run_trial_taken(r, &r->error);
}

static void save_done(void *run)
{
	struct run *r = run;

	if (r->fault_rc)
		r->stopping = true; /* results that cannot be kept are not worth a fault */
	r->turn.saved = true;
	run_tick(r);
}

static void save(struct run *r)
{
	if (run_result_finish(r, &r->turn, &r->error))
		r->stopping = true;
	r->state_job = (struct offload_job){ .work = save_work, .done = save_done, .arg = r };
	owner_do(r->owner, &r->state_job);
}

static void score_tick(struct run *r)
{
	struct turn *t = &r->turn;
	bool ask = t->inject_ns && r->suite->pipeline.url && !r->aborting;

	if (r->state_job.queued || (r->alerts_job.busy && !r->forced))
		return;
	if (t->saved) {
		t->x = NULL;
		run_enter(r, r->aborting || r->stopping ? RUN_DONE : RUN_COOLDOWN);
		return;
	}
	if (ask && !t->asked) {
		t->asked = true;
		run_ask_causes(r);
		return;
	}
	if (!t->asked || t->scored || r->forced)
		save(r);
}

static bool anything_left(const struct run *r)
{
	uint32_t i;

	if (r->options->trials)
		return true;
	for (i = r->next; i < r->suite->n; i++)
		if (run_is_selected(r->options, &r->suite->experiments[i]) && !has_result(r, &r->suite->experiments[i]))
			return true;
	return false;
}

static void cooldown_tick(struct run *r)
{
	if (r->aborting)
		run_enter(r, RUN_DONE);
	else if (state_age(r) >= r->suite->cooldown_ns || !anything_left(r))
		run_enter(r, RUN_IDLE);
}

static void done_enter(struct run *r)
{
	run_trial_drop(r);
}

static void done_tick(struct run *r)
{
	bool busy = r->alerts_job.busy || r->score_job.busy;

	owner_rest(r->owner);
	if (r->closing || !owner_idle(r->owner) || (busy && !r->forced))
		return;
	if (!busy)
		turn_free(&r->turn);
	run_close(r);
}

/* --- the table ------------------------------------------------------------------------------- */

static const struct {
	void (*enter)(struct run *r);
	void (*tick)(struct run *r);
} states[RUN_STATES] = {
	[RUN_IDLE] = { NULL, idle_tick },
	[RUN_RESOLVE] = { resolve_enter, resolve_tick },
	[RUN_ARM] = { run_faults_arm, arm_tick },
	[RUN_STEADY] = { NULL, steady_tick },
	[RUN_BASELINE] = { baseline_enter, baseline_tick },
	[RUN_INJECT] = { inject_enter, inject_tick },
	[RUN_ROLLBACK] = { rollback_enter, rollback_tick },
	[RUN_RECOVER] = { recover_enter, recover_tick },
	[RUN_SCORE] = { NULL, score_tick },
	[RUN_COOLDOWN] = { NULL, cooldown_tick },
	[RUN_DONE] = { done_enter, done_tick },
};

void run_enter(struct run *r, enum run_state to)
{
	const char *id = r->turn.x ? r->turn.x->id : NULL;

	assert(run_may(r->state, to));
	events_write(r->events, "state", id,
		     json_pack("{s:s, s:s}", "from", run_state_text(r->state), "to", run_state_text(to)));
	r->state = to;
	r->state_ns = clock_mono_ns();
	if (states[to].enter)
		states[to].enter(r);
	run_report_progress(r, true, NULL);
}

void run_tick(struct run *r)
{
	enum run_state before;

	do {
		before = r->state;
		states[before].tick(r);
	} while (r->state != before);
}

static void begin_abort(struct run *r)
{
	r->aborting = true;
	events_write(r->events, "signal", r->turn.x ? r->turn.x->id : NULL,
		     json_pack("{s:b, s:o}", "forced", r->forced, "by", ended_json(&r->ended)));
	run_tick(r);
}

void run_abort(struct run *r)
{
	struct ended told;

	ended_read(r->session->name, &told);
	if (r->by_gate && told.when) { /* `halt` signals those as well that have seen it already */
		r->by_gate = false;
		return;
	}
	r->forced = r->aborting;
	if (!r->aborting)
		r->ended = told;
	begin_abort(r);
}

void run_gate_closed(void *run, const struct ended *why)
{
	struct run *r = run;

	if (r->aborting)
		return;
	r->by_gate = true;
	r->ended = *why;
	begin_abort(r);
}
