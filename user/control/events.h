/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * events.h - what changes on this host, as server-sent events with ids that can be resumed from. Made by looking at the
 * faults again and again and comparing; what begins and ends between two looks is not seen.
 *
 *	fault-on	the fault, as in the list
 *	fault-changed	the fault: its parameters, state or targets
 *	fault-hits	{"id", "matched", "injected"}
 *	fault-off	{"id", "kind", "targets", "matched", "injected"}: as seen last
 *	halt		as GET /v1/halt
 *	reset		{}: some are lost, look at the list anew
 *
 * An id is BEGIN-NUMBER, BEGIN when this server was started: an id of another server is followed by a reset.
 */
#ifndef FL_CONTROL_EVENTS_H
#define FL_CONTROL_EVENTS_H

#include <jansson.h>

#include "util/text/text.h"

#define EVENTS_KEPT 2048

struct events;

/* @emit: each event as the text that is sent, as it happens. */
struct events *events_new(void (*emit)(void *ctx, const char *text, size_t len), void *ctx);
void events_free(struct events *e);

/* Compare @rows (borrowed), the faults as live_faults() has them now, with those of the last time. */
void events_look(struct events *e, json_t *rows);

/* Append those behind @after ("": none, only where it stands now), or a reset if they are not all there any more. */
void events_since(const struct events *e, const char *after, struct text *out);

/* {"halted", "halt", "refused"} */
json_t *events_halt_json(void);

#endif
