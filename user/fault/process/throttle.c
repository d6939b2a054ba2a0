// SPDX-License-Identifier: GPL-2.0-only
/*
 * throttle.c - cpu_throttle, pids_limit: a limit of the target's own control group is lowered.
 * The kernel enforces it exactly; no stressor competes with the target, and no other group is affected.
 *
 *   cpu_throttle  cpu.max, v1: cpu.cfs_quota_us  it runs for a share of each period, and waits
 *   pids_limit    pids.max                       fork and clone answer EAGAIN
 *
 * What was there is written down before, and put back as it was, unless somebody else has changed it meanwhile.
 * The proof is the kernel's own count of how often the target met its limit: nr_throttled of cpu.stat, max of pids.events.
 * A target that never asked for more than it was left was not hit.
 *
 * Limits: a target without a group of its own is refused, and so is a limit that would be no lower. One fault at a
 * time on one limit. A stranger who joins the group meanwhile has the limit for a tenth of a second at most.
 */
#include <errno.h>
#include <ftw.h>
#include <string.h>
#include <unistd.h>

#include "fault/life/follow.h"
#include "fault/units.h"
#include "session/journal.h"
#include "session/session.h"
#include "target/process/cgroup.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define VALUE_MAX 64

struct throttle_unit {
	char dir[384]; /* empty: not lowered */
	bool v2;
	unsigned int entry; /* of the journal */
	char before[VALUE_MAX], now[VALUE_MAX];
	uint64_t count; /* of the kernel, when it was looked at last */
	uint64_t met;   /* how much it has grown while the limit was lowered */
	double cpus;    /* that it could keep busy before */
};

/* What the kinds differ in. Values are as the kernel's file has them, without the newline. */
struct throttle_kind {
	const char *v2_file, *v1_file, *controller;
	const char *count_file, *count_key; /* how often it was met */
	/* Where a group has no such file, count_file counts in the group of who met it, which may be one below. NULL:
	 * it counts in the limit's own. */
	const char *count_below;
	/* What is to be written, from what is there. -ERANGE: that is no lower. */
	int (*goal)(const struct fault *f, const struct throttle_unit *u, char *ret, struct fl_error *err);
	const char *met_words;
};

static const struct throttle_kind *kind_of(const struct fault *f)
{
	return f->ops->family;
}

static int value_read(const char *dir, const char *file, char *ret)
{
	_cleanup_free_ char *path = text_format("%s/%s", dir, file), *text = NULL;
	int r = path ? file_read(path, VALUE_MAX - 1, &text, NULL, NULL) : -ENOMEM;

	if (r)
		return r;
	text[strcspn(text, "\n")] = '\0';
	text_copy(ret, VALUE_MAX, text);
	return 0;
}

/* --- undone ---------------------------------------------------------------------------------------- */

#define CLAIM_SIZE 64

/* Of one limit: session_claim(). */
static const char *claim_of(uint64_t ino, const char *file, char ret[CLAIM_SIZE])
{
	snprintf(ret, CLAIM_SIZE, "limit-%llu-%s", (unsigned long long)ino, file);
	return ret;
}

static enum undo_state put_back(const char *dir, const char *file, const char *before, const char *ours,
				struct fl_error *err)
{
	char now[VALUE_MAX] = "";
	int r = value_read(dir, file, now);

	if (!r && strcmp(now, ours))
		return UNDO_NOT_NEEDED;
	if (!r)
		r = cgroup_write(dir, file, before, NULL);
	if (!r)
		r = value_read(dir, file, now);
	if (!r && strcmp(now, before))
		r = -EIO;
	if (r == -ENOENT || r == -ENODEV)
		return UNDO_NOT_NEEDED;
	if (!r)
		return UNDO_DONE;
	error_env(err, -r, "%s/%s is not put back: %s", dir, file, strerror(-r));
	error_hint(err, "it was: %s", before);
	return UNDO_OPEN;
}

static enum undo_state undo(const json_t *args, struct fl_error *err)
{
	const char *dir, *file, *before, *ours, *session;
	json_int_t dev, ino;
	enum undo_state state;
	char claim[CLAIM_SIZE];
	int r;

