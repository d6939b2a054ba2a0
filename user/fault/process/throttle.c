// SPDX-License-Identifier: GPL-2.0-only
/* throttle.c - see throttle.h */
#include <errno.h>
#include <ftw.h>
#include <string.h>
#include <unistd.h>

#include "fault/life/follow.h"
#include "fault/process/throttle.h"
#include "fault/units.h"
#include "session/journal.h"
#include "session/session.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define FILE_MAX   (64u << 10)
#define LATE_TRIES 10
#define LATE_US    10000

static const struct throttle_kind *kind_of(const struct fault *f)
{
	return f->ops->family;
}

/* What a device that has no line in @file has. */
static const char *unlisted(const char *file)
{
	return strcmp(file, "io.max") ? "0" : "rbps=max wbps=max riops=max wiops=max";
}

int throttle_read(const char *dir, const char *file, const char *key, char *ret)
{
	_cleanup_free_ char *path = text_format("%s/%s", dir, file), *text = NULL;
	int r = path ? file_read(path, FILE_MAX, &text, NULL, NULL) : -ENOMEM;
	size_t len = strlen(key);
	char *rest, *line;

	if (r)
		return r;
	rest = text;
	if (len)
		text_copy(ret, THROTTLE_VALUE, unlisted(file));
	while ((line = strsep(&rest, "\n")))
		if (!strncmp(line, key, len) && (!len || line[len] == ' ')) {
			text_copy(ret, THROTTLE_VALUE, line + len + !!len);
			break;
		}
	return 0;
}

static int value_write(const char *dir, const char *file, const char *key, const char *value, struct fl_error *err)
{
	_cleanup_free_ char *line = *key ? text_format("%s %s", key, value) : NULL;

	if (*key && !line)
		return error_sys(err, ENOMEM, "out of memory");
	return cgroup_write(dir, file, *key ? line : value, err);
}

/* --- undone ---------------------------------------------------------------------------------------- */

#define CLAIM_SIZE 128

/* Of one limit: session_claim(). */
static const char *claim_of(uint64_t ino, const char *file, const char *key, char ret[CLAIM_SIZE])
{
	snprintf(ret, CLAIM_SIZE, "limit-%llu-%s%s%s", (unsigned long long)ino, file, *key ? "-" : "", key);
	return ret;
}

static enum undo_state put_back(const char *dir, const struct throttle_limit *l, struct fl_error *err)
{
	char now[THROTTLE_VALUE] = "";
	int r = throttle_read(dir, l->file, l->key, now);

	if (!r && strcmp(now, l->now))
		return UNDO_NOT_NEEDED;
	if (!r)
		r = value_write(dir, l->file, l->key, l->before, NULL);
	if (!r)
		r = throttle_read(dir, l->file, l->key, now);
	if (!r && strcmp(now, l->before))
		r = -EIO;
	if (r == -ENOENT || r == -ENODEV)
		return UNDO_NOT_NEEDED;
	if (!r)
		return UNDO_DONE;
	error_env(err, -r, "%s/%s is not put back: %s", dir, l->file, strerror(-r));
	error_hint(err, "it was: %s%s%s", l->key, *l->key ? " " : "", l->before);
	return UNDO_OPEN;
}

static enum undo_state undo(const json_t *args, struct fl_error *err)
{
	const char *dir, *key = "", *before, *ours, *session;
	struct throttle_limit l = {};
	json_int_t dev, ino;
	enum undo_state state;
	char claim[CLAIM_SIZE];
	int r;

	if (json_unpack((json_t *)(uintptr_t)args, "{s:s, s:s, s?s, s:s, s:s, s:s, s:I, s:I}", "path", &dir, "file",
			&l.file, "key", &key, "before", &before, "ours", &ours, "session", &session, "dev", &dev, "ino",
			&ino) ||
	    strchr(session, '/') || strchr(l.file, '/') || strchr(key, '/') || !text_copy(l.key, sizeof(l.key), key) ||
	    !text_copy(l.before, sizeof(l.before), before) || !text_copy(l.now, sizeof(l.now), ours))
		return undo_of(error_sys(err, EINVAL, "cgroup-limit: arguments are missing"));
	_cleanup_fd_ int lock __attribute__((unused)) = session_lock_host();

