// SPDX-License-Identifier: GPL-2.0-only
/* scope.c - see scope.h */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "measure/visible/scope.h"

static void mark_named(const struct series *s, const char *const *words, bool *marks)
{
	const char(*names)[128];
	uint32_t n = series_services(s, &names), i;

	for (; words && *words; words++)
		for (i = 1; i < n; i++)
			marks[i] |= !strcasecmp(names[i], *words);
}

/* Everybody from whom the calls lead to a mark, or (@down) to whom they lead from one. */
static void spread(const struct series_edge *edges, uint32_t n, bool down, bool *marks)
{
	bool grew = true;
	uint32_t i;

	while (grew) {
		grew = false;
		for (i = 0; i < n; i++) {
			uint32_t from = down ? edges[i].client : edges[i].server;
			uint32_t to = down ? edges[i].server : edges[i].client;

			if (!from || !to || !marks[from] || marks[to])
				continue;
			marks[to] = grew = true;
		}
	}
}

/* Callers and callees of what is named, but not who else calls the same callee. */
static int mark_near(const struct series_edge *edges, uint32_t n, struct scope *s)
{
	bool *up = malloc(s->n), *down = malloc(s->n);
	uint32_t i;

	if (up && down) {
		memcpy(up, s->near, s->n);
		memcpy(down, s->near, s->n);
		spread(edges, n, false, up);
		spread(edges, n, true, down);
		for (i = 0; i < s->n; i++)
			s->near[i] = up[i] || down[i];
	}
	i = up && down;
	free(up);
	free(down);
	return i ? 0 : -ENOMEM;
}

int scope_make(const struct series *s, const char *const *targets, const char *const *named, struct scope *ret)
{
	struct series_edge *edges = NULL;
	const char(*names)[128];
	uint32_t n_edges = series_edges(s, &edges), n = series_services(s, &names);
	int r = -ENOMEM;

	*ret = (struct scope){
		.n = n, .target = calloc(n + 1, 1), .depends = calloc(n + 1, 1), .near = calloc(n + 1, 1)
	};
	if (edges && ret->target && ret->depends && ret->near) {
		mark_named(s, targets, ret->target);
		memcpy(ret->depends, ret->target, n);
		memcpy(ret->near, ret->target, n);
		mark_named(s, named, ret->near);
		spread(edges, n_edges, false, ret->depends);
		r = mark_near(edges, n_edges, ret);
	}
	free(edges);
	if (r)
		scope_free(ret);
	return r;
}

void scope_free(struct scope *s)
{
	free(s->target);
	free(s->depends);
	free(s->near);
	memset(s, 0, sizeof(*s));
}

bool scope_shows(const struct scope *s, uint32_t client, uint32_t server)
{
	return client < s->n && server < s->n && (s->depends[server] || s->target[client]);
}

bool scope_has_edge(const struct scope *s, uint32_t client, uint32_t server)
{
	return client < s->n && server < s->n && s->near[server] && (!client || s->near[client]);
}
