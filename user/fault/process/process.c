// SPDX-License-Identifier: GPL-2.0-only
/*
 * process.c - faults that end the target's processes: availability (kill once or every N
 * seconds), crash (a fatal signal once), stop (down until the rollback), restart (down and up).
 *
 * A supervisor that takes orders (Docker) sends the signal to the main process itself, so that it
 * knows that this was meant: what it shall not start again stays down. All other signals go
 * through pidfds to processes known by pid and start time. What starts a service
 * again is its stack's business (a supervisor, a restart policy); faultline follows it to its new
 * process. At rollback, and by the journal, who supervises the target (lab, Docker) is asked to
 * start it if it does not run; a target that nobody supervises stays down, and the effect says so.
 *
 * Limits: the kernel shields the first process of a pid namespace from signals it has no handler
 * for, all but SIGKILL; there SIGKILL is sent instead. `stop` ends what a supervisor starts again
 * within 100 ms; it does not change the supervisor.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "fault/life/follow.h"
#include "fault/syscall/syscall.h"
#include "fault/syscall/syscall_modes.h"
#include "fault/units.h"
#include "session/journal.h"
#include "session/session.h"
#include "target/docker/docker_api.h"
#include "target/process/member.h"
#include "target/process/process.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define EVERY_LEAST_NS (100 * NS_PER_MSEC) /* the owner's heartbeat */

enum which { WHICH_MAIN, WHICH_ALL };

static const char *const whiches[] = { "main", "all", NULL };

struct availability_params {
	struct ending_params ending;
	struct param_optional every_ns;
};

struct stop_params {
	uint64_t grace_ns;
};

/* clang-format off */
#define PARAM_SIGNAL(preset, text) \
	{ PARAM_FIELD(struct ending_params, signal), .name = "signal", .type = PARAM_STRING, .def = preset, .help = text }
#define PARAM_WHICH \
	{ PARAM_FIELD(struct ending_params, which), .name = "which", .type = PARAM_ENUM, .def = "main", .choices = whiches, \
	  .help = "the main process, or all processes of the target" }

static const struct param kill_params[] = {
	PARAM_SIGNAL("KILL", "the signal, by name or number"),
	{ PARAM_FIELD(struct availability_params, every_ns), .name = "every", .type = PARAM_DURATION,
	  .help = "again and again at this distance; unset: once" },
	PARAM_WHICH,
	{}
};

static const struct param crash_params[] = {
	{ PARAM_FIELD(struct crash_params, syscall), .name = "syscall", .type = PARAM_STRING,
	  .help = "not at once, but at the n-th of these calls that the target makes" },
	{ PARAM_FIELD(struct crash_params, nth), .name = "nth", .type = PARAM_INT, .def = "1", .min = 1, .max = INT64_MAX,
	  .help = "with syscall: at which call" },
	PARAM_SIGNAL("SEGV", "the signal it dies of"),
	PARAM_WHICH,
	{}
};

static const struct param stop_params[] = {
	{ PARAM_FIELD(struct stop_params, grace_ns), .name = "grace", .type = PARAM_DURATION, .def = "2s",
	  .help = "between SIGTERM and SIGKILL" },
	{}
};
/* clang-format on */

/* What a kind does with a process that was ended. */
enum after { AFTER_NOTHING, AFTER_KEEP_DOWN, AFTER_START };

struct app_unit {
	struct target *target; /* followed */
	unsigned int entry;    /* of the journal: start it again */
	bool down;             /* its main process was signalled and is not back yet */
	bool dead;             /* and is gone */
	uint64_t signalled_ns, next_ns;
	uint64_t first_ns, last_ns; /* hits */
	uint64_t restart_ns;        /* from the last signal to the new process */
	uint32_t kills, processes, restarts, skipped;
	pid_t bound; /* a stranger who would have died with it */
	bool shielded, unsupervised;
	bool direct;        /* its supervisor cannot be asked to send a signal, or has failed to */
	char identity[104]; /* target_identity() as it was first hit */
};

struct app {
	enum after after;
	int signal;
	enum which which;
	uint64_t every_ns, grace_ns; /* 0: none */
};

