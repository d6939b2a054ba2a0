// SPDX-License-Identifier: GPL-2.0-only
/* fd_table.c - see fd_table.h; and putting the limits back by it. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fault/process/fd_table.h"
#include "session/journal.h"
#include "util/cleanup.h"
#include "util/proc.h"
#include "util/text/text.h"
#include "util/text/units.h"

int fd_limit_read(pid_t pid, rlim_t *ret)
{
	struct rlimit l;

	if (prlimit(pid, RLIMIT_NOFILE, NULL, &l))
		return -errno;
	*ret = l.rlim_cur;
	return 0;
}

int fd_limit_write(pid_t pid, rlim_t soft)
{
	struct rlimit l;

	if (prlimit(pid, RLIMIT_NOFILE, NULL, &l))
		return -errno;
	l.rlim_cur = soft < l.rlim_max ? soft : l.rlim_max;
	return prlimit(pid, RLIMIT_NOFILE, &l, NULL) ? -errno : 0;
}

static uint64_t mix(uint64_t h, const char *text, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3ull;
	return h;
}

/* All groups of a process, its network and its pid namespace as one number (FNV-1a); 0: they cannot be read. */
static uint64_t groups_of(pid_t pid)
{
	static const char *const namespaces[] = { "net", "pid" };
	_cleanup_free_ char *text = NULL;
	uint64_t h = 0xcbf29ce484222325ull;
	char path[64], link[64];
	size_t n, i;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (file_read(path, 65536, &text, &n, NULL) || !n)
		return 0;
	h = mix(h, text, n);
	for (i = 0; i < ARRAY_SIZE(namespaces); i++) {
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, namespaces[i]);
		len = readlink(path, link, sizeof(link));
		if (len <= 0)
			return 0;
		h = mix(h, link, (size_t)len);
	}
	return h >> 1; /* the table is read as signed */
}

static bool groups_has(const struct fd_values *v, uint64_t groups)
{
	uint32_t i;

	for (i = 0; i < v->n_groups; i++)
		if (v->groups[i] == groups)
			return true;
	return false;
}

void fd_groups_add(struct fd_values *v, pid_t pid)
{
	uint64_t groups = groups_of(pid);

	if (groups && v->n_groups < FD_GROUPS && !groups_has(v, groups))
		v->groups[v->n_groups++] = groups;
}

bool fd_groups_have(const struct fd_values *v, pid_t pid)
{
	uint64_t groups = groups_of(pid);

	return groups && groups_has(v, groups);
}

/* A line a process: pid, start time, soft limit; and one a value that was set: 0, since when,
 * the value; and one a set of groups: -1, the set, 0. */
int fd_table_write(const char *path, const struct limited *v, uint32_t n, const struct fd_values *values,
		   struct fl_error *err)
{
	struct text t = {};
	uint32_t i;
	int r;

	for (i = 0; i < n; i++)
		text_append(&t, "%d %llu %llu\n", (int)v[i].id.pid, (unsigned long long)v[i].id.start,
			    (unsigned long long)v[i].old);
	for (i = 0; i < FD_VALUES; i++)
		if (fd_value_set(values, i))
			text_append(&t, "0 %llu %u\n", (unsigned long long)values->since, i);
	for (i = 0; i < values->n_groups; i++)
		text_append(&t, "-1 %llu 0\n", (unsigned long long)values->groups[i]);
	r = t.failed ? error_sys(err, ENOMEM, "fd_exhaustion: out of memory")
		     : file_write(path, t.s ?: "", t.len, 0600, err);
	text_free(&t);
	return r;
}

#define DEPTH_MAX  64 /* of the tree of processes */
#define PASSES_MAX 5  /* over all processes */

struct table {
	struct limited *v; /* by pid */
	uint32_t n;
	struct fd_values values;
};

static int by_pid(const void *a, const void *b)
{
	const struct limited *x = a, *y = b;

	return (x->id.pid > y->id.pid) - (x->id.pid < y->id.pid);
}

static void take_value(struct fd_values *v, int kind, uint64_t a, uint64_t b)
{
	if (kind < 0 && v->n_groups < FD_GROUPS)
		v->groups[v->n_groups++] = a;
	if (kind)
		return;
	v->since = a;
	fd_value_add(v, b);
}

