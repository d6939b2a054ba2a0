/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * keeper.h - keeps a session's leases alive while its owner does something long and is not at its loop:
 * ending one fault may wait for an agent or a store, and the other faults of the session go on meanwhile.
 *
 * The thread does nothing but while the owner has said so (session_busy), and no longer than
 * KEEPER_MOST_NS at a time: an owner that hangs in what it does loses its leases after that, and its guardian
 * ends it. It dies with its process, and the leases lapse.
 */
#ifndef FL_KEEPER_H
#define FL_KEEPER_H

#include <stdint.h>

#include "session/session.h"

#define KEEPER_MOST_NS 60000000000ull

struct keeper;

/* NULL: there is no thread to be had; then leases lapse as they did. */
struct keeper *keeper_start(struct session *s);
void keeper_stop(struct keeper *k); /* may be NULL */

/* From now on, or (@on false) no more. */
void keeper_set(struct keeper *k, bool on);

#endif
