// SPDX-License-Identifier: GPL-2.0-only
/*
 * pause.c - pause: freeze all processes of the target, and thaw them.
 *
 * A container by its engine's own pause, which is the cgroup freezer as well, and known to the
 * engine. Else by the cgroup freezer: cgroup.freeze of the v2 tree (in every kernel's core since 5.2, no
 * controller needed), else freezer.state of a v1 hierarchy. Processes notice nothing, children
 * made meanwhile cannot escape. A cgroup that holds anybody but the target is not frozen: each of the
 * target's processes gets a SIGSTOP, those that are born or join later at the next look, ten times a
 * second. Their parents can see that (SIGCHLD, WUNTRACED). The same is done when a stranger joins a
 * frozen cgroup, who so stands still for a tenth of a second at most; a cgroup that makes the target what
 * it is (a container's, a lab service's, cgroup:PATH) has no strangers.
 *
 * Limits: a cgroup with faultline in it is refused. A cgroup or process that was frozen or
 * stopped before is left so, and counts as refused. A v1-frozen process takes no SIGKILL until
 * it is thawed.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "fault/units.h"
#include "session/journal.h"
#include "session/session.h"
#include "target/docker/docker_api.h"
#include "target/process/cgroup.h"
#include "target/process/member.h"
#include "target/process/process.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define FREEZE_TIMEOUT_NS (2 * NS_PER_SEC) /* a process in uninterruptible sleep holds it up */
#define POLL_MS           2
#define STOP_ROUNDS       10 /* a process may fork while its siblings are being stopped */

enum method { METHOD_AUTO, METHOD_FREEZER, METHOD_SIGSTOP, METHOD_ENGINE };

static const char *const methods[] = { "auto", "freezer", "sigstop", "engine", NULL };

struct pause_params {
	enum method method;
};

static const struct param params[] = {
	{ PARAM_FIELD(struct pause_params, method), .name = "method", .type = PARAM_ENUM, .def = "auto",
	  .choices = methods,
	  .help = "cgroup freezer, SIGSTOP, or the container engine's own pause; auto: the engine's for a "
		  "container, else the freezer where the target has one" },
	{}
};

/* A process that was stopped, and the entry that continues it. */
struct stopped {
	struct process_id id;
	unsigned int entry;
};

struct pause_unit {
	struct target *target;
	struct cgroup_set cgroups;
	const struct cgroup_dir *freezer; /* NULL: by signal, or by its engine alone */
	bool by_engine;
	unsigned int entry; /* of the frozen cgroup */
	struct stopped *stopped;
	uint32_t n_stopped;
	uint32_t processes; /* that were paused */
	/* Proof: CPU time of the cgroup when it froze, and how much was used in the ice. */
	uint64_t cpu_frozen_ns, cpu_used_ns;
	bool cpu_known;
};

static void supported(struct fault_support *ret)
{
	const bool v1 = cgroup_mounted("freezer"), v2 = cgroup_mounted("");

	ret->supported = true;
	text_copy(ret->backend, sizeof(ret->backend), v2 ? "cgroup v2 freezer" : v1 ? "cgroup v1 freezer" : "SIGSTOP");
	if (!v1 && !v2)
		text_copy(ret->reason, sizeof(ret->reason), "no cgroup freezer is mounted: parents can see the stop");
}

/* ---- by freezer ------------------------------------------------------------------------------ */

static bool is_v2(const struct cgroup_dir *d)
{
	return !d->controllers[0];
}

/* Frozen, wholly? -errno: gone. */
static int is_frozen(const char *dir, bool v2)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	uint64_t v = 0;
	int r;

	if (v2) {
		r = cgroup_read(dir, "cgroup.events", "frozen", &v);
		return r ? r : v == 1;
	}
	path = text_format("%s/freezer.state", dir);
	r = path ? file_read(path, 64, &text, NULL, NULL) : -ENOMEM;
	return r ? r : !strcmp(text, "FROZEN\n");
}

