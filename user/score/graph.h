/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * graph.h - who calls whom: {"edges": [["frontend", "api-gateway"], ...]}, caller first; "services"
 * may name those that nobody calls. A fault travels against the arrows: its root is what the services
 * that alert reach.
 */
#ifndef FL_GRAPH_H
#define FL_GRAPH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define GRAPH_MAX 256 /* services; edges of others are left out */

struct graph {
	uint32_t n;
	const char *name[GRAPH_MAX]; /* borrowed from the JSON */
	bool calls[GRAPH_MAX][GRAPH_MAX];
};

/* @edges: the object above, or NULL for a graph of nothing. It has to outlive @g. */
void graph_init(struct graph *g, const json_t *edges);

/* Index of a service, -1 when it is not in the graph. */
int graph_find(const struct graph *g, const char *service);

/* Calls on the shortest way from @from down to @to; 0 for the same service; -1: no way. */
int graph_calls(const struct graph *g, const char *from, const char *to);

/* Hops between two services whatever the direction; -1: not connected. */
int graph_hops(const struct graph *g, const char *a, const char *b);

/* Neither reaches the other: a fault of one cannot show in the other. Both must be in the graph. */
bool graph_independent(const struct graph *g, const char *a, const char *b);

#endif
