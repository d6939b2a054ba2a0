// SPDX-License-Identifier: GPL-2.0-only
/* edges.c - see edges.h */
#include <stdlib.h>
#include <string.h>

#include "measure/edges.h"
#include "measure/table.h"

/* One edge over both ends and all protocols. */
struct edge {
	uint32_t client, server, protocols;
	struct meter_row ends[2]; /* by vantage */
};

static void join(const struct meter_snapshot *s, uint32_t client, uint32_t server, struct edge *e)
{
	uint32_t i;

	memset(e, 0, sizeof(*e));
	e->client = client;
	e->server = server;
	for (i = 0; i < s->n_rows; i++) {
		const struct meter_row *r = &s->rows[i];

		if (r->client != client || r->server != server || !r->first_ns)
			continue;
		row_add(&e->ends[r->vantage], r);
		e->protocols |= 1u << r->protocol;
	}
}

static json_t *protocols_json(uint32_t protocols)
{
	json_t *list = json_array();
	int p;

	for (p = 0; p < METER_PROTOCOLS; p++)
		if (protocols & 1u << p)
			json_array_append_new(list, json_string(protocol_text((enum meter_protocol)p)));
	return list;
}

static json_t *edge_json(const struct meter_snapshot *s, const struct edge *e, double seconds, int64_t wall_offset_ns)
{
	const struct meter_row *c = &e->ends[METER_AS_CLIENT], *v = &e->ends[METER_AS_SERVER];
	const struct meter_row *best = c->first_ns ? c : v;
	uint64_t first = best->first_ns, last = best->last_ns;
	struct figures f;

	if (v->first_ns && v->first_ns < first)
		first = v->first_ns;
	if (v->last_ns > last)
		last = v->last_ns;
	figures_of(best, seconds, &f);
	return json_pack("{s:s, s:s, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:f, s:f}", "client",
			 s->services[e->client], "server", s->services[e->server], "protocols",
			 protocols_json(e->protocols), "port", best->port ? json_integer(best->port) : json_null(),
			 "requests", (json_int_t)row_tries(best), "errors", (json_int_t)row_errors(best), "rate",
			 json_finite(f.rate), "error_rate", json_finite(f.error_rate), "p50_ms",
			 json_finite(f.p50_s * 1e3), "p95_ms", json_finite(f.p95_s * 1e3), "first",
			 (double)((int64_t)first + wall_offset_ns) / 1e9, "last",
			 (double)((int64_t)last + wall_offset_ns) / 1e9);
}

json_t *edges_json(const struct meter_snapshot *s, double seconds, int64_t wall_offset_ns)
{
	json_t *services = json_array(), *edges = json_array();
	struct edge *e = malloc(sizeof(*e));
	uint32_t client, server;

	for (client = 1; client < s->n_services; client++)
		json_array_append_new(services, json_string(s->services[client]));
	for (client = 0; e && client < s->n_services; client++)
		for (server = 0; server < s->n_services; server++) {
			join(s, client, server, e);
			if (e->protocols)
				json_array_append_new(edges, edge_json(s, e, seconds, wall_offset_ns));
		}
	free(e);
	return json_pack("{s:o, s:o, s:f}", "services", services, "edges", edges, "seconds", seconds);
}

/* A quoted ID of DOT: only quotes (and a backslash before one) have a meaning in it. */
static void put_id(struct text *out, const char *s)
{
	text_append(out, "\"");
	for (; *s; s++)
		if (*s == '"' || *s == '\\')
			text_append(out, "\\%c", *s);
		else
			text_append_bytes(out, s, 1);
	text_append(out, "\"");
}

static void put_edge(struct text *out, const json_t *e)
{
	double first = json_number_value(json_object_get(e, "first"));
	double last = json_number_value(json_object_get(e, "last"));
	const json_t *p95 = json_object_get(e, "p95_ms"), *errors = json_object_get(e, "error_rate");

	text_append(out, "\t");
	put_id(out, json_string_value(json_object_get(e, "client")));
	text_append(out, " -> ");
	put_id(out, json_string_value(json_object_get(e, "server")));
	text_append(out, " [label=\"%.1f/s", json_number_value(json_object_get(e, "rate")));
	if (json_is_number(p95))
		text_append(out, "\\np95 %.3g ms", json_number_value(p95));
	if (json_number_value(errors) > 0)
		text_append(out, "\\n%.1f %% errors", 100 * json_number_value(errors));
	text_append(out, "\", first=\"%.3f\", last=\"%.3f\"%s];\n", first, last,
		    json_number_value(errors) > 0 ? ", color=red" : "");
}

void edges_dot(const json_t *graph, struct text *out)
{
	json_t *v;
	size_t i;

	text_append(out, "digraph faultline {\n\trankdir=LR;\n\tnode [shape=box];\n");
	json_array_foreach(json_object_get(graph, "services"), i, v) {
		text_append(out, "\t");
		put_id(out, json_string_value(v));
		text_append(out, ";\n");
	}
	json_array_foreach(json_object_get(graph, "edges"), i, v)
		put_edge(out, v);
	text_append(out, "}\n");
}
