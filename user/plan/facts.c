// SPDX-License-Identifier: GPL-2.0-only
/* facts.c - see plan.h: what a meter saw, as services and edges in figures. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/figures.h"
#include "plan/plan.h"
#include "util/cleanup.h"

void plan_free(struct plan *p)
{
	uint32_t i;

	for (i = 0; i < p->n; i++)
		free(p->v[i].refused);
	free(p->v);
	free(p->facts.services);
	free(p->facts.edges);
	free(p->facts.note);
	free(p->facts.unmeasured);
	free(p->facts.probe_url);
	json_decref(p->facts.unsupported);
	json_decref(p->omissions);
	*p = (struct plan){};
}

/* The facts' number of each service of the snapshot; UINT32_MAX: it is none of them. */
static void map_services(const struct plan_facts *f, const struct meter_snapshot *d, uint32_t *map)
{
	uint32_t i, k;

	for (i = 0; i < d->n_services; i++) {
		map[i] = i ? UINT32_MAX : 0;
		for (k = 1; i && k < f->n; k++)
			if (!strcmp(d->services[i], f->services[k].name))
				map[i] = k;
	}
}

static void take(const struct meter_row *row, double seconds, struct plan_figures *ret)
{
	struct figures g;

	figures_of(row, seconds, &g);
	ret->tries = row_tries(row);
	ret->errors = row_errors(row);
	ret->rate = g.rate;
	ret->error_rate = g.error_rate;
	ret->p99_s = g.p99_s;
	ret->port = row->port;
}

/* What has been added up so far, of one edge at both of its ends or of one service. */
struct sum {
	struct meter_row rows[2]; /* by vantage */
	uint32_t protocols;
};

static void add(struct sum *s, const struct meter_row *row)
{
	struct meter_row *to = &s->rows[row->vantage];

	if (!to->first_ns && !row_tries(to))
		*to = *row;
	else
		row_add(to, row);
	s->protocols |= 1u << row->protocol;
}

static bool is_of_tokens(const struct meter_snapshot *d, const struct meter_row *row)
{
	return row->protocol == METER_HTTP && row->requests && meter_path_text(&d->paths, row->path);
}

/* The edge from @client to @server, appended where there is one. */
static void measure_edge(struct plan_facts *f, const struct meter_snapshot *d, const uint32_t *map, uint32_t client,
			 uint32_t server, struct sum *sum)
{
	struct plan_edge *e = &f->edges[f->n_edges];
	uint32_t i;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < d->n_rows; i++)
		if (map[d->rows[i].client] == client && map[d->rows[i].server] == server &&
		    (row_tries(&d->rows[i]) || d->rows[i].connects || d->rows[i].bytes_to_server))
			add(sum, &d->rows[i]);
	if (!sum->protocols)
		return;
	*e = (struct plan_edge){ .client = client, .server = server };
	take(row_tries(&sum->rows[METER_AS_CLIENT]) ? &sum->rows[METER_AS_CLIENT] : &sum->rows[METER_AS_SERVER],
	     f->seconds, &e->seen);
	e->seen.protocols = sum->protocols;
	f->n_edges++;
}

static void measure_service(struct plan_facts *f, const struct meter_snapshot *d, const uint32_t *map, uint32_t server,
			    struct sum *sum)
{
	struct plan_service *s = &f->services[server];
	uint32_t i;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < d->n_rows; i++) {
		if (map[d->rows[i].server] != server || d->rows[i].vantage != METER_AS_SERVER)
			continue;
		s->tokens |= is_of_tokens(d, &d->rows[i]);
		if (row_tries(&d->rows[i]))
			add(sum, &d->rows[i]);
	}
	take(&sum->rows[METER_AS_SERVER], f->seconds, &s->served);
	s->served.protocols = sum->protocols;
}

int plan_measure(struct plan_facts *f, const struct meter_snapshot *d, double seconds, struct fl_error *err)
{
	_cleanup_free_ uint32_t *map = calloc(d->n_services + 1, sizeof(*map));
	_cleanup_free_ struct sum *sum = malloc(sizeof(*sum));
	uint32_t client, server;

	f->edges = calloc((size_t)f->n * f->n + 1, sizeof(*f->edges));
	if (!map || !sum || !f->edges)
		return error_sys(err, ENOMEM, "plan: out of memory");
	f->seconds = seconds;
	f->n_edges = 0;
	map_services(f, d, map);
	for (client = 0; client < f->n; client++)
		for (server = 0; server < f->n; server++)
			if (client != server)
				measure_edge(f, d, map, client, server, sum);
	for (server = 1; server < f->n; server++)
		measure_service(f, d, map, server, sum);
	return 0;
}

void plan_dependents(const struct plan_facts *f, uint32_t i, bool *ret)
{
	bool more = true;
	uint32_t k;

	memset(ret, 0, f->n * sizeof(*ret));
	ret[i] = true;
	while (more) {
		more = false;
		for (k = 0; k < f->n_edges; k++) {
			const struct plan_edge *e = &f->edges[k];

			if (!e->client || !e->server || !e->seen.tries || !ret[e->server] || ret[e->client])
				continue;
			ret[e->client] = more = true;
		}
	}
}

bool plan_has_traffic(const struct plan_facts *f)
{
	uint32_t i;

	for (i = 0; i < f->n_edges; i++)
		if (f->edges[i].seen.tries)
			return true;
	return false;
}
