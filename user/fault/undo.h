/* SPDX-License-Identifier: GPL-2.0-only */
/* undo.h - every way to undo that this build knows. */
#ifndef FL_UNDO_H
#define FL_UNDO_H

#include "session/journal.h"

/* For journal_know(); ended by NULL. */
extern const struct undo_op *const undo_families[];

#endif
