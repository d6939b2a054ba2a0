// SPDX-License-Identifier: GPL-2.0-only
/*
 * fd.c - fd_exhaustion: the target's processes have no free file descriptor; open, socket,
 * accept, pipe, dup answer EMFILE, from the kernel, in the target's own calls.
 *
 * A table of descriptors belongs to one process and nobody can fill it from outside; what can be
 * moved is its size. prlimit() lowers the soft RLIMIT_NOFILE of each process to its lowest free
 * descriptor (plus `spare`): no number is left, exactly as after a leak. Ten times a second the
 * limit follows what the process has closed in the meantime, so the table stays full: what is
 * open works on, nothing new opens. The hard limit is not touched.
 *
 * The old limits are journaled before and restored exactly; a process born of one of these during
 * the fault inherits the lowered limit and is given its parent's old one.
 *
 * Limits: a process that raises its own soft limit (up to the hard one) escapes until the next
 * look. One that is started afresh in the target during the fault, not as a child, keeps its own.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sys/resource.h>

#include "fault/fault.h"
#include "fault/follow.h"
#include "fault/syscall_modes.h"
#include "journal/journal.h"
#include "kern/process.h"
#include "kern/session.h"
#include "target/member.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/proc.h"
#include "util/text.h"
#include "util/units.h"

static const struct param params[] = {
	{ .name = "mode", .type = PARAM_ENUM, .def = "real", .choices = fault_modes,
	  .help = "really, or as the kernel's answer to the target's calls" },
	{ .name = "spare", .type = PARAM_INT, .def = "0", .max = 1 << 20, .live = true,
	  .help = "how many more descriptors each process may open" },
	{}
};

/* One process whose limit was lowered. */
struct limited {
	struct process_id id;
	rlim_t old, now;    /* soft limit: as it was, as we set it */
	unsigned int entry; /* of the journal */
	bool held;	    /* it had no more than `spare` free ones at the last look */
};

struct fd_unit {
	struct target *target;
	struct limited *v;
	uint32_t n;
	/* for the proof, also when it is over */
	uint32_t seen, most_held; /* processes limited; held there, at one time */
	struct limited first;
};

struct fd_state {
	uint32_t n;
	struct fd_unit units[];
};

static void supported(struct fault_support *ret)
{
	struct rlimit now;

	ret->supported = !prlimit(getpid(), RLIMIT_NOFILE, NULL, &now);
	text_copy(ret->backend, sizeof(ret->backend), "prlimit");
	if (!ret->supported)
		snprintf(ret->reason, sizeof(ret->reason), "prlimit: %s", strerror(errno));
}

/* ---- one process ----------------------------------------------------------------------------- */

/* The lowest number that is free in its table, -1 when it is gone. */
static int64_t lowest_free(pid_t pid)
{
	unsigned char used[8192] = {}; /* 65536 numbers; a fuller table counts from there */
	const int64_t bits = (int64_t)sizeof(used) * 8;
	struct dirent *e;
	char path[64];
	int64_t fd;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -1;
	while ((e = readdir(dir)))
		if (!units_int(e->d_name, 0, bits - 1, &fd, NULL))
			used[fd / 8] |= (unsigned char)(1u << (fd % 8));
	closedir(dir);
	for (fd = 0; fd < bits && used[fd / 8] & 1u << (fd % 8); fd++)
		;
	return fd;
}

static int read_soft(pid_t pid, struct rlimit *ret)
{
	return prlimit(pid, RLIMIT_NOFILE, NULL, ret) ? -errno : 0;
}

/* The hard limit is the target's own: it stays as it is now. */
static int write_soft(pid_t pid, rlim_t soft)
{
	struct rlimit l;
	int r = read_soft(pid, &l);

	if (r)
		return r;
	l.rlim_cur = soft < l.rlim_max ? soft : l.rlim_max;
	return prlimit(pid, RLIMIT_NOFILE, &l, NULL) ? -errno : 0;
}

/* Lower it to where the table is full now; never raise it again. */
static void tighten(struct limited *l, rlim_t spare)
{
	int64_t free_fd = lowest_free(l->id.pid);
	struct rlimit now;
	rlim_t goal;

	if (free_fd < 0 || !proc_same(l->id.pid, l->id.start) || read_soft(l->id.pid, &now))
		return;
	goal = (rlim_t)free_fd + spare;
	if (goal > l->now)
		goal = l->now;
	if (goal < now.rlim_cur && !write_soft(l->id.pid, goal))
		l->now = goal;
	l->held = (rlim_t)free_fd + spare >= l->now;
}

/* What its soft limit was, if it is the child of a process whose limit is lowered. */
static rlim_t inherited(const struct fd_unit *u, struct process_id id, rlim_t soft)
{
	pid_t parent = process_parent(id.pid);
	uint32_t i;

	for (i = 0; i < u->n; i++)
		if (u->v[i].id.pid == parent && soft < u->v[i].old)
			return u->v[i].old;
	return soft;
}

