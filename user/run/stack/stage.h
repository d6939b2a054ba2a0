/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stage.h - which experiment passed which stage on this host: the ledger, a file in FL_STATE_DIR. A
 * stage may only be entered when the one before it was passed by the same faults on the same
 * targets, and a failure takes the pass of its stage back (seed section 5.2).
 */
#ifndef FL_STAGE_H
#define FL_STAGE_H

#include "model/experiment.h"

/* The ledger as it is now; an empty object when there is none. New reference. */
int stage_read(json_t **ret, struct fl_error *err);

/* May @x run by @ledger? -EPERM and an error that says which stage is missing. */
int stage_allowed(const json_t *ledger, const struct experiment *x, struct fl_error *err);

/* Enter the outcome of @x into the ledger object. @when: epoch seconds. */
int stage_enter(json_t *ledger, const struct experiment *x, bool passed, double when);

/* The same into the file, read and written under its lock. */
int stage_record(const struct experiment *x, bool passed, struct fl_error *err);

#endif