	if (json_unpack((json_t *)(uintptr_t)args, "{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "path", &dir, "file", &file,
			"before", &before, "ours", &ours, "session", &session, "dev", &dev, "ino", &ino) ||
	    strchr(session, '/') || strchr(file, '/'))
		return undo_of(error_sys(err, EINVAL, "cgroup-limit: arguments are missing"));
	_cleanup_fd_ int lock __attribute__((unused)) = session_lock_host();

	r = cgroup_look(dir, (uint64_t)dev, (uint64_t)ino);
	if (r && r != -ENOENT)
		return undo_of(error_env(err, -r, "%s/%s may still be lowered: %s", dir, file, strerror(-r)));
	state = r ? UNDO_NOT_NEEDED : put_back(dir, file, before, ours, err);
	if (state != UNDO_OPEN)
		session_unclaim(session, claim_of((uint64_t)ino, file, claim));
	return state;
}

const struct undo_op undo_throttle[] = {
	{ .name = "cgroup-limit", .undo = undo, .ends_with_boot = true },
	{},
};

/* --- done ------------------------------------------------------------------------------------------ */

static const char *file_of(const struct throttle_kind *k, bool v2)
{
	return v2 ? k->v2_file : k->v1_file;
}

/* The target's own group that has the limit. */
static const struct cgroup_dir *group_of(const struct throttle_kind *k, const struct cgroup_set *set)
{
	const struct cgroup_dir *const dirs[] = { cgroup_v2(set), cgroup_v1(set, k->controller) };
	char value[VALUE_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++)
		if (dirs[i] && !value_read(dirs[i]->path, file_of(k, i == 0), value))
			return dirs[i];
	return NULL;
}

static int find_group(const struct fault *f, const struct target *t, struct cgroup_set *set,
		      const struct cgroup_dir **ret, struct fl_error *err)
{
	const struct throttle_kind *k = kind_of(f);
	int r = cgroup_find(t, set, err);

	if (r)
		return r;
	*ret = group_of(k, set);
	if (*ret)
		return 0;
	error_env(err, ENOTSUP, "%s on %s: no control group of its own has %s%s%s", f->ops->name, t->name, k->v2_file,
		  strcmp(k->v2_file, k->v1_file) ? " or " : "", strcmp(k->v2_file, k->v1_file) ? k->v1_file : "");
	error_hint(err,
		   "a container or a unit has one; for a cgroup that you made, write +%s to the "
		   "cgroup.subtree_control of the one above it",
		   k->controller);
	return -ENOTSUP;
}

/* With the host's lock held. */
static int claim_limit(const struct fault *f, const struct target *t, const struct cgroup_dir *d, const char *file,
		       struct fl_error *err)
{
	char claim[CLAIM_SIZE];
	int r = session_claim(f->session, claim_of(d->ino, file, claim), err);

	if (r == -EBUSY)
		error_env(err, EBUSY, "%s of %s is lowered by another fault already", file, t->name);
	return r;
}

/* Another entry says what is there now; the one before it goes. */
static int write_down(struct fault *f, struct throttle_unit *u, const struct cgroup_dir *d, const char *file,
		      const char *ours, struct fl_error *err)
{
	unsigned int before = u->entry;
	json_t *args = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "path", d->path, "file", file, "before",
				 u->before, "ours", ours, "session", f->session->name, "dev", (json_int_t)d->dev, "ino",
				 (json_int_t)d->ino);
	int r = journal_add(f->session->journal, "cgroup-limit", args, &u->entry, err);

	if (r)
		u->entry = before;
	return r;
}

static int write_limit(struct fault *f, struct throttle_unit *u, const struct cgroup_dir *d, const char *file,
		       const char *goal, struct fl_error *err)
{
	unsigned int old = u->entry, first;
	int r = write_down(f, u, d, file, goal, err);

	if (r)
		return r;
	first = u->entry;
	r = cgroup_write(d->path, file, goal, err);
	if (r) {
		journal_done(f->session->journal, first, NULL);
		u->entry = old;
		return r;
	}
	if (old)
		journal_done(f->session->journal, old, NULL);
	text_copy(u->dir, sizeof(u->dir), d->path);
	text_copy(u->now, sizeof(u->now), goal);
	/* The kernel may have rounded it. */
	if (value_read(d->path, file, u->now) || !strcmp(u->now, goal))
		return 0;
	r = write_down(f, u, d, file, u->now, err);
	if (!r)
		journal_done(f->session->journal, first, NULL);
	return r;
}

