/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * journal.h - write down how to undo a thing before it is done.
 *
 * What the kernel does not undo by itself (a frozen cgroup, a stressor, a filled disk, a patched
 * vDSO, a clsact filter, a stopped container, ...) is described as data, appended to
 * /run/faultline/SESSION/journal.jsonl, fsynced, and only then done. What outlives a reboot (files,
 * caches, stopped containers) is in /var/lib/faultline/sessions/SESSION/journal.jsonl instead, with what was
 * saved for it; files and directories are synced, so that a power cut finds it. One JSON object a line:
 *
 *     {"n": 1, "boot": "5d1f...", "undo": "kill-process", "args": {"pid": 812, "start": 4711}}
 *     {"n": 1, "done": true}                    appended when it has been undone
 *
 * A file is written anew without what is over once that is most of it, so it grows with what is open,
 * not with what has been; and nobody refuses to read what was written.
 *
 * Undo is idempotent and checks identity (pid and start time, device and inode and digest) before
 * it touches anything; what is gone or is no longer the same thing is left alone.
 *
 * The guardian (guardian.h) replays the journal backwards when its session's owner dies;
 * `faultline recover` does it for sessions whose owner and guardian are both gone.
 */
#ifndef FL_JOURNAL_H
#define FL_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>

#include "util/error.h"

struct journal; /* an open journal: one writer, the session's owner */

#define JOURNAL_DIRS     2
#define JOURNAL_OPEN_MAX 16384 /* entries that are open; more are refused, and what they announce not done */

/*
 * What an undo knows at its end. Only the first two close the entry; an open one is kept in the journal
 * and tried again: by the owner, then by the guardian, then by `faultline recover`.
 *
 * "Cannot" is never "need not": a process that somebody traces, a /proc that cannot be read, an agent
 * that does not answer, EIO, EBUSY leave the entry open. An op that returns nothing in particular says 0,
 * which is open.
 */
enum undo_state {
	UNDO_OPEN = 0,   /* not as it was; *err says what, where, why, and what to do */
	UNDO_DONE,       /* as it was before: seen, or the kernel's (agent's, store's) own word */
	UNDO_NOT_NEEDED, /* proved: what was changed is gone, or belongs to somebody else by now */
};

/* What became of the entries of a journal. */
struct undo_count {
	unsigned int done, not_needed, open;
};

/* One way to undo; a fault family exports its own, fault/undo.c lists them all. */
struct undo_op {
	const char *name; /* the word in the journal */
	/* Closing with a message in *err is a remark for the user (a file was left alone). */
	enum undo_state (*undo)(const json_t *args, struct fl_error *err);
	/* What it undoes ends with the boot of the machine (processes, namespaces, interfaces): an
	 * entry of an earlier boot is done, whoever has these numbers now. */
	bool ends_with_boot;
	/* It needs the help of somebody who may not give it (an agent, a store, an engine): at the end of
	 * a session these come last, and each is bounded in time as a whole. */
	bool asks_others;
	/* It reads or writes files of a target, whose file system may never answer: done in a child, within
	 * UNDO_FILES_MS; what is not done by then is open. */
	bool touches_files;
};

#define UNDO_FILES_MS 7000

/* For ops whose last step returns 0 or a negative errno: done, or open with the error that it has set. */
static inline enum undo_state undo_of(int r)
{
	return r ? UNDO_OPEN : UNDO_DONE;
}

/*
 * Register the undo ops: a NULL-terminated array of arrays, each ended by an op without a name. It is kept, not
 * copied. Call it once, before a journal is written or replayed.
 */
void journal_know(const struct undo_op *const families[]);

/* The one of that name, or NULL. */
const struct undo_op *journal_op(const char *name);

/* Open (make) SESSION_DIR/journal.jsonl for appending. What outlives the boot goes to KEPT_DIR (may be
 * NULL: there as well), which is made by the first entry that does. */
int journal_open(const char *session_dir, const char *kept_dir, struct journal **ret, struct fl_error *err);
void journal_close(struct journal *j);

/*
 * Write ahead: returns once the entry is on disk. Steals the reference to @args (also on error).
 * *ret_n identifies the entry for journal_undo().
 */
int journal_add(struct journal *j, const char *undo, json_t *args, unsigned int *ret_n, struct fl_error *err);

/*
 * Undo one entry now and close it. An entry that is closed already: nothing, 0. A negative errno: it is
 * still open, and err->open is set; a later call tries again.
 */
int journal_undo(struct journal *j, unsigned int n, struct fl_error *err);

/*
 * Undo *entry (0: nothing to do) and forget it: 0 in *entry. What the undo remarked without failing
 * ("rewritten by somebody") goes into @remark, if it said anything (may be NULL). On failure the entry stays.
 */
int journal_settle(struct journal *j, unsigned int *entry, char *remark, size_t size, struct fl_error *err);

/* *why (of @r, which it returns) into *err: the first error wins, as everywhere; but nothing hides that something is left open. Returns @r. */
int journal_tell(int r, const struct fl_error *why, struct fl_error *err);

/* Where to save what undoing a lasting effect takes, before its entry is added; made if need be. */
int journal_kept_dir(struct journal *j, const char **ret, struct fl_error *err);

/* Mark it done without running it: its owner has undone it in a better way. */
int journal_done(struct journal *j, unsigned int n, struct fl_error *err);

/*
 * Undo what is open in the journal of @dirs (NULL-terminated; SESSION_DIR and KEPT_DIR), last first, what
 * has to ask others at the end. Goes on after a failure; returns the first one. *ret (may be NULL): what became
 * of how many. A half-written last line (the writer died in it) is ignored: its action had not
 * begun. A line that makes no sense is an error, and the others are undone. When it returns 0, a message in
 * *err is the first remark.
 */
int journal_replay(const char *const *dirs, struct undo_count *ret, struct fl_error *err);

#endif
