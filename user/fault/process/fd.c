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
 * The old limits are written down before (fd_table.h) and restored exactly; a process born of one of
 * these during the fault inherits the lowered limit and is given its parent's old one.
 *
 * Limits: a process that raises its own soft limit (up to the hard one) escapes until the next look, and is not
 * counted as hit meanwhile. One that enters the target during the fault without being a child of one of its processes
 * (docker exec) keeps its own limit.
 */
#include <dirent.h>
#include <errno.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "fault/life/follow.h"
#include "fault/process/fd_table.h"
#include "fault/syscall/syscall_modes.h"
#include "fault/units.h"
#include "session/journal.h"
#include "session/session.h"
#include "target/process/member.h"
#include "target/process/process.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/proc.h"
#include "util/text/text.h"
#include "util/text/units.h"

struct fd_exhaustion_params {
	enum fault_mode mode;
	uint32_t spare;
};

/* clang-format off */
static const struct param params[] = {
	{ PARAM_FIELD(struct fd_exhaustion_params, mode), .name = "mode", .type = PARAM_ENUM, .def = "real", .choices = fault_modes,
	  .help = "really, or as the kernel's answer to the target's calls" },
	{ PARAM_FIELD(struct fd_exhaustion_params, spare), .name = "spare", .type = PARAM_INT, .def = "0", .max = 1 << 20,
	  .live = true, .help = "how many more descriptors each process may open" },
	{}
};
/* clang-format on */

