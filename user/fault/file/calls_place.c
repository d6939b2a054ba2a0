// SPDX-License-Identifier: GPL-2.0-only
/* calls_place.c - see calls_place.h */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fault/file/calls_place.h"
#include "os/fan.h"
#include "session/session.h"
#include "target/process/process.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define WILD "*?["

int calls_place_check(const char *path, const char *kind, struct fl_error *err)
{
	struct calls_place p;

	if (path[0] != '/')
		return error_usage(err, "%s: path '%s' is not absolute", kind, path);
	if (strlen(path) >= sizeof(p.rest))
		return error_usage(err, "%s: path has more than %zu bytes", kind, sizeof(p.rest) - 1);
	return 0;
}

/* --- where it is ----------------------------------------------------------------------------------- */

/* What an event says of an open file: its path, with what is above the target's root. */
static int path_of(int fd, char *ret, size_t size)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, ret, size - 1);
	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return (size_t)n == size - 1 ? -ENAMETOOLONG : 0;
}

/* Mounts are numbered for all namespaces together. -1: that cannot be told. */
static int64_t mount_of(int fd)
{
	_cleanup_free_ char *text = NULL;
	char path[64], *at;
	int64_t id = -1;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (file_read(path, 4096, &text, NULL, NULL) || !(at = strstr(text, "mnt_id:")))
		return -1;
	at += strlen("mnt_id:");
	at += strspn(at, " \t");
	at[strcspn(at, "\n")] = '\0';
	return units_int(at, 0, INT64_MAX, &id, NULL) ? -1 : id;
}

static int64_t mount_at(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? -1 : mount_of(fd);
}

static int open_root(const struct target *t)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root", (int)t->pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && proc_same(t->pid, t->pid_start))
		return fd;
	if (fd >= 0)
		close(fd);
	return -ESRCH;
}

/* O_PATH only: that makes no event, whoever has asked for some. */
static int open_in(int root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int fd = (int)syscall(SYS_openat2, root, *path ? path : "/", &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* "/data/?/x*" -> "/data", "?/x*" */
static void split(const char *path, char *folder, struct calls_place *ret)
{
	size_t len = strcspn(path, WILD);

	ret->rest[0] = '\0';
	if (path[len]) {
		while (path[len - 1] != '/')
			len--;
		text_copy(ret->rest, sizeof(ret->rest), path + len);
	}
	memcpy(folder, path, len);
	folder[len] = '\0';
}

static bool below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && path[len] == '/' && path[len + 1];
}

bool calls_place_has(const struct calls_place *p, const char *path)
{
	size_t root = strlen(p->root), folder = strlen(p->folder);

	if (strncmp(path, p->root, root))
		return false;
	path += root;
	if (p->rest[0])
		return below(path, p->folder) && !fnmatch(p->rest, path + folder + 1, 0);
	return !strcmp(path, p->folder) || below(path, p->folder);
}

/* --- where no event may be asked for ----------------------------------------------------------------- */

static bool has_files(const char *type)
{
	static const char *const without[] = { "proc",       "sysfs",     "cgroup",      "cgroup2",  "devpts",
					       "devtmpfs",   "mqueue",    "bpf",         "debugfs",  "tracefs",
					       "securityfs", "pstore",    "configfs",    "fusectl",  "autofs",
					       "nsfs",       "hugetlbfs", "binfmt_misc", "efivarfs", "rpc_pipefs",
					       NULL };
	size_t i;

	for (i = 0; without[i]; i++)
		if (!strcmp(type, without[i]))
			return false;
	return true;
}

/* Why not the mount @id: a call of faultline's own there would wait for faultline. NULL: it may be. */
static const char *forbidden(int64_t id, const struct session *s)
{
	static const struct {
		const char *path, *what;
	} ours[] = {
		{ "/proc/1/root", "the host's root mount" },
		{ "/", "the root mount of the namespace that faultline itself is in" },
		{ "/run", "where faultline keeps its sessions" },
		{ FL_RUN_DIR, "where faultline keeps its sessions" },
		{ FL_STATE_DIR, "where faultline keeps what outlives a reboot" },
		{ "/tmp", "where faultline may write" },
		{ "/proc/self/exe", "where faultline itself is" },
		{ "/proc/self/cwd", "where faultline was started, and may write" },
		{ "/usr/lib", "where faultline's libraries are" },
	};
	size_t i;

	if (id < 0)
		return "one whose number the kernel does not tell";
	for (i = 0; i < ARRAY_SIZE(ours); i++)
		if (mount_at(ours[i].path) == id)
			return ours[i].what;
	return s && s->results[0] && mount_at(s->results) == id ? "where the results of this run go" : NULL;
}

/* --- the mounts -------------------------------------------------------------------------------------- */

struct mount_row {
	int64_t id;
	char point[512]; /* as the target's first process sees it */
	char type[32];
};

/* "\040" is a blank. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++)
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	*to = '\0';
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime shared:1 - ext3 /dev/root rw" */
static bool read_row(const char *line, struct mount_row *ret)
{
	const char *type = strstr(line, " - ");
	long long id;

	if (!type || sscanf(line, "%lld %*d %*s %*s %511s", &id, ret->point) != 2 ||
	    sscanf(type, " - %31s", ret->type) != 1)
		return false;
	ret->id = id;
	unescape(ret->point);
	return true;
}

/* Call @visit for each of the target's mounts until one returns non-zero. */
static int each_mount(const struct target *t, int (*visit)(const struct mount_row *row, void *arg), void *arg)
{
	_cleanup_file_ FILE *f = NULL;
	_cleanup_free_ char *line = NULL;
	struct mount_row row;
	size_t size = 0;
	char path[64];
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)t->pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (!r && getline(&line, &size, f) > 0)
		if (read_row(line, &row))
			r = visit(&row, arg);
	return r;
}

