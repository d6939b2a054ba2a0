/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symptom.h - the first symptom of a fault: the first request after injection that the baseline does
 * not explain. One watch is one edge seen from one end.
 *
 * A request is bad when it ended in an error (4xx and 5xx, no answer, refused, reset) or took longer
 * than `slow_ns`, which is a quarter above the 99th percentile of the baseline. Bad requests come in
 * clusters, because what delays one delays its neighbours: so it is not they that are counted but the
 * half seconds with at least one. The baseline had b of those in n. With the prior Beta(1/2, 9/2) (five
 * half seconds, one in ten of them bad) the number in the next m is beta-binomial, which also knows how
 * little a short baseline can tell.
 *
 * A run is m half seconds, 2 to SYMPTOM_RUN_MAX, that begin with a bad one and have j bad ones; its
 * probability is P(J >= j). The symptom is the first bad request of the most improbable run, provided
 * that its probability is below SYMPTOM_ALPHA / (watches * half seconds watched): with nothing changed
 * at most one experiment in a hundred has a symptom. A straggler before the true beginning does not
 * draw it forward, because the clean half seconds behind it make the longer run the likelier one.
 * Pure; the times are the kernel's.
 */
#ifndef FL_SYMPTOM_H
#define FL_SYMPTOM_H

#include "measure/series.h"

#define SYMPTOM_ALPHA   1e-2
#define SYMPTOM_RUN_MAX 40
#define SYMPTOM_BINS    240 /* two minutes; who has no symptom until then has none */
#define SYMPTOM_BIN_NS  500000000ull

/* Below this many requests in the baseline a quantile is no quantile: errors only. */
#define SYMPTOM_REQUESTS_MIN 20

/* A half second with bad requests; at_ns 0: it has none. */
struct symptom_event {
	uint64_t at_ns, latency_ns; /* of the first */
	uint16_t status;
};

struct symptom_watch {
	struct series_match match;
	uint64_t slow_ns;                /* 0: the baseline had too few requests to know what is slow */
	uint32_t readings, bad_readings; /* n and b of the baseline */
	uint64_t since_ns;               /* the injection */
	struct symptom_event *bins;      /* SYMPTOM_BINS from then on; NULL: nothing bad yet; owned */
};

struct symptom {
	struct symptom_event first;
	uint32_t run, bad;      /* m and j */
	double log_probability; /* natural */
};

/* Learn the baseline of w->match from the series. What the watch has seen is forgotten. */
void symptom_learn(struct symptom_watch *w, const struct series *s, uint64_t from_ns, uint64_t to_ns,
		   uint64_t since_ns);

/* Take a request of the edge; those that are not bad, or not of the time that is watched, are ignored. */
void symptom_take(struct symptom_watch *w, const struct meter_event *event);

/* The first symptom in @watched_s seconds, not before @from_ns; false: none. So many watches are looked at. */
bool symptom_find(const struct symptom_watch *w, uint32_t n_watches, double watched_s, uint64_t from_ns,
		  struct symptom *ret);

void symptom_free(struct symptom_watch *w);

/* log P(J >= j) of a beta-binomial variable over @m with Beta(@a, @b). */
double beta_binomial_log_tail(uint32_t j, uint32_t m, double a, double b);

#endif
