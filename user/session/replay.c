// SPDX-License-Identifier: GPL-2.0-only
/*
 * replay.c - see journal.h. Undoing an entry; and all of a session whose owner is dead. Those who replay
 * hold an flock on its files, so that guardian and `recover` take turns.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "session/journal_private.h"
#include "util/cleanup.h"
#include "util/patient.h"
#include "util/proc.h"
#include "util/text/text.h"

static const struct undo_op *const *known;

void journal_know(const struct undo_op *const families[])
{
	known = families;
}

const struct undo_op *journal_op(const char *name)
{
	const struct undo_op *const *family, *op;

	for (family = known; name && family && *family; family++)
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

int journal_close_entry(struct journal_entries *e, struct journal_entry *entry, struct fl_error *err)
{
	json_t *line = json_pack("{s:I, s:b}", "n", entry->n, "done", 1);
	int r = line ? journal_file_append(entry->file, line, err)
		     : error_sys(err, ENOMEM, "%s: out of memory", entry->file->path);

	json_decref(line);
	if (!r)
		journal_entries_close(e, entry);
	return r;
}

struct file_undo {
	const struct undo_op *op;
	const json_t *args;
};

static int run_file_undo(const void *arg, struct fl_error *err)
{
	const struct file_undo *u = arg;

	return (int)u->op->undo(u->args, err);
}

/* With one deadline for all that the file system is asked. */
static enum undo_state undo_files(const struct undo_op *op, const json_t *args, struct fl_error *err)
{
	const char *path = json_string_value(json_object_get(args, "path"));
	struct file_undo u = { op, args };
	int r = patient_do(run_file_undo, &u, -1, UNDO_FILES_MS, err);

	if (r >= 0)
		return (enum undo_state)r;
	if (r == -ETIMEDOUT)
		error_env(err, ETIMEDOUT, "%s is not as it was, or may not be: its file system does not answer",
			  path ? path : op->name);
	return UNDO_OPEN;
}

int journal_run(const json_t *line, const char *path, enum undo_state *ret, struct fl_error *err)
{
	const char *name = json_string_value(json_object_get(line, "undo"));
	const struct undo_op *op = journal_op(name);
	enum undo_state unused = UNDO_OPEN, *state = ret ?: &unused;

	*state = UNDO_OPEN;
	if (!op) {
		error_sys(err, ENOTSUP, "%s: this build cannot undo '%s'", path, name ? name : "(nothing)");
		return still_open(name, path, err);
	}
	if (op->ends_with_boot && of_earlier_boot(line))
		*state = UNDO_NOT_NEEDED;
	else if (op->touches_files)
		*state = undo_files(op, json_object_get(line, "args"), err);
	else
		*state = op->undo(json_object_get(line, "args"), err);
	return *state == UNDO_DONE || *state == UNDO_NOT_NEEDED ? 0 : still_open(name, path, err);
}

int journal_tell(int r, const struct fl_error *why, struct fl_error *err)
{
	if (r && err && (!err->message[0] || (why->open && !err->open)))
		*err = *why;
	return r;
}

/* Those that need nobody's help first, so that an agent or a store that is slow to answer holds up none of
 * them; each of the two kinds last first. Goes on after a failure. */
static int undo_all(struct journal_entries *e, struct undo_count *count, struct fl_error *err)
{
	struct fl_error failure = {}, remark = {};
	int first = 0, asks;

	for (asks = 0; asks < 2; asks++) {
		size_t i = e->n;

		while (i--) {
			struct journal_entry *entry = &e->v[i];
			const struct undo_op *op;
			struct fl_error why = {};
			enum undo_state state;
			int r;

			op = entry->line ? journal_op(json_string_value(json_object_get(entry->line, "undo"))) : NULL;
			if (!entry->line || (op && op->asks_others) != asks)
				continue;
			r = journal_run(entry->line, entry->file->path, &state, &why)
				    ?: journal_close_entry(e, entry, &why);
			++*(r ? &count->open : state == UNDO_DONE ? &count->done : &count->not_needed);
			if (r && !first)
				failure = why;
			else if (!r && !remark.message[0])
				remark = why;
			first = first ? first : r;
		}
	}
	if (!first && err && !err->message[0])
		*err = remark;
	return journal_tell(first, &failure, err);
}

/* -ENOENT: there is none, or the other one has removed it while we waited for our turn. */
static int open_file(const char *dir, struct journal_file *f, struct fl_error *err)
{
	struct stat st;

	*f = (struct journal_file){ .fd = -1, .path = journal_file_path(dir) };
	if (!f->path)
		return error_sys(err, ENOMEM, "journal: out of memory");
	f->fd = open(f->path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (f->fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return -ENOENT; /* its owner died before it had done anything */
	if (f->fd < 0 || flock(f->fd, LOCK_EX) || fstat(f->fd, &st))
		return error_env(err, errno, "cannot open %s: %s", f->path, strerror(errno));
	return st.st_nlink ? 0 : -ENOENT;
}

static void close_file(struct journal_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
}

int journal_replay(const char *const *dirs, struct undo_count *ret, struct fl_error *err)
{
	struct journal_file files[JOURNAL_DIRS] = {};
	struct journal_entries e = {};
	struct fl_error why = {};
	struct undo_count count = {};
	char where[256] = "";
	size_t damaged = 0, n;
	int r, first = 0;

	for (n = 0; n < JOURNAL_DIRS && dirs[n]; n++) {
		struct fl_error trouble = {};

		r = open_file(dirs[n], &files[n], &trouble);
		if (!r)
			r = journal_file_read(&files[n], &e, &damaged, where, sizeof(where), &trouble);
		if (r && r != -ENOENT && !first) {
			first = r;
			why = trouble;
		}
	}
	/* What could be read is undone, whatever became of the rest. */
	r = undo_all(&e, &count, err);
	if (!first && damaged) {
		first = error_sys(&why, EBADMSG,
				  "%s: %zu of its lines cannot be read, and what they say is not "
				  "undone",
				  where, damaged);
		error_hint(&why, "the other lines were followed; look at the file, then remove its directory");
	}
	why.open = first;
	r = r ? r : journal_tell(first, &why, err);
	journal_entries_free(&e);
	while (n--)
		close_file(&files[n]);
	count.open += (unsigned int)damaged;
	if (ret)
		*ret = count;
	return r;
}
