// SPDX-License-Identifier: GPL-2.0-only
/* correlator.c - see correlator.h. Union-find over at most some hundred alerts. */
#include <math.h>
#include <stdbool.h>

#include "tools/lab/pipeline/correlator.h"

static bool linked(const struct graph *g, const struct alert *a, const struct alert *b)
{
	const int as[] = { a->signal.service, a->signal.peer };
	const int bs[] = { b->signal.service, b->signal.peer };
	unsigned int i, j;

	if (fabs(a->fired_at_s - b->fired_at_s) > CORRELATE_GAP_S)
		return false;
	for (i = 0; i < 2; i++)
		for (j = 0; j < 2; j++)
			if (graph_near(g, as[i], bs[j]))
				return true;
	return false;
}

static unsigned int root_of(unsigned int *parent, unsigned int i)
{
	while (parent[i] != i)
		i = parent[i] = parent[parent[i]];
	return i;
}

void correlate(const struct graph *g, const struct alert *alerts, unsigned int n, unsigned int *ret_cluster,
	       unsigned int *ret_n)
{
	unsigned int i, j, a, b;

	for (i = 0; i < n; i++)
		ret_cluster[i] = i;
	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++) {
			a = root_of(ret_cluster, i);
			b = root_of(ret_cluster, j);
			if (a == b || !linked(g, &alerts[i], &alerts[j]))
				continue;
			/* The smaller number is the root, so that a root comes before its members. */
			ret_cluster[a > b ? a : b] = a > b ? b : a;
		}
	for (i = 0; i < n; i++)
		ret_cluster[i] = root_of(ret_cluster, i);
	/* Roots are numbered in the order of their first alert. */
	*ret_n = 0;
	for (i = 0; i < n; i++)
		ret_cluster[i] = ret_cluster[i] == i ? (*ret_n)++ : ret_cluster[ret_cluster[i]];
}
