/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * events.h - events.jsonl: what happened and when, a line at a time, on disk as it happens.
 *
 *     {"t": 1700000000.123456, "mono_ns": 123, "event": "state", "experiment": "payment_latency",
 *      "from": "BASELINE", "to": "INJECT"}
 */
#ifndef FL_EVENTS_H
#define FL_EVENTS_H

#include <jansson.h>

#include "util/error.h"

struct events;

/* Append to the open file @fd, which it takes over (also on error). */
int events_open(int fd, struct events **ret, struct fl_error *err);
void events_close(struct events *e);

/*
 * Write one line, whole, by one write(). @fields is an object (its reference is stolen; NULL: none)
 * that follows the stamps. @experiment may be NULL. A line that cannot be written is counted: a full
 * disk must not end an experiment.
 */
void events_write(struct events *e, const char *event, const char *experiment, json_t *fields);

unsigned int events_lost(const struct events *e);

#endif