static int set_frozen(const char *dir, bool v2, bool on, struct fl_error *err)
{
	if (v2)
		return cgroup_write(dir, "cgroup.freeze", on ? "1" : "0", err);
	return cgroup_write(dir, "freezer.state", on ? "FROZEN" : "THAWED", err);
}

static int wait_frozen(const char *dir, bool v2, bool on)
{
	uint64_t until = clock_mono_ns() + FREEZE_TIMEOUT_NS;
	int r;

	while ((r = is_frozen(dir, v2)) >= 0 && r != on) {
		if (clock_mono_ns() > until)
			return -ETIMEDOUT;
		poll(NULL, 0, POLL_MS);
	}
	return r < 0 ? r : 0;
}

/*
 * May the group be frozen in place of the target's processes? It has to hold all of them and nobody else,
 * neither us nor our parent. (Whoever joins a group that does not define the target: leave_freezer().)
 */
static bool may_freeze(const struct pause_unit *u, const struct cgroup_dir *d)
{
	_cleanup_free_ struct process_id *members = NULL;
	_cleanup_free_ pid_t *pids = NULL;
	uint32_t n = 0, n_members = 0, i, j;

	if (!d || !cgroup_members_only(d, u->target) || cgroup_pids(d->path, &pids, &n) || !n ||
	    process_list(u->target, &members, &n_members, NULL))
		return false;
	for (i = 0; i < n; i++)
		if (pids[i] == getpid() || pids[i] == getppid())
			return false;
	for (i = 0; i < n_members; i++) {
		for (j = 0; j < n && pids[j] != members[i].pid; j++)
			;
		if (j == n && !process_dead(members[i]))
			return false;
	}
	return true;
}

static const char *way_of(const struct pause_unit *u)
{
	if (u->by_engine)
		return "container engine";
	return !u->freezer ? "SIGSTOP" : is_v2(u->freezer) ? "cgroup v2 freezer" : "cgroup v1 freezer";
}

static int choose(struct fault *f, struct pause_unit *u, struct fl_error *err)
{
	const struct pause_params *p = f->params.own;
	enum method method = p->method;
	const struct cgroup_dir *v2 = cgroup_v2(&u->cgroups);
	const struct cgroup_dir *v1 = cgroup_v1(&u->cgroups, "freezer");

	if (method != METHOD_SIGSTOP) {
		if (may_freeze(u, v2))
			u->freezer = v2;
		else if (may_freeze(u, v1))
			u->freezer = v1;
	}
	u->by_engine = (method == METHOD_AUTO || method == METHOD_ENGINE) && target_has_pause(u->target);
	if ((method == METHOD_FREEZER && !u->freezer) || (method == METHOD_ENGINE && !u->by_engine)) {
		error_env(err, ENOTSUP, "pause on %s: it has no %s", u->target->name,
			  method == METHOD_ENGINE ? "container engine" : "cgroup freezer for itself");
		error_hint(err, "method: sigstop stops its processes one by one%s",
			   method == METHOD_FREEZER ? "; or name the group itself: cgroup:PATH" : "");
		return -ENOTSUP;
	}
	if ((v1 && is_frozen(v1->path, false) == 1) || (v2 && is_frozen(v2->path, true) == 1))
		return error_env(err, EBUSY, "pause on %s: it is frozen already", u->target->name);
	text_copy(f->backend, sizeof(f->backend), way_of(u));
	return 0;
}

static void add_freezer(json_t *args, const struct cgroup_dir *d)
{
	json_object_set_new(args, "path", json_string(d->path));
	json_object_set_new(args, "v2", json_boolean(is_v2(d)));
	json_object_set_new(args, "dev", json_integer((json_int_t)d->dev));
	json_object_set_new(args, "ino", json_integer((json_int_t)d->ino));
}

/* Those that the engine may use: on a host with both, that is not the one that would be chosen here. */
static void add_freezers(json_t *args, const struct cgroup_set *cgroups)
{
	const struct cgroup_dir *const dirs[] = { cgroup_v2(cgroups), cgroup_v1(cgroups, "freezer") };
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		json_t *one = dirs[i] ? json_object() : NULL;

		if (!one)
			continue;
		add_freezer(one, dirs[i]);
		json_array_append_new(all, one);
	}
	json_object_set_new(args, "freezers", all);
}

