// SPDX-License-Identifier: GPL-2.0-only
/* scratch.c - see scratch.h */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "fault/scratch.h"
#include "journal/journal.h"
#include "kern/process.h"
#include "kern/session.h"
#include "util/cleanup.h"
#include "util/units.h"

#define PREFIX	  ".faultline-"
#define MAX_DEPTH 2 /* stress-ng makes directories of files in it, no deeper */

int scratch_announce(struct fault *f, const struct target *t, const char *path, int dir_fd,
		     struct scratch *s, struct fl_error *err)
{
	struct stat st;

	if (fstat(dir_fd, &st))
		return error_env(err, errno, "%s: %s", path, strerror(errno));
	snprintf(s->name, sizeof(s->name), PREFIX "%s", f->id);
	return journal_add(f->session->journal, "remove-scratch",
			   json_pack("{s:i, s:s, s:s, s:I, s:I}", "pid", (int)t->pid, "path", path,
				     "name", s->name, "dev", (json_int_t)st.st_dev, "ino",
				     (json_int_t)st.st_ino),
			   &s->entry, err);
}

/* Never follows a link, never leaves the directory. */
static int remove_entry(int parent, const char *name, int depth)
{
	struct dirent *e;
	DIR *dir;
	int fd;

	if (!unlinkat(parent, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM) /* EPERM: what POSIX says of a directory */
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return -errno;
	while ((e = readdir(dir)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && depth < MAX_DEPTH)
			remove_entry(fd, e->d_name, depth + 1);
	closedir(dir);
	return unlinkat(parent, name, AT_REMOVEDIR) && errno != ENOENT ? -errno : 0;
}

int scratch_remove(struct fault *f, int dir_fd, struct scratch *s, struct fl_error *err)
{
	int r;

	if (!s->entry)
		return 0;
	r = remove_entry(dir_fd, s->name, 0);
	if (r)
		return error_env(err, -r, "%s: cannot remove %s: %s", f->id, s->name, strerror(-r));
	r = journal_done(f->session->journal, s->entry, err);
	if (!r)
		s->entry = 0;
	return r;
}

/* ---- undo ------------------------------------------------------------------------------------ */

/* Open @path as process @pid sees it, if it is the directory that was written down. */
static int open_same(pid_t pid, const char *path, const json_t *args)
{
	int fd = process_open_path(pid, path, O_RDONLY | O_DIRECTORY, NULL);
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) &&
	    (json_int_t)st.st_dev == json_integer_value(json_object_get(args, "dev")) &&
	    (json_int_t)st.st_ino == json_integer_value(json_object_get(args, "ino")))
		return fd;
	close(fd);
	return -1;
}

/* The target's process may be gone while its volume is not: whoever sees the directory will do.
 * When nobody does, it went with the target's mount namespace. */
static int open_by_anyone(const char *path, const json_t *args)
{
	int fd = open_same((pid_t)json_integer_value(json_object_get(args, "pid")), path, args);
	DIR *proc = fd < 0 ? opendir("/proc") : NULL;
	struct dirent *e;
	int64_t pid;

	while (proc && fd < 0 && (e = readdir(proc)))
		if (!units_int(e->d_name, 1, INT_MAX, &pid, NULL))
			fd = open_same((pid_t)pid, path, args);
	if (proc)
		closedir(proc);
	return fd;
}

static int undo_remove(const json_t *args, struct fl_error *err)
{
	const char *path = json_string_value(json_object_get(args, "path"));
	const char *name = json_string_value(json_object_get(args, "name"));
	_cleanup_fd_ int fd = -1;
	int r;

	if (!path || !name || strncmp(name, PREFIX, strlen(PREFIX)) || strchr(name, '/'))
		return error_sys(err, EBADMSG, "remove-scratch: the journal names nothing of ours");
	fd = open_by_anyone(path, args);
	r = fd < 0 ? 0 : remove_entry(fd, name, 0);
	return r ? error_env(err, -r, "cannot remove %s in %s: %s", name, path, strerror(-r)) : 0;
}

const struct undo_op undo_scratch[] = { { "remove-scratch", undo_remove, false }, {} };
