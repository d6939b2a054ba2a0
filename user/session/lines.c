// SPDX-License-Identifier: GPL-2.0-only
/* lines.c - see lines.h. One O_APPEND write per line and an fsync behind it, so a crash can only tear the
 * last line; a line counts when it ends with a newline. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "session/lines.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define COMPACT_LEAST 512 /* lines that are over, before it is worth the while */
#define COMPACT_TIMES 4   /* and so many times the open ones: each line is rewritten O(1) times */

/* --- entries in memory ------------------------------------------------------------------------- */

void journal_entries_free(struct journal_entries *e)
{
	size_t i;

	for (i = 0; i < e->n; i++) {
		json_decref(e->v[i].line);
		free(e->v[i].why);
	}
	free(e->v);
	*e = (struct journal_entries){};
}

struct journal_entry *journal_entries_find(const struct journal_entries *e, json_int_t n)
{
	size_t low = 0, high = e->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (e->v[mid].n < n)
			low = mid + 1;
		else
			high = mid;
	}
	return low < e->n && e->v[low].n == n && e->v[low].line ? &e->v[low] : NULL;
}

static void pack(struct journal_entries *e)
{
	size_t i, kept = 0;

	for (i = 0; i < e->n; i++)
		if (e->v[i].line)
			e->v[kept++] = e->v[i];
	e->n = kept;
}

int journal_entries_add(struct journal_entries *e, json_int_t n, json_t *line, struct journal_file *file)
{
	bool full = e->n == e->room;

	if (full)
		pack(e);
	/* Packed to more than half it would soon be full again. */
	if (full && 2 * e->n >= e->room) {
		size_t room = e->room ? 2 * e->room : 64;
		struct journal_entry *v = reallocarray(e->v, room, sizeof(*v));

		if (!v) {
			json_decref(line);
			return -ENOMEM;
		}
		e->v = v;
		e->room = room;
	}
	e->v[e->n++] = (struct journal_entry){ .n = n, .line = line, .file = file };
	file->open++;
	return 0;
}

void journal_entries_close(struct journal_entries *e, struct journal_entry *entry)
{
	(void)e;
	json_decref(entry->line);
	free(entry->why);
	entry->line = NULL;
	entry->why = NULL;
	entry->file->open--;
	entry->file->over += 2;
}

/* --- the file ---------------------------------------------------------------------------------- */

char *journal_file_path(const char *dir)
{
	return text_format("%s/journal.jsonl", dir);
}

int journal_sync_dir(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? -errno : 0;
}

static int append_text(int fd, const char *text, size_t len)
{
	off_t end = lseek(fd, 0, SEEK_END);
	ssize_t w = write(fd, text, len);
	int r = w == (ssize_t)len ? 0 : w < 0 ? -errno : -ENOSPC;

	if (!r && fsync(fd))
		r = -errno;
	return r && w > 0 && ftruncate(fd, end) ? -EIO : r;
}

int journal_file_append(struct journal_file *f, const json_t *line, struct fl_error *err)
{
	_cleanup_free_ char *s = json_dumps(line, JSON_COMPACT);
	_cleanup_free_ char *text = s ? text_format("%s\n", s) : NULL;
	int r;

	if (!text)
		return error_sys(err, ENOMEM, "%s: out of memory", f->path);
	if (strlen(text) > JOURNAL_LINE_MAX)
		return error_sys(err, E2BIG, "%s: an entry of %zu bytes", f->path, strlen(text));
	r = append_text(f->fd, text, strlen(text));
	return r ? error_env(err, -r, "cannot write %s: %s", f->path, strerror(-r)) : 0;
}

/* False: it makes no sense. */
static int take_line(struct journal_file *f, struct journal_entries *e, const char *text, size_t len, bool *ret_good)
{
	json_t *line = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL), *n = json_object_get(line, "n");
	struct journal_entry *entry;
	int r = 0;

	*ret_good = json_is_integer(n);
	if (*ret_good && json_is_true(json_object_get(line, "done"))) {
		/* One that names no open entry closed it a second time. */
		entry = journal_entries_find(e, json_integer_value(n));
		if (entry && entry->file == f)
			journal_entries_close(e, entry);
	} else if (*ret_good) {
		r = journal_entries_add(e, json_integer_value(n), json_incref(line), f);
	}
	json_decref(line);
	return r;
}

static int by_number(const void *a, const void *b)
{
	const struct journal_entry *x = a, *y = b;

	return (x->n > y->n) - (x->n < y->n);
}

int journal_file_read(struct journal_file *f, struct journal_entries *e, size_t *ret_damaged, char *where,
		      size_t where_size, struct fl_error *err)
{
	struct journal_entries own = {};
	_cleanup_file_ FILE *in = fopen(f->path, "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0, i;
	off_t at = 0;
	ssize_t len;
	bool good;
	int r = in ? 0 : -errno;

	while (!r && (len = getline(&line, &size, in)) > 0 && line[len - 1] == '\n') {
		r = take_line(f, &own, line, (size_t)len - 1, &good);
		if (!good && !(*ret_damaged)++)
			snprintf(where, where_size, "%s is damaged at byte %lld", f->path, (long long)at);
		at += len;
	}
	if (!r && ferror(in))
		r = -EIO;
	/* A torn last line would swallow the next one. */
	if (!r && ftruncate(f->fd, at))
		r = -errno;
	f->open = 0; /* counted again below */
	for (i = 0; i < own.n; i++)
		if (own.v[i].line) {
			int r2 = journal_entries_add(e, own.v[i].n, json_incref(own.v[i].line), f);

			r = r ? r : r2;
		}
	journal_entries_free(&own);
	pack(e);
	if (e->n)
		qsort(e->v, e->n, sizeof(*e->v), by_number);
	return r ? error_env(err, -r, "cannot read %s: %s", f->path, strerror(-r)) : 0;
}

/* --- writing it anew ----------------------------------------------------------------------------- */

static int write_open(FILE *out, const struct journal_file *f, const struct journal_entries *e)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		if (e->v[i].line && e->v[i].file == f &&
		    (json_dumpf(e->v[i].line, out, JSON_COMPACT) || fputc('\n', out) == EOF))
			return -EIO;
	return fflush(out) || fsync(fileno(out)) ? -errno : 0;
}

int journal_file_compact(struct journal_file *f, const struct journal_entries *e, struct fl_error *err)
{
	_cleanup_free_ char *fresh = NULL, *dir = NULL;
	_cleanup_file_ FILE *out = NULL;
	int fd, r;

	if (f->over < COMPACT_LEAST || f->over < COMPACT_TIMES * f->open)
		return 0;
	fresh = text_format("%s.new", f->path);
	dir = fresh ? strndup(fresh, (size_t)(strrchr(fresh, '/') - fresh)) : NULL;
	fd = dir ? open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
	out = fd < 0 ? NULL : fdopen(dup(fd), "ae");
	r = !dir ? -ENOMEM : out ? write_open(out, f, e) : -errno;
	if (!r && rename(fresh, f->path))
		r = -errno;
	if (!r) {
		/* From here on it is the new one, whatever the directory says to a sync. */
		close(f->fd);
		f->fd = take_fd(fd);
		f->over = 0;
		r = journal_sync_dir(dir);
	} else if (fd >= 0) {
		close(fd);
		unlink(fresh);
	}
	return r ? error_env(err, -r, "cannot write %s anew: %s", f->path, strerror(-r)) : 0;
}
