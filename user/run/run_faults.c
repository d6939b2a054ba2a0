// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_faults.c - the faults of the experiment under way: resolved, armed, switched on and off at their
 * own moments, proven, disarmed. All of that may take as long as a target does, so each step is a job of
 * the owner's queue (fault/life/offload.h); what the loop is to know of it is taken over when the job is done.
 */
#include <errno.h>

#include "fault/net/net_guard.h"
#include "fault/overlap.h"
#include "fault/stress/limits.h"
#include "run/run_private.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json/json_path.h"
#include "util/text/text.h"

/* A fault that chooses at random gets a seed that the result can tell, unless the file gives one. */
static int set_seed(const struct run *r, struct run_fault *f, struct fl_error *err)
{
	const struct param_value *seed = params_find(&f->fault.params, "seed");
	char text[32];

	if (!seed || seed->given)
		return 0;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)((r->seed + f->fault.number) & 0x1fffffffffffffull));
	return params_set(&f->fault.params, "seed", text, err);
}

struct target_pick run_pick(const struct experiment *x, uint64_t seed)
{
	bool one = !x->instances && (x->stage == STAGE_DEV || x->stage == STAGE_CANARY);

	return (struct target_pick){ .count = one ? 1 : x->instances, .seed = seed };
}

int run_faults_prepare(struct run *r, struct turn *t, struct fl_error *err)
{
	const struct experiment *x = t->x;
	const struct target_pick pick = run_pick(x, r->seed);
	uint32_t i, resolved = 0;
	int rc = 0;

	t->faults = calloc(x->n_faults ? x->n_faults : 1, sizeof(*t->faults));
	if (!t->faults)
		return error_sys(err, ENOMEM, "faults: out of memory");
	for (i = 0; !rc && i < x->n_faults; i++) {
		struct run_fault *f = &t->faults[i];
		char **target;

		f->plan = &x->faults[i];
		rc = fault_init(&f->fault, r->session, f->plan->ops->name, err);
		if (rc)
			break;
		t->n_faults++;
		params_free(&f->fault.params);
		rc = params_copy(&f->fault.params, &f->plan->params, err);
		if (!rc)
			rc = set_seed(r, f, err);
		for (target = f->plan->targets; !rc && target && *target; target++)
			rc = fault_add_targets(&f->fault, *target, &pick, err);
		resolved = f->fault.n_targets > resolved ? f->fault.n_targets : resolved;
	}
	if (!rc && x->instances && resolved > x->instances)
		rc = error_usage(err, "%s: %u targets, and its blast radius is %u", x->name, resolved, x->instances);
	return rc;
}

/* --- before and after ------------------------------------------------------------------------- */

static void arm_work(void *run)
{
	struct run *r = run;
	uint32_t i;

	r->fault_rc = 0;
	for (i = 0; !r->fault_rc && i < r->turn.n_faults; i++) {
		struct run_fault *f = &r->turn.faults[i];

		if (r->options->trials)
			r->fault_rc = run_trial_set_size(r, f, &r->fault_error);
		if (!r->fault_rc && !f->fault.armed)
			r->fault_rc = fault_arm(&f->fault, &r->fault_error);
	}
}

/* Each gets its chance, whatever became of the one before; what still cannot be undone stays in the
 * journal for session_end() and the guardian. */
static void disarm_work(void *run)
{
	struct run *r = run;
	uint32_t i;
	int tries, rc;

	r->fault_rc = 0;
	for (i = 0; i < r->turn.n_faults; i++) {
		for (tries = 0, rc = -1; rc && tries < 2; tries++)
			rc = fault_disarm(&r->turn.faults[i].fault, &r->fault_error);
		if (rc && !r->fault_rc)
			r->fault_rc = rc;
	}
}

static void step_done(void *run)
{
	struct run *r = run;

	if (r->fault_rc && r->turn.error.exit == FL_EXIT_OK)
		r->turn.error = r->fault_error;
	if (r->fault_rc)
		events_write(r->events, "fault-error", r->turn.x->id,
			     json_pack("{s:s}", "error", r->fault_error.message));
	r->turn.faults_ready = true;
	run_tick(r);
}

