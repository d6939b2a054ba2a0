// SPDX-License-Identifier: GPL-2.0-only
/* fd_table.c - see fd_table.h; and putting the limits back by it. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

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

/* A line a process: pid, start time, soft limit. */
int fd_table_write(const char *path, const struct limited *v, uint32_t n, struct fl_error *err)
{
	struct text t = {};
	uint32_t i;
	int r;

	for (i = 0; i < n; i++)
		text_append(&t, "%d %llu %llu\n", (int)v[i].id.pid, (unsigned long long)v[i].id.start,
			    (unsigned long long)v[i].old);
	r = t.failed ? error_sys(err, ENOMEM, "fd_exhaustion: out of memory")
		     : file_write(path, t.s ?: "", t.len, 0600, err);
	text_free(&t);
	return r;
}

struct table {
	struct limited *v; /* by pid */
	uint32_t n;
};

static int by_pid(const void *a, const void *b)
{
	const struct limited *x = a, *y = b;

	return (x->id.pid > y->id.pid) - (x->id.pid < y->id.pid);
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

/* What each is limited to now; who is gone has 0 as its old limit from here on. */
static void look(struct table *t, struct trouble *trouble)
{
	uint32_t i;

	for (i = 0; i < t->n; i++) {
		struct limited *l = &t->v[i];
		enum proc_is is = proc_is(l->id.pid, l->id.start);

		if (is == PROC_HERE)
			note_trouble(trouble, fd_limit_read(l->id.pid, &l->now), l->id.pid);
		else if (is == PROC_UNKNOWN)
			note_trouble(trouble, -EIO, l->id.pid);
		else
			l->old = 0;
	}
}

/* Children that still have the limit they inherited: born after the last look. */
static void restore_children(const struct table *t, struct trouble *trouble)
{
	DIR *proc = proc_scan();
	struct dirent *e;
	int64_t pid;
	int r;

	if (!proc)
		note_trouble(trouble, -errno, 0);
	while (proc && (e = readdir(proc))) {
		struct limited key = {};
		const struct limited *parent;
		rlim_t soft = 0;

		if (units_int(e->d_name, 1, INT32_MAX, &pid, NULL))
			continue;
		key.id.pid = proc_parent((pid_t)pid);
		parent = bsearch(&key, t->v, t->n, sizeof(key), by_pid);
		if (!parent || parent->now >= parent->old)
			continue;
		r = fd_limit_read((pid_t)pid, &soft);
		if (!r && soft == parent->now)
			r = fd_limit_write((pid_t)pid, parent->old);
		note_trouble(trouble, r, (pid_t)pid);
	}
	if (proc)
		closedir(proc);
}

static enum undo_state undo_nofile(const json_t *args, struct fl_error *err)
{
	const char *path = json_string_value(json_object_get(args, "table"));
	struct trouble trouble = {};
	struct table t = {};
	uint32_t i, restored = 0;
	int r = path ? table_read(path, &t) : -EINVAL;

	if (!r && t.n) {
		look(&t, &trouble);
		restore_children(&t, &trouble);
	}
	for (i = 0; !r && i < t.n; i++) {
		int w = t.v[i].old ? fd_limit_write(t.v[i].id.pid, t.v[i].old) : -ESRCH;

		restored += !w;
		note_trouble(&trouble, w, t.v[i].id.pid);
	}
	free(t.v);
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