	r = cgroup_look(dir, (uint64_t)dev, (uint64_t)ino);
	if (r && r != -ENOENT)
		return undo_of(error_env(err, -r, "%s/%s may still be lowered: %s", dir, l.file, strerror(-r)));
	state = r ? UNDO_NOT_NEEDED : put_back(dir, &l, err);
	if (state != UNDO_OPEN)
		session_unclaim(session, claim_of((uint64_t)ino, l.file, key, claim));
	return state;
}

const struct undo_op undo_throttle[] = {
	{ .name = "cgroup-limit", .undo = undo, .ends_with_boot = true },
	{},
};

/* --- which group and which limits ------------------------------------------------------------------ */

static const char *file_of(const struct throttle_kind *k, bool v2)
{
	return v2 ? k->v2_file : k->v1_file;
}

/* The target's own group that has the limit. */
static const struct cgroup_dir *group_of(const struct throttle_kind *k, const struct cgroup_set *set)
{
	const char *v1 = k->v1_controller ? k->v1_controller : k->controller;
	const struct cgroup_dir *const dirs[] = { cgroup_v2(set), cgroup_v1(set, v1) };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		const char *file = file_of(k, i == 0);
		_cleanup_free_ char *path = file && dirs[i] ? text_format("%s/%s", dirs[i]->path, file) : NULL;

		if (path && !access(path, F_OK))
			return dirs[i];
	}
	return NULL;
}

static int find_group(const struct fault *f, const struct target *t, struct cgroup_set *set,
		      const struct cgroup_dir **ret, struct fl_error *err)
{
	const struct throttle_kind *k = kind_of(f);
	bool both = k->v1_file && strcmp(k->v2_file, k->v1_file);
	int r = cgroup_find(t, set, err);

	if (r)
		return r;
	*ret = group_of(k, set);
	if (*ret)
		return 0;
	error_env(err, ENOTSUP, "%s on %s: no control group of its own has %s%s%s", f->ops->name, t->name, k->v2_file,
		  both ? " or " : "", both ? k->v1_file : "");
	error_hint(err,
		   "a container or a unit has one; for a cgroup that you made, write +%s to the "
		   "cgroup.subtree_control of the one above it",
		   k->controller);
	return -ENOTSUP;
}

static int choose(const struct fault *f, struct throttle_unit *u, const struct target *t, struct fl_error *err)
{
	const struct throttle_kind *k = kind_of(f);

	if (k->choose)
		return k->choose(f, u, t, err);
	u->n_limits = 1;
	u->limits[0].file = file_of(k, u->v2);
	return 0;
}

/* --- done ------------------------------------------------------------------------------------------ */

/* With the host's lock held. */
static int claim_limit(const struct fault *f, const struct target *t, const struct throttle_unit *u,
		       const struct throttle_limit *l, struct fl_error *err)
{
	char claim[CLAIM_SIZE];
	int r = session_claim(f->session, claim_of(u->ino, l->file, l->key, claim), err);

	if (r == -EBUSY)
		error_env(err, EBUSY, "%s of %s is lowered by another fault already", l->file, t->name);
	return r;
}

/* Another entry says what is there now; the one before it goes. */
static int write_down(struct fault *f, struct throttle_limit *l, const struct cgroup_dir *d, const char *ours,
		      struct fl_error *err)
{
	unsigned int before = l->entry;
	json_t *args = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "path", d->path, "file", l->file, "key",
				 l->key, "before", l->before, "ours", ours, "session", f->session->name, "dev",
				 (json_int_t)d->dev, "ino", (json_int_t)d->ino);
	int r = journal_add(f->session->journal, "cgroup-limit", args, &l->entry, err);

	if (r)
		l->entry = before;
	return r;
}

