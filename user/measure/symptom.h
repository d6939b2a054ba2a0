/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symptom.h - the first symptom of a fault: the first request after injection that the baseline does
 * not explain. One watch is one edge seen from one end.
 *
 * A request is bad when it ended in an error (4xx and 5xx, no answer, refused) or took longer than
 * `slow_ns`, which is a quarter above the 99th percentile of the baseline. The baseline had bad
 * requests as well: their rate (counted + 1) / seconds is what has to be explained. A *run* is k
 * consecutive bad requests (k from 3 to 50) within a time d; the baseline explains it with the
 * probability that a Poisson process of that rate has k - 1 or more events in d after the first one,
 * both divided by the dispersion (variance / mean, at least 1) of the baseline's counts, because
 * requests do not fail independently. The symptom is the first request of the earliest run whose
 * probability is below SYMPTOM_ALPHA / (k's tried * (1 + bad requests expected while watching)), so
 * that a watch in which nothing changes speaks with a probability of about SYMPTOM_ALPHA.
 * Pure; the times are the kernel's.
 */
#ifndef FL_SYMPTOM_H
#define FL_SYMPTOM_H

#include "measure/series.h"

#define SYMPTOM_ALPHA	1e-3
#define SYMPTOM_RUN_MIN 3
#define SYMPTOM_RUN_MAX 50
#define SYMPTOM_EVENTS	4096 /* kept of one watch; a run is found long before */

struct symptom_event {
	uint64_t at_ns, latency_ns;
	uint16_t status;
};

struct symptom_watch {
	struct series_match match;
	uint64_t slow_ns;  /* 0: the baseline had too few requests to know what is slow */
	double bad_hz;	   /* of the baseline */
	double dispersion; /* 1 or more */
	struct symptom_event *events; /* bad ones, in order; owned */
	uint32_t n;
};

struct symptom {
	struct symptom_event first; /* of the run */
	uint32_t run;		    /* its length k */
	double within_s, probability;
};

/* Below this many requests in the baseline a quantile is no quantile: errors only. */
#define SYMPTOM_REQUESTS_MIN 20

/* Learn the baseline of w->match from the series; the events are empty afterwards. */
void symptom_learn(struct symptom_watch *w, const struct series *s, uint64_t from_ns, uint64_t to_ns);

/* Take a bad request; others, and what is beyond SYMPTOM_EVENTS, are ignored. */
void symptom_take(struct symptom_watch *w, const struct meter_event *event);

/* The first symptom from @since_ns on, in a window of @watched_s seconds; false: none. */
bool symptom_find(const struct symptom_watch *w, uint64_t since_ns, double watched_s,
		  struct symptom *ret);

void symptom_free(struct symptom_watch *w);

/* P(N >= k) of a Poisson variable of mean @mean. */
double poisson_tail(uint32_t k, double mean);

#endif