/* By its engine, which then knows of it: health checks, `docker ps`, its own stop. */
static int pause_by_engine(struct fault *f, struct pause_unit *u, struct fl_error *err)
{
	_cleanup_free_ struct process_id *ids = NULL;
	char identity[104];
	json_t *args;
	int r;

	target_identity(u->target, identity, sizeof(identity));
	args = docker_undo_args(identity, true);
	add_freezers(args, &u->cgroups);
	r = journal_add(f->session->journal, "unpause-target", args, &u->entry, err);
	if (!r)
		r = target_pause(identity, true, err);
	if (!r && process_list(u->target, &ids, &u->processes, NULL))
		u->processes = 1; /* the one it was named by */
	return r;
}

static int freeze(struct fault *f, struct pause_unit *u, struct fl_error *err)
{
	const struct cgroup_dir *d = u->freezer;
	_cleanup_free_ pid_t *pids = NULL;
	json_t *args = json_object();
	int r;

	add_freezer(args, d);
	r = journal_add(f->session->journal, "thaw-cgroup", args, &u->entry, err);
	if (!r)
		r = set_frozen(d->path, is_v2(d), true, err);
	if (r)
		return r;
	if (wait_frozen(d->path, is_v2(d), true))
		return error_env(err, ETIMEDOUT,
				 "pause on %s: it does not freeze: a process of it sleeps "
				 "uninterruptibly",
				 u->target->name);
	cgroup_pids(d->path, &pids, &u->processes);
	return 0;
}

/* ---- by signal ------------------------------------------------------------------------------- */

static int stop_one(struct fault *f, struct pause_unit *u, struct process_id id, struct fl_error *err)
{
	struct stopped *grown = reallocarray(u->stopped, u->n_stopped + 1, sizeof(*grown));
	unsigned int entry;
	int r;

	if (!grown)
		return error_sys(err, ENOMEM, "pause: out of memory");
	u->stopped = grown;
	if (!target_is_member(u->target, id.pid, id.start))
		return 0; /* ended, or left, meanwhile */
	r = journal_add(f->session->journal, "continue-process", process_json(id), &entry, err);
	if (r)
		return r;
	u->stopped[u->n_stopped++] = (struct stopped){ id, entry };
	r = process_signal(id, SIGSTOP);
	if (!r)
		u->processes++;
	return r && r != -ESRCH ? error_env(err, -r, "pause on %s: cannot stop process %d: %s", u->target->name,
					    (int)id.pid, strerror(-r))
				: 0;
}

/* Signalled already; it may take a moment to show. */
static bool is_stopped(const struct pause_unit *u, struct process_id id)
{
	uint32_t i;

	for (i = 0; i < u->n_stopped; i++)
		if (u->stopped[i].id.pid == id.pid && u->stopped[i].id.start == id.start)
			return true;
	return false;
}

/* A process that is no longer the target's goes on. */
static int release_leavers(struct fault *f, struct pause_unit *u, struct fl_error *err)
{
	uint32_t i, kept = 0;
	int r = 0;

	for (i = 0; i < u->n_stopped; i++) {
		struct process_id id = u->stopped[i].id;

		if (!r && !target_is_member(u->target, id.pid, id.start))
			r = journal_undo(f->session->journal, u->stopped[i].entry, err);
		else
			u->stopped[kept++] = u->stopped[i];
	}
	u->n_stopped = kept;
	return r;
}

/* All that run; again, until nobody was born between listing and stopping. */
static int stop_all(struct fault *f, struct pause_unit *u, struct fl_error *err)
{
	int round, r = 0;

	for (round = 0; !r && round < STOP_ROUNDS; round++) {
		_cleanup_free_ struct process_id *ids = NULL;
		uint32_t n = 0, i, before = u->processes;

		r = process_list(u->target, &ids, &n, err);
		for (i = 0; !r && i < n; i++) {
			char state = process_state(ids[i].pid);

			if (state && !strchr("TtZX", state) && !is_stopped(u, ids[i]))
				r = stop_one(f, u, ids[i], err);
		}
		if (!r && u->processes == before)
			break;
	}
	if (!r && !u->processes)
		return error_env(err, ESRCH, "pause on %s: no process of it runs", u->target->name);
	return r;
}

