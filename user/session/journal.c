// SPDX-License-Identifier: GPL-2.0-only
/*
 * journal.c - see journal.h. What its owner does: it keeps the open entries in memory, so that nothing
 * is read back while the session lives, and writes the files anew when most of their lines are over.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "session/journal_private.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/kept.h"
#include "util/proc.h"
#include "util/text/text.h"

#define INFO_MAX     (1u << 20)
#define ASK_AGAIN_NS (2 * NS_PER_SEC)

struct journal {
	/* Of all below. Faults are armed in one thread while others tick in another; it is not held while
	 * an undo runs, which may take its time. */
	pthread_mutex_t lock;
	unsigned int last; /* number of the newest entry */
	struct journal_entries open;
	/* Of this boot only, and what outlives it; the second is made when it is needed. */
	struct journal_file files[JOURNAL_DIRS];
	char *dirs[JOURNAL_DIRS];
};

static int open_file(struct journal *j, unsigned int i, struct fl_error *err)
{
	struct journal_file *f = &j->files[i];
	int r = 0;

	if (f->fd >= 0)
		return 0;
	free(f->path);
	f->path = journal_file_path(j->dirs[i]);
	if (!f->path)
		return error_sys(err, ENOMEM, "journal: out of memory");
	f->fd = open(f->path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->fd < 0)
		r = -errno;
	if (!r)
		r = journal_sync_dir(j->dirs[i]);
	return r ? error_env(err, -r, "cannot open %s: %s", f->path, strerror(-r)) : 0;
}

int journal_open(const char *session_dir, const char *kept_dir, struct journal **ret, struct fl_error *err)
{
	struct journal *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return error_sys(err, ENOMEM, "journal: out of memory");
	pthread_mutex_init(&j->lock, NULL);
	j->files[0].fd = j->files[1].fd = -1;
	j->dirs[0] = strdup(session_dir);
	j->dirs[1] = kept_dir ? strdup(kept_dir) : NULL;
	if (!j->dirs[0] || (kept_dir && !j->dirs[1]))
		r = error_sys(err, ENOMEM, "journal: out of memory");
	else
		r = open_file(j, 0, err);
	if (r) {
		journal_close(j);
		return r;
	}
	*ret = j;
	return 0;
}