/* Only now may others hear of them. */
static void arm_done(void *run)
{
	struct run *r = run;
	uint32_t i;

	for (i = 0; i < r->turn.n_faults; i++) {
		struct run_fault *f = &r->turn.faults[i];

		if (f->fault.armed && !f->owned)
			f->owned = !owner_add(r->owner, &f->fault, NULL);
	}
	owner_changed(r->owner);
	step_done(run);
}

static void begin(struct run *r, offload_fn work, offload_fn done)
{
	r->turn.faults_ready = false;
	r->fault_rc = 0;
	error_clear(&r->fault_error);
	r->fault_job = (struct offload_job){ .work = work, .done = done, .arg = r };
	owner_do(r->owner, &r->fault_job);
}

void run_faults_arm(struct run *r)
{
	begin(r, arm_work, arm_done);
}

static void run_faults_disarm(struct run *r)
{
	uint32_t i;

	for (i = 0; i < r->turn.n_faults; i++) {
		owner_remove(r->owner, &r->turn.faults[i].fault);
		r->turn.faults[i].owned = false;
	}
	begin(r, disarm_work, step_done);
}

/* --- on and off ------------------------------------------------------------------------------ */

static uint64_t on_ns(const struct turn *t, const struct run_fault *f)
{
	return t->inject_ns + f->plan->offset_ns;
}

/* Its own duration, but never beyond the experiment's. */
static uint64_t off_ns(const struct turn *t, const struct run_fault *f)
{
	uint64_t end = t->inject_ns + t->x->duration_ns;
	uint64_t own = on_ns(t, f) + f->plan->duration_ns;

	return f->plan->duration_ns && own < end ? own : end;
}

/* Who else is hit has to be known afterwards. */
static void note_targets(struct run *r, const struct run_fault *f)
{
	uint32_t i;

	for (i = 0; i < f->fault.n_targets; i++)
		if (f->fault.targets[i].note[0])
			events_write(r->events, "target-note", r->turn.x->id,
				     json_pack("{s:s, s:s, s:o}", "fault", f->fault.id, "target",
					       f->fault.targets[i].name, "text",
					       json_foreign(f->fault.targets[i].note)));
}

/* @by: what switched it, the suite's schedule or something that came before its time. */
static void note_switch(struct run *r, const struct run_fault *f, const char *event, const char *by)
{
	events_write(r->events, event, r->turn.x->id,
		     json_pack("{s:s, s:s, s:s, s:s}", "fault", f->fault.id, "kind", f->fault.ops->name, "backend",
			       f->fault.backend, "by", by));
}

/* Its end is not that of its time: somebody ended it. */
static void note_stopped(struct run *r, const struct fault *fault)
{
	uint32_t i;

	for (i = 0; i < r->turn.n_faults; i++) {
		struct run_fault *f = &r->turn.faults[i];

		if (&f->fault != fault || f->ended)
			continue;
		f->ended = true;
		f->off_wall_s = clock_wall_s();
		note_switch(r, f, "fault-off", "stop");
	}
}

void run_faults_changed(void *run, const struct fault *f, const json_t *change)
{
	struct run *r = run;
	const char *what = json_string_value(json_object_get(change, "what")) ?: "";
	bool stopped = !strcmp(what, "stopped") || !strcmp(what, "protected");
	bool value = !strcmp(what, "value"), deed = stopped || value || !strcmp(what, "set");
	_cleanup_free_ char *event = text_format("%s-%s", deed ? "fault" : "target", what);
	json_t *fields = json_pack("{s:s}", "fault", f->id);

	if (stopped)
		note_stopped(r, f);

	json_object_update_missing(fields, (json_t *)(uintptr_t)change);
	json_object_del(fields, "t");
	json_object_del(fields, "what");
	if (event)
		events_write(r->events, event, r->turn.x ? r->turn.x->id : NULL, json_incref(fields));
	json_decref(fields);
	if (value) /* of a schedule: nothing has happened to a target, and a line for each would drown the rest */
		return;
	run_kernel_refresh(r);
	run_report_progress(r, false, json_string_value(json_object_get(change, "text")));
}

