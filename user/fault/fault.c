// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault.c - the life of a fault: what holds for every kind (order of states, stamps, targets
 * that died meanwhile), so that a kind's ops only do their own work.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "bpf/abi/abi.h"
#include "fault/life/changes.h"
#include "fault/life/course.h"
#include "fault/fault.h"
#include "fault/life/follow.h"
#include "fault/stress/limits.h"
#include "fault/protected.h"
#include "target/process/process.h"
#include "session/session.h"
#include "policy/gate.h"
#include "policy/protect.h"
#include "target/process/member.h"
#include "target/watch.h"
#include "util/clock.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/utf8.h"

int fault_init(struct fault *f, struct session *session, const char *kind, struct fl_error *err)
{
	const struct fault_ops *ops = fault_find(fault_table, kind, err);
	int r;

	memset(f, 0, sizeof(*f));
	if (!ops)
		return -EINVAL;
	r = params_init(&f->params, ops->params, ops->common, err);
	if (r)
		return r;
	f->ops = ops;
	fault_attach_session(f, session);
	return 0;
}

void fault_attach_session(struct fault *f, struct session *session)
{
	f->session = session;
	if (!session)
		return;
	f->number = ++session->n_faults;
	snprintf(f->id, sizeof(f->id), "%s.%u", session->name, f->number);
}

int fault_validate(const struct fault *f, struct fl_error *err)
{
	int r = params_complete(&f->params, f->ops->name, err);

	return r ? r : fault_validate_params(f->ops, &f->params, err);
}

int fault_add_target(struct fault *f, const char *spec, struct fl_error *err)
{
	struct target_options options = {
		.allow_host_interface = f->allow_host_interface,
		.need_veth = f->ops->need_veth,
		.need_process = f->ops->need_process,
	};
	struct target *grown = reallocarray(f->targets, f->n_targets + 1, sizeof(*grown));
	int r;

	if (!grown)
		return error_sys(err, ENOMEM, "target %s: out of memory", spec);
	f->targets = grown;
	if (!f->n_targets)
		f->protect_stamp = protect_stamp(); /* before it is looked at */
	r = target_resolve(spec, &options, &f->targets[f->n_targets], err);
	if (r)
		return r;
	r = protected_check(f->ops, &f->targets[f->n_targets], err);
	if (r)
		target_free(&f->targets[f->n_targets]);
	else
		f->n_targets++;
	return r;
}

int fault_add_targets(struct fault *f, const char *spec, const struct target_pick *pick, struct fl_error *err)
{
	struct target_names members = {};
	struct target_set set;
	int r = target_expand(spec, pick, &members, &set, err);
	uint32_t i;

	for (i = 0; !r && i < members.n; i++) {
		struct target *t;

		r = fault_add_target(f, members.v[i], err);
		if (r)
			break;
		t = &f->targets[f->n_targets - 1];
		text_copy(t->scope, sizeof(t->scope), set.scope);
		t->takes_all = set.all;
	}
	target_names_free(&members);
	return r;
}

/* A target whose main process went away since it was resolved must not be mistaken for what now
 * has its pid or its interfaces. */
static int targets_alive(const struct fault *f, struct fl_error *err)
{
	uint32_t i;

	for (i = 0; i < f->n_targets; i++) {
		const struct target *t = &f->targets[i];

		if (!f->ops->need_process || !t->pid || target_pid_same(t->pid, t->pid_start))
			continue;
		error_env(err, ESRCH, "%s on %s: its process %d is gone", f->ops->name, t->name, (int)t->pid);
		error_hint(err, "start the service again, then repeat");
		return -ESRCH;
	}
	return 0;
}

/* An op may take long, and the guardian shall not take its owner for hung meanwhile. */
static void take_time(const struct fault *f)
{
	if (f->session)
		session_busy(f->session);
}

/* From before arm on, so that nothing that happens meanwhile is missed. */
static int watch_targets(struct fault *f, struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < f->n_targets; i++)
		r = target_watch_begin(&f->targets[i], f, err);
	return r;
}