struct wanted_type {
	int64_t id;
	bool files;
};

static int visit_type(const struct mount_row *row, void *arg)
{
	struct wanted_type *w = arg;

	if (row->id != w->id)
		return 0;
	w->files = has_files(row->type);
	return 1;
}

/* The mount that has the place: is it one of files, and may it be asked about? */
static int check_mount(const struct fault *f, const struct target *t, int fd, const char *path, struct fl_error *err)
{
	const char *kind = f->ops->name;
	struct wanted_type w = { .id = mount_of(fd), .files = true };
	const char *why;
	int r = each_mount(t, visit_type, &w);

	if (r < 0)
		return error_env(err, -r, "%s on %s: its mounts cannot be read: %s", kind, t->name, strerror(-r));
	if (!w.files)
		return error_usage(err, "%s on %s: %s is on no file system of files", kind, t->name, path);
	why = forbidden(w.id, f->session);
	if (!why)
		return 0;
	error_env(err, EPERM,
		  "refused: %s on %s, because the mount of %s is %s: all who use it would wait for faultline", kind,
		  t->name, path, why);
	error_hint(err,
		   "name a path on a mount of its own (a volume, a tmpfs), or a target with a mount namespace of its "
		   "own, as a container is");
	return -EPERM;
}

int calls_place_find(const struct fault *f, const struct target *t, const char *path, struct calls_place *ret,
		     struct fl_error *err)
{
	const char *kind = f->ops->name;
	char folder[512], full[sizeof(ret->root) + sizeof(ret->folder)];
	_cleanup_fd_ int root = open_root(t), fd = -1;
	int r;

	if (root < 0)
		return error_env(err, ESRCH, "%s on %s: its process %d is gone", kind, t->name, (int)t->pid);
	split(path, folder, ret);
	fd = open_in(root, folder);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return error_usage(err, "%s on %s: there is no %s in the target", kind, t->name, folder);
	if (fd < 0)
		return error_env(err, -fd, "%s on %s: %s: %s", kind, t->name, folder, strerror(-fd));
	r = path_of(root, ret->root, sizeof(ret->root));
	if (!r)
		r = path_of(fd, full, sizeof(full));
	if (r)
		return error_env(err, -r, "%s on %s: %s: %s", kind, t->name, folder, strerror(-r));
	if (!strcmp(ret->root, "/"))
		ret->root[0] = '\0';
	if (strncmp(full, ret->root, strlen(ret->root)) ||
	    !text_copy(ret->folder, sizeof(ret->folder), full + strlen(ret->root)))
		return error_env(err, EXDEV, "%s on %s: %s leads out of the target's root", kind, t->name, folder);
	if (!strcmp(ret->folder, "/"))
		ret->folder[0] = '\0';
	return check_mount(f, t, fd, folder, err);
}

/* --- the marks --------------------------------------------------------------------------------------- */

struct marking {
	const struct fault *fault;
	const struct target *target;
	const struct calls_place *place;
	int root, fan;
	uint64_t mask;
	uint32_t n;
	int64_t base; /* the mount that has the place itself */
	struct fl_error *err;
};

static int mark(struct marking *m, int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fanotify_mark(m->fan, FAN_MARK_ADD | FAN_MARK_MOUNT, m->mask, AT_FDCWD, path) ? -errno : 0;
}

/* Below the place; what cannot be asked about is left out. */
static int visit_mark(const struct mount_row *row, void *arg)
{
	struct marking *m = arg;
	_cleanup_fd_ int fd = -1;

	if (row->id == m->base || !has_files(row->type) || !below(row->point, m->place->folder) ||
	    !strcmp(row->point, "/dev") || below(row->point, "/dev") || m->n == CALLS_MAX_MOUNTS)
		return 0;
	fd = open_in(m->root, row->point);
	if (fd < 0 || mount_of(fd) != row->id || forbidden(row->id, m->fault->session))
		return 0; /* hidden by another, or ours */
	m->n += !mark(m, fd);
	return 0;
}

static int explain(const struct marking *m, int code)
{
	const char *folder = m->place->folder[0] ? m->place->folder : "/";

	if (m->mask & FAN_PRE_ACCESS && (code == EINVAL || code == EOPNOTSUPP)) {
		error_env(m->err, code, "%s on %s: at: data is not possible for %s: %s", m->fault->ops->name,
			  m->target->name, folder,
			  code == EINVAL ? "this kernel has no FAN_PRE_ACCESS"
					 : "its file system has no events before access (ext4, XFS and btrfs have)");
		error_hint(m->err, "at: read and at: open work there");
		return -code;
	}
	return error_env(m->err, code, "%s on %s: ask for the events of %s: %s", m->fault->ops->name, m->target->name,
			 folder, strerror(code));
}

int calls_place_mark(const struct fault *f, const struct target *t, const struct calls_place *p, int fan, uint64_t mask,
		     struct fl_error *err)
{
	struct marking m = { .fault = f, .target = t, .place = p, .fan = fan, .mask = mask, .err = err };
	_cleanup_fd_ int root = open_root(t), fd = root < 0 ? -1 : open_in(root, p->folder);
	int r;

	if (fd < 0)
		return error_env(err, ESRCH, "%s on %s: its process, or %s in it, is gone", f->ops->name, t->name,
				 p->folder[0] ? p->folder : "/");
	/* It may be another mount by now. */
	r = check_mount(f, t, fd, p->folder[0] ? p->folder : "/", err);
	if (r)
		return r;
	m.root = root;
	m.base = mount_of(fd);
	r = mark(&m, fd);
	if (r)
		return explain(&m, -r);
	each_mount(t, visit_mark, &m);
	return 0;
}
