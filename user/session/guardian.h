/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guardian.h - the process that cleans up after a session whose owner died.
 *
 * Forked when a session begins (before its owner has threads), with a terminal session of its own,
 * no inherited descriptors, deaf to every signal that can be ignored. It waits on the owner's
 * pidfd; when the owner is gone it cleans up and exits. It does the same to a hung owner, one that
 * gave no sign for GUARDIAN_HUNG_NS: that one is killed first, so that only one of them acts.
 * A clean end by the owner dismisses it. What the owner could not undo is handed over to it, and it goes
 * on trying until that is done: often at first, then every GUARDIAN_RETRY_NS.
 */
#ifndef FL_GUARDIAN_H
#define FL_GUARDIAN_H

#include <stdint.h>

#include "util/error.h"

#define GUARDIAN_HUNG_NS  5000000000ull
#define GUARDIAN_RETRY_NS 2000000000ull

struct guardian;

/*
 * Fork the guardian of @session (name) for the calling process; returns once it is watching.
 * @clean is what it calls when the owner is gone, again after a while when that fails.
 */
int guardian_start(const char *session, int (*clean)(const char *session), struct guardian **ret, struct fl_error *err);

/* A sign of life, and none need be expected for @quiet_ns on top of GUARDIAN_HUNG_NS: the owner is
 * about to do something long. The next sign counts again as usual. */
void guardian_beat(struct guardian *g, uint64_t quiet_ns);

/* The owner is about to end and leaves something undone: the guardian goes on with it. Frees @g. */
void guardian_hand_over(struct guardian *g);

/* The session has ended in order: tell the guardian to go, reap it, free @g (may be NULL). */
void guardian_dismiss(struct guardian *g);

#endif
