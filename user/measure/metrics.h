/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * metrics.h - the values behind metric names while a suite runs: from the probe's samples, from the
 * readings of the kernel's meter, and from Prometheus, which is asked once a second for each query of
 * the suite (instant queries, on the loop). Names are resolved by metric_name.h.
 */
#ifndef FL_METRICS_H
#define FL_METRICS_H

#include <uv.h>

#include "measure/metric_name.h"
#include "measure/probe/probe.h"

struct metrics;

/* What only the runner knows: slo_breach and alerts_firing. As expr_lookup. */
typedef int (*metrics_other)(void *ctx, const struct metric_source *source, const struct expr_clause *clause,
			     double *ret);

/* @probe may be NULL (none). */
int metrics_open(uv_loop_t *loop, const struct suite *s, const struct probe *probe, metrics_other other, void *ctx,
		 struct metrics **ret, struct fl_error *err);
void metrics_close(struct metrics *m);

/* Where the kernel's metrics come from; NULL: they have no data. Not owned. */
void metrics_use_series(struct metrics *m, const struct series *series);

/* Ask Prometheus again; once a second. */
void metrics_poll(struct metrics *m);

/*
 * Ask Prometheus for each query of the suite over a window (epoch seconds), and what it answered: the
 * entries of prom_range.h, a new reference, empty until they are there.
 */
void metrics_ask_range(struct metrics *m, double start_s, double end_s);
json_t *metrics_range(const struct metrics *m);

/* How far back "now" reaches, and how many tries or requests it takes at least. */
#define METRICS_NOW_NS  (10 * NS_PER_SEC)
#define METRICS_NOW_MIN 3

/*
 * The value now: over the last METRICS_NOW_NS, but never from before @since_ns. 0, -ENODATA (not
 * enough yet) or -ENOENT.
 */
int metrics_now(struct metrics *m, const struct expr_clause *clause, uint64_t since_ns, double *ret);

/* The value over a window; of a Prometheus query the mean. @ret_n: samples behind it. */
int metrics_over(struct metrics *m, const char *name, uint64_t from_ns, uint64_t to_ns, double *ret, uint32_t *ret_n);

/*
 * The samples behind it in a window, in their order: tries, answers of Prometheus, of the kernel's the
 * values from reading to reading. The caller's to free. -ENOENT: it has none of its own.
 */
int metrics_samples(struct metrics *m, const char *name, uint64_t from_ns, uint64_t to_ns, double **ret,
		    uint32_t *ret_n);

/* {"mean", "p99", "spread" (standard deviation), "n"} of the samples in a window; a new reference.
 * Latencies in seconds; a rate has its mean only. NULL when the metric has no samples of its own. */
json_t *metrics_describe(struct metrics *m, const char *name, uint64_t from_ns, uint64_t to_ns);

#endif