/* ---- signalling ------------------------------------------------------------------------------ */

/* Would the kernel drop @signal, because @pid is the init of a namespace and does not handle it? */
static bool is_shielded(pid_t pid, int signal)
{
	char path[64];
	_cleanup_free_ char *status = NULL;
	unsigned long long caught = 0;
	const char *nspid, *end, *sigcgt;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (signal == SIGKILL || signal == SIGSTOP || file_read(path, 65536, &status, NULL, NULL))
		return false;
	nspid = strstr(status, "\nNSpid:");
	end = nspid ? strchrnul(nspid + 1, '\n') : NULL;
	sigcgt = strstr(status, "\nSigCgt:");
	/* "NSpid:	812	1": its number in the innermost namespace comes last */
	if (!end || end[-1] != '1' || end[-2] != '\t' || !sigcgt || sscanf(sigcgt, "\nSigCgt: %llx", &caught) != 1)
		return false;
	return !(caught & 1ull << (signal - 1));
}

/*
 * The main process goes down by its supervisor's hand where there is one that takes orders; whatever
 * is wrong with that one, the signal is sent. (A stop that the kernel shields it from is followed by
 * SIGKILL after the grace, as the supervisor's own would be.)
 */
static int send_signal(const struct app *s, struct app_unit *u, struct process_id id, int signal)
{
	bool keep_down = s->after != AFTER_NOTHING;
	bool shielded = is_shielded(id.pid, signal);
	char spec[sizeof(u->identity)];
	bool asked = false; /* somebody who may still do it */
	int r;

	target_identity(u->target, spec, sizeof(spec));
	if (!u->direct && id.pid == u->target->pid && !process_dead(id)) {
		r = target_signal(spec, shielded && !keep_down ? SIGKILL : signal, keep_down, NULL);
		asked = r == -EINPROGRESS;
		if (!r || (asked && process_dead(id))) {
			u->shielded |= shielded && !keep_down;
			return 0;
		}
	}
	u->direct = true;
	r = process_signal(id, shielded ? SIGKILL : signal);
	if (r == -ESRCH && asked)
		r = 0;
	u->shielded |= shielded && !r;
	return r;
}

static int hit(const struct app *s, struct app_unit *u, struct process_id id, int signal)
{
	int r;

	u->bound = target_dies_with(u->target, id.pid);
	if (u->bound)
		return -EBUSY;
	r = send_signal(s, u, id, signal);
	if (r)
		return r;
	u->processes++;
	u->last_ns = clock_mono_ns();
	if (!u->first_ns)
		u->first_ns = u->last_ns;
	return 0;
}

/* It was a moment ago. A descendant stays one although its parent has just been killed by us. */
static bool still_member(const struct target *t, struct process_id id)
{
	return t->members & TARGET_BY_TREE || target_is_member(t, id.pid, id.start);
}

/* Signal the target's processes as they are now; -ESRCH: none. */
static int hit_target(const struct app *s, struct app_unit *u, int signal)
{
	struct process_id main_process = { u->target->pid, u->target->pid_start };
	_cleanup_free_ struct process_id *all = NULL;
	uint32_t n = 0, i;
	int r = -ESRCH;

	if (s->which == WHICH_ALL && !process_list(u->target, &all, &n, NULL)) {
		for (i = 0; i < n; i++)
			if (still_member(u->target, all[i]) && !hit(s, u, all[i], signal))
				r = 0;
	} else if (still_member(u->target, main_process)) {
		r = hit(s, u, main_process, signal);
	}
	if (r)
		return r;
	u->kills++;
	u->down = true;
	u->dead = false;
	u->signalled_ns = clock_mono_ns();
	return 0;
}

/* Before the first signal: how it comes back. */
static int journal_start(struct fault *f, struct app_unit *u, struct fl_error *err)
{
	if (u->entry)
		return 0;
	target_identity(u->target, u->identity, sizeof(u->identity));
	return journal_add(f->session->journal, "start-service",
			   docker_undo_args(u->identity, !strcmp(u->target->provider, "docker")), &u->entry, err);
}

