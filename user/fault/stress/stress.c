// SPDX-License-Identifier: GPL-2.0-only
/* stress.c - see stress.h */
#include <errno.h>
#include <string.h>

#include "fault/life/follow.h"
#include "fault/stress/stress.h"
#include "session/journal.h"
#include "session/session.h"
#include "target/docker/docker_api.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define RETRY_NS NS_PER_SEC /* between two stressors in a target that kills them */

static const struct stress_kind *kind_of(const struct fault *f)
{
	return f->ops->family;
}

void stress_supported(struct fault_support *ret)
{
	char path[256];

	ret->supported = stressor_program(path, sizeof(path));
	text_copy(ret->backend, sizeof(ret->backend), "stress-ng");
	if (!ret->supported)
		text_copy(ret->reason, sizeof(ret->reason), "stress-ng is not installed (apt-get install stress-ng)");
}

int stress_need_cgroup(const struct fault *f, const struct stress_unit *u, const char *controller, struct fl_error *err)
{
	/* Where v1 has the controller, the v2 group has no say in it. */
	if (cgroup_v1(&u->cgroups, controller) || (cgroup_v2(&u->cgroups) && !cgroup_mounted(controller)))
		return 0;
	return error_env(err, ENOTSUP,
			 "refused: %s on %s, because it has no %s cgroup of its own, and whoever "
			 "shares that group would feel it; start it in a group of its own (a container, a systemd "
			 "unit), or name it as cgroup:PATH of a group that is all meant instead",
			 f->ops->name, u->target->name, controller);
}

/* ---- one target ------------------------------------------------------------------------------ */

static int spawn(struct fault *f, struct stress_unit *u, struct fl_error *err)
{
	const struct stress_kind *kind = kind_of(f);
	struct stressor_spec spec = {
		.target = u->target,
		.cgroups = &u->cgroups,
		.argv = { "--timeout", "0", "--temp-path", "." },
		.uid = STRESSOR_NOBODY,
		.gid = STRESSOR_NOBODY,
	};
	int r;

	if (cgroup_frozen(&u->cgroups))
		return error_env(err, EBUSY, "%s on %s: its cgroup is frozen, nothing can start in it", f->ops->name,
				 u->target->name);
	kind->args(f, u, spec.argv + 4);
	r = kind->user ? kind->user(f, u, &spec.uid, &spec.gid, err) : 0;
	return r ?: stressor_spawn(f->session, &spec, &u->stressor, err);
}

static int let_go(struct fault *f, struct stress_unit *u, struct fl_error *err)
{
	const struct stress_kind *kind = kind_of(f);
	char word[24] = "";
	int r = kind->begin ? kind->begin(f, u, word, sizeof(word), err) : 0;

	if (!r)
		r = stressor_go(&u->stressor, word, u->work_fd, err);
	if (!r)
		u->started++;
	return r;
}

static void add_usage(struct stressor_usage *sum, const struct stressor_usage *u)
{
	sum->cpu_ns += u->cpu_ns;
	sum->read_bytes += u->read_bytes;
	sum->write_bytes += u->write_bytes;
	sum->device_bytes += u->device_bytes;
}

static void look(const struct fault *f, struct stress_unit *u)
{
	stressor_usage(&u->stressor, &u->usage);
	if (kind_of(f)->look)
		kind_of(f)->look(u);
}

/* Kill it; what it used stays known. */
static int end(struct fault *f, void *unit, struct fl_error *err)
{
	const struct stress_kind *kind = kind_of(f);
	struct stress_unit *u = unit;
	int r, r2;

	add_usage(&u->past, &u->usage);
	u->usage = (struct stressor_usage){};
	r = stressor_stop(f->session, &u->stressor, err);
	r2 = kind->end ? kind->end(f, u, err) : 0;
	return r ? r : r2;
}

/* Has somebody who is not the target's come into a group that the stressor is in? */
static bool is_crowded(const struct stress_unit *u)
{
	uint32_t i;

	for (i = 0; i < u->cgroups.n; i++)
		if (!cgroup_members_only(&u->cgroups.dirs[i], u->target))
			return true;
	return false;
}

/* The stressor goes when a stranger comes, who would feel it; and comes back when that one has gone. */
static int leave_crowd(struct fault *f, struct stress_unit *u, struct fl_error *err)
{
	if (!u->stressor.entry || !is_crowded(u))
		return 0;
	u->crowded++;
	look(f, u);
	return end(f, u, err);
}

/* Bring a stressor back that died: with its target, by the target's OOM killer, by hand. */
static int revive(struct fault *f, struct stress_unit *u, struct fl_error *err)
{
	uint64_t now = clock_mono_ns();
	bool is_new;
	int r;

	if (stressor_alive(&u->stressor, u->why, sizeof(u->why)))
		return 0;
	if (u->stressor.entry) {
		u->died++;
		r = end(f, u, err);
		if (r)
			return r;
	}
	if (now < u->retry_ns)
		return 0;
	u->retry_ns = now + RETRY_NS;
	if (follow_target(u->target, &is_new) || cgroup_find(u->target, &u->cgroups, NULL) ||
	    u->cgroups.n < u->n_cgroups)
		return 0; /* its target is down, or shares its groups: later */
	/* A failure here is told by the proof, and tried again. */
	if (!spawn(f, u, NULL) && let_go(f, u, NULL))
		end(f, u, NULL);
	return 0;
}

int stress_journal_start(struct fault *f, struct stress_unit *u, struct fl_error *err)
{
	char identity[104];

	target_identity(u->target, identity, sizeof(identity));
	if (u->start_entry || !target_has_start(identity))
		return 0;
	return journal_add(f->session->journal, "start-service",
			   docker_undo_args(identity, !strcmp(u->target->provider, "docker")), &u->start_entry, err);
}