/* ---- the fault ------------------------------------------------------------------------------- */

static int arm_unit(struct fault *f, void *unit, struct fl_error *err)
{
	struct pause_unit *u = unit;

	u->target = fault_unit_target(f, u);
	return cgroup_find(u->target, &u->cgroups, err) ?: choose(f, u, err);
}

static int arm(struct fault *f, struct fl_error *err)
{
	return fault_units_make(f, sizeof(struct pause_unit), err) ?: fault_each(f, arm_unit, err);
}

static int begin(struct fault *f, void *unit, struct fl_error *err)
{
	struct pause_unit *u = unit;
	int r;

	u->processes = 0;
	r = u->by_engine ? pause_by_engine(f, u, err) : u->freezer ? freeze(f, u, err) : stop_all(f, u, err);
	u->cpu_known = !cgroup_cpu_used_ns(&u->cgroups, &u->cpu_frozen_ns);
	return r;
}

static int thaw(struct fault *f, void *unit, struct fl_error *err)
{
	struct pause_unit *u = unit;
	uint64_t now;
	int r;

	if (u->cpu_known && !cgroup_cpu_used_ns(&u->cgroups, &now))
		u->cpu_used_ns = now - u->cpu_frozen_ns;
	r = journal_settle(f->session->journal, &u->entry, NULL, 0, err);
	while (!r && u->n_stopped) {
		r = journal_undo(f->session->journal, u->stopped[u->n_stopped - 1].entry, err);
		if (!r)
			u->n_stopped--;
	}
	return r;
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	return fault_each_switch(f, on, begin, thaw, err);
}

/* A stranger has joined the frozen group: the target's processes are stopped one by one, and only then does
 * the group go on, so that they do not run in between. */
static int leave_freezer(struct fault *f, struct pause_unit *u, struct fl_error *err)
{
	int r = stop_all(f, u, err);

	if (!r)
		r = journal_settle(f->session->journal, &u->entry, NULL, 0, err);
	if (r)
		return r;
	u->freezer = NULL;
	text_copy(f->backend, sizeof(f->backend), way_of(u));
	return 0;
}

/* Where the kernel does not do it: who was born, or has joined or left, since the last look. */
static int look(struct fault *f, void *unit, struct fl_error *err)
{
	struct pause_unit *u = unit;

	if (u->by_engine)
		return 0;
	if (u->freezer)
		return cgroup_members_only(u->freezer, u->target) ? 0 : leave_freezer(f, u, err);
	return release_leavers(f, u, err) ?: stop_all(f, u, err);
}

static int tick(struct fault *f, struct fl_error *err)
{
	return fault_each(f, look, err);
}

static int proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	struct pause_unit *units = f->units;
	struct text text = {};
	uint32_t i;
	(void)err;

	for (i = 0; i < f->n_units; i++) {
		struct pause_unit *u = &units[i];
		uint64_t now;

		if (f->active && u->cpu_known && !cgroup_cpu_used_ns(&u->cgroups, &now))
			u->cpu_used_ns = now - u->cpu_frozen_ns;
		if (!u->processes)
			continue;
		ret->matched += u->processes;
		ret->injected += u->processes;
		text_append(&text, "%s%s: %u process%s paused", text.len ? "; " : "", u->target->name, u->processes,
			    u->processes == 1 ? "" : "es");
		if (u->cpu_known)
			text_append(&text, ", %.1f ms of CPU used meanwhile", (double)u->cpu_used_ns / 1e6);
	}
	fault_tell_effect(f, ret, &text);
	return 0;
}