static int limit_process(struct fault *f, struct fd_unit *u, struct process_id id,
			 struct fl_error *err)
{
	struct limited *grown = reallocarray(u->v, u->n + 1, sizeof(*grown));
	struct limited l = { .id = id };
	struct rlimit limit;
	int r;

	if (!grown)
		return error_sys(err, ENOMEM, "fd_exhaustion: out of memory");
	u->v = grown;
	if (read_soft(id.pid, &limit) || !target_is_member(u->target, id.pid, id.start))
		return 0; /* ended, or left, meanwhile */
	l.old = l.now = inherited(u, id, limit.rlim_cur);
	r = journal_add(f->session->journal, "restore-nofile",
			json_pack("{s:i, s:I, s:I}", "pid", (int)id.pid, "start",
				  (json_int_t)id.start, "soft", (json_int_t)l.old),
			&l.entry, err);
	if (r)
		return r;
	tighten(&l, (rlim_t)params_i64(&f->params, "spare"));
	u->v[u->n++] = l;
	u->seen++;
	return 0;
}

/* ---- one target ------------------------------------------------------------------------------ */

static bool is_limited(const struct fd_unit *u, struct process_id id)
{
	uint32_t i;

	for (i = 0; i < u->n; i++)
		if (u->v[i].id.pid == id.pid && u->v[i].id.start == id.start)
			return true;
	return false;
}

/* Processes that have ended need no entry any more. */
static int drop_dead(struct fault *f, struct fd_unit *u, struct fl_error *err)
{
	uint32_t i, kept = 0;
	int r = 0;

	for (i = 0; i < u->n; i++) {
		if (!r && !proc_same(u->v[i].id.pid, u->v[i].id.start))
			r = journal_done(f->session->journal, u->v[i].entry, err);
		else
			u->v[kept++] = u->v[i];
	}
	u->n = kept;
	return r;
}

/* A process that is no longer the target's gets its limit back. */
static int release_leavers(struct fault *f, struct fd_unit *u, struct fl_error *err)
{
	uint32_t i, kept = 0;
	int r = 0;

	for (i = 0; i < u->n; i++) {
		struct process_id id = u->v[i].id;

		if (!r && !target_is_member(u->target, id.pid, id.start) && proc_same(id.pid, id.start))
			r = journal_undo(f->session->journal, u->v[i].entry, err);
		else
			u->v[kept++] = u->v[i];
	}
	u->n = kept;
	return r;
}

/* All its processes, also those born since the last look. */
static int limit_target(struct fault *f, struct fd_unit *u, struct fl_error *err)
{
	_cleanup_free_ struct process_id *ids = NULL;
	uint32_t n = 0, i, held = 0;
	int r = drop_dead(f, u, err);

	if (!r)
		r = release_leavers(f, u, err);
	for (i = 0; i < u->n; i++)
		tighten(&u->v[i], (rlim_t)params_i64(&f->params, "spare"));
	if (!r)
		r = process_list(u->target, &ids, &n, err);
	for (i = 0; !r && i < n; i++)
		if (!is_limited(u, ids[i]))
			r = limit_process(f, u, ids[i], err);
	for (i = 0; i < u->n; i++)
		held += u->v[i].held;
	if (held > u->most_held)
		u->most_held = held;
	if (u->n)
		u->first = u->v[0];
	return r;
}

static int restore(struct fault *f, struct fd_unit *u, struct fl_error *err)
{
	int r = 0;

	/* A child first: its parent's entry would not know it any more. */
	while (!r && u->n) {
		r = journal_undo(f->session->journal, u->v[u->n - 1].entry, err);
		if (!r)
			u->n--;
	}
	return r;
}

/* ---- the fault ------------------------------------------------------------------------------- */

static int arm(struct fault *f, struct fl_error *err)
{
	struct fd_state *s = calloc(1, sizeof(*s) + f->n_targets * sizeof(s->units[0]));
	uint32_t i;

	if (!s)
		return error_sys(err, ENOMEM, "fd_exhaustion: out of memory");
	f->priv = s;
	s->n = f->n_targets;
	text_copy(f->backend, sizeof(f->backend), "prlimit");
	for (i = 0; i < s->n; i++)
		s->units[i].target = &f->targets[i];
	return 0;
}

static int for_units(struct fault *f, bool all,
		     int (*act)(struct fault *f, struct fd_unit *u, struct fl_error *err),
		     struct fl_error *err)
{
	struct fd_state *s = f->priv;
	int r, first = 0;
	uint32_t i;

	for (i = 0; s && i < s->n && (all || !first); i++) {
		r = act(f, &s->units[i], err);
		first = first ? first : r;
	}
	return first;
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	int r;