/* Has the target's main process died since the last look, and is there another? */
static void watch_target(struct fault *f, struct stress_unit *u)
{
	struct target *t = u->target;

	if (u->main.pid && process_dead(u->main)) {
		u->deaths++;
		u->main.pid = 0;
		if (kind_of(f)->fatal)
			stress_journal_start(f, u, NULL);
	}
	if (u->deaths && !u->main.pid)
		follow_target(t, NULL);
	if (t->pid && !process_dead((struct process_id){ t->pid, t->pid_start }))
		u->main = (struct process_id){ t->pid, t->pid_start };
}

/* What has died of the fault, and did not come back by itself, is started by its supervisor. */
static int bring_back(struct fault *f, struct stress_unit *u, struct fl_error *err)
{
	bool down;
	int r;

	watch_target(f, u);
	if (!u->start_entry)
		return 0;
	down = !u->main.pid;
	r = journal_settle(f->session->journal, &u->start_entry, NULL, 0, err);
	if (r)
		return r;
	watch_target(f, u);
	u->started_again = down && u->main.pid;
	return 0;
}

/* ---- the fault ------------------------------------------------------------------------------- */

static int look_at_target(struct fault *f, void *unit, struct fl_error *err)
{
	struct stress_unit *u = unit;
	(void)err;

	u->target = fault_unit_target(f, u);
	u->path_fd = u->work_fd = -1;
	stressor_init(&u->stressor);
	return 0;
}

static int arm_unit(struct fault *f, void *unit, struct fl_error *err)
{
	const struct stress_kind *kind = kind_of(f);
	struct stress_unit *u = unit;
	int r = cgroup_find(u->target, &u->cgroups, err);

	u->n_cgroups = u->cgroups.n;
	watch_target(f, u);
	if (!r && kind->check)
		r = kind->check(f, u, err);
	return r ? r : spawn(f, u, err);
}

int stress_arm(struct fault *f, struct fl_error *err)
{
	int r = fault_units_make(f, sizeof(struct stress_unit), err);

	text_copy(f->backend, sizeof(f->backend), "stress-ng");
	return r ?: fault_each(f, look_at_target, err) ?: fault_each(f, arm_unit, err);
}

int stress_ready(const struct fault *f, struct fl_error *err)
{
	struct fault looked_at = *f;
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < f->n_targets; i++) {
		struct stress_unit u = { .target = &f->targets[i], .path_fd = -1, .work_fd = -1 };

		r = cgroup_find(u.target, &u.cgroups, err);
		if (!r)
			r = kind_of(f)->check(&looked_at, &u, err);
	}
	return r;
}

static int begin(struct fault *f, void *unit, struct fl_error *err)
{
	struct stress_unit *u = unit;
	int r = 0;

	if (!u->stressor.id.pid) /* on again: arm's one is used up */
		r = spawn(f, u, err);
	return r ? r : let_go(f, u, err);
}

static int end_and_mend(struct fault *f, void *unit, struct fl_error *err)
{
	return end(f, unit, err) ?: bring_back(f, unit, err);
}

static int finish(struct fault *f, void *unit, struct fl_error *err)
{
	struct stress_unit *u = unit;

	look(f, u);
	u->active_ns += clock_mono_ns() - f->active_ns;
	return end_and_mend(f, u, err);
}

int stress_activate(struct fault *f, bool on, struct fl_error *err)
{
	int r = on ? fault_each(f, begin, err) : fault_each_undo(f, finish, err);

	if (on && r)
		fault_each_undo(f, end, NULL);
	return r;
}

static int look_after(struct fault *f, void *unit, struct fl_error *err)
{
	watch_target(f, unit);
	return leave_crowd(f, unit, err) ?: revive(f, unit, err);
}

int stress_tick(struct fault *f, struct fl_error *err)
{
	return fault_each(f, look_after, err);
}

int stress_proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	struct stress_unit *units = f->units;
	struct text text = {};
	uint32_t i;
	(void)err;

	for (i = 0; i < f->n_units; i++) {
		struct stress_unit *u = &units[i];
		double seconds = (double)u->active_ns / 1e9;

		if (f->active) {
			look(f, u);
			seconds += (double)(clock_mono_ns() - f->active_ns) / 1e9;
		}
		if (!u->started)
			continue;
		watch_target(f, u);
		ret->matched++;
		ret->skipped += u->died;
		ret->died += u->deaths && !u->main.pid;
		if (text.len)
			text_append(&text, "; ");
		if (u->deaths)
			text_append(&text, "%s: its main process died while the fault was on, and it has %s; ",
				    u->target->name,
				    u->started_again ? "been started again"
				    : u->main.pid    ? "another now"
						     : "none any more");
		if (kind_of(f)->effect(u, seconds, &text, &ret->bytes))
			ret->injected++;
		if (u->died)
			text_append(&text, "; stressor died %u times (%s)", u->died, u->why);
		if (u->crowded)
			text_append(&text, "; stopped while others were in its cgroup");
	}
	fault_tell_effect(f, ret, &text);
	return 0;
}

static int disarm_unit(struct fault *f, void *unit, struct fl_error *err)
{
	struct stress_unit *u = unit;
	int r = end_and_mend(f, u, err);

	if (!r && u->path_fd >= 0)
		close(take_fd(u->path_fd));
	return r;
}

int stress_disarm(struct fault *f, struct fl_error *err)
{
	return fault_each_disarm(f, disarm_unit, err);
}