/* ---- what happens to it afterwards ----------------------------------------------------------- */

static void watch_death(const struct app *s, struct app_unit *u, uint64_t now)
{
	struct process_id id = { u->target->pid, u->target->pid_start };

	if (u->dead)
		return;
	if (process_dead(id)) {
		u->dead = true;
		if (s->after == AFTER_START && target_start_later(u->identity))
			u->unsupervised = true;
	} else if (s->grace_ns && now - u->signalled_ns > s->grace_ns) {
		send_signal(s, u, id, SIGKILL);
	}
}

static void watch_restart(struct app_unit *u)
{
	bool is_new;

	if (!u->dead || follow_target(u->target, &is_new) || !is_new)
		return;
	u->down = u->dead = false;
	u->restarts++;
	u->restart_ns = clock_mono_ns() - u->signalled_ns;
}

static int look(struct fault *f, void *unit, struct fl_error *err)
{
	const struct app *s = f->priv;
	uint64_t now = clock_mono_ns();
	struct app_unit *u = unit;
	(void)err;

	if (u->down) {
		watch_death(s, u, now);
		watch_restart(u);
	}
	/* What was started a moment ago may not be in its cgroup yet: tried until it is hit. */
	if (s->after == AFTER_KEEP_DOWN && !u->down)
		hit_target(s, u, SIGKILL);
	if (!s->every_ns || now < u->next_ns)
		return 0;
	u->next_ns += s->every_ns;
	if (u->down || hit_target(s, u, s->signal))
		u->skipped++; /* it is still down from the last one */
	return 0;
}

static int tick(struct fault *f, struct fl_error *err)
{
	return fault_each(f, look, err);
}

/* ---- the fault ------------------------------------------------------------------------------- */

/* systemd takes a signal for a crash: it starts the unit again by itself, or gives it up for good. */
static int refuse_unit(const struct fault *f, struct fl_error *err)
{
	char unit[128];
	uint32_t i;

	for (i = 0; i < f->n_targets; i++)
		if (target_unit_of(&f->targets[i], unit, sizeof(unit)))
			return error_usage(err,
					   "refused: %s on %s: this is unit %s: name it as unit:%s, then systemd "
					   "stops it and starts it again",
					   f->ops->name, f->targets[i].name, unit, unit);
	return 0;
}

static int arm_unit(struct fault *f, void *unit, struct fl_error *err)
{
	struct app_unit *u = unit;
	(void)err;

	u->target = fault_unit_target(f, u);
	return 0;
}

static int arm(struct fault *f, enum after after, struct fl_error *err)
{
	int r = after == AFTER_NOTHING ? 0 : refuse_unit(f, err);
	struct app *s;

	if (!r)
		r = fault_units_make(f, sizeof(struct app_unit), err);
	if (r)
		return r;
	f->priv = s = calloc(1, sizeof(*s));
	if (!s)
		return error_sys(err, ENOMEM, "%s: out of memory", f->ops->name);
	s->after = after;
	s->signal = SIGTERM;
	text_copy(f->backend, sizeof(f->backend), "signal");
	fault_each(f, arm_unit, NULL);
	return 0;
}

/* By the parameters of crash and availability. */
static int arm_ending(struct fault *f, struct fl_error *err)
{
	const struct ending_params *p = f->params.own;
	int r = arm(f, AFTER_NOTHING, err);
	struct app *s = f->priv;

	if (r)
		return r;
	s->which = (enum which)p->which;
	return process_signal_number(p->signal, &s->signal, err);
}

static int arm_down(struct fault *f, enum after after, struct fl_error *err)
{
	const struct stop_params *p = f->params.own;
	int r = arm(f, after, err);
	struct app *s = f->priv;

	if (!r)
		s->grace_ns = p->grace_ns;
	return r;
}

static int kill_arm(struct fault *f, struct fl_error *err)
{
	const struct availability_params *p = f->params.own;
	int r = arm_ending(f, err);
	struct app *s = f->priv;

	if (!r)
		s->every_ns = p->every_ns.u64;
	return r;
}