/* What acts on the interfaces of a network namespace hits all that is in it. */
static int refuse_strangers(struct fault *f, struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	for (i = 0; f->ops->need_veth && !r && i < f->n_targets; i++)
		r = target_refuse_strangers(&f->targets[i], f->ops->name, err);
	return r;
}

int fault_ready(const struct fault *f, struct fl_error *err)
{
	const struct fault_ops *ops = f->ops->variant ? f->ops->variant(&f->params) ?: f->ops : f->ops;

	return ops->ready ? ops->ready(f, err) : 0;
}

int fault_arm(struct fault *f, struct fl_error *err)
{
	int r;

	if (f->armed)
		return 0;
	r = targets_alive(f, err);
	if (!r)
		r = refuse_strangers(f, err);
	if (!r)
		r = watch_targets(f, err);
	if (r)
		return r;
	if (f->ops->variant)
		f->ops = f->ops->variant(&f->params) ?: f->ops;
	take_time(f);
	r = f->ops->arm(f, err);
	if (r) {
		/* Undo what arm did before it failed; its own error is the one to report. */
		f->ops->disarm(f, NULL);
		return r;
	}
	f->armed = true;
	f->armed_ns = clock_mono_ns();
	return 0;
}

/* Does anything run where @t says? */
static bool runs(const struct target *t)
{
	const struct target_options options = { .allow_host_interface = true };
	struct target now;
	bool is;

	if (!process_dead((struct process_id){ t->pid, t->pid_start }))
		return true;
	if (target_resolve(t->spec, &options, &now, NULL))
		return false;
	is = now.pid > 0 && !process_dead((struct process_id){ now.pid, now.pid_start });
	target_free(&now);
	return is;
}

/* Which targets have died meanwhile, and nothing runs in their place: told as a change. A network namespace
 * has no process of its own. */
static void count_died(struct fault *f)
{
	uint32_t i;

	f->n_died = 0;
	for (i = 0; f->ops->need_process && !f->ops->ends_targets && i < f->n_targets; i++) {
		const struct target *t = &f->targets[i];

		if (!t->pid || !strcmp(t->provider, "netns") || runs(t))
			continue;
		f->n_died++;
		changes_note(f,
			     json_pack("{s:f, s:s, s:s, s:o}", "t", clock_wall_s(), "what", "died", "target", t->name,
				       "text",
				       json_sprintf("%s: its main process %d died while the fault was on, and "
						    "nothing runs in its place",
						    t->name, (int)t->pid)),
			     NULL, NULL);
	}
}

int fault_activate(struct fault *f, bool on, struct fl_error *err)
{
	int r;

	if (f->active == on)
		return 0;
	assert(f->armed);
	take_time(f);
	r = on ? gate_check(err) : 0;
	if (!r && on && f->protect_stamp != protect_stamp())
		r = protected_again(f, err);
	if (!r && on)
		r = targets_alive(f, err);
	if (!r && on)
		r = course_begin(f, err);
	if (!r)
		r = f->ops->activate(f, on, err);
	if (r)
		return r;
	f->active = on;
	course_mark(f);
	f->held_back = false;
	if (on)
		f->active_ns = clock_mono_ns();
	else
		f->inactive_ns = clock_mono_ns();
	if (!on)
		count_died(f);
	return 0;
}

/* Who has joined a set that the fault takes all of. */
static int take_joined(struct fault *f, struct fl_error *err)
{
	struct target *grown;
	int r = 0;

	while (!r) {
		grown = reallocarray(f->targets, f->n_targets + 1, sizeof(*grown));
		if (!grown)
			return error_sys(err, ENOMEM, "%s: out of memory", f->id);
		f->targets = grown;
		if (!target_watch_joined(f, &grown[f->n_targets]))
			break;
		if (protected_check(f->ops, &grown[f->n_targets], NULL)) { /* stays as it is */
			target_free(&grown[f->n_targets]);
			continue;
		}
		f->n_targets++;
		r = f->ops->moved(f, f->n_targets - 1, err);
	}
	return r;
}

/*
 * Whoever joins the network namespace of a target meanwhile is not hit either: the fault is held back until
 * that one has left. Looking takes the longer the more processes the host has, so it takes at most a
 * twentieth of the time.
 */