void journal_close(struct journal *j)
{
	unsigned int i;

	if (!j)
		return;
	for (i = 0; i < JOURNAL_DIRS; i++) {
		if (j->files[i].fd >= 0)
			close(j->files[i].fd);
		free(j->files[i].path);
		free(j->dirs[i]);
	}
	journal_entries_free(&j->open);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

/* --- what outlives the boot ---------------------------------------------------------------------- */

/* Who the session is, for the recover of another boot. */
static int copy_info(const struct journal *j, struct fl_error *err)
{
	_cleanup_free_ char *from = text_format("%s/session.json", j->dirs[0]);
	_cleanup_free_ char *to = text_format("%s/session.json", j->dirs[1]);
	_cleanup_free_ char *text = NULL;
	size_t n;
	int r;

	if (!from || !to)
		return error_sys(err, ENOMEM, "journal: out of memory");
	if (access(from, F_OK) && errno == ENOENT)
		return 0; /* a test's */
	r = file_read(from, INFO_MAX, &text, &n, err);
	return r ? r : file_write(to, text, n, 0600, err);
}

/* The names of the directories above it have to be on disk as well. */
static int sync_above(const char *dir)
{
	_cleanup_free_ char *above = strdup(dir);
	char *slash;
	int i, r = above ? 0 : -ENOMEM;

	for (i = 0; !r && i < 3 && (slash = strrchr(above, '/')) && slash != above; i++) {
		*slash = '\0';
		r = journal_sync_dir(above);
	}
	return r;
}

static int make_kept(struct journal *j, struct fl_error *err)
{
	const char *dir = j->dirs[1];
	_cleanup_fd_ int top = -1;
	int r = kept_open(&top, err);

	if (!r)
		r = dir_make(dir, 0700, err);
	if (!r)
		r = copy_info(j, err);
	if (!r)
		r = open_file(j, 1, err);
	if (!r && (r = sync_above(dir)))
		error_env(err, -r, "cannot sync the directories of %s: %s", dir, strerror(-r));
	if (r) {
		error_hint(err, "what this does outlives a reboot, and so must what undoes it");
		return r;
	}
	return 0;
}

static int need_kept(struct journal *j, struct fl_error *err)
{
	return !j->dirs[1] || j->files[1].fd >= 0 ? 0 : make_kept(j, err);
}

int journal_kept_dir(struct journal *j, const char **ret, struct fl_error *err)
{
	int r;

	pthread_mutex_lock(&j->lock);
	r = need_kept(j, err);
	pthread_mutex_unlock(&j->lock);
	*ret = j->dirs[1] ?: j->dirs[0];
	return r;
}

/* Which file an entry belongs to. */
static int choose_file(struct journal *j, const char *undo, struct journal_file **ret, struct fl_error *err)
{
	const struct undo_op *op = journal_op(undo);
	int r;

	*ret = &j->files[0];
	if (!j->dirs[1] || !op || op->ends_with_boot)
		return 0;
	*ret = &j->files[1];
	r = need_kept(j, err);
	/* What was saved beside it is in place as well, by name. */
	if (!r && (r = journal_sync_dir(j->dirs[1])))
		error_env(err, -r, "cannot sync %s: %s", j->dirs[1], strerror(-r));
	return r;
}

/* --- entries ------------------------------------------------------------------------------------- */

static int refuse_more(const struct journal *j, struct fl_error *err)
{
	if (j->files[0].open + j->files[1].open < JOURNAL_OPEN_MAX)
		return 0;
	error_env(err, EMFILE,
		  "%s: %d things are to be undone already, and no more are kept: what would be done "
		  "next is not done",
		  j->dirs[0], JOURNAL_OPEN_MAX);
	error_hint(err, "name fewer targets, or end some of this session's faults (faultline stop)");
	return -EMFILE;
}

static int add(struct journal *j, const char *undo, json_t *args, unsigned int *ret_n, struct fl_error *err)
{
	struct journal_file *f;
	char boot[PROC_BOOT_SIZE];
	json_t *line;
	int r = refuse_more(j, err);

	if (!r)
		r = choose_file(j, undo, &f, err);
	if (r) {
		json_decref(args);
		return r;
	}
	proc_boot(boot);
	line = args ? json_pack("{s:I, s:s, s:s, s:o}", "n", (json_int_t)j->last + 1, "boot", boot, "undo", undo,
				"args", args)
		    : NULL;
	if (!line)
		return error_sys(err, ENOMEM, "%s: out of memory", f->path);
	/* In memory first: what is on disk and not there could not be undone by its owner. */
	if (journal_entries_add(&j->open, (json_int_t)j->last + 1, json_incref(line), f))
		r = error_sys(err, ENOMEM, "%s: out of memory", f->path);
	else if ((r = journal_file_append(f, line, err))) {
		journal_entries_close(&j->open, journal_entries_find(&j->open, (json_int_t)j->last + 1));
		f->over -= 2;
	}
	json_decref(line);
	if (!r)
		*ret_n = ++j->last;
	return r;
}

/* A file that cannot be written anew serves on as it is. */
static void tidy(struct journal *j)
{
	unsigned int i;

	for (i = 0; i < JOURNAL_DIRS; i++)
		if (j->files[i].fd >= 0)
			journal_file_compact(&j->files[i], &j->open, NULL);
}

int journal_add(struct journal *j, const char *undo, json_t *args, unsigned int *ret_n, struct fl_error *err)
{
	int r;

	pthread_mutex_lock(&j->lock);
	r = add(j, undo, args, ret_n, err);
	pthread_mutex_unlock(&j->lock);
	return r;
}

int journal_done(struct journal *j, unsigned int n, struct fl_error *err)
{
	struct journal_entry *entry;
	int r;

	pthread_mutex_lock(&j->lock);
	entry = journal_entries_find(&j->open, (json_int_t)n);
	r = entry ? journal_close_entry(&j->open, entry, err) : 0;
	tidy(j);
	pthread_mutex_unlock(&j->lock);
	return r;
}

/* Who did not help a moment ago is not waited for again at once, by the next step of the same ending. */
static bool just_failed(const struct journal_entry *entry, struct fl_error *why)
{
	const struct undo_op *op = journal_op(json_string_value(json_object_get(entry->line, "undo")));

	if (!op || !entry->why || clock_mono_ns() - entry->tried_ns > ASK_AGAIN_NS)
		return false;
	if (!op->asks_others && !(op->touches_files && entry->why->code == -ETIMEDOUT))
		return false;
	*why = *entry->why;
	return true;
}

/* The entry may have moved, or be gone, while its undo ran without the lock. */
static void note_failure(struct journal *j, unsigned int n, const struct fl_error *why)
{
	struct journal_entry *entry;

	pthread_mutex_lock(&j->lock);
	entry = journal_entries_find(&j->open, (json_int_t)n);
	if (entry && !entry->why)
		entry->why = malloc(sizeof(*why));
	if (entry && entry->why) {
		*entry->why = *why;
		entry->tried_ns = clock_mono_ns();
	}
	pthread_mutex_unlock(&j->lock);
}

static int undo_number(struct journal *j, unsigned int n, struct fl_error *why)
{
	const struct journal_entry *entry;
	const char *path = NULL;
	json_t *line = NULL;
	int r = 0;

	pthread_mutex_lock(&j->lock);
	entry = journal_entries_find(&j->open, (json_int_t)n);
	if (entry && just_failed(entry, why)) {
		r = why->code;
	} else if (entry) {
		line = json_incref(entry->line);
		path = entry->file->path;
	}
	pthread_mutex_unlock(&j->lock);
	if (!line)
		return r;
	r = journal_run(line, path, NULL, why);
	json_decref(line);
	if (r)
		note_failure(j, n, why);
	return r ? r : journal_done(j, n, why);
}

int journal_undo(struct journal *j, unsigned int n, struct fl_error *err)
{
	struct fl_error why = {};

	return journal_tell(undo_number(j, n, &why), &why, err);
}

int journal_settle(struct journal *j, unsigned int *entry, char *remark, size_t size, struct fl_error *err)
{
	struct fl_error why = {};
	int r = *entry ? undo_number(j, *entry, &why) : 0;

	if (r)
		return journal_tell(r, &why, err);
	if (remark && why.message[0])
		text_copy(remark, size, why.message);
	*entry = 0;
	return 0;
}
