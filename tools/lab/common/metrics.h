/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * metrics.h - counters, gauges and latency histograms of a process, in Prometheus text.
 *
 * A series is made on first use and lives as long as the process, so its pointer may be kept.
 * Updates are atomic; rendering takes no lock that an update waits for.
 */
#ifndef LAB_METRICS_H
#define LAB_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "util/text/text.h"

/* Bucket bounds of every histogram, in milliseconds; one more bucket catches the rest. */
#define HISTOGRAM_BOUNDS_MS                                                                                        \
	{                                                                                                          \
		1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, \
			10000                                                                                      \
	}
#define HISTOGRAM_BUCKETS 24

struct histogram {
	_Atomic uint64_t buckets[HISTOGRAM_BUCKETS]; /* not cumulative */
	_Atomic uint64_t sum_us;
};

/*
 * The series @name{@labels}; @labels is the inside of the braces ("peer=\"a\"") or "". Counters
 * and gauges hold an integer; one whose name ends in _seconds or _seconds_total holds
 * microseconds and is printed in seconds. Never NULL: out of memory ends the process.
 */
_Atomic int64_t *metric_counter(const char *name, const char *labels);
_Atomic int64_t *metric_gauge(const char *name, const char *labels);
struct histogram *metric_histogram(const char *name, const char *labels);

void metric_add(_Atomic int64_t *series, int64_t n);
void metric_set(_Atomic int64_t *series, int64_t value);
void histogram_record(struct histogram *h, uint64_t duration_ns);

/* Everything, in the text format 0.0.4. */
void metrics_render(struct text *out);

#endif
