/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * overlap.h - the faults of other sessions that are on a target already: two faults at once are told
 * from one only by who knows of both.
 */
#ifndef FL_OVERLAP_H
#define FL_OVERLAP_H

#include "fault/fault.h"

/* For faults.json: by what each target of @f is known, whatever name was used for it. New reference. */
json_t *overlap_identities(const struct fault *f);

/* Rows of live_faults() of other sessions that share a target with @f. New reference; an empty array
 * also when they cannot be read. */
json_t *overlap_find(const struct fault *f);

/* "k3x9aa.1 latency by alice (pts/3) since 12:00:01 is on web too". Returns @buf. */
const char *overlap_text(const json_t *row, char *buf, size_t size);

#endif