static int write_limit(struct fault *f, struct throttle_limit *l, const struct cgroup_dir *d, const char *goal,
		       struct fl_error *err)
{
	unsigned int old = l->entry, first;
	int r = write_down(f, l, d, goal, err);

	if (r)
		return r;
	first = l->entry;
	r = value_write(d->path, l->file, l->key, goal, err);
	if (r) {
		journal_done(f->session->journal, first, NULL);
		l->entry = old;
		return r;
	}
	if (old)
		journal_done(f->session->journal, old, NULL);
	text_copy(l->now, sizeof(l->now), goal);
	/* The kernel may have rounded it. */
	if (throttle_read(d->path, l->file, l->key, l->now) || !strcmp(l->now, goal))
		return 0;
	r = write_down(f, l, d, l->now, err);
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

static uint64_t count_of(const struct fault *f, const struct throttle_unit *u)
{
	const struct throttle_kind *k = kind_of(f);
	_cleanup_free_ char *local = k->count_below ? text_format("%s/%s", u->dir, k->count_below) : NULL;

	if (k->count)
		return k->count(f, u);
	walk_kind = k;
	walk_sum = 0;
	if (local && access(local, F_OK))
		nftw(u->dir, add_group, 16, FTW_PHYS);
	else
		add_group(u->dir, NULL, FTW_D, NULL);
	return walk_sum;
}

/* While its limit is lowered: what has been met since the last time. (A sum over groups falls when one of them goes.) */
static void account(const struct fault *f, struct throttle_unit *u)
{
	uint64_t now = count_of(f, u);

	if (now > u->count)
		u->met += now - u->count;
	u->count = now;
}

static int lower_limit(struct fault *f, struct throttle_unit *u, struct throttle_limit *l, const struct target *t,
		       const struct cgroup_dir *d, struct fl_error *err)
{
	bool fresh = !l->entry;
	char goal[THROTTLE_VALUE], claim[CLAIM_SIZE];
	int r = fresh ? claim_limit(f, t, u, l, err) : 0;

	if (r)
		return r;
	if (fresh) {
		r = throttle_read(d->path, l->file, l->key, l->before);
		if (r)
			error_env(err, -r, "read %s/%s: %s", d->path, l->file, strerror(-r));
	}
	if (!r)
		r = kind_of(f)->goal(f, u, l, goal, err);
	if (!r && (fresh || strcmp(goal, l->now))) /* a schedule asks ten times a second */
		r = write_limit(f, l, d, goal, err);
	if (r && !l->entry)
		session_unclaim(f->session->name, claim_of(u->ino, l->file, l->key, claim));
	return r;
}

/* What the limit held back is let go within some ticks of the kernel's clock. One is proof enough. */
static void account_late(const struct fault *f, struct throttle_unit *u)
{
	int i;

	for (i = 0; i < LATE_TRIES && !u->met; i++) {
		usleep(LATE_US);
		account(f, u);
	}
}

static int raise_again(struct fault *f, void *unit, struct fl_error *err)
{
	struct throttle_unit *u = unit;
	uint32_t i;
	int first = 0;

	if (!u->dir[0])
		return 0;
	account(f, u);
	for (i = 0; i < u->n_limits; i++) {
		struct fl_error why = {};
		int r = journal_settle(f->session->journal, &u->limits[i].entry, NULL, 0, &why);

		r = journal_tell(r, &why, err);
		first = first ? first : r;
	}
	if (!first && kind_of(f)->late)
		account_late(f, u);
	if (!first)
		u->dir[0] = '\0';
	return first;
}

static int lower_group(struct fault *f, struct throttle_unit *u, const struct target *t, const struct cgroup_set *set,
		       const struct cgroup_dir *d, struct fl_error *err)
{
	bool fresh = !u->dir[0];
	uint32_t i;
	int r;

	if (fresh) {
		text_copy(u->dir, sizeof(u->dir), d->path);
		u->ino = d->ino;
		u->v2 = !d->controllers[0];
		u->cpus = cgroup_cpu_allowance(set);
		u->n_limits = 0;
		memset(u->limits, 0, sizeof(u->limits));
	}
	r = choose(f, u, t, err);
	if (!r && fresh)
		u->count = count_of(f, u);
	for (i = 0; !r && i < u->n_limits; i++)
		r = lower_limit(f, u, &u->limits[i], t, d, err);
	if (r && fresh)
		raise_again(f, u, NULL);
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

/* --- the life of it -------------------------------------------------------------------------------- */

static int has_group(struct fault *f, void *unit, struct fl_error *err)
{
	const struct throttle_kind *k = kind_of(f);
	const struct target *t = fault_unit_target(f, unit);
	const struct cgroup_dir *d;
	struct cgroup_set set;
	int r = k->check ? k->check(f, t, err) : 0;

	r = r ? r : find_group(f, t, &set, &d, err);
	if (!r)
		text_copy(f->backend, sizeof(f->backend), d->controllers[0] ? "cgroup v1" : "cgroup v2");
	return r;
}

int throttle_arm(struct fault *f, struct fl_error *err)
{
	int r = fault_units_make(f, sizeof(struct throttle_unit), err);

	return r ? r : fault_each(f, has_group, err);
}

int throttle_activate(struct fault *f, bool on, struct fl_error *err)
{
	return fault_each_switch(f, on, lower, raise_again, err);
}

int throttle_update(struct fault *f, struct fl_error *err)
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

int throttle_tick(struct fault *f, struct fl_error *err)
{
	return fault_each(f, follow, err);
}

static void tell_limits(const struct throttle_unit *u, struct text *to)
{
	uint32_t i;

	for (i = 0; i < u->n_limits; i++) {
		const struct throttle_limit *l = &u->limits[i];

		text_append(to, "%s%s%s%s %s (before: %s)", i ? ", " : "", l->file, *l->key ? " " : "", l->key, l->now,
			    l->before);
	}
}

int throttle_proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	const struct throttle_kind *k = kind_of(f);
	struct throttle_unit *units = f->units;
	struct text text = {};
	uint32_t i;
	(void)err;

	for (i = 0; i < f->n_units; i++) {
		struct throttle_unit *u = &units[i];

		if (!u->n_limits)
			continue;
		if (u->dir[0] || k->late)
			account(f, u);
		ret->matched += u->met;
		ret->injected += u->met;
		/* (How often first: an effect has an end.) */
		text_append(&text, "%s%s: %s %llu times, ", text.len ? "; " : "", f->targets[i].name, k->met_words,
			    (unsigned long long)u->met);
		tell_limits(u, &text);
	}
	if (ret->injected)
		fault_tell_effect(f, ret, &text);
	else
		text_free(&text);
	return 0;
}

int throttle_disarm(struct fault *f, struct fl_error *err)
{
	return fault_each_disarm(f, raise_again, err);
}

/* --- for the kinds --------------------------------------------------------------------------------- */

bool throttle_in_v2(const char *controller)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	char root[128], *rest, *word;
	bool found = false;

	cgroup_v2_root(root, sizeof(root));
	path = text_format("%s/cgroup.controllers", root);
	if (root[0] && path && !file_read(path, 4096, &text, NULL, NULL))
		for (rest = text; (word = strsep(&rest, " \n"));)
			found |= !strcmp(word, controller);
	return found;
}

void throttle_supported(const char *controller, const char *v1, struct fault_support *ret)
{
	text_copy(ret->backend, sizeof(ret->backend), "cgroup");
	ret->supported = (v1 && cgroup_mounted(v1)) || throttle_in_v2(controller);
	if (!ret->supported)
		snprintf(ret->reason, sizeof(ret->reason), "no cgroup tree has the controller %s", controller);
}

uint64_t throttle_number(const char *text)
{
	unsigned long long v;

	return sscanf(text, "%llu", &v) == 1 && text[0] != '-' ? v : UINT64_MAX;
}

int throttle_no_lower(const struct fault *f, const struct throttle_limit *l, const char *goal, struct fl_error *err)
{
	error_usage(err, "%s: %s is no lower than what is there already: %s", f->ops->name, goal, l->before);
	return -EINVAL;
}
