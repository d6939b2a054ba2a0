/* SPDX-License-Identifier: GPL-2.0-only */
/* journal_private.h - what its owner and those who replay it share. */
#ifndef FL_JOURNAL_PRIVATE_H
#define FL_JOURNAL_PRIVATE_H

#include "session/journal.h"
#include "session/lines.h"

/* Run the undo of @line, of the file at @path. An error: it is open, and err->open is set. *ret may be NULL. */
int journal_run(const json_t *line, const char *path, enum undo_state *ret, struct fl_error *err);

/* Write down that it is closed. */
int journal_close_entry(struct journal_entries *e, struct journal_entry *entry, struct fl_error *err);

#endif
