// SPDX-License-Identifier: GPL-2.0-only
/* roots.c - see roots.h */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "score/evidence.h"
#include "score/roots.h"

static void add_once(const char **list, uint32_t *n, const char *service)
{
	uint32_t i;

	for (i = 0; i < *n; i++)
		if (!strcasecmp(list[i], service))
			return;
	if (*service && *n < ROOTS_MAX)
		list[(*n)++] = service;
}

void root_lists_of(const struct result *r, struct root_lists *ret)
{
	const char *root;
	uint32_t i;

	memset(ret, 0, sizeof(*ret));
	for (i = 0; i < r->n_causes; i++)
		add_once(ret->named, &ret->n_named, r->causes[i].service);
	if (!r->n_causes && r->rca_service)
		add_once(ret->named, &ret->n_named, r->rca_service);
	for (i = 0; (root = evidence_root(r, i)); i++)
		add_once(ret->truth, &ret->n_truth, root);
}

static bool is_in(const char *const *list, uint32_t n, const char *service)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (!strcasecmp(list[i], service))
			return true;
	return false;
}

static void score_sets(const struct root_lists *l, struct root_scores *ret)
{
	uint32_t i, right = 0;

	for (i = 0; i < l->n_named; i++)
		right += is_in(l->truth, l->n_truth, l->named[i]);
	ret->precision = l->n_named ? (double)right / l->n_named : 0;
	ret->recall = (double)right / l->n_truth;
	ret->f1 = 2.0 * right / (l->n_named + l->n_truth);
	ret->any = right > 0;
	ret->all = right == l->n_truth;
}

/* --- proximity -------------------------------------------------------------------------------- */

/* 1 / (1 + hops); 0 where no way is known. */
static double nearness(const struct graph *g, const char *a, const char *b)
{
	int hops = !strcasecmp(a, b) ? 0 : graph_hops(g, a, b);

	return hops < 0 ? 0 : 1.0 / (1 + hops);
}

/* Each true root by what is named nearest to it; what is named beyond their number takes from it. */
static double proximity_of(const struct root_lists *l, const struct graph *g)
{
	double sum = 0, best;
	uint32_t t, i;

	for (t = 0; t < l->n_truth; t++) {
		best = 0;
		for (i = 0; i < l->n_named; i++)
			best = fmax(best, nearness(g, l->truth[t], l->named[i]));
		sum += best;
	}
	sum /= l->n_truth;
	return l->n_named > l->n_truth ? sum * l->n_truth / l->n_named : sum;
}

/* --- NTAM --------------------------------------------------------------------------------------- */

/* How many nodes hang on node @i: those it is connected with by an edge, in whatever direction. At least 1. */
static double subtree_size(const struct graph *g, uint32_t i)
{
	uint32_t k, n = 0;

	for (k = 0; k < g->n; k++)
		n += k != i && (g->calls[i][k] || g->calls[k][i]);
	return n ? n : 1;
}

/*
 * TD: the cheapest way from @from to @to, each step costing a call times the size of the node that it comes to. Infinite:
 * there is none. Bellman and Ford will do for so few nodes.
 */
static double topology_distance(const struct graph *g, const char *from, const char *to)
{
	double cost[GRAPH_MAX];
	int a = graph_find(g, from), b = graph_find(g, to);
	bool changed = true;
	uint32_t i, k;

	if (!strcasecmp(from, to))
		return 0;
	if (a < 0 || b < 0)
		return INFINITY;
	for (i = 0; i < g->n; i++)
		cost[i] = INFINITY;
	cost[a] = 0;
	while (changed) {
		changed = false;
		for (i = 0; i < g->n; i++)
			for (k = 0; k < g->n; k++) {
				double through = cost[i] + NTAM_CALLS * subtree_size(g, k);

				if (!(g->calls[i][k] || g->calls[k][i]) || through >= cost[k])
					continue;
				cost[k] = through;
				changed = true;
			}
	}
	return cost[b];
}

/* ITD: of two services, without the importance of a level, which is the same for all roots. */
static double inverse_distance(const struct graph *g, const char *truth, const char *named)
{
	double td = topology_distance(g, truth, named);

	return isfinite(td) ? pow(1 / (td + 1), NTAM_DELTA) : 0;
}

/* S(R, R'): @named against @truth, with all exponents 1. */
static double match(const struct graph *g, const char *const *truth, uint32_t n_truth, const char *const *named,
		    uint32_t n_named)
{
	double sum_of_best = 0, best_of_means = 0, itd, mean;
	uint32_t t, i, apart = n_named > n_truth ? n_named - n_truth : n_truth - n_named;

	for (i = 0; i < n_named; i++) {
		for (mean = 0, t = 0; t < n_truth; t++)
			mean += inverse_distance(g, truth[t], named[i]) / n_truth;
		best_of_means = fmax(best_of_means, mean);
	}
	for (t = 0; t < n_truth; t++) {
		for (itd = 0, i = 0; i < n_named; i++)
			itd = fmax(itd, inverse_distance(g, truth[t], named[i]));
		sum_of_best += itd;
	}
	return sum_of_best * best_of_means / (apart + 1);
}

void root_scores_compute(const struct root_lists *l, const struct graph *g, struct root_scores *ret)
{
	memset(ret, 0, sizeof(*ret));
	score_sets(l, ret);
	ret->proximity = proximity_of(l, g);
	/* Normalised by what the truth itself would get, which extra names can exceed: at most 1. */
	ret->ntam = fmin(match(g, l->truth, l->n_truth, l->named, l->n_named) /
				 match(g, l->truth, l->n_truth, l->truth, l->n_truth),
			 1);
}
