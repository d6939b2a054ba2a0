/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * observation.h - what one scrape of one service said (running totals), and the difference of two
 * scrapes (what happened between them).
 */
#ifndef LAB_OBSERVATION_H
#define LAB_OBSERVATION_H

#include <stdbool.h>
#include <stddef.h>

#define OBS_MAX_PEERS   16
#define OBS_MAX_BUCKETS 40
#define OBS_NAME        32

/* Cumulative counts by upper bound, as Prometheus has them. */
struct obs_histogram {
	unsigned int n;
	double bounds[OBS_MAX_BUCKETS], counts[OBS_MAX_BUCKETS];
	double sum, count;
};

/* Calls to one peer. */
struct obs_peer {
	char name[OBS_NAME];
	double ok, errors, timeouts; /* timeouts: no answer: timed out, refused, reset */
	double pool_rejected;        /* no free connection in time */
	double seconds, calls_timed; /* sum and number of the calls that left */
	double tokens_refused;       /* tokens that this peer issued and we refused */
};

struct observation {
	bool up;
	double at_s;             /* CLOCK_MONOTONIC of the scrape */
	double wall_s;           /* CLOCK_REALTIME of the scrape */
	double took_s;           /* from the question to the whole answer */
	double start_s, clock_s; /* start of the process, its wall clock; 0: not told */
	double requests, errors; /* errors: 5xx */
	struct obs_histogram latency;
	double cpu_s, throttled_s, quota_cores; /* quota 0: none */
	double memory, memory_limit;            /* limit 0: none */
	double volume, volume_size, write_errors;
	double log_lag_s;
	unsigned int n_peers;
	struct obs_peer peers[OBS_MAX_PEERS];
};

/* Read a page of metrics; @text is cut up. Times are the caller's to fill in. */
void observation_read(struct observation *o, char *text);

/* What happened from @old to @now: totals become differences, gauges are those of @now. False when
 * there is no difference: one of them is down, or the process is another one. */
bool observation_diff(const struct observation *old, const struct observation *now, struct observation *ret);

struct obs_peer *observation_peer(struct observation *o, const char *name);

/* The quantile by linear interpolation within its bucket; 0 when nothing was counted. */
double histogram_quantile(const struct obs_histogram *h, double q);

#endif