static int hold_back(struct fault *f, struct fl_error *err)
{
	uint64_t begin = clock_mono_ns();
	bool crowded = false;
	uint32_t i;
	int r;

	if (!f->ops->need_veth || !f->active || begin < f->look_ns)
		return 0;
	for (i = 0; i < f->n_targets; i++) {
		f->targets[i].stranger = target_lasting_stranger(&f->targets[i]);
		crowded |= f->targets[i].stranger;
	}
	f->look_ns = begin + 20 * (clock_mono_ns() - begin);
	if (crowded == f->held_back)
		return 0;
	r = f->ops->activate(f, !crowded, err);
	if (!r)
		f->held_back = crowded;
	return r;
}

int fault_tick(struct fault *f, struct fl_error *err)
{
	uint32_t i;
	int r = 0, r2;

	for (i = 0; f->armed && f->ops->moved && i < f->n_targets; i++) {
		struct target *t = &f->targets[i];
		uint32_t moves = t->moves;

		if (!t->watch)
			continue;
		follow_target(t, NULL);
		r2 = t->moves != moves ? f->ops->moved(f, i, err) : 0;
		r = r ? r : r2;
	}
	if (f->armed && f->ops->moved) {
		r2 = take_joined(f, err);
		r = r ? r : r2;
	}
	r2 = hold_back(f, err);
	r = r ? r : r2;
	if (f->active && f->ops->tick) {
		r2 = f->ops->tick(f, err);
		r = r ? r : r2;
	}
	return r;
}

int fault_update(struct fault *f, const struct params *wanted, struct fl_error *err)
{
	struct params old = f->params;
	int r;

	if (!f->ops->update) {
		error_usage(err, "%s: %s cannot be changed while it is on", f->id, f->ops->name);
		error_hint(err, "stop it and inject it again");
		return -EINVAL;
	}
	r = gate_check(err);
	if (!r)
		r = protected_again(f, err);
	if (!r)
		r = fault_validate_params(f->ops, wanted, err);
	if (!r)
		r = limits_check_params(f->ops, wanted, err);
	if (!r)
		r = params_copy(&f->params, wanted, err);
	if (r) {
		f->params = old;
		return r;
	}
	r = f->ops->update(f, err);
	if (r) {
		params_free(&f->params);
		f->params = old;
		return r;
	}
	course_set(f, &old);
	params_free(&old);
	return 0;
}

/* The same moment on the other clock, as the two stand now. */
static uint64_t mono_to_wall(uint64_t mono_ns)
{
	return mono_ns ? mono_ns + (clock_wall_ns() - clock_mono_ns()) : 0;
}

void fault_proof_from(struct fault_proof *ret, const struct fl_proof *sum)
{
	*ret = (struct fault_proof){
		.matched = sum->matched,
		.injected = sum->injected,
		.skipped = sum->skipped,
		.bytes = sum->bytes,
		.first_hit_ns = sum->first_hit_ns,
		.last_hit_ns = sum->last_hit_ns,
	};
}

int fault_proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	struct fault_proof p = {};
	int r = f->armed ? f->ops->proof(f, &p, err) : 0;

	if (r)
		return r;
	p.died = p.died > f->n_died ? p.died : f->n_died;
	utf8_mend(p.effect);
	p.first_hit_wall_ns = mono_to_wall(p.first_hit_ns);
	p.last_hit_wall_ns = mono_to_wall(p.last_hit_ns);
	*ret = p;
	return 0;
}

int fault_disarm(struct fault *f, struct fl_error *err)
{
	int r, off;

	if (!f->ops || !f->armed)
		return 0;
	take_time(f);
	off = fault_activate(f, false, err);
	r = f->ops->disarm(f, err);
	if (r)
		return r;
	f->active = false;
	f->armed = false;
	return off;
}

void fault_free(struct fault *f)
{
	uint32_t i;

	/* One whose session has ended without it could not be undone; recover has its journal. */
	if (f->session)
		fault_disarm(f, NULL);
	target_watch_end(f);
	for (i = 0; i < f->n_targets; i++)
		target_free(&f->targets[i]);
	free(f->targets);
	json_decref(f->changes);
	json_decref(f->courses);
	params_free(&f->params);
	memset(f, 0, sizeof(*f));
}
