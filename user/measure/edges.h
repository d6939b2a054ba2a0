/* SPDX-License-Identifier: GPL-2.0-only */
/* edges.h - the dependency graph as it was seen on the wire. Pure. */
#ifndef FL_EDGES_H
#define FL_EDGES_H

#include <jansson.h>

#include "measure/meter/meter.h"
#include "util/text/text.h"

/*
 * {"services": [...], "edges": [{client, server, protocol, port, requests, errors, rate, error_rate,
 * p50_ms, p95_ms, first, last}]}, ordered by client and server. first and last are epoch seconds of its
 * first and last packet; @wall_offset_ns is what CLOCK_REALTIME is ahead of CLOCK_MONOTONIC; figures
 * are those of the client's end where it is measured. A new reference.
 */
json_t *edges_json(const struct meter_snapshot *s, double seconds, int64_t wall_offset_ns);

/* The same object as a graph in the DOT language. */
void edges_dot(const json_t *graph, struct text *out);

#endif
