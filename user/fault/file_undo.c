// SPDX-License-Identifier: GPL-2.0-only
/*
 * file_undo.c - put a spoiled file back, by what the journal says.
 *
 * The file is looked for by its path in the target's root; when the target's process has gone, in the
 * root of any process, for a service that was started again has the same volume. It is taken for
 * ours when device and inode are the same and each of its bytes is either the old or the spoiled
 * one, so also when our own writing was cut off. Anything else somebody has written, and it stays.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fault/file.h"
#include "journal/journal.h"
#include "kern/process.h"
#include "util/cleanup.h"
#include "util/text.h"
#include "util/units.h"

struct wanted {
	const char *path, *before, *after; /* the file; the saved contents */
	json_int_t pid, start, dev, ino;
	json_t *meta;
};

/* A file of that name in the root of @pid; *ret_same: it is the one. Negative: none. */
static int open_in(pid_t pid, const struct wanted *w, bool *ret_same)
{
	int fd = process_open_path(pid, w->path, O_RDWR | O_NONBLOCK, NULL);
	struct stat st;

	*ret_same = fd >= 0 && !fstat(fd, &st) && (json_int_t)st.st_dev == w->dev &&
		    (json_int_t)st.st_ino == w->ino && S_ISREG(st.st_mode);
	return fd;
}

/* Does any process still have the file system mounted? */
static bool mounted(pid_t pid, dev_t dev)
{
	char path[64], line[4096];
	_cleanup_file_ FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		unsigned int major, minor;

		if (sscanf(line, "%*d %*d %u:%u", &major, &minor) == 2 && makedev(major, minor) == dev)
			return true;
	}
	return false;
}

/*
 * Look through all processes. The descriptor; -ENOENT when the file system is gone (with its
 * container, or with a reboot), -EAGAIN when it is there but the file cannot be reached now.
 */
static int search(const struct wanted *w)
{
	bool same = false, there = false;
	struct dirent *e;
	int64_t pid;
	int fd = -1;
	DIR *dir = opendir("/proc");

	while (dir && !same && (e = readdir(dir))) {
		if (units_int(e->d_name, 1, INT32_MAX, &pid, NULL))
			continue;
		there = there || mounted((pid_t)pid, (dev_t)w->dev);
		fd = open_in((pid_t)pid, w, &same);
		if (fd >= 0 && !same)
			close(fd);
	}
	if (dir)
		closedir(dir);
	return same ? fd : there ? -EAGAIN : -ENOENT;
}

/* 0 with a remark in *err: it is left alone. */
static int leave(struct fl_error *err, const struct wanted *w, const char *why)
{
	error_env(err, ESTALE, "%s was %s by somebody meanwhile: it is left as it is", w->path, why);
	return 0;
}

static int read_saved(const char *path, struct bytes *ret, struct fl_error *err)
{
	char *text;
	int r = file_read(path, FILE_MAX_BYTES, &text, &ret->n, err);

	if (!r)
		ret->v = (uint8_t *)text;
	return r;
}

static int restore(int fd, const struct wanted *w, struct fl_error *err)
{
	struct bytes now = {}, before = {}, after = {};
	int r = read_saved(w->before, &before, err);

	if (!r)
		r = read_saved(w->after, &after, err);
	if (!r)
		r = file_content_read(fd, &now, err);
	if (r)
		goto out;
	if (!content_is_between(&now, &before, &after)) {
		r = leave(err, w, "rewritten");
		goto out;
	}
	if (!content_equal(&now, &before))
		r = file_content_write(fd, &before, err);
	if (!r)
		r = file_meta_write(fd, w->meta, err);
out:
	bytes_free(&now);
	bytes_free(&before);
	bytes_free(&after);
	return r;
}

static int undo_restore_file(const json_t *args, struct fl_error *err)
{
	struct process_id owner;
	struct wanted w;
	bool same = false;
	int fd = -1, r;

	if (json_unpack((json_t *)(uintptr_t)args, "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "path",
			&w.path, "before", &w.before, "after", &w.after, "pid", &w.pid, "start", &w.start,
			"dev", &w.dev, "ino", &w.ino, "meta", &w.meta))
		return error_sys(err, EINVAL, "the journal's file makes no sense");
	owner = process_from_json(args);
	if (!process_dead(owner)) {
		fd = open_in(owner.pid, &w, &same);
		if (fd >= 0 && !same) {
			close(fd);
			return leave(err, &w, "replaced");
		}
		if (fd == -ENOENT)
			return leave(err, &w, "removed");
	}
	if (fd < 0)
		fd = search(&w);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0) {
		error_env(err, EAGAIN, "%s cannot be reached: the target does not run", w.path);
		error_hint(err, "start it again, then faultline recover; the content is in %s", w.before);
		return -EAGAIN;
	}
	r = restore(fd, &w, err);
	close(fd);
	return r;
}

const struct undo_op undo_file[] = { { "restore-file", undo_restore_file, false }, {} };
