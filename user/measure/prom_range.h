/* SPDX-License-Identifier: GPL-2.0-only */
/* prom_range.h - a window of a Prometheus query: GET /api/v1/query_range and its answer. Pure. */
#ifndef FL_PROM_RANGE_H
#define FL_PROM_RANGE_H

#include <jansson.h>

#include "util/error.h"

/* The URL that asks @base for @promql over [start, end] (epoch seconds), one sample a second or
 * PROM_RANGE_POINTS of them. The caller frees; NULL: out of memory. */
#define PROM_RANGE_POINTS 600
char *prom_range_url(const char *base, const char *promql, double start, double end);

/*
 * Read the answer (a matrix): [{source: "prometheus", service, metric, labels, mean, p99, spread, n}],
 * one a series. The service is its label service, svc, app, job or instance; null when it has none.
 * Samples that are no finite number are left out. -EBADMSG and what was wrong with it.
 */
int prom_range_read(const char *metric, const char *body, size_t len, json_t **ret, struct fl_error *err);

#endif
