// SPDX-License-Identifier: GPL-2.0-only
/* graph.c - see graph.h. Breadth-first over an adjacency matrix: service graphs are small. */
#include <string.h>
#include <strings.h>

#include "score/graph.h"

int graph_find(const struct graph *g, const char *service)
{
	uint32_t i;

	for (i = 0; service && i < g->n; i++)
		if (!strcasecmp(g->name[i], service))
			return (int)i;
	return -1;
}

static int find_or_add(struct graph *g, const char *service)
{
	int i = graph_find(g, service);

	if (i >= 0 || !service || g->n == GRAPH_MAX)
		return i;
	g->name[g->n] = service;
	return (int)g->n++;
}

void graph_init(struct graph *g, const json_t *edges)
{
	json_t *edge, *service;
	size_t i;

	memset(g, 0, sizeof(*g));
	json_array_foreach(json_object_get(edges, "services"), i, service)
		find_or_add(g, json_string_value(service));
	json_array_foreach(json_object_get(edges, "edges"), i, edge) {
		int from = find_or_add(g, json_string_value(json_array_get(edge, 0)));
		int to = find_or_add(g, json_string_value(json_array_get(edge, 1)));

		if (from >= 0 && to >= 0)
			g->calls[from][to] = true;
	}
}

static int distance(const struct graph *g, int from, int to, bool both_ways)
{
	int queue[GRAPH_MAX], depth[GRAPH_MAX];
	uint32_t head = 0, tail = 0, i;

	if (from < 0 || to < 0)
		return -1;
	memset(depth, -1, sizeof(depth));
	depth[from] = 0;
	queue[tail++] = from;
	while (head < tail) {
		int at = queue[head++];

		if (at == to)
			return depth[at];
		for (i = 0; i < g->n; i++) {
			if (depth[i] >= 0 || !(g->calls[at][i] || (both_ways && g->calls[i][at])))
				continue;
			depth[i] = depth[at] + 1;
			queue[tail++] = (int)i;
		}
	}
	return -1;
}

int graph_calls(const struct graph *g, const char *from, const char *to)
{
	return distance(g, graph_find(g, from), graph_find(g, to), false);
}

int graph_hops(const struct graph *g, const char *a, const char *b)
{
	return distance(g, graph_find(g, a), graph_find(g, b), true);
}

bool graph_independent(const struct graph *g, const char *a, const char *b)
{
	return graph_find(g, a) >= 0 && graph_find(g, b) >= 0 && graph_calls(g, a, b) < 0 && graph_calls(g, b, a) < 0;
}
