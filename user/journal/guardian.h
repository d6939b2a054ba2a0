/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guardian.h - the process that cleans up after a session whose owner died.
 *
 * Forked when a session begins, in a session (setsid) of its own, signals ignored but for
 * SIGTERM from its owner's name. It waits on the owner's pidfd; when the owner is gone (or hung:
 * its lease is more than 5 s old) it replays the journal, removes the session's pins and its
 * directory, and exits. A clean end by the owner dismisses it.
 */
#ifndef FL_GUARDIAN_H
#define FL_GUARDIAN_H

#include <sys/types.h>

#include "util/error.h"

/* Fork the guardian of @session (name) for the calling process. Returns once it is watching. */
int guardian_start(const char *session, pid_t *ret_pid, struct fl_error *err);

/* The session has ended in order: tell the guardian to go, reap it. */
void guardian_dismiss(pid_t pid);

#endif
