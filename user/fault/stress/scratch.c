// SPDX-License-Identifier: GPL-2.0-only
/* scratch.c - see scratch.h */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "fault/state/place.h"
#include "fault/stress/scratch.h"
#include "session/journal.h"
#include "session/session.h"
#include "util/cleanup.h"
#include "util/patient.h"

#define PREFIX    ".faultline-"
#define MAX_DEPTH 2 /* stress-ng makes directories of files in it, no deeper */

int scratch_announce(struct fault *f, const struct target *t, const char *path, int dir_fd, uid_t uid,
		     struct scratch *s, struct fl_error *err)
{
	json_t *args = place_json(t->pid, t->pid_start, path, dir_fd);

	if (!args)
		return error_env(err, errno, "%s: %s", path, strerror(errno));
	snprintf(s->name, sizeof(s->name), PREFIX "%s", f->id);
	s->uid = uid;
	json_object_set_new(args, "name", json_string(s->name));
	json_object_set_new(args, "uid", json_integer((json_int_t)uid));
	return journal_add(f->session->journal, "remove-scratch", args, &s->entry, err);
}

/* Its own directory, not one that somebody has mounted or linked there. */
static int open_own(int parent, const char *name, uid_t uid)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS };
	int fd = (int)syscall(SYS_openat2, parent, name, &how, sizeof(how)), code;
	struct stat st;

	if (fd < 0)
		return -errno;
	code = fstat(fd, &st) ? errno : st.st_uid == uid ? 0 : EPERM;
	if (!code)
		return fd;
	close(fd);
	return -code;
}

static int remove_entry(int parent, const char *name, uid_t uid, int depth)
{
	struct dirent *e;
	DIR *dir;
	int fd;

	if (!unlinkat(parent, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM) /* EPERM: what POSIX says of a directory */
		return -errno;
	fd = open_own(parent, name, uid);
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((e = readdir(dir)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && depth < MAX_DEPTH)
			remove_entry(fd, e->d_name, uid, depth + 1);
	closedir(dir);
	return unlinkat(parent, name, AT_REMOVEDIR) && errno != ENOENT ? -errno : 0;
}

struct removal {
	int dir_fd;
	const struct scratch *scratch;
};

static int run_removal(const void *arg, struct fl_error *err)
{
	const struct removal *r = arg;
	(void)err;

	return remove_entry(r->dir_fd, r->scratch->name, r->scratch->uid, 0);
}

int scratch_remove(struct fault *f, int dir_fd, struct scratch *s, struct fl_error *err)
{
	struct removal what = { dir_fd, s };
	int r;

	if (!s->entry)
		return 0;
	r = patient_do(run_removal, &what, dir_fd, UNDO_FILES_MS, NULL);
	if (r)
		return error_env(err, -r, "%s: cannot remove %s: %s", f->id, s->name, strerror(-r));
	r = journal_done(f->session->journal, s->entry, err);
	if (!r)
		s->entry = 0;
	return r;
}

/* ---- undo ------------------------------------------------------------------------------------ */

static enum undo_state undo_remove(const json_t *args, struct fl_error *err)
{
	const char *path = json_string_value(json_object_get(args, "path"));
	const char *name = json_string_value(json_object_get(args, "name"));
	const char *other = "";
	uid_t uid = (uid_t)json_integer_value(json_object_get(args, "uid"));
	struct fl_error why = {};
	_cleanup_fd_ int fd = -1;
	int r;

	if (!path || !name || strncmp(name, PREFIX, strlen(PREFIX)) || strchr(name, '/'))
		return undo_of(error_sys(err, EBADMSG, "remove-scratch: the journal names nothing of ours"));
	fd = place_open(args, O_RDONLY | O_DIRECTORY, &other, &why);
	if (fd == -ENOENT)
		return UNDO_NOT_NEEDED; /* it went with the file system it was on */
	if (fd == -ESTALE)
		error_env(&why, ESTALE, "the target has it %s", other);
	r = fd < 0 ? fd : remove_entry(fd, name, uid, 0);
	if (!r)
		return UNDO_DONE;
	error_env(err, -r, "%s in %s may still be there: %.300s", name, path, fd < 0 ? why.message : strerror(-r));
	return UNDO_OPEN;
}

const struct undo_op undo_scratch[] = { { .name = "remove-scratch", .undo = undo_remove, .touches_files = true }, {} };
