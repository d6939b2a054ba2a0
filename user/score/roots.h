/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * roots.h - what a ranked list of causes is worth where one fault may have several true roots: as a set, by how near it is in
 * the graph, and by ITBench's topology-aware match. Every formula, with its source and a case by hand, is in docs/scoring.md.
 */
#ifndef FL_ROOTS_H
#define FL_ROOTS_H

#include "score/graph.h"
#include "score/result.h"

#define ROOTS_MAX 16 /* of a list, named or true, so many are looked at */

struct root_lists {
	const char *named[ROOTS_MAX], *truth[ROOTS_MAX]; /* borrowed; a service stands once, however it is written */
	uint32_t n_named, n_truth;
};

struct root_scores {
	double precision, recall, f1; /* of the two as sets */
	double proximity;             /* 1 / (1 + hops), less for a long list */
	double ntam;                  /* FL (NTAM) of ITBench */
	bool any, all;                /* one of the true roots is named; each of them is */
};

/* The parameters of NTAM. */
#define NTAM_DELTA 0.289 /* a hop past an average node of 10 halves the credit */
#define NTAM_CALLS 2.0   /* cost of a call, in that of an ownership; there are only calls here */

/* What @r names and what is true of it. */
void root_lists_of(const struct result *r, struct root_lists *ret);

/* @l needs a true root; a list that names nothing scores 0. Where @g does not know a service, it is infinitely far. */
void root_scores_compute(const struct root_lists *l, const struct graph *g, struct root_scores *ret);

#endif