static void note_overlaps(struct run *r, const struct run_fault *f)
{
	json_t *row;
	char text[400];
	size_t i;

	json_array_foreach(f->overlaps, i, row) {
		overlap_text(row, text, sizeof(text));
		events_write(r->events, "overlap", r->turn.x->id,
			     json_pack("{s:s, s:O?, s:O?, s:s}", "fault", f->fault.id, "other",
				       json_object_get(row, "id"), "owner", json_object_get(row, "owner"), "text",
				       text));
		run_report_progress(r, false, text);
	}
}

/* What to know of it: the person's own connection would be hit, and is left out; nothing connects. */
static void note_limits(struct run *r, const struct run_fault *f)
{
	json_t *line;
	char text[400];
	size_t i;

	/* As planned: those of the fault move with its schedules, on another thread. */
	if (limits_warn_delay(f->fault.ops, &f->plan->params, text, sizeof(text)))
		run_report_progress(r, false, text);
	json_array_foreach(f->spared, i, line) {
		events_write(r->events, "spared", r->turn.x->id,
			     json_pack("{s:s, s:O}", "fault", f->fault.id, "what", line));
		run_report_progress(r, false, json_string_value(line));
	}
}

static void on_work(void *run_fault)
{
	struct run_fault *f = run_fault;

	if (fault_activate(&f->fault, true, &f->error))
		return;
	f->on_wall_s = clock_wall_s();
}

/* What takes longer, and does not make the stamp of the beginning wait. */
static void tell_work(void *run_fault)
{
	struct run_fault *f = run_fault;

	owner_publish(f->run->owner, NULL);
	f->overlaps = overlap_find(&f->fault);
	f->spared = net_guard_named(&f->fault);
}

static void tell_done(void *run_fault)
{
	struct run_fault *f = run_fault;

	note_overlaps(f->run, f);
	note_limits(f->run, f);
}

static void on_done(void *run_fault)
{
	struct run_fault *f = run_fault;
	struct run *r = f->run;

	if (f->error.exit != FL_EXIT_OK) {
		r->turn.error = f->error;
		r->turn.on_failed = true;
		f->ended = true;
		run_tick(r);
		return;
	}
	run_share_on(r, f);
	note_switch(r, f, "fault-on", "schedule");
	note_targets(r, f);
	f->tell = (struct offload_job){ .work = tell_work, .done = tell_done, .arg = f };
	owner_do(r->owner, &f->tell);
}

static void switch_on(struct run *r, struct run_fault *f)
{
	f->begun = true;
	f->fault.expires_ns = off_ns(&r->turn, f) + RUN_EXPIRY_MARGIN_NS;
	f->run = r;
	f->on = (struct offload_job){ .work = on_work, .done = on_done, .arg = f };
	owner_do(r->owner, &f->on);
}

static void off_work(void *run_fault)
{
	struct run_fault *f = run_fault;

	fault_activate(&f->fault, false, &f->error);
	f->off_wall_s = clock_wall_s();
	owner_publish(f->run->owner, NULL);
}

static void off_done(void *run_fault)
{
	struct run_fault *f = run_fault;
	struct run *r = f->run;

	run_share_off(r, f);
	if (f->error.exit != FL_EXIT_OK) {
		events_write(r->events, "fault-error", r->turn.x->id,
			     json_pack("{s:s, s:s}", "fault", f->fault.id, "error", f->error.message));
		if (r->turn.error.exit == FL_EXIT_OK)
			r->turn.error = f->error;
	}
	note_switch(r, f, "fault-off", r->turn.cause == BY_DURATION ? "schedule" : run_cause_text(r->turn.cause));
}