/* nftw() has no argument for its callback. */
static _Thread_local const struct throttle_kind *walk_kind;
static _Thread_local uint64_t walk_sum;

static int add_group(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	uint64_t n = 0;
	(void)st;
	(void)ftw;

	if (type == FTW_D && !cgroup_read(path, walk_kind->count_file, walk_kind->count_key, &n))
		walk_sum += n;
	return 0;
}

static uint64_t count_of(const struct throttle_kind *k, const char *dir)
{
	_cleanup_free_ char *local = k->count_below ? text_format("%s/%s", dir, k->count_below) : NULL;

	walk_kind = k;
	walk_sum = 0;
	if (local && access(local, F_OK))
		nftw(dir, add_group, 16, FTW_PHYS);
	else
		add_group(dir, NULL, FTW_D, NULL);
	return walk_sum;
}

/* While its limit is lowered: what has been met since the last time. (A sum over groups falls when one of them goes.) */
static void account(const struct fault *f, struct throttle_unit *u)
{
	uint64_t now = count_of(kind_of(f), u->dir);

	if (now > u->count)
		u->met += now - u->count;
	u->count = now;
}

static int lower_group(struct fault *f, struct throttle_unit *u, const struct target *t, const struct cgroup_set *set,
		       const struct cgroup_dir *d, struct fl_error *err)
{
	const struct throttle_kind *k = kind_of(f);
	bool fresh = !u->dir[0];
	char goal[VALUE_MAX], claim[CLAIM_SIZE];
	const char *file;
	int r = 0;

	u->v2 = !d->controllers[0];
	file = file_of(k, u->v2);
	if (fresh)
		r = claim_limit(f, t, d, file, err);
	if (r)
		return r;
	if (fresh) {
		text_copy(u->dir, sizeof(u->dir), d->path);
		u->count = count_of(k, d->path);
		u->cpus = cgroup_cpu_allowance(set);
		r = value_read(d->path, file, u->before);
		if (r)
			error_env(err, -r, "read %s/%s: %s", d->path, file, strerror(-r));
	}
	if (!r)
		r = k->goal(f, u, goal, err);
	if (!r && (fresh || strcmp(goal, u->now))) /* a schedule asks ten times a second */
		r = write_limit(f, u, d, file, goal, err);
	if (r && fresh) {
		session_unclaim(f->session->name, claim_of(d->ino, file, claim));
		u->dir[0] = '\0';
	}
	return r;
}

static int lower(struct fault *f, void *unit, struct fl_error *err)
{
	_cleanup_fd_ int lock __attribute__((unused)) = session_lock_host();
	const struct target *t = fault_unit_target(f, unit);
	const struct cgroup_dir *d;
	struct cgroup_set set;
	int r = find_group(f, t, &set, &d, err);

	return r ? r : lower_group(f, unit, t, &set, d, err);
}

static int raise_again(struct fault *f, void *unit, struct fl_error *err)
{
	struct throttle_unit *u = unit;
	int r;

	if (!u->dir[0])
		return 0;
	account(f, u);
	r = journal_settle(f->session->journal, &u->entry, NULL, 0, err);
	if (!r)
		u->dir[0] = '\0';
	return r;
}

/* --- the life of it -------------------------------------------------------------------------------- */

static int has_group(struct fault *f, void *unit, struct fl_error *err)
{
	const struct cgroup_dir *d;
	struct cgroup_set set;
	int r = find_group(f, fault_unit_target(f, unit), &set, &d, err);

	if (!r)
		text_copy(f->backend, sizeof(f->backend), d->controllers[0] ? "cgroup v1" : "cgroup v2");
	return r;
}