static int stop_arm(struct fault *f, struct fl_error *err)
{
	return arm_down(f, AFTER_KEEP_DOWN, err);
}

static int restart_arm(struct fault *f, struct fl_error *err)
{
	return arm_down(f, AFTER_START, err);
}

static int start_again(struct fault *f, void *unit, struct fl_error *err)
{
	struct app_unit *u = unit;

	/* The dying one would pass for running. */
	if (u->entry && u->down && !u->dead)
		process_wait_gone((struct process_id){ u->target->pid, u->target->pid_start }, 200 * NS_PER_MSEC);
	return journal_settle(f->session->journal, &u->entry, NULL, 0, err);
}

static int hit_first(struct fault *f, struct app_unit *u, struct fl_error *err)
{
	const struct timespec pause = { .tv_nsec = 20 * NS_PER_MSEC };
	const struct app *s = f->priv;
	int tries;

	/* `docker exec` is in the pid namespace for some milliseconds before it is in the container's cgroup. */
	for (tries = 0; tries < 25; tries++) {
		u->bound = 0;
		if (!hit_target(s, u, s->signal))
			return 0;
		if (!u->bound)
			break;
		nanosleep(&pause, NULL);
	}
	if (u->bound)
		return error_env(err, EBUSY,
				 "refused: %s on %s, because process %d, which is none of its own, lives in "
				 "the pid namespace whose first process would end, and would die with it; end that "
				 "one first, or name another process of the target as pid:N instead",
				 f->ops->name, u->target->name, (int)u->bound);
	return error_env(err, ESRCH, "%s on %s: it does not run", f->ops->name, u->target->name);
}

static int begin(struct fault *f, void *unit, struct fl_error *err)
{
	const struct app *s = f->priv;
	struct app_unit *u = unit;

	u->next_ns = clock_mono_ns() + s->every_ns;
	return journal_start(f, u, err) ?: hit_first(f, u, err);
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	return fault_each_switch(f, on, begin, start_again, err);
}

static void describe(const struct app *s, const struct app_unit *u, struct text *text)
{
	char name[24], ns[32];

	text_append(text, "%s%s: %u kill%s of %u process%s (%s%s)", text->len ? "; " : "", u->target->name, u->kills,
		    u->kills == 1 ? "" : "s", u->processes, u->processes == 1 ? "" : "es",
		    process_signal_name(u->shielded ? SIGKILL : s->signal, name, sizeof(name)),
		    u->shielded ? ", the init of a namespace takes no other" : "");
	if (u->restarts)
		text_append(text, ", %u restart%s seen, the last after %s", u->restarts, u->restarts == 1 ? "" : "s",
			    units_format_ns(u->restart_ns / NS_PER_MSEC * NS_PER_MSEC, ns, sizeof(ns)));
	if (u->down && u->dead)
		text_append(text, ", down");
	if (u->unsupervised)
		text_append(text, ", nobody supervises it");
}

static int proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	const struct app_unit *units = f->units;
	struct text text = {};
	uint32_t i;
	(void)err;

	for (i = 0; i < f->n_units; i++) {
		const struct app_unit *u = &units[i];

		ret->matched += u->kills + u->skipped;
		ret->injected += u->kills;
		ret->skipped += u->skipped;
		if (!u->kills)
			continue;
		describe(f->priv, u, &text);
		if (!ret->first_hit_ns || u->first_ns < ret->first_hit_ns)
			ret->first_hit_ns = u->first_ns;
		if (u->last_ns > ret->last_hit_ns)
			ret->last_hit_ns = u->last_ns;
	}
	/* The first one is what makes it active. */
	if (ret->first_hit_ns && ret->first_hit_ns < f->active_ns)
		ret->first_hit_ns = f->active_ns;
	if (ret->last_hit_ns && ret->last_hit_ns < f->active_ns)
		ret->last_hit_ns = f->active_ns;
	text_copy(ret->effect, sizeof(ret->effect), text.s);
	text_free(&text);
	return 0;
}

static int disarm(struct fault *f, struct fl_error *err)
{
	return fault_each_disarm(f, start_again, err);
}