static int disarm_unit(struct fault *f, void *unit, struct fl_error *err)
{
	struct pause_unit *u = unit;
	int r = thaw(f, u, err);

	if (!r)
		free(take_ptr(u->stopped));
	return r;
}

static int disarm(struct fault *f, struct fl_error *err)
{
	return fault_each_disarm(f, disarm_unit, err);
}

static const char *const aliases[] = { "freeze", NULL };

const struct fault_ops fault_pause = {
	.name = "pause",
	.aliases = aliases,
	.summary = "Freeze the target's processes, and thaw them: no crash, no answer",
	.class = FAULT_APPLICATION,
	.params = params,
	.need_process = true,
	.supported = supported,
	.arm = arm,
	.activate = activate,
	.tick = tick,
	.proof = proof,
	.disarm = disarm,
};

/* ---- undo ------------------------------------------------------------------------------------ */

static enum undo_state undo_thaw(const json_t *args, struct fl_error *err)
{
	const char *path = json_string_value(json_object_get(args, "path"));
	bool v2 = json_is_true(json_object_get(args, "v2"));
	int r = !path ? -EINVAL
		      : cgroup_look(path, (uint64_t)json_integer_value(json_object_get(args, "dev")),
				    (uint64_t)json_integer_value(json_object_get(args, "ino")));

	if (r == -ENOENT)
		return UNDO_NOT_NEEDED; /* gone, and another in its place was never frozen by us */
	if (!r)
		r = set_frozen(path, v2, false, err);
	if (!r)
		r = wait_frozen(path, v2, false);
	/* Removed while we waited: nobody can be frozen in it. */
	if (!r || r == -ENOENT || r == -ENODEV)
		return UNDO_DONE;
	error_env(err, -r, "the cgroup %s may still be frozen: %s", path ? path : "?",
		  r == -ETIMEDOUT ? "it does not thaw" : strerror(-r));
	return UNDO_OPEN;
}

static enum undo_state undo_continue(const json_t *args, struct fl_error *err)
{
	struct process_id id = process_from_json(args);
	int r = process_signal(id, SIGCONT);

	if (!r || r == -ESRCH)
		return r ? UNDO_NOT_NEEDED : UNDO_DONE;
	error_env(err, -r, "process %d is still stopped: cannot send it SIGCONT: %s", (int)id.pid, strerror(-r));
	error_hint(err, "kill -CONT %d", (int)id.pid);
	return UNDO_OPEN;
}

static bool thaw_all(const json_t *freezers)
{
	bool ret = json_array_size(freezers);
	size_t i;

	for (i = 0; i < json_array_size(freezers); i++)
		if (undo_thaw(json_array_get(freezers, i), NULL) == UNDO_OPEN)
			ret = false;
	return ret;
}

/* An engine that cannot be asked must not keep it frozen; that it then takes it for paused is told. */
static enum undo_state undo_unpause(const json_t *args, struct fl_error *err)
{
	const char *spec = json_string_value(json_object_get(args, "target"));
	struct fl_error why = {};
	int r = !spec ? -EINVAL : docker_undo_begin(args, &why);

	if (!r)
		r = target_pause(spec, false, &why);
	if (!r)
		return UNDO_DONE;
	/* The engine's own word that it was removed; without an engine nobody could say so. */
	if (r == -ENOENT && json_object_get(args, "engine"))
		return UNDO_NOT_NEEDED;
	if (!thaw_all(json_object_get(args, "freezers"))) {
		error_env(err, -r, "%.80s may still be paused: %.300s", spec ? spec : "?", why.message);
		error_hint(err, "%s", why.hint);
		return UNDO_OPEN;
	}
	error_env(err, -r, "%.80s was thawed without its engine, which may take it for paused: %.200s", spec,
		  why.message);
	return UNDO_DONE;
}

const struct undo_op undo_pause[] = {
	{ .name = "unpause-target", .undo = undo_unpause, .ends_with_boot = true, .asks_others = true },
	{ .name = "thaw-cgroup", .undo = undo_thaw, .ends_with_boot = true },
	{ .name = "continue-process", .undo = undo_continue, .ends_with_boot = true },
	{},
};