struct fd_unit {
	struct target *target;
	struct limited *v;
	uint32_t n;
	unsigned int entry; /* of the journal; 0: nobody is lowered */
	char table[128];    /* the file that it names */
	bool changed;       /* the table on disk lists others */
	struct fd_values *values;
	uint64_t looked_ns;
	/* for the proof, also when it is over */
	uint32_t seen, most_held; /* processes limited; held there, at one time */
	uint32_t most_raised;     /* that have raised their own limit again */
	struct limited first;
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

/*
 * Lower it to where the table is full now; never raise it again. It was held if the limit we set is still
 * there from the last look and the table is full: a process that raises its own limit in between opens
 * what it likes, and is no hit. Two looks that follow each other at once (@judge false) tell nothing.
 */
static void plan(struct limited *l, rlim_t spare, bool judge)
{
	int64_t free_fd = lowest_free(l->id.pid);
	rlim_t soft;

	l->goal = l->now;
	if (free_fd < 0 || !proc_same(l->id.pid, l->id.start) || fd_limit_read(l->id.pid, &soft))
		return;
	if (judge && !l->fresh) {
		l->held = soft <= l->now && (rlim_t)free_fd + spare >= l->now;
		l->raised |= soft > l->now;
	}
	if ((rlim_t)free_fd + spare < l->now)
		l->goal = (rlim_t)free_fd + spare;
	l->lower = l->goal < soft;
}

static void tighten(struct limited *l)
{
	if (l->lower && !fd_limit_write(l->id.pid, l->goal))
		l->now = l->goal;
	l->lower = l->fresh = false;
}

#define LOOK_LEAST_NS (50 * NS_PER_MSEC)

/* What its soft limit was, if it inherited a lowered one, which one of the values that were set here tells:
 * from its parent, or from one that has ended since. */
static rlim_t inherited(const struct fd_unit *u, struct process_id id, rlim_t soft)
{
	pid_t parent = proc_parent(id.pid);
	rlim_t most = soft;
	uint32_t i;

	if (id.start < u->values->since || (soft < FD_VALUES && !fd_value_set(u->values, soft)))
		return soft;
	for (i = 0; i < u->n; i++)
		if (u->v[i].id.pid == parent && soft < u->v[i].old)
			return u->v[i].old;
	for (i = 0; i < u->n && soft < FD_VALUES; i++)
		most = u->v[i].old > most ? u->v[i].old : most;
	return most;
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

static int take_process(struct fd_unit *u, struct process_id id, struct fl_error *err)
{
	struct limited *grown = reallocarray(u->v, u->n + 1, sizeof(*grown));
	struct limited l = { .id = id, .fresh = true };
	rlim_t soft;

	if (!grown)
		return error_sys(err, ENOMEM, "fd_exhaustion: out of memory");
	u->v = grown;
	if (fd_limit_read(id.pid, &soft) || !target_is_member(u->target, id.pid, id.start))
		return 0; /* ended, or left, meanwhile */
	l.old = l.now = inherited(u, id, soft);
	if (soft < l.old) { /* born with a limit of ours: held from the start */
		l.now = soft;
		l.fresh = false;
	}
	fd_groups_add(u->values, id.pid);
	u->v[u->n++] = l;
	u->seen++;
	return 0;
}

/* Who has ended is forgotten, who is no longer the target's gets its limit back. */
static void drop_gone(struct fd_unit *u)
{
	uint32_t i, kept = 0;

	for (i = 0; i < u->n; i++) {
		const struct limited *l = &u->v[i];
		enum proc_is is = proc_is(l->id.pid, l->id.start);

		if (is == PROC_GONE || (is == PROC_HERE && !target_is_member(u->target, l->id.pid, l->id.start) &&
					!fd_limit_write(l->id.pid, l->old)))
			continue;
		u->v[kept++] = *l;
	}
	u->changed |= kept != u->n;
	u->n = kept;
}

/* On disk before the first of them is lowered, or one to a value that was not set before. */
static int write_table(struct fault *f, struct fd_unit *u, struct fl_error *err)
{
	int r = 0;

	if (!u->entry)
		r = journal_add(f->session->journal, "restore-nofile", json_pack("{s:s}", "table", u->table), &u->entry,
				err);
	if (!r)
		r = fd_table_write(u->table, u->v, u->n, u->values, err);
	u->changed = r != 0;
	return r;
}

/* Those born since the last look. */
static int find_new(struct fd_unit *u, struct fl_error *err)
{
	_cleanup_free_ struct process_id *ids = NULL;
	uint32_t n = 0, i, before = u->n;
	int r = process_list(u->target, &ids, &n, err);

	for (i = 0; !r && i < n; i++)
		if (!is_limited(u, ids[i]))
			r = take_process(u, ids[i], err);
	if (r)
		u->n = before;
	u->changed |= u->n != before;
	return r;
}

/* All its processes, also those born since the last look. */
static int limit_target(struct fault *f, void *unit, struct fl_error *err)
{
	const struct fd_exhaustion_params *p = f->params.own;
	struct fd_unit *u = unit;
	uint64_t now = clock_mono_ns();
	bool judge = now - u->looked_ns >= LOOK_LEAST_NS;
	uint32_t i, before, held = 0, raised = 0;
	int r;

	u->looked_ns = judge ? now : u->looked_ns;
	drop_gone(u);
	before = u->n;
	r = find_new(u, err);
	for (i = 0; i < u->n; i++) {
		plan(&u->v[i], p->spare, judge);
		u->changed |= u->v[i].lower && fd_value_add(u->values, u->v[i].goal);
	}
	/* What is not written down is not lowered. */
	if (!r && u->changed)
		r = write_table(f, u, err);
	if (r)
		u->n = before;
	for (i = 0; i < u->n; i++) {
		if (!r)
			tighten(&u->v[i]);
		held += u->v[i].held;
		raised += u->v[i].raised;
	}
	if (held > u->most_held)
		u->most_held = held;
	if (raised > u->most_raised)
		u->most_raised = raised;
	if (u->n)
		u->first = u->v[0];
	return r;
}

static int restore(struct fault *f, void *unit, struct fl_error *err)
{
	struct fd_unit *u = unit;
	int r = journal_settle(f->session->journal, &u->entry, NULL, 0, err);

	if (!r)
		u->n = 0;
	return r;
}

/* ---- the fault ------------------------------------------------------------------------------- */

static int arm_unit(struct fault *f, void *unit, struct fl_error *err)
{
	struct fd_unit *u = unit;

	u->target = fault_unit_target(f, u);
	u->values = calloc(1, sizeof(*u->values));
	if (!u->values)
		return error_sys(err, ENOMEM, "fd_exhaustion: out of memory");
	snprintf(u->table, sizeof(u->table), "%s/fd-%u-%u", f->session->dir, f->number, fault_unit_index(f, u));
	return 0;
}

static int arm(struct fault *f, struct fl_error *err)
{
	text_copy(f->backend, sizeof(f->backend), "prlimit");
	return fault_units_make(f, sizeof(struct fd_unit), err) ?: fault_each(f, arm_unit, err);
}

/* A process that is born from now on has a start time that is not before this. */
static int begin(struct fault *f, void *unit, struct fl_error *err)
{
	struct fd_unit *u = unit;
	struct timespec now;
	(void)f;
	(void)err;

	clock_gettime(CLOCK_BOOTTIME, &now);
	u->values->since = (uint64_t)now.tv_sec * (uint64_t)sysconf(_SC_CLK_TCK) +
			   (uint64_t)now.tv_nsec * (uint64_t)sysconf(_SC_CLK_TCK) / NS_PER_SEC;
	return 0;
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	int r = on ? fault_each(f, begin, err) : 0;

	if (!on)
		fault_each_undo(f, limit_target, NULL); /* who was born since the last look */
	return r ? r : fault_each_switch(f, on, limit_target, restore, err);
}

static int follow(struct fault *f, void *unit, struct fl_error *err)
{
	struct fd_unit *u = unit;
	(void)f;
	(void)err;

	follow_target(u->target, NULL);
	return 0;
}

static int tick(struct fault *f, struct fl_error *err)
{
	fault_each(f, follow, NULL);
	return fault_each_undo(f, limit_target, err);
}

/* `spare` has changed: from the top. */
static int loosen(struct fault *f, void *unit, struct fl_error *err)
{
	struct fd_unit *u = unit;
	uint32_t i;

	for (i = 0; i < u->n; i++) {
		fd_limit_write(u->v[i].id.pid, u->v[i].old);
		u->v[i].now = u->v[i].old;
	}
	return limit_target(f, u, err);
}

static int update(struct fault *f, struct fl_error *err)
{
	return f->active ? fault_each_undo(f, loosen, err) : 0;
}

static int proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	const struct fd_unit *units = f->units;
	struct text text = {};
	uint32_t i;
	(void)err;

	for (i = 0; i < f->n_units; i++) {
		const struct fd_unit *u = &units[i];

		if (!u->seen)
			continue;
		ret->matched += u->seen;
		ret->injected += u->most_held;
		text_append(&text,
			    "%s%s: up to %u processes held at their last descriptor, the first at %llu "
			    "(its limit was %llu)",
			    text.len ? "; " : "", u->target->name, u->most_held, (unsigned long long)u->first.now,
			    (unsigned long long)u->first.old);
		if (u->most_raised)
			text_append(&text, "; %u raised their limit again by themselves", u->most_raised);
	}
	fault_tell_effect(f, ret, &text);
	return 0;
}

static const struct fault_ops *variant(const struct params *p)
{
	const struct fd_exhaustion_params *own = p->own;

	return own->mode == FAULT_MODE_KERNEL ? &fault_fd_exhaustion_kernel : NULL;
}

static int disarm_unit(struct fault *f, void *unit, struct fl_error *err)
{
	struct fd_unit *u = unit;
	int r = restore(f, u, err);

	if (r)
		return r;
	free(take_ptr(u->v));
	free(take_ptr(u->values));
	return 0;
}

static int disarm(struct fault *f, struct fl_error *err)
{
	return fault_each_disarm(f, disarm_unit, err);
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