static void supported(struct fault_support *ret)
{
	*ret = (struct fault_support){ .supported = true, .backend = "signal" };
}

static int signal_validate(const struct params *p, struct fl_error *err)
{
	const struct ending_params *own = p->own;
	int signal;

	return process_signal_number(own->signal, &signal, err);
}

static int crash_validate(const struct params *p, struct fl_error *err)
{
	const struct crash_params *own = p->own;
	int r = signal_validate(p, err);

	return r || !own->syscall ? r : syscall_check(own->syscall, err);
}

static const struct fault_ops *crash_variant(const struct params *p)
{
	const struct crash_params *own = p->own;

	return own->syscall ? &fault_crash_call : NULL;
}

static int kill_validate(const struct params *p, struct fl_error *err)
{
	const struct availability_params *own = p->own;

	if (own->every_ns.set && own->every_ns.u64 < EVERY_LEAST_NS)
		return error_usage(err, "availability: every is less than 100ms");
	return signal_validate(p, err);
}

#define APPLICATION_OPS                                                                                   \
	.class = FAULT_APPLICATION, .need_process = true, .ends_targets = true, .supported = supported,   \
	.undone_by = "nothing brings a process back that has died; whoever supervises the target (lab, "  \
		     "Docker) is asked to start it when it does not run at the end, and one that nobody " \
		     "supervises stays down",                                                             \
	.activate = activate, .tick = tick, .proof = proof, .disarm = disarm

static const char *const kill_aliases[] = { "kill", NULL };

const struct fault_ops fault_availability = {
	.name = "availability",
	.aliases = kill_aliases,
	.summary = "Kill the target's processes, once or again and again",
	.params = kill_params,
	.validate = kill_validate,
	.arm = kill_arm,
	APPLICATION_OPS,
};

const struct fault_ops fault_crash = {
	.name = "crash",
	.summary = "End the target's processes by a fatal signal, once",
	.params = crash_params,
	.validate = crash_validate,
	.variant = crash_variant,
	.arm = arm_ending,
	APPLICATION_OPS,
};

const struct fault_ops fault_stop = {
	.name = "stop",
	.summary = "Stop the target's main process, and keep it down",
	.params = stop_params,
	.arm = stop_arm,
	APPLICATION_OPS,
};

const struct fault_ops fault_restart = {
	.name = "restart",
	.summary = "Stop the target's main process, and have it started again at once",
	.params = stop_params,
	.arm = restart_arm,
	APPLICATION_OPS,
};

/* ---- undo ------------------------------------------------------------------------------------ */

/* Is there such a service, and does it run? -ENOENT: it was removed, by the word of who supervises it;
 * any other error: nobody could tell. */
static int look_at_service(const char *spec, bool *ret_runs, struct fl_error *err)
{
	const struct target_options options = { .allow_host_interface = true };
	struct target t;
	int r = target_resolve(spec, &options, &t, err);

	if (r)
		return r;
	*ret_runs = t.pid && proc_same(t.pid, t.pid_start);
	target_free(&t);
	return 0;
}

static enum undo_state undo_start(const json_t *args, struct fl_error *err)
{
	const char *spec = json_string_value(json_object_get(args, "target"));
	struct fl_error why = {};
	bool runs = false;
	int r = !spec ? -EINVAL : docker_undo_begin(args, &why);

	if (!r && !target_has_start(spec))
		return UNDO_NOT_NEEDED; /* nobody supervises it: the effect has said that it stays down */
	if (!r)
		r = look_at_service(spec, &runs, &why);
	if (r == -ENOENT)
		return UNDO_NOT_NEEDED; /* gone with its stack: nothing to bring back */
	if (!r && runs)
		return UNDO_NOT_NEEDED;
	if (!r)
		r = target_start(spec, &why);
	if (!r)
		return UNDO_DONE;
	error_env(err, -r, "%.80s is still down: %.300s", spec ? spec : "?", why.message);
	error_hint(err, "%s", why.hint);
	return UNDO_OPEN;
}

const struct undo_op undo_application[] = { { .name = "start-service", .undo = undo_start, .asks_others = true }, {} };
