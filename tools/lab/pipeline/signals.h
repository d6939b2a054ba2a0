/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * signals.h - what is watched: one number per service, metric and (for edges) peer, every second.
 *
 * Edge metrics compare what the caller saw with what the callee says of itself, so that trouble
 * between two healthy services is seen, and a slow callee is not blamed on the way to it.
 */
#ifndef LAB_SIGNALS_H
#define LAB_SIGNALS_H

#include <stdbool.h>

#include "tools/lab/pipeline/graph.h"
#include "tools/lab/pipeline/observation.h"

enum metric {
	/* of a service */
	METRIC_AVAILABILITY, /* 1: the scrape failed */
	METRIC_RESTART,      /* 1: the process is another one than before */
	METRIC_LATENCY,      /* p95 of its requests, seconds */
	METRIC_ERRORS,       /* share of 5xx */
	METRIC_CPU,          /* share of the quota (of one core without a quota) */
	METRIC_THROTTLING,   /* share of the time that the quota held it back */
	METRIC_MEMORY,       /* share of the limit */
	METRIC_VOLUME,       /* share of the volume */
	METRIC_LOG_LAG,      /* seconds */
	METRIC_WRITE_ERRORS, /* failed writes a second */
	METRIC_CLOCK,        /* distance of its wall clock from ours, seconds */
	/* of an edge: the service is the caller, the peer the callee */
	METRIC_EDGE_LATENCY,  /* mean of the calls minus the callee's own mean, seconds */
	METRIC_EDGE_ERRORS,   /* share of 5xx answers minus the callee's own share */
	METRIC_EDGE_TIMEOUTS, /* share of calls without an answer */
	METRIC_EDGE_POOL,     /* share of calls that found no free connection in time */
	METRIC_TOKENS,        /* tokens of that issuer refused, a second */
	METRICS,
};

struct signal {
	int service, peer; /* peer -1: about the service itself */
	enum metric metric;
	double value;
};

/* Two scrapes of each service, some seconds apart. */
struct window {
	const struct observation *old, *now;
};

#define SIGNALS_MAX 1024

/* All signals that @windows (one per service of @g) allow; at most @max of them. A metric whose
 * counts are too small to mean anything is left out. Returns how many. */
unsigned int signals_derive(const struct graph *g, const struct window *windows, struct signal *ret, unsigned int max);

#endif
