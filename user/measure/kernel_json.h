/* SPDX-License-Identifier: GPL-2.0-only */
/* kernel_json.h - what the kernel measured, as chaos_results.json and baseline.json have it
 * (docs/results.md). Pure. */
#ifndef FL_KERNEL_JSON_H
#define FL_KERNEL_JSON_H

#include <jansson.h>

#include "measure/visible/scope.h"

/*
 * Each service and each edge whose client is measured, before, during and after: the windows between
 * the four borders (CLOCK_MONOTONIC). [{service, client?, metric, unit, before, during, after}], each
 * window {n, mean, sd, p50, p95, p99} or null. Of the services near @scope alone; NULL: of all. A new reference.
 */
json_t *kernel_entries(const struct series *s, const struct scope *scope, const uint64_t borders[4]);

/* One window of it: [{source: "kernel", service, client?, metric, unit, mean, p99, spread, n}]. */
json_t *kernel_baseline(const struct series *s, const struct scope *scope, uint64_t from_ns, uint64_t to_ns);

/*
 * One figure over time, for a picture: @metric ("latency", "rate", ...) of what @client (empty: anybody) saw of
 * @server, or of what it answered, in equal windows from @from_ns to @to_ns, of a second or of what makes
 * KERNEL_POINTS_MAX of them. {"step_s": 1.0, "values": [0.19, null, ...]} in the unit of kernel_entries();
 * null: nothing was measured in that window. A new reference; NULL: there is no such metric.
 */
#define KERNEL_POINTS_MAX 240
json_t *kernel_points(const struct series *s, const char *client, const char *server, const char *metric,
		      uint64_t from_ns, uint64_t to_ns);

#endif
