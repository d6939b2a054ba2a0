/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * logship.h - ships log lines to the collector in batches. Lines wait in a bounded queue while the
 * collector does not take them; the age of the oldest one is the metric lab_log_lag_seconds.
 */
#ifndef LAB_LOGSHIP_H
#define LAB_LOGSHIP_H

#include "util/error.h"

struct logship;

/* @spec is an upstream (upstream.h). Starts a thread. */
int logship_open(const char *spec, const char *service, struct logship **ret, struct fl_error *err);

/* Queue one line (copied); drops it, counted, when the queue is full. Never blocks on the network. */
void logship_send(struct logship *l, const char *level, const char *text);

#endif
