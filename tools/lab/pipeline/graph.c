// SPDX-License-Identifier: GPL-2.0-only
/* graph.c - see graph.h */
#include <errno.h>
#include <string.h>

#include "tools/lab/pipeline/graph.h"
#include "util/text/text.h"

int graph_find(const struct graph *g, const char *name)
{
	unsigned int i;

	for (i = 0; name && i < g->n; i++)
		if (!strcmp(g->names[i], name))
			return (int)i;
	return -1;
}

bool graph_near(const struct graph *g, int a, int b)
{
	if (a < 0 || b < 0)
		return false;
	return a == b || g->calls[a][b] || g->calls[b][a];
}

int graph_read(const json_t *config, struct graph *ret, struct fl_error *err)
{
	json_t *targets = json_object_get(config, "targets"), *edge, *ignored;
	const char *name, *from, *to;
	size_t i;

	memset(ret, 0, sizeof(*ret));
	json_object_foreach(targets, name, ignored) {
		if (ret->n == GRAPH_MAX || !text_copy(ret->names[ret->n], sizeof(ret->names[0]), name))
			return error_usage(err, "more than %d targets, or a name that is too long", GRAPH_MAX);
		ret->n++;
	}
	if (!ret->n)
		return error_usage(err, "no targets to scrape");
	json_array_foreach(json_object_get(config, "edges"), i, edge) {
		if (json_unpack(edge, "[s, s]", &from, &to))
			return error_usage(err, "edge %zu is not [caller, callee]", i);
		if (graph_find(ret, from) < 0 || graph_find(ret, to) < 0)
			return error_usage(err, "edge %s -> %s: no such target", from, to);
		ret->calls[graph_find(ret, from)][graph_find(ret, to)] = true;
	}
	return 0;
}
