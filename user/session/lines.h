/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lines.h - the files behind a journal (journal.h): appending lines, reading them back, writing them
 * anew without those that are over. Shared by its owner and by those who replay it.
 *
 * What is written can always be read: a line is read as it comes, whatever the size of the file, each
 * looked up once. A line that makes no sense is counted and passed by, for the others are to be undone
 * all the same.
 */
#ifndef FL_JOURNAL_LINES_H
#define FL_JOURNAL_LINES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/error.h"

#define JOURNAL_LINE_MAX (1u << 20) /* bytes of one entry */

struct journal_file {
	char *path;        /* NULL: there is none */
	int fd;            /* -1: not open */
	size_t open, over; /* lines of open entries; lines of closed ones, and those that close them */
};

/* An entry that is open: {"n": 1, "boot": ..., "undo": ..., "args": {...}}. */
struct journal_entry {
	json_int_t n;
	json_t *line;         /* NULL: closed since */
	uint64_t tried_ns;    /* CLOCK_MONOTONIC of the last try that left it open; 0: none */
	struct fl_error *why; /* what that came to */
	struct journal_file *file;
};

struct journal_entries {
	struct journal_entry *v; /* by n */
	size_t n, room;
};

void journal_entries_free(struct journal_entries *e);
struct journal_entry *journal_entries_find(const struct journal_entries *e, json_int_t n);
/* Steals @line. Its number is above all others'. */
int journal_entries_add(struct journal_entries *e, json_int_t n, json_t *line, struct journal_file *file);
/* It is over. Now and then the array is packed, so pointers into it are good until the next call. */
void journal_entries_close(struct journal_entries *e, struct journal_entry *entry);

/* SESSION_DIR/journal.jsonl; to be freed. */
char *journal_file_path(const char *dir);

/* Append one object as a line and see it on disk. A short write is taken back. */
int journal_file_append(struct journal_file *f, const json_t *line, struct fl_error *err);

/*
 * Add what is open in @f to @e, which may hold another file's; a torn last line is cut off. What cannot be
 * understood is counted in *ret_damaged; its first place goes into @where. Whole but for those: 0.
 */
int journal_file_read(struct journal_file *f, struct journal_entries *e, size_t *ret_damaged, char *where,
		      size_t where_size, struct fl_error *err);

/*
 * Once most of the file is over: write the open entries of @e that are @f's to a new file, and put that in
 * its place. A crash at any moment leaves the old or the new one. On an error the old one serves on.
 */
int journal_file_compact(struct journal_file *f, const struct journal_entries *e, struct fl_error *err);

/* Without it a new file, or a new name, could be missing after a crash of the machine. */
int journal_sync_dir(const char *path);

#endif
