// SPDX-License-Identifier: GPL-2.0-only
/*
 * place.c - see place.h. A root that is looked into may be a hostile one, and a file system in it may never
 * answer: each is opened by a child with a deadline (inside_reopen), once for all processes with the same
 * root, and behind LATE_MOST that did not answer nobody is asked any more. Of none of these it is said that the
 * file is not there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fault/state/place.h"
#include "fault/state/place_host.h"
#include "os/sealed.h"
#include "target/process/inside.h"
#include "util/cleanup.h"
#include "util/proc.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define LATE_MOST 3

struct wanted {
	const char *path;
	json_int_t dev, ino;
	const json_t *sealed;
	int flags;
};

/* What a search has met with. */
struct found {
	int fd;       /* -1 */
	bool mounted; /* somebody has the file system */
	int blind;    /* first errno of what could not be looked at; 0: all could */
	char blind_pid[16];
	unsigned int late; /* roots that did not answer in time */
};

/* What a process takes for "/": a mount, of one mount namespace, and a directory on it. */
struct root {
	uint64_t mount, ino;
};

struct roots {
	struct root *v;
	size_t n;
};

json_t *place_json(pid_t pid, uint64_t start, const char *path, int fd)
{
	char boot[PROC_BOOT_SIZE];
	struct place_host h;
	json_t *host = NULL;
	struct stat st;

	if (fstat(fd, &st))
		return NULL;
	proc_boot(boot);
	place_host_find(pid, fd, &h);
	if (h.path[0])
		host = json_pack("{s:s, s:s, s:I}", "path", h.path, "mount", h.mount, "ino", (json_int_t)h.ino);
	return json_pack("{s:i, s:I, s:s, s:I, s:I, s:s, s:b, s:o*, s:o*}", "pid", (int)pid, "start", (json_int_t)start,
			 "path", path, "dev", (json_int_t)st.st_dev, "ino", (json_int_t)st.st_ino, "boot", boot,
			 "lasts", h.lasts, "host", host, "sealed", sealed_now());
}

static void note_blind(struct found *f, const struct wanted *w, const char *pid, int code)
{
	if (f->blind || code == ENOENT || code == ESRCH || (sealed_errno(code) && sealed_had(w->sealed, pid)))
		return;
	f->blind = code;
	text_copy(f->blind_pid, sizeof(f->blind_pid), pid);
}

/* Does the process still have the file system mounted? */
static void look_at_mounts(struct found *found, const struct wanted *w, const char *pid)
{
	char path[64], line[4096];
	_cleanup_file_ FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%s/mountinfo", pid);
	f = fopen(path, "re");
	if (!f) /* EINVAL: of a zombie */
		note_blind(found, w, pid, errno == EINVAL ? ESRCH : errno);
	while (f && !found->mounted && fgets(line, sizeof(line), f)) {
		unsigned int major, minor;

		found->mounted =
			sscanf(line, "%*d %*d %u:%u", &major, &minor) == 2 && makedev(major, minor) == (dev_t)w->dev;
	}
}

/* In the root of @pid. 1: it is the one, and open; 0: there is something else; negative: nothing is there,
 * or it cannot be told. */
static int open_in(const struct wanted *w, pid_t pid, int *ret_fd)
{
	int fd = inside_reopen(pid, w->path, (dev_t)w->dev, (ino_t)w->ino, w->flags);

	if (fd == -ESTALE)
		return 0;
	if (fd < 0)
		return fd == -ENOTDIR ? -ENOENT : fd;
	*ret_fd = fd;
	return 1;
}

/* Without asking the file system, which may not answer. */
static int root_of(const char *pid, struct root *ret)
{
	_cleanup_fd_ int fd = -1;
	struct statx st;
	char path[300];

	snprintf(path, sizeof(path), "/proc/%s/root", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &st) ||
	    !(st.stx_mask & STATX_MNT_ID))
		return -EIO;
	*ret = (struct root){ st.stx_mnt_id, st.stx_ino };
	return 0;
}

/* True: another process with the same one has been asked. False also when that cannot be told. */
static bool seen_before(struct roots *seen, const char *pid)
{
	struct root r, *grown;
	size_t i;

	if (root_of(pid, &r))
		return false;
	for (i = 0; i < seen->n; i++)
		if (seen->v[i].mount == r.mount && seen->v[i].ino == r.ino)
			return true;
	grown = reallocarray(seen->v, seen->n + 1, sizeof(*grown));
	if (!grown)
		return false;
	seen->v = grown;
	seen->v[seen->n++] = r;
	return false;
}