/* -ENOENT: none was written, so nothing was lowered. */
static int table_read(const char *path, struct table *t)
{
	_cleanup_file_ FILE *f = fopen(path, "re");
	unsigned long long start, soft;
	uint32_t room = 0;
	int pid, fields;

	if (!f)
		return -errno;
	while ((fields = fscanf(f, "%d %llu %llu", &pid, &start, &soft)) == 3) {
		if (pid <= 0) {
			take_value(&t->values, pid, start, soft);
			continue;
		}
		if (t->n == room) {
			struct limited *grown = reallocarray(t->v, room = 2 * room + 64, sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			t->v = grown;
		}
		t->v[t->n++] = (struct limited){ .id = { pid, start }, .old = soft };
	}
	if (fields != EOF || ferror(f))
		return -EBADMSG;
	if (t->n)
		qsort(t->v, t->n, sizeof(*t->v), by_pid);
	return 0;
}

struct trouble {
	int code; /* first negative errno */
	pid_t pid;
};

static void note_trouble(struct trouble *t, int r, pid_t pid)
{
	if (!r || r == -ESRCH || t->code)
		return;
	t->code = r;
	t->pid = pid;
}

/* Each gets its own back; the number of those that were there. One of whom it cannot be told is left alone. */
static uint32_t restore_listed(const struct table *t, struct trouble *trouble)
{
	uint32_t i, restored = 0;

	for (i = 0; i < t->n; i++) {
		const struct limited *l = &t->v[i];
		enum proc_is is = proc_is(l->id.pid, l->id.start);
		int r = is == PROC_HERE ? fd_limit_write(l->id.pid, l->old) : is == PROC_GONE ? -ESRCH : -EIO;

		restored += !r;
		note_trouble(trouble, r, l->id.pid);
	}
	return restored;
}

/* The nearest one above @pid that the table lists; NULL: none that still runs. */
static const struct limited *ancestor(const struct table *t, pid_t pid)
{
	const struct limited *found = NULL;
	struct limited key = {};
	int depth;

	for (depth = 0; !found && depth < DEPTH_MAX && (pid = proc_parent(pid)) > 1; depth++) {
		key.id.pid = pid;
		found = bsearch(&key, t->v, t->n, sizeof(key), by_pid);
	}
	return found;
}

/* What an heir of the target's limits had from those who have ended: the most that any of them had. */
static rlim_t most(const struct table *t)
{
	rlim_t ret = 0;
	uint32_t i;

	for (i = 0; i < t->n; i++)
		ret = t->v[i].old > ret ? t->v[i].old : ret;
	return ret;
}

/* @pid has one of our limits, and is not in the table: what it would have without us; 0: it is none of ours. */
static rlim_t inherited(const struct table *t, pid_t pid, rlim_t soft)
{
	const struct limited *above;

	if (!fd_value_set(&t->values, soft) || proc_start(pid) < t->values.since)
		return 0;
	above = ancestor(t, pid);
	return above ? above->old : fd_groups_have(&t->values, pid) ? most(t) : 0;
}

/* Born after the last look. True: there was one. */
static bool restore_heirs(const struct table *t, struct trouble *trouble)
{
	DIR *proc = proc_scan();
	struct dirent *e;
	bool any = false;
	int64_t pid;
	rlim_t soft = 0, old;
	int r;

	if (!proc)
		note_trouble(trouble, -errno, 0);
	while (proc && (e = readdir(proc))) {
		struct limited key = {};

		if (units_int(e->d_name, 1, INT32_MAX, &pid, NULL))
			continue;
		key.id.pid = (pid_t)pid;
		if (bsearch(&key, t->v, t->n, sizeof(key), by_pid) || fd_limit_read((pid_t)pid, &soft))
			continue;
		old = inherited(t, (pid_t)pid, soft);
		if (old <= soft)
			continue;
		r = fd_limit_write((pid_t)pid, old);
		any |= !r;
		note_trouble(trouble, r, (pid_t)pid);
	}
	if (proc)
		closedir(proc);
	return any;
}

/* The listed first: who is born behind that has the right limit. One may be born while others are looked at. */
static uint32_t restore_all(const struct table *t, struct trouble *trouble)
{
	uint32_t restored = restore_listed(t, trouble);
	int pass;

	for (pass = 0; pass < PASSES_MAX && restore_heirs(t, trouble); pass++)
		restored++;
	return restored;
}

static enum undo_state undo_nofile(const json_t *args, struct fl_error *err)
{
	const char *path = json_string_value(json_object_get(args, "table"));
	_cleanup_free_ struct table *t = calloc(1, sizeof(*t));
	struct trouble trouble = {};
	uint32_t restored = 0;
	int r = !t ? -ENOMEM : path ? table_read(path, t) : -EINVAL;

	if (!r && t->n)
		restored = restore_all(t, &trouble);
	if (t)
		free(t->v);
	if (r == -ENOENT)
		return UNDO_NOT_NEEDED;
	if (r) {
		error_env(err, -r, "processes may still have a lowered RLIMIT_NOFILE: cannot read %s: %s",
			  path ? path : "?", strerror(-r));
		return UNDO_OPEN;
	}
	if (!trouble.code)
		return restored ? UNDO_DONE : UNDO_NOT_NEEDED;
	error_env(err, -trouble.code, "process %d may still have a lowered RLIMIT_NOFILE: %s", (int)trouble.pid,
		  strerror(-trouble.code));
	error_hint(err, "what it was is in %s (pid, start time, limit); prlimit --pid %d --nofile=LIMIT: sets it", path,
		   (int)trouble.pid);
	return UNDO_OPEN;
}

const struct undo_op undo_fd[] = { { .name = "restore-nofile", .undo = undo_nofile, .ends_with_boot = true }, {} };
