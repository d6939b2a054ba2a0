// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_trials.c - one experiment again and again, with a fault of another size each time: its faults are resolved and
 * armed once and stay armed between the trials, switched off; a size is one change of their parameters. Whatever is out of
 * the ordinary (a fault that somebody ended, an error) lets them go, and the next trial arms anew.
 */
#include <errno.h>

#include "run/run_private.h"
#include "util/text/text.h"

bool run_trial_next(struct run *r)
{
	const struct run_trials *trials = r->options->trials;

	r->trial = (struct run_trial){};
	if (!trials->next(trials->ctx, &r->trial))
		return false;
	r->trial_x = *r->trial.x;
	r->trial_x.id = r->trial.id;
	r->turn.x = &r->trial_x;
	r->turn.index = ++r->count;
	r->turn.without_fault = !r->trial.size[0];
	return true;
}

static bool all_armed(const struct run_fault *v, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (!v[i].fault.armed)
			return false;
	return n > 0;
}

bool run_trial_may_keep(const struct run *r)
{
	const struct turn *t = &r->turn;

	return r->options->trials && !r->aborting && t->error.exit == FL_EXIT_OK &&
	       (t->cause == BY_DURATION || t->cause == BY_TRIGGER) && all_armed(t->faults, t->n_faults);
}

void run_trial_keep(struct run *r)
{
	struct turn *t = &r->turn;

	if (!r->options->trials || !all_armed(t->faults, t->n_faults))
		return;
	r->kept = t->faults;
	r->n_kept = t->n_faults;
	r->kept_number = r->trial_x.number;
	t->faults = NULL;
	t->n_faults = 0;
}

static void disown(struct run *r)
{
	uint32_t i;

	for (i = 0; i < r->n_kept; i++) {
		if (r->kept[i].owned)
			owner_remove(r->owner, &r->kept[i].fault);
		r->kept[i].owned = false;
	}
}

static bool is_reusable(const struct run *r)
{
	return r->n_kept && r->kept_number == r->turn.x->number && all_armed(r->kept, r->n_kept);
}

void run_trial_begin(struct run *r)
{
	if (r->n_kept && !is_reusable(r))
		disown(r);
}

static void release_kept(struct run *r)
{
	run_faults_release(r->kept, r->n_kept);
	r->kept = NULL;
	r->n_kept = 0;
}

/* As it was before its first turn, but armed and counting. */
static int renew(struct run_fault *f, struct fl_error *err)
{
	json_decref(f->overlaps);
	json_decref(f->spared);
	f->overlaps = f->spared = NULL;
	f->begun = f->ended = false;
	f->on_wall_s = f->off_wall_s = 0;
	f->proof = (struct fault_proof){};
	error_clear(&f->error);
	return fault_proof(&f->fault, &f->earlier, err);
}

int run_trial_faults(struct run *r, struct fl_error *err)
{
	struct turn *t = &r->turn;
	uint32_t i;
	int rc = 0;

	if (!is_reusable(r)) {
		release_kept(r);
		return run_faults_prepare(r, t, err);
	}
	t->faults = r->kept;
	t->n_faults = r->n_kept;
	r->kept = NULL;
	r->n_kept = 0;
	for (i = 0; !rc && i < t->n_faults; i++) {
		t->faults[i].plan = &t->x->faults[i];
		rc = renew(&t->faults[i], err);
	}
	return rc;
}

int run_trial_set_size(struct run *r, struct run_fault *f, struct fl_error *err)
{
	struct params wanted = {};
	int rc;

	if (r->turn.without_fault)
		return 0;
	if (!f->fault.armed)
		return params_set(&f->fault.params, r->trial.param, r->trial.size, err);
	rc = params_copy(&wanted, &f->fault.params, err);
	if (!rc)
		rc = params_set(&wanted, r->trial.param, r->trial.size, err);
	if (!rc)
		rc = fault_update(&f->fault, &wanted, err);
	params_free(&wanted);
	return rc;
}

int run_trial_taken(struct run *r, struct fl_error *err)
{
	const struct run_trials *trials = r->options->trials;
	json_t *document;
	int rc;

	trials->taken(trials->ctx, &r->turn.result);
	document = trials->document(trials->ctx);
	rc = document ? outdir_save_json(&r->out, "sweep.json", document, err)
		      : error_sys(err, ENOMEM, "sweep.json: out of memory");
	json_decref(document);
	return rc;
}

static void drop_work(void *run)
{
	release_kept(run);
}

static void drop_done(void *run)
{
	run_tick(run);
}

void run_trial_drop(struct run *r)
{
	run_trial_keep(r); /* an end that was asked for during the recovery */
	if (!r->n_kept)
		return;
	disown(r);
	r->fault_job = (struct offload_job){ .work = drop_work, .done = drop_done, .arg = r };
	owner_do(r->owner, &r->fault_job);
}
