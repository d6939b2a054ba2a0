/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ranker.h - which service is the root of a cluster of alerts.
 *
 * Not the loudest one: a symptom (latency, errors) counts for a service only when nothing that it
 * calls explains it. Trouble on an edge counts for the callee, and less for the caller; a service
 * whose edges are bad on all sides while its neighbours are fine elsewhere collects all of that.
 * What a service says of itself (gone, restarted, out of memory, clock) counts most.
 */
#ifndef LAB_RANKER_H
#define LAB_RANKER_H

#include "tools/lab/pipeline/detector.h"

struct ranked {
	int service;
	double score;
	double confidence; /* 0..1, of the first: how far it is ahead, and how much speaks for it */
};

/* Ranks the services for which anything speaks, best first; returns how many (0: no idea).
 * @ret has room for GRAPH_MAX. @ret_weight, one per alert, tells how much each spoke for the first. */
unsigned int rank(const struct graph *g, const struct alert *alerts, unsigned int n, struct ranked *ret,
		  double *ret_weight);

#endif