static void look_into(const struct wanted *w, struct found *f, const char *name, pid_t pid)
{
	int r = f->late < LATE_MOST ? open_in(w, pid, &f->fd) : -ETIMEDOUT;

	f->late += r == -ETIMEDOUT;
	if (r < 0)
		note_blind(f, w, name, -r);
}

static void search(const struct wanted *w, struct found *f)
{
	struct roots seen = {};
	DIR *dir = proc_scan();
	struct dirent *e;
	int64_t pid;

	if (!dir)
		f->blind = errno;
	while (dir && f->fd < 0 && (e = readdir(dir))) {
		if (units_int(e->d_name, 1, INT32_MAX, &pid, NULL) || seen_before(&seen, e->d_name))
			continue;
		look_into(w, f, e->d_name, (pid_t)pid);
		if (!f->mounted)
			look_at_mounts(f, w, e->d_name);
	}
	if (dir)
		closedir(dir);
	free(seen.v);
}

static int judge(const struct wanted *w, const struct found *f, struct fl_error *err)
{
	if (f->fd >= 0)
		return f->fd;
	if (f->mounted)
		return error_env(err, EAGAIN, "%s cannot be reached: the target does not run", w->path);
	if (f->blind)
		return error_env(err, f->blind == ENOENT ? EIO : f->blind,
				 "cannot tell whether %s is still there: process %s cannot be looked into: %s", w->path,
				 f->blind_pid,
				 f->blind == ETIMEDOUT ? "a file system in its root does not answer"
						       : strerror(f->blind));
	return -ENOENT;
}

/* Where the host sees it. -ENXIO, without an error: it never did. */
static int open_on_host(const json_t *place, int flags, const char **ret_other, struct fl_error *err)
{
	struct place_host h = {};
	const char *path, *mount;
	json_int_t ino;

	if (json_unpack(json_object_get(place, "host"), "{s:s, s:s, s:I}", "path", &path, "mount", &mount, "ino", &ino))
		return -ENXIO;
	text_copy(h.path, sizeof(h.path), path);
	text_copy(h.mount, sizeof(h.mount), mount);
	h.ino = (ino_t)ino;
	*ret_other = "replaced";
	return place_host_open(&h, flags, err);
}

/* Pids and device numbers are others' by now. */
static int open_after_reboot(const json_t *place, int flags, const char **ret_other, struct fl_error *err)
{
	int r;

	if (!json_is_true(json_object_get(place, "lasts")))
		return -ENOENT;
	r = open_on_host(place, flags, ret_other, err);
	return r != -ENXIO ? r
			   : error_env(err, EAGAIN,
				       "%s cannot be reached since the reboot: the host itself "
				       "does not see it",
				       json_string_value(json_object_get(place, "path")));
}

static bool of_earlier_boot(const json_t *place)
{
	const char *then = json_string_value(json_object_get(place, "boot"));
	char now[PROC_BOOT_SIZE];

	proc_boot(now);
	return then && *then && *now && strcmp(then, now);
}

int place_open(const json_t *place, int flags, const char **ret_other, struct fl_error *err)
{
	struct wanted w = { .sealed = json_object_get(place, "sealed"), .flags = flags };
	struct found f = { .fd = -1 };
	json_int_t pid, start = 0;
	int r;

	if (json_unpack((json_t *)(uintptr_t)place, "{s:s, s:I, s:I, s:I, s?I}", "path", &w.path, "dev", &w.dev, "ino",
			&w.ino, "pid", &pid, "start", &start))
		return error_sys(err, EINVAL, "the journal's place makes no sense");
	if (of_earlier_boot(place))
		return open_after_reboot(place, flags, ret_other, err);
	if (proc_is((pid_t)pid, (uint64_t)start) == PROC_HERE) {
		r = open_in(&w, (pid_t)pid, &f.fd);
		*ret_other = r ? "removed" : "replaced";
		if (r == 0 || r == -ENOENT)
			return -ESTALE;
	}
	if (f.fd < 0)
		search(&w, &f);
	r = f.fd < 0 ? open_on_host(place, flags, ret_other, err) : -ENXIO;
	return r != -ENXIO ? r : judge(&w, &f, err);
}
