/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * live.h - the faults of all sessions on this host. Names and parameters are what their owners wrote
 * down, hits come from the pinned maps at this moment.
 */
#ifndef FL_LIVE_H
#define FL_LIVE_H

#include <jansson.h>

#include "util/error.h"

/* [{id, kind, targets, backend, params, matched, injected, expires_in_s, active, purpose, pid,
 * owner_alive, changes}]; a new reference. */
int live_faults(json_t **ret, struct fl_error *err);

/* Of a row's "courses": "delay is 12ms: a ramp from 0s to 500ms in 10min, where it stays"; the caller's to free. */
char *live_course_text(const json_t *course);

/* Of such a row: "by alice (pts/3) since 12:00:01", or with the day as well. Returns @buf. */
const char *live_owner_text(const json_t *row, bool with_day, char *buf, size_t size);

#endif
