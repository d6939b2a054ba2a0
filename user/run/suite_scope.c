// SPDX-License-Identifier: GPL-2.0-only
/* suite_scope.c - see suite_scope.h */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "run/suite_scope.h"

/* Borrowed words, ended by NULL. */
struct words {
	const char **v;
	uint32_t n, size;
	bool failed;
};

static void add(struct words *w, const char *word)
{
	if (w->n + 1 >= w->size) {
		uint32_t size = w->size ? w->size * 2 : 32;
		const char **grown = reallocarray(w->v, size, sizeof(*grown));

		w->failed |= !grown;
		if (!grown)
			return;
		w->v = grown;
		w->size = size;
	}
	w->v[w->n++] = word;
	w->v[w->n] = NULL;
}

/* "docker:web" and "web" are one service; "netns:web" goes by its whole name. */
static void add_target(struct words *w, const char *spec)
{
	static const char *const prefixes[] = { "docker:", "lab:" };
	size_t i;

	add(w, spec);
	for (i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(spec, prefixes[i], strlen(prefixes[i])))
			add(w, spec + strlen(prefixes[i]));
}

static void add_targets(struct words *w, char *const *specs)
{
	for (; specs && *specs; specs++)
		add_target(w, *specs);
}

static void add_graph(struct words *w, const json_t *graph)
{
	json_t *v, *end;
	size_t i, k;

	json_array_foreach(json_object_get(graph, "services"), i, v)
		if (json_is_string(v))
			add(w, json_string_value(v));
	json_array_foreach(json_object_get(graph, "edges"), i, v)
		json_array_foreach(v, k, end)
			if (json_is_string(end))
				add(w, json_string_value(end));
}

int suite_scope(const struct suite *s, const struct series *series, const char *const *targets, struct scope *ret)
{
	struct words w = {};
	const char *name;
	uint32_t i, f;
	json_t *v;
	int r;

	add_graph(&w, s->graph);
	json_object_foreach(s->described, name, v)
		add(&w, name);
	for (i = 0; i < s->n; i++) {
		add_targets(&w, s->experiments[i].targets);
		for (f = 0; f < s->experiments[i].n_faults; f++)
			add_targets(&w, s->experiments[i].faults[f].targets);
	}
	r = w.failed ? -ENOMEM : scope_make(series, targets, w.v, ret);
	free(w.v);
	return r;
}
