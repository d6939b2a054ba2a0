/* SPDX-License-Identifier: GPL-2.0-only */
/* graph.h - services and who calls whom. Services are small numbers, in the order of the config. */
#ifndef LAB_GRAPH_H
#define LAB_GRAPH_H

#include <jansson.h>
#include <stdbool.h>

#include "util/error.h"

#define GRAPH_MAX 32

struct graph {
	unsigned int n;
	char names[GRAPH_MAX][32];
	bool calls[GRAPH_MAX][GRAPH_MAX]; /* [caller][callee] */
};

/* From {"targets": {NAME: ...}, "edges": [[CALLER, CALLEE], ...]}. */
int graph_read(const json_t *config, struct graph *ret, struct fl_error *err);

/* The number of a service, -1 when there is none of that name (or @name is NULL). */
int graph_find(const struct graph *g, const char *name);

/* The same service, or one calls the other. */
bool graph_near(const struct graph *g, int a, int b);

#endif