static bool is_on(const struct run_fault *f)
{
	return f->begun && !f->ended;
}

static void switch_off(struct run *r, struct run_fault *f)
{
	f->ended = true;
	f->off = (struct offload_job){ .work = off_work, .done = off_done, .arg = f };
	owner_do(r->owner, &f->off);
}

void run_faults_step(struct run *r, uint64_t now)
{
	struct turn *t = &r->turn;
	uint32_t i;

	for (i = 0; i < t->n_faults; i++) {
		struct run_fault *f = &t->faults[i];

		if (!f->begun && now >= on_ns(t, f))
			switch_on(r, f);
		if (is_on(f) && now >= off_ns(t, f))
			switch_off(r, f);
	}
}

/* --- the end of the window -------------------------------------------------------------------- */

static void end_work(void *run)
{
	struct run *r = run;
	uint32_t i;

	for (i = 0; i < r->turn.n_faults; i++)
		if (is_on(&r->turn.faults[i]))
			off_work(&r->turn.faults[i]);
	r->turn.end_ns = clock_mono_ns();
	r->turn.result.end = clock_wall_s();
	for (i = 0; i < r->turn.n_faults; i++) {
		struct run_fault *f = &r->turn.faults[i];

		if (f->begun && f->fault.armed && !fault_proof(&f->fault, &f->fault.fresh, NULL))
			f->fault.shown = f->fault.fresh;
	}
}

static void end_done(void *run)
{
	struct run *r = run;
	uint32_t i;

	for (i = 0; i < r->turn.n_faults; i++) {
		struct run_fault *f = &r->turn.faults[i];

		if (!is_on(f))
			continue;
		f->ended = true;
		off_done(f);
	}
	run_faults_read(&r->turn);
	run_window_over(r);
	if (run_trial_may_keep(r))
		step_done(r);
	else
		run_faults_disarm(r);
}

void run_faults_end(struct run *r)
{
	if (r->turn.inject_ns)
		begin(r, end_work, end_done);
	else
		run_faults_disarm(r);
}

uint64_t run_faults_due(const struct turn *t)
{
	uint64_t due = t->inject_ns + t->x->duration_ns;
	uint32_t i;

	for (i = 0; !t->without_fault && i < t->n_faults; i++) {
		const struct run_fault *f = &t->faults[i];
		uint64_t at = !f->begun ? on_ns(t, f) : !f->ended ? off_ns(t, f) : due;

		due = at < due ? at : due;
	}
	return due;
}

static uint64_t more(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* A fault that stays armed counts on; its turn has what came since. The kernel keeps the first hit of all only. */
static struct fault_proof since(const struct fault_proof *now, const struct fault_proof *earlier)
{
	struct fault_proof p = *now;

	if (!earlier->matched && !earlier->injected)
		return p;
	p.matched = more(now->matched, earlier->matched);
	p.injected = more(now->injected, earlier->injected);
	p.skipped = more(now->skipped, earlier->skipped);
	p.bytes = more(now->bytes, earlier->bytes);
	p.spared = more(now->spared, earlier->spared);
	p.died = now->died > earlier->died ? now->died - earlier->died : 0;
	if (earlier->injected)
		p.first_hit_ns = p.first_hit_wall_ns = 0;
	if (!p.injected)
		p.last_hit_ns = p.last_hit_wall_ns = 0;
	return p;
}

void run_faults_read(struct turn *t)
{
	uint32_t i;

	for (i = 0; i < t->n_faults; i++)
		if (t->faults[i].begun)
			t->faults[i].proof = since(&t->faults[i].fault.shown, &t->faults[i].earlier);
}

void run_faults_release(struct run_fault *v, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		json_decref(v[i].overlaps);
		json_decref(v[i].spared);
		run_share_free(&v[i].share);
		fault_free(&v[i].fault);
	}
	free(v);
}

void run_faults_free(struct turn *t)
{
	run_faults_release(t->faults, t->n_faults);
	t->faults = NULL;
	t->n_faults = 0;
}
