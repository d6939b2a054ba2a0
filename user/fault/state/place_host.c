// SPDX-License-Identifier: GPL-2.0-only
/*
 * place_host.c - see place_host.h. All of it is read from mountinfo (proc(5)): which mount the descriptor
 * is on, what that mount shows, and where the host has the same mounted.
 *
 * Limits: names with blanks (written \040 there) are not found. An inode keeps its number over a reboot on
 * ext4, xfs and btrfs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "fault/state/place_host.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define LINE_MAX_BYTES 8192

struct mount {
	int id;
	unsigned int major, minor;
	char root[512], point[512], type[64], super[4096];
};

static bool parse_mount(const char *line, struct mount *m)
{
	const char *dash = strstr(line, " - ");

	m->super[0] = '\0';
	return sscanf(line, "%d %*d %u:%u %511s %511s", &m->id, &m->major, &m->minor, m->root, m->point) == 5 && dash &&
	       sscanf(dash, " - %63s %*s %4095s", m->type, m->super) >= 1 && !strchr(m->root, '\\') &&
	       !strchr(m->point, '\\');
}

/* Call @is_it for each mount of @mountinfo, until it says yes. */
static bool find_mount(const char *mountinfo, bool (*is_it)(const struct mount *m, void *arg), void *arg,
		       struct mount *ret)
{
	_cleanup_file_ FILE *f = fopen(mountinfo, "re");
	_cleanup_free_ char *line = malloc(LINE_MAX_BYTES);

	while (f && line && fgets(line, LINE_MAX_BYTES, f))
		if (parse_mount(line, ret) && is_it(ret, arg))
			return true;
	return false;
}

static bool has_id(const struct mount *m, void *arg)
{
	return m->id == *(int *)arg;
}

static int mount_id(int fd)
{
	char path[64];
	_cleanup_free_ char *info = NULL;
	const char *at;
	int id = -1;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (file_read(path, 65536, &info, NULL, NULL))
		return -1;
	at = strstr(info, "mnt_id:");
	return at && sscanf(at, "mnt_id: %d", &id) == 1 ? id : -1;
}

/* What is left of @path behind the directory @dir; NULL: it is not below it. Begins with '/', or is empty. */
static const char *below(const char *path, const char *dir)
{
	size_t len = strcmp(dir, "/") ? strlen(dir) : 0;

	return strncmp(path, dir, len) || (path[len] && path[len] != '/') ? NULL : path + len;
}

/* Where the host has the mount of the file system, and in it the file. */
struct view {
	const struct mount *there; /* the target's */
	char inside[1024];         /* the path in the file system */
	struct stat st;
	struct place_host *ret;
};

static bool shows_it(const struct mount *m, void *arg)
{
	struct view *v = arg;
	const char *rest = below(v->inside, m->root);
	struct stat st;

	if (m->major != v->there->major || m->minor != v->there->minor || !rest)
		return false;
	if ((size_t)snprintf(v->ret->path, sizeof(v->ret->path), "%s%s", strcmp(m->point, "/") ? m->point : "", rest) >=
		    sizeof(v->ret->path) ||
	    lstat(v->ret->path, &st) || st.st_dev != v->st.st_dev || st.st_ino != v->st.st_ino)
		return false;
	v->ret->ino = st.st_ino;
	return text_copy(v->ret->mount, sizeof(v->ret->mount), m->point);
}

/* The mount point that is nearest above a path. */
static bool is_nearer(const struct mount *m, void *arg)
{
	struct place_host *h = arg;

	if (below(h->path, m->point) && strlen(m->point) >= strlen(h->mount))
		text_copy(h->mount, sizeof(h->mount), m->point);
	return false;
}

/* A file of a container that was opened for writing is in its upper layer. */
static void find_in_upper(const struct view *v, const struct mount *m, struct place_host *ret)
{
	const char *upper = strstr(m->super, "upperdir=");
	struct mount scratch;
	struct stat st;

	if (!upper || upper[9] != '/')
		return;
	upper += 9;
	if ((size_t)snprintf(ret->path, sizeof(ret->path), "%.*s%s", (int)strcspn(upper, ","), upper, v->inside) <
		    sizeof(ret->path) &&
	    !lstat(ret->path, &st) && (st.st_mode & S_IFMT) == (v->st.st_mode & S_IFMT) &&
	    (S_ISDIR(st.st_mode) || st.st_size == v->st.st_size)) {
		ret->ino = st.st_ino;
		find_mount("/proc/self/mountinfo", is_nearer, ret, &scratch);
		return;
	}
	ret->path[0] = '\0';
}

static bool is_volatile(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

void place_host_find(pid_t pid, int fd, struct place_host *ret)
{
	char self[64], path[1024], theirs[64];
	struct mount m, found;
	struct view v = { .there = &m, .ret = ret };
	int id = mount_id(fd);
	const char *rest;
	ssize_t n;

	*ret = (struct place_host){ .lasts = !is_volatile(fd) };
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	snprintf(theirs, sizeof(theirs), "/proc/%d/mountinfo", (int)pid);
	n = readlink(self, path, sizeof(path) - 1);
	if (!ret->lasts || n <= 0 || id < 0 || fstat(fd, &v.st) ||
	    (!find_mount("/proc/self/mountinfo", has_id, &id, &m) && !find_mount(theirs, has_id, &id, &m)))
		return;
	path[n] = '\0';
	rest = below(path, m.point);
	if (!rest || (size_t)snprintf(v.inside, sizeof(v.inside), "%s%s", strcmp(m.root, "/") ? m.root : "", rest) >=
			     sizeof(v.inside))
		return;
	if (!strcmp(m.type, "overlay"))
		find_in_upper(&v, &m, ret);
	if (!ret->path[0] && !find_mount("/proc/self/mountinfo", shows_it, &v, &found))
		ret->path[0] = '\0';
}

static bool is_point(const struct mount *m, void *arg)
{
	return !strcmp(m->point, arg);
}

int place_host_open(const struct place_host *h, int flags, struct fl_error *err)
{
	struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_NO_SYMLINKS };
	_cleanup_fd_ int fd = (int)syscall(SYS_openat2, AT_FDCWD, h->path, &how, sizeof(how));
	int code = fd < 0 ? errno : 0;
	struct mount scratch;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st))
		code = errno;
	if (!code)
		return st.st_ino == h->ino ? take_fd(fd) : -ESTALE;
	if (code != ENOENT && code != ENOTDIR)
		return error_env(err, code, "%s on the host: %s", h->path, strerror(code));
	if (find_mount("/proc/self/mountinfo", is_point, (void *)(uintptr_t)h->mount, &scratch))
		return -ENOENT;
	error_env(err, ENODEV, "%s on the host: nothing is mounted at %s", h->path, h->mount);
	error_hint(err, "mount it, then faultline recover");
	return -ENODEV;
}
