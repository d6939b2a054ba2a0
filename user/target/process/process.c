// SPDX-License-Identifier: GPL-2.0-only
/* process.c - see process.h */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <strings.h>
#include <sys/pidfd.h>
#include <sys/stat.h>

#include "target/process/member.h"
#include "target/process/process.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/proc.h"
#include "util/text/text.h"
#include "util/text/units.h"

/* The part of /proc/PID/stat behind the name, which may hold anything: "S 1 ..." */
static const char *stat_tail(pid_t pid, char *buf, size_t size)
{
	char path[64];
	_cleanup_fd_ int fd = -1;
	ssize_t n;
	char *tail;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, size - 1);
	if (n <= 0)
		return NULL;
	buf[n] = '\0';
	tail = strrchr(buf, ')');
	return tail && tail[1] == ' ' ? tail + 2 : NULL;
}

char process_state(pid_t pid)
{
	char buf[512];
	const char *tail = stat_tail(pid, buf, sizeof(buf));

	return tail ? *tail : '\0';
}

uint64_t process_namespace(pid_t pid, const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	return stat(path, &st) ? 0 : st.st_ino;
}

bool process_dead(struct process_id id)
{
	return proc_is(id.pid, id.start) == PROC_GONE;
}

/* ---- signals -------------------------------------------------------------------------------- */

int process_signal(struct process_id id, int signal)
{
	return proc_signal(id.pid, id.start, signal);
}

int process_wait_gone(struct process_id id, uint64_t timeout_ns)
{
	_cleanup_fd_ int fd = proc_open(id.pid, id.start);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return fd == -ESRCH ? 0 : fd;
	return poll(&p, 1, (int)(timeout_ns / NS_PER_MSEC)) == 1 ? 0 : -ETIMEDOUT;
}

int process_signal_number(const char *text, int *ret, struct fl_error *err)
{
	const char *name = strncasecmp(text, "SIG", 3) ? text : text + 3;
	int64_t n;
	int i;

	if (!units_int(text, 1, SIGRTMAX, &n, NULL)) {
		*ret = (int)n;
		return 0;
	}
	for (i = 1; i < NSIG; i++) {
		const char *known = sigabbrev_np(i);

		if (known && !strcasecmp(known, name)) {
			*ret = i;
			return 0;
		}
	}
	error_usage(err, "'%s' is no signal", text);
	error_hint(err, "a name like KILL or SIGTERM, or a number; `kill -l` lists them");
	return -EINVAL;
}

const char *process_signal_name(int signal, char *buf, size_t size)
{
	const char *known = sigabbrev_np(signal);

	if (known)
		snprintf(buf, size, "SIG%s", known);
	else
		snprintf(buf, size, "signal %d", signal);
	return buf;
}

json_t *process_json(struct process_id id)
{
	return json_pack("{s:i, s:I}", "pid", (int)id.pid, "start", (json_int_t)id.start);
}

struct process_id process_from_json(const json_t *args)
{
	return (struct process_id){
		.pid = (pid_t)json_integer_value(json_object_get(args, "pid")),
		.start = (uint64_t)json_integer_value(json_object_get(args, "start")),
	};
}

/* ---- the processes of a target --------------------------------------------------------------- */

struct list {
	struct process_id *v;
	uint32_t n, size;
};

static int list_add(pid_t pid, uint64_t start, void *ctx)
{
	struct list *l = ctx;

	if (l->n == l->size) {
		uint32_t size = l->size ? 2 * l->size : 64;
		struct process_id *v = reallocarray(l->v, size, sizeof(*v));

		if (!v)
			return -ENOMEM;
		l->v = v;
		l->size = size;
	}
	l->v[l->n++] = (struct process_id){ .pid = pid, .start = start };
	return 0;
}

static bool descends_from(pid_t pid, pid_t ancestor)
{
	unsigned int depth;

	for (depth = 0; pid > 1 && depth < 256; depth++) {
		if (pid == ancestor)
			return true;
		pid = proc_parent(pid);
	}
	return false;
}

static bool same_file(const char *path, const struct stat *as)
{
	struct stat st;

	return !stat(path, &st) && st.st_dev == as->st_dev && st.st_ino == as->st_ino;
}

bool process_is_ours(pid_t pid)
{
	_cleanup_free_ char *name = NULL;
	unsigned int depth;
	struct stat self;
	char path[64];

	if (descends_from(pid, getpid()))
		return true;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (file_read(path, 64, &name, NULL, NULL) ||
	    (strncmp(name, "stress-ng", 9) && strcmp(name, "fl-stressor\n")) || stat("/proc/self/exe", &self))
		return false;
	for (depth = 0; depth < 8 && (pid = proc_parent(pid)) > 1; depth++) {
		snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
		if (same_file(path, &self))
			return true;
	}
	return false;
}

/* The main process leads its list; the others as they were started. */
static int older_first(const void *a, const void *b)
{
	const struct process_id *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

int process_list(const struct target *t, struct process_id **ret, uint32_t *ret_n, struct fl_error *err)
{
	struct list l = {};
	uint32_t i, kept = 0;
	int r = target_each_member(t, list_add, &l);

	if (r) {
		free(l.v);
		return error_sys(err, -r, "cannot list the processes of %s: %s", t->name, strerror(-r));
	}
	for (i = 0; i < l.n; i++)
		if (!process_is_ours(l.v[i].pid))
			l.v[kept++] = l.v[i];
	if (kept)
		qsort(l.v, kept, sizeof(*l.v), older_first);
	*ret = l.v;
	*ret_n = kept;
	return 0;
}
