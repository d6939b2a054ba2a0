// SPDX-License-Identifier: GPL-2.0-only
/*
 * view.c - where a fault would be noticed. Users come from outside, through the services that are asked from there;
 * what such a service answers is what they see, while what it is asked for passes the target. In a stack where nobody
 * comes from outside it is what the services see that ask and are asked by nobody: load generators, jobs.
 *
 * The meter sits between a service and every fault, so a fault of packets does not show on the target's own answers,
 * but on the edges of those who ask it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"
#include "util/cleanup.h"

static double outside_rate(const struct plan_facts *f, uint32_t server)
{
	uint32_t i;

	for (i = 0; i < f->n_edges; i++)
		if (!f->edges[i].client && f->edges[i].server == server)
			return f->edges[i].seen.rate;
	return 0;
}

static bool is_called(const struct plan_facts *f, uint32_t server)
{
	uint32_t i;

	for (i = 0; i < f->n_edges; i++)
		if (f->edges[i].server == server && f->edges[i].seen.tries)
			return true;
	return false;
}

static bool has_quantiles(const struct plan_figures *g)
{
	return g->tries && !isnan(g->p99_s);
}

/* What @service answered to everybody. */
static void use_service(const struct plan_facts *f, uint32_t service, struct plan_view *ret)
{
	const struct plan_service *s = &f->services[service];

	snprintf(ret->latency, sizeof(ret->latency), "p99{service=%s}", s->name);
	snprintf(ret->errors, sizeof(ret->errors), "error_rate{service=%s}", s->name);
	snprintf(ret->words, sizeof(ret->words), "what %s answers", s->name);
	ret->base = s->served;
}

static void use_edge(const struct plan_facts *f, const struct plan_edge *e, struct plan_view *ret)
{
	const char *from = f->services[e->client].name, *to = f->services[e->server].name;

	snprintf(ret->latency, sizeof(ret->latency), "edge_p99{from=%s,to=%s}", from, to);
	snprintf(ret->errors, sizeof(ret->errors), "edge_error_rate{from=%s,to=%s}", from, to);
	snprintf(ret->words, sizeof(ret->words), "what %s gets from %s", from, to);
	ret->base = e->seen;
}

/* The service that users come to, and that depends on what is hit; 0: there is none. */
static uint32_t find_entry(const struct plan_facts *f, const bool *depends, uint32_t target, bool packets)
{
	double best = 0;
	uint32_t i, found = 0;

	for (i = 1; i < f->n; i++) {
		double rate = outside_rate(f, i);

		if (!depends[i] || (packets && i == target) || !has_quantiles(&f->services[i].served) || rate <= best)
			continue;
		best = rate;
		found = i;
	}
	return found;
}

/*
 * The busiest edge towards what is hit, of those who are asked by nobody if there are any. Of the edges to @target
 * itself only that of @client, where the fault is on one edge.
 */
static const struct plan_edge *find_edge(const struct plan_facts *f, const bool *depends, uint32_t target,
					 uint32_t client)
{
	const struct plan_edge *found = NULL;
	bool found_root = false;
	uint32_t i;

	for (i = 0; i < f->n_edges; i++) {
		const struct plan_edge *e = &f->edges[i];
		bool root;

		if (!e->client || !e->server || !has_quantiles(&e->seen))
			continue;
		if (client && e->server == target ? e->client != client : !depends[e->server])
			continue;
		root = !is_called(f, e->client);
		if (found && (found_root > root || (found_root == root && found->seen.rate >= e->seen.rate)))
			continue;
		found = e;
		found_root = root;
	}
	return found;
}

bool plan_find_view(const struct plan_facts *f, uint32_t target, uint32_t client, bool packets, struct plan_view *ret)
{
	_cleanup_free_ bool *depends = calloc(f->n, sizeof(*depends));
	const struct plan_edge *edge;
	uint32_t entry;

	*ret = (struct plan_view){};
	if (!depends)
		return false;
	plan_dependents(f, client ? client : target, depends);
	entry = find_entry(f, depends, target, packets);
	edge = find_edge(f, depends, target, client);
	/* An entry that users hardly use (somebody scrapes it) says less than an edge of those who do. */
	if (entry && (!edge || is_called(f, edge->client) || outside_rate(f, entry) >= edge->seen.rate)) {
		use_service(f, entry, ret);
		return true;
	}
	if (edge) {
		use_edge(f, edge, ret);
		return true;
	}
	if (!packets && has_quantiles(&f->services[target].served)) {
		use_service(f, target, ret);
		return true;
	}
	return false;
}
