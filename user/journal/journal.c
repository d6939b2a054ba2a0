// SPDX-License-Identifier: GPL-2.0-only
/*
 * journal.c - see journal.h. One O_APPEND write per line and an fsync behind it, so a crash can
 * only tear the last line; a line counts when it ends with a newline. Those who replay hold an
 * flock on the file (the owner is dead then), so that guardian and `recover` take turns.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/journal.h"
#include "util/cleanup.h"
#include "util/proc.h"
#include "util/text.h"

#define JOURNAL_MAX (16u << 20) /* bytes; some 100,000 entries */

struct journal {
	int fd;
	unsigned int last; /* number of the newest entry */
	char *path;
};

static char *journal_path(const char *session_dir)
{
	return text_format("%s/journal.jsonl", session_dir);
}

/* Without this the file itself could be missing after a crash of the machine. */
static int sync_directory(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? -errno : 0;
}

int journal_open(const char *session_dir, struct journal **ret, struct fl_error *err)
{
	struct journal *j = calloc(1, sizeof(*j));
	int r = 0;

	if (!j || !(j->path = journal_path(session_dir))) {
		free(j);
		return error_sys(err, ENOMEM, "journal: out of memory");
	}
	j->fd = open(j->path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		     0600);
	if (j->fd < 0)
		r = -errno;
	if (!r)
		r = sync_directory(session_dir);
	if (r) {
		error_env(err, -r, "cannot open %s: %s", j->path, strerror(-r));
		journal_close(j);
		return r;
	}
	*ret = j;
	return 0;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	if (j->fd >= 0)
		close(j->fd);
	free(j->path);
	free(j);
}

/* Append one object as a line and see it on disk. A short write is taken back. */
static int append(int fd, const char *path, const json_t *line, struct fl_error *err)
{
	_cleanup_free_ char *s = json_dumps(line, JSON_COMPACT);
	_cleanup_free_ char *text = s ? text_format("%s\n", s) : NULL;
	off_t end = lseek(fd, 0, SEEK_END);
	ssize_t w;
	int r = 0;

	if (!text)
		return error_sys(err, ENOMEM, "%s: out of memory", path);
	w = write(fd, text, strlen(text));
	if (w != (ssize_t)strlen(text))
		r = w < 0 ? -errno : -ENOSPC;
	if (!r && fsync(fd))
		r = -errno;
	if (!r)
		return 0;
	if (w > 0 && ftruncate(fd, end))
		r = -EIO;
	return error_env(err, -r, "cannot write %s: %s", path, strerror(-r));
}

int journal_add(struct journal *j, const char *undo, json_t *args, unsigned int *ret_n,
		struct fl_error *err)
{
	char boot[PROC_BOOT_SIZE];
	json_t *line;
	int r;

	proc_boot(boot);
	if (!args)
		return error_sys(err, ENOMEM, "%s: out of memory", j->path);
	line = json_pack("{s:I, s:s, s:s, s:o}", "n", (json_int_t)j->last + 1, "boot", boot, "undo",
			 undo, "args", args);
	if (!line)
		return error_sys(err, ENOMEM, "%s: out of memory", j->path);
	r = append(j->fd, j->path, line, err);
	json_decref(line);
	if (!r)
		*ret_n = ++j->last;
	return r;
}

static int mark_done(int fd, const char *path, unsigned int n, struct fl_error *err)
{
	json_t *line = json_pack("{s:I, s:b}", "n", (json_int_t)n, "done", 1);
	int r = line ? append(fd, path, line, err)
		     : error_sys(err, ENOMEM, "%s: out of memory", path);

	json_decref(line);
	return r;
}

int journal_done(struct journal *j, unsigned int n, struct fl_error *err)
{
	return mark_done(j->fd, j->path, n, err);
}

/* Drop the entry that a "done" line is about. */
static void strike(json_t *entries, json_int_t n)
{
	json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry) {
		if (json_integer_value(json_object_get(entry, "n")) == n) {
			json_array_remove(entries, i);
			return;
		}
	}
}

/* The entries not yet undone, in the order they were written. *ret_len: bytes of whole lines.
 */
static int read_open(const char *path, json_t **ret, size_t *ret_len, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	json_t *entries = json_array();
	char *p, *newline;
	int r = file_read(path, JOURNAL_MAX, &text, NULL, err);

	for (p = text; !r && (newline = strchr(p, '\n')); p = newline + 1) {
		json_t *line =
			json_loadb(p, (size_t)(newline - p), JSON_REJECT_DUPLICATES, NULL);

		if (!json_is_integer(json_object_get(line, "n")))
			r = error_sys(err, EBADMSG, "%s is damaged at byte %zu", path,
				      (size_t)(p - text));
		else if (json_is_true(json_object_get(line, "done")))
			strike(entries, json_integer_value(json_object_get(line, "n")));
		else
			json_array_append(entries, line);
		json_decref(line);
	}
	if (r) {
		json_decref(entries);
		return r;
	}
	*ret = entries;
	*ret_len = (size_t)(p - text);
	return 0;
}

