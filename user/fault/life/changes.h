/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * changes.h - what became of a fault's targets while it was on, and when: for events.jsonl, the
 * result, `list` and `inject`. One object a change in f->changes:
 *
 *     {"t": 1700000000.5, "what": "moved", "target": "web", "since": 1700000000.4,
 *      "after_ms": 93.1, "pid": 812, "container": "3f0c...", "text": "..."}
 *
 * moved: it runs anew, and the fault is on it since `t`, `after_ms` behind what its supervisor says
 * was the beginning (`since`). down: it does not run. left: it runs anew, and this kind of fault
 * stayed behind. supervisor-lost, supervisor-back: Docker cannot be reached, can be again; until
 * then nobody tells of changes. stopped, set: somebody did that to a fault of a run (owner.c).
 * died: its main process did, and nothing runs in its place at the end. protected: it was ended because
 * /etc/faultline/protect.d names its target now.
 */
#ifndef FL_CHANGES_H
#define FL_CHANGES_H

#include <jansson.h>

#include "fault/fault.h"

typedef void (*changes_fn)(void *ctx, const struct fault *f, const json_t *change);

/* Note in f->changes what is new since the last call, and tell @fn (may be NULL) of each. True when
 * there was anything. */
bool changes_look(struct fault *f, changes_fn fn, void *ctx);

/* Note one more; steals @change. */
void changes_note(struct fault *f, json_t *change, changes_fn fn, void *ctx);

#endif