static int arm(struct fault *f, struct fl_error *err)
{
	int r = fault_units_make(f, sizeof(struct throttle_unit), err);

	return r ? r : fault_each(f, has_group, err);
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	return fault_each_switch(f, on, lower, raise_again, err);
}

static int update(struct fault *f, struct fl_error *err)
{
	return f->active ? fault_each(f, lower, err) : 0;
}

/* To where the target is now. A stranger who has joined its group is spared until he has left: then it has no group
 * of its own. */
static int follow(struct fault *f, void *unit, struct fl_error *err)
{
	struct target *t = fault_unit_target(f, unit);
	struct throttle_unit *u = unit;
	_cleanup_fd_ int lock = -1;
	const struct cgroup_dir *d = NULL;
	struct cgroup_set set;
	int r = 0;

	follow_target(t, NULL);
	if (cgroup_find(t, &set, NULL))
		return 0;
	d = group_of(kind_of(f), &set);
	if (u->dir[0] && (!d || strcmp(d->path, u->dir)))
		r = raise_again(f, u, err);
	if (r || !d || u->dir[0])
		return r;
	lock = session_lock_host();
	return lower_group(f, u, t, &set, d, err);
}

static int tick(struct fault *f, struct fl_error *err)
{
	return fault_each(f, follow, err);
}

static int proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	const struct throttle_kind *k = kind_of(f);
	struct throttle_unit *units = f->units;
	struct text text = {};
	uint32_t i;
	(void)err;

	for (i = 0; i < f->n_units; i++) {
		struct throttle_unit *u = &units[i];

		if (!u->now[0])
			continue;
		if (u->dir[0])
			account(f, u);
		ret->matched += u->met;
		ret->injected += u->met;
		text_append(&text, "%s%s: %s %s (before: %s), %s %llu times", text.len ? "; " : "", f->targets[i].name,
			    file_of(k, u->v2), u->now, u->before, k->met_words, (unsigned long long)u->met);
	}
	if (ret->injected)
		fault_tell_effect(f, ret, &text);
	else
		text_free(&text);
	return 0;
}

static int disarm(struct fault *f, struct fl_error *err)
{
	return fault_each_disarm(f, raise_again, err);
}

/* In the v2 tree, or as a v1 hierarchy? */
static void supported_by(const char *controller, struct fault_support *ret)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	char root[128], *rest, *word;

	text_copy(ret->backend, sizeof(ret->backend), "cgroup");
	ret->supported = cgroup_mounted(controller);
	cgroup_v2_root(root, sizeof(root));
	path = text_format("%s/cgroup.controllers", root);
	if (!ret->supported && root[0] && path && !file_read(path, 4096, &text, NULL, NULL))
		for (rest = text; (word = strsep(&rest, " \n"));)
			ret->supported |= !strcmp(word, controller);
	if (!ret->supported)
		snprintf(ret->reason, sizeof(ret->reason), "no cgroup tree has the controller %s", controller);
}

static int no_lower(const struct fault *f, const struct throttle_unit *u, const char *goal, struct fl_error *err)
{
	error_usage(err, "%s: %s is no lower than what is there already: %s", f->ops->name, goal, u->before);
	return -EINVAL;
}

/* "max" of v2 and "-1" of v1 are none. */
static uint64_t limit_of(const char *text)
{
	unsigned long long v;

	return sscanf(text, "%llu", &v) == 1 && text[0] != '-' ? v : UINT64_MAX;
}

#define THROTTLE_OPS                                                                                       \
	.class = FAULT_RESOURCE, .need_process = true, .arm = arm, .activate = activate, .update = update, \
	.tick = tick, .proof = proof, .disarm = disarm

/* --- pids_limit ------------------------------------------------------------------------------------ */

struct pids_limit_params {
	uint64_t spare;
};

static const struct param pids_params[] = {
	{ PARAM_FIELD(struct pids_limit_params, spare), .name = "spare", .type = PARAM_INT, .def = "0", .min = 0,
	  .max = 1 << 20, .live = true, .help = "how many processes and threads it may have beyond those of now" },
	{},
};