static const struct undo_op *find_op(const char *name)
{
	const struct undo_op *const *family, *op;

	for (family = undo_ops; name && *family; family++)
		for (op = *family; op->name; op++)
			if (!strcmp(op->name, name))
				return op;
	return NULL;
}

static bool of_earlier_boot(const json_t *entry)
{
	const char *then = json_string_value(json_object_get(entry, "boot"));
	char now[PROC_BOOT_SIZE];

	proc_boot(now);
	return then && *then && *now && strcmp(then, now);
}

/* An op that says "open" and nothing else still gets a sentence. */
static int still_open(const char *name, const char *path, struct fl_error *err)
{
	if (!err->message[0])
		error_env(err, EAGAIN, "%s: '%s' could not be undone", path, name ? name : "(nothing)");
	error_hint(err, "it stays in the journal, and is tried again until it is done: by the guardian, and by "
			"faultline recover");
	err->open = true;
	return err->code;
}

static int undo_entry(int fd, const char *path, const json_t *entry, struct fl_error *err)
{
	const char *name = json_string_value(json_object_get(entry, "undo"));
	json_int_t n = json_integer_value(json_object_get(entry, "n"));
	const struct undo_op *op = find_op(name);
	enum undo_state state;

	if (!op) {
		error_sys(err, ENOTSUP, "%s: this build cannot undo '%s'", path, name ? name : "(nothing)");
		return still_open(name, path, err);
	}
	state = op->ends_with_boot && of_earlier_boot(entry) ?
			UNDO_NOT_NEEDED : op->undo(json_object_get(entry, "args"), err);
	if (state != UNDO_DONE && state != UNDO_NOT_NEEDED)
		return still_open(name, path, err);
	return mark_done(fd, path, (unsigned int)n, err);
}

static int undo_number(struct journal *j, unsigned int n, struct fl_error *why)
{
	json_t *entries = NULL, *entry;
	size_t i, len;
	int r = read_open(j->path, &entries, &len, why);

	json_array_foreach(entries, i, entry) {
		if (json_integer_value(json_object_get(entry, "n")) == (json_int_t)n) {
			r = undo_entry(j->fd, j->path, entry, why);
			break;
		}
	}
	json_decref(entries);
	return r;
}

/* The first error wins, as everywhere; but nothing hides that something is left open. */
static int tell(int r, const struct fl_error *why, struct fl_error *err)
{
	if (r && err && (!err->message[0] || (why->open && !err->open)))
		*err = *why;
	return r;
}

int journal_undo(struct journal *j, unsigned int n, struct fl_error *err)
{
	struct fl_error why = {};

	return tell(undo_number(j, n, &why), &why, err);
}

int journal_settle(struct journal *j, unsigned int *entry, char *remark, size_t size,
		   struct fl_error *err)
{
	struct fl_error why = {};
	int r = *entry ? undo_number(j, *entry, &why) : 0;

	if (r)
		return tell(r, &why, err);
	if (why.message[0])
		text_copy(remark, size, why.message);
	*entry = 0;
	return 0;
}

/* Last first; goes on after a failure. */
static int replay(int fd, const char *path, const json_t *entries, unsigned int *count,
		  struct fl_error *err)
{
	struct fl_error failure = {}, remark = {};
	size_t i = json_array_size(entries);
	int first = 0;

	while (i--) {
		struct fl_error why = {};
		int r = undo_entry(fd, path, json_array_get(entries, i), &why);

		*count += !r;
		if (r && !first)
			failure = why;
		else if (!r && !remark.message[0])
			remark = why;
		first = first ? first : r;
	}
	if (!first && err && !err->message[0])
		*err = remark;
	return tell(first, &failure, err);
}

int journal_replay(const char *session_dir, unsigned int *ret_count, struct fl_error *err)
{
	_cleanup_free_ char *path = journal_path(session_dir);
	_cleanup_fd_ int fd = -1;
	unsigned int count = 0;
	json_t *entries = NULL;
	struct stat st;
	size_t len = 0;
	int r;

	if (ret_count)
		*ret_count = 0;
	if (!path)
		return error_sys(err, ENOMEM, "journal: out of memory");
	fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return 0; /* its owner died before it had done anything, or all is cleaned up */
	if (fd < 0 || flock(fd, LOCK_EX))
		return error_env(err, errno, "cannot open %s: %s", path, strerror(errno));
	if (fstat(fd, &st) || !st.st_nlink)
		return 0; /* removed by the other one while we waited for our turn */
	r = read_open(path, &entries, &len, err);
	/* A torn last line would swallow the next one. */
	if (!r && ftruncate(fd, (off_t)len))
		r = error_env(err, errno, "cannot repair %s: %s", path, strerror(errno));
	if (!r)
		r = replay(fd, path, entries, &count, err);
	json_decref(entries);
	if (ret_count)
		*ret_count = count;
	return r;
}