	if (!on) {
		for_units(f, true, limit_target, NULL); /* who was born since the last look */
		return for_units(f, true, restore, err);
	}
	r = for_units(f, false, limit_target, err);
	if (r)
		for_units(f, true, restore, NULL);
	return r;
}

static int tick(struct fault *f, struct fl_error *err)
{
	struct fd_state *s = f->priv;
	uint32_t i;

	for (i = 0; i < s->n; i++)
		follow_target(s->units[i].target, NULL);
	return for_units(f, true, limit_target, err);
}

/* `spare` has changed: from the top. */
static int loosen(struct fault *f, struct fd_unit *u, struct fl_error *err)
{
	uint32_t i;

	for (i = 0; i < u->n; i++) {
		write_soft(u->v[i].id.pid, u->v[i].old);
		u->v[i].now = u->v[i].old;
	}
	return limit_target(f, u, err);
}

static int update(struct fault *f, struct fl_error *err)
{
	return f->active ? for_units(f, true, loosen, err) : 0;
}

static int proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	struct fd_state *s = f->priv;
	struct text text = {};
	uint32_t i;
	(void)err;

	for (i = 0; i < s->n; i++) {
		struct fd_unit *u = &s->units[i];

		if (!u->seen)
			continue;
		ret->matched += u->seen;
		ret->injected += u->most_held;
		text_append(&text, "%s%s: up to %u processes held at their last descriptor, the first at %llu "
			    "(its limit was %llu)", text.len ? "; " : "", u->target->name, u->most_held,
			    (unsigned long long)u->first.now,
			    (unsigned long long)u->first.old);
	}
	if (ret->injected) {
		ret->first_hit_ns = f->active_ns;
		ret->last_hit_ns = f->active ? clock_mono_ns() : f->inactive_ns;
	}
	text_copy(ret->effect, sizeof(ret->effect), text.s);
	text_free(&text);
	return 0;
}

static const struct fault_ops *variant(const struct params *p)
{
	return params_u64(p, "mode") == FAULT_MODE_KERNEL ? &fault_fd_exhaustion_kernel : NULL;
}

static int disarm(struct fault *f, struct fl_error *err)
{
	struct fd_state *s = f->priv;
	int r = for_units(f, true, restore, err);
	uint32_t i;

	if (r || !s)
		return r;
	for (i = 0; i < s->n; i++)
		free(s->units[i].v);
	free(take_ptr(f->priv));
	return 0;
}

static const char *const aliases[] = { "fd", NULL };

const struct fault_ops fault_fd_exhaustion = {
	.name = "fd_exhaustion",
	.aliases = aliases,
	.summary = "Leave the target's processes no free file descriptor (EMFILE)",
	.class = FAULT_RESOURCE,
	.params = params,
	.need_process = true,
	.supported = supported,
	.variant = variant,
	.arm = arm,
	.activate = activate,
	.update = update,
	.tick = tick,
	.proof = proof,
	.disarm = disarm,
};

/* ---- undo ------------------------------------------------------------------------------------ */

/* The children of @parent that still have the limit they inherited: born after the last look. */
static int restore_children(pid_t parent, rlim_t lowered, rlim_t soft)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	struct rlimit now;
	int64_t pid;
	int r, first = proc ? 0 : -errno;

	while (proc && (e = readdir(proc))) {
		if (units_int(e->d_name, 1, INT_MAX, &pid, NULL) || process_parent((pid_t)pid) != parent)
			continue;
		r = read_soft((pid_t)pid, &now);
		if (!r && now.rlim_cur == lowered)
			r = write_soft((pid_t)pid, soft);
		if (r && r != -ESRCH && !first)
			first = r;
	}
	if (proc)
		closedir(proc);
	return first;
}

static enum undo_state undo_nofile(const json_t *args, struct fl_error *err)
{
	struct process_id id = process_from_json(args);
	rlim_t soft = (rlim_t)json_integer_value(json_object_get(args, "soft"));
	enum proc_is is = proc_is(id.pid, id.start);
	struct rlimit now;
	int r, r2 = 0;

	if (is == PROC_GONE)
		return UNDO_NOT_NEEDED;
	r = is == PROC_UNKNOWN ? -EIO : read_soft(id.pid, &now);
	if (!r && now.rlim_cur < soft)
		r2 = restore_children(id.pid, now.rlim_cur, soft);
	if (!r)
		r = write_soft(id.pid, soft);
	if (r == -ESRCH)
		return UNDO_NOT_NEEDED;
	r = r ? r : r2;
	if (!r)
		return UNDO_DONE;
	error_env(err, -r, "process %d or a child of it may still have its lowered RLIMIT_NOFILE: %s",
		  (int)id.pid, strerror(-r));
	error_hint(err, "prlimit --pid %d --nofile=%llu:", (int)id.pid, (unsigned long long)soft);
	return UNDO_OPEN;
}

const struct undo_op undo_fd[] = { { "restore-nofile", undo_nofile, true }, {} };