static int pids_goal(const struct fault *f, const struct throttle_unit *u, char *ret, struct fl_error *err)
{
	const struct pids_limit_params *p = f->params.own;
	uint64_t now = 0;
	int r = cgroup_read(u->dir, "pids.current", NULL, &now);

	if (r)
		return error_env(err, -r, "read %s/pids.current: %s", u->dir, strerror(-r));
	snprintf(ret, VALUE_MAX, "%llu", (unsigned long long)(now + p->spare));
	return now + p->spare < limit_of(u->before) ? 0 : no_lower(f, u, ret, err);
}

static void pids_supported(struct fault_support *ret)
{
	supported_by("pids", ret);
}

static const struct throttle_kind pids = {
	.v2_file = "pids.max",
	.v1_file = "pids.max",
	.controller = "pids",
	.count_file = "pids.events",
	.count_below = "pids.events.local", /* of Linux 6.11 */
	.count_key = "max",
	.goal = pids_goal,
	.met_words = "refused",
};

const struct fault_ops fault_pids_limit = {
	THROTTLE_OPS,
	.name = "pids_limit",
	.family = &pids,
	.summary = "Let the target start no further process or thread (EAGAIN)",
	.params = pids_params,
	.supported = pids_supported,
	.hints.unmatched = "It started no more than it may: nothing asked for a further process or thread.",
};

/* --- cpu_throttle ---------------------------------------------------------------------------------- */

#define QUOTA_LEAST_US 1000 /* the kernel takes no less */

struct cpu_throttle_params {
	uint32_t share_ppm;
};

static const struct param cpu_params[] = {
	{ PARAM_FIELD(struct cpu_throttle_params, share_ppm), .name = "share", .type = PARAM_PERCENT, .def = "!",
	  .live = true, .help = "how much is left of the CPU time that it may use" },
	{},
};

static int cpu_period(const struct throttle_unit *u, uint64_t *ret)
{
	unsigned long long period;

	if (!u->v2)
		return cgroup_read(u->dir, "cpu.cfs_period_us", NULL, ret);
	if (sscanf(u->before, "%*s %llu", &period) != 1)
		return -EBADMSG;
	*ret = period;
	return 0;
}

static int cpu_goal(const struct fault *f, const struct throttle_unit *u, char *ret, struct fl_error *err)
{
	const struct cpu_throttle_params *p = f->params.own;
	double share = (double)p->share_ppm / 1e6;
	uint64_t period = 0, quota;
	int r = cpu_period(u, &period);

	if (r)
		return error_env(err, -r, "read the CPU period of %s: %s", u->dir, strerror(-r));
	quota = (uint64_t)(u->cpus * share * (double)period);
	if (quota < QUOTA_LEAST_US)
		quota = QUOTA_LEAST_US;
	if (u->v2)
		snprintf(ret, VALUE_MAX, "%llu %llu", (unsigned long long)quota, (unsigned long long)period);
	else
		snprintf(ret, VALUE_MAX, "%llu", (unsigned long long)quota);
	return quota < limit_of(u->before) ? 0 : no_lower(f, u, ret, err);
}

static int cpu_validate(const struct params *p, struct fl_error *err)
{
	const struct cpu_throttle_params *own = p->own;

	if (own->share_ppm && own->share_ppm < 1000000)
		return 0;
	return error_usage(err, "cpu_throttle: a share of %s is no throttle: more than 0%% and less than 100%%",
			   params_text(p, "share"));
}

static void cpu_supported(struct fault_support *ret)
{
	supported_by("cpu", ret);
}

static const struct throttle_kind cpu = {
	.v2_file = "cpu.max",
	.v1_file = "cpu.cfs_quota_us",
	.controller = "cpu",
	.count_file = "cpu.stat",
	.count_key = "nr_throttled",
	.goal = cpu_goal,
	.met_words = "throttled",
};

const struct fault_ops fault_cpu_throttle = {
	THROTTLE_OPS,
	.name = "cpu_throttle",
	.family = &cpu,
	.summary = "Leave the target a share of its CPU time",
	.hints.unmatched = "It never wanted more CPU time than it was left: give it work, or a smaller --share.",
	.params = cpu_params,
	.supported = cpu_supported,
	.validate = cpu_validate,
};
