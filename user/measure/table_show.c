// SPDX-License-Identifier: GPL-2.0-only
/* table_show.c - the lines of `top` as text and as JSON; see table.h */
#include <math.h>
#include <string.h>

#include "measure/table.h"
#include "util/cleanup.h"

/* "1.2ms", "850us", "-": five columns are enough for three digits. */
static void put_latency(struct text *t, double s)
{
	if (isnan(s))
		text_append(t, " %8s", "-");
	else if (s < 1e-3)
		text_append(t, " %6.0fus", s * 1e6);
	else if (s < 0.1)
		text_append(t, " %6.1fms", s * 1e3);
	else if (s < 10)
		text_append(t, " %6.0fms", s * 1e3);
	else
		text_append(t, " %7.1fs", s);
}

#define NAME_WIDTH 34

/* "payment-svc POST /pay*": the name of the service gives way, but not all of it. */
static void put_request(struct text *t, const struct table_line *l)
{
	const char *path = l->path ? l->path : "";
	size_t rest = 1 + strlen(l->method) + (l->path ? strlen(path) + 2 : 0);
	int room = rest + 8 < NAME_WIDTH ? (int)(NAME_WIDTH - rest) : 8;

	text_append(t, "%.*s %s%s%s%s", room, l->server, l->method, l->path ? " " : "", path,
		    l->path ? "*" : "");
}

static void put_name(struct text *t, const struct table_line *l)
{
	if (l->method)
		put_request(t, l);
	else if (l->client)
		text_append(t, "%s > %s", l->client, l->server);
	else
		text_append(t, "%s", l->server);
}

static void put_line(const struct table_line *l, unsigned int width, struct text *out)
{
	const struct figures *f = &l->figures;
	struct text name = {}, line = {};

	put_name(&name, l);
	text_append(&line, "%-*.*s %8.1f", NAME_WIDTH, NAME_WIDTH, name.s ? name.s : "", f->rate);
	if (isnan(f->error_rate))
		text_append(&line, " %7s", "-");
	else
		text_append(&line, " %6.1f%%", 100 * f->error_rate);
	put_latency(&line, f->p50_s);
	put_latency(&line, f->p95_s);
	put_latency(&line, f->p99_s);
	if (l->method)
		text_append(&line, " %6.1f%%", 100.0 * (double)l->status[4] / (double)l->requests);
	else
		text_append(&line, " %7.1f %6.1f", f->retransmits, f->resets);
	if (l->client && l->protocol >= 0)
		text_append(&line, "  %s", protocol_text((enum meter_protocol)l->protocol));
	if (line.s)
		text_append(out, "%.*s\n", width ? (int)width : (int)line.len, line.s);
	text_free(&name);
	text_free(&line);
}

/* @more: the columns behind those that every part has. */
static void put_head(const char *what, const char *more, unsigned int width, struct text *out)
{
	struct text line = {};

	text_append(&line, "%-*s %8s %7s %8s %8s %8s %s", NAME_WIDTH, what, "rate/s", "errors", "p50",
		    "p95", "p99", more);
	if (line.s)
		text_append(out, "%.*s\n", width ? (int)width : (int)line.len, line.s);
	text_free(&line);
}

struct part {
	const char *what, *more;
	const struct table_line *v;
	uint32_t n, room; /* lines, with the head */
};

/* Who wants no more than an even share gets it; the others share what that leaves. */
static void share_room(struct part *parts, uint32_t n, uint32_t room)
{
	uint32_t open = n, i, before;

	do {
		uint32_t even = open ? room / open : 0;

		before = open;
		for (i = 0; i < n; i++)
			if (!parts[i].room && parts[i].n + 1 <= even) {
				parts[i].room = parts[i].n + 1;
				room -= parts[i].room;
				open--;
			}
	} while (open != before);
	for (i = 0; i < n; i++)
		if (!parts[i].room) {
			parts[i].room = room / open--;
			room -= parts[i].room;
		}
}

/* Returns how many lines of it did not fit. */
static uint32_t put_part(const struct part *p, unsigned int width, struct text *out)
{
	uint32_t i;

	if (!p->room || (p->room < 2 && p->n))
		return p->n;
	put_head(p->what, p->more, width, out);
	for (i = 0; i < p->n && i + 1 < p->room; i++)
		put_line(&p->v[i], width, out);
	return p->n - i;
}

void table_print(const struct table *t, unsigned int width, unsigned int height, struct text *out)
{
	struct part parts[] = {
		{ "SERVICE", " retr/s  rst/s", t->services, t->n_services, 0 },
		{ "EDGE", " retr/s  rst/s", t->edges, t->n_edges, 0 },
		{ "REQUEST", "    4xx", t->requests, t->n_requests, 0 },
	};
	/* One line is for what was lost and what did not fit. */
	uint32_t room = height ? height - (height > 1) : UINT32_MAX, hidden = 0, i;
	uint32_t n = t->print_requests ? 3 : 2, fit = n;

	/* A head without a line says nothing: on a very low screen the last parts are left out. */
	while (fit > 1 && room / fit < 2)
		fit--;
	share_room(parts, fit, room);
	for (i = 0; i < n; i++)
		hidden += put_part(&parts[i], width, out);
	if (height == 1)
		return;
	if (hidden)
		text_append(out, "%u more", hidden);
	if (t->flows_evicted + t->events_lost + t->requests_unpaired)
		text_append(out, "%snot counted: %llu flows evicted, %llu events lost, %llu requests unpaired",
			    hidden ? ", " : "", (unsigned long long)t->flows_evicted,
			    (unsigned long long)t->events_lost,
			    (unsigned long long)t->requests_unpaired);
	text_append(out, "\n");
}

/* --- JSON ------------------------------------------------------------------------------------ */

json_t *json_finite(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

/* Whose line it is. */
static json_t *name_json(const struct table_line *l)
{
	const char *protocol = l->protocol < 0 ? "mixed" :
						 protocol_text((enum meter_protocol)l->protocol);

	if (l->method)
		return json_pack("{s:s, s:s, s:s?}", "service", l->server, "method", l->method, "path",
				 l->path);
	if (!l->client)
		return json_pack("{s:s}", "service", l->server);
	return json_pack("{s:s, s:s, s:s, s:s}", "client", l->client, "server", l->server, "seen_by",
			 l->vantage == METER_AS_CLIENT ? "client" : "server", "protocol", protocol);
}

static json_t *status_json(const uint64_t status[6])
{
	static const char *const classes[] = { "1xx", "2xx", "3xx", "4xx", "5xx" };
	json_t *o = json_object();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(classes); i++)
		json_object_set_new(o, classes[i], json_integer((json_int_t)status[i + 1]));
	return o;
}

static json_t *line_json(const struct table_line *l)
{
	const struct figures *f = &l->figures;
	json_t *o = name_json(l);

	json_object_set_new(o, "requests", json_integer((json_int_t)l->requests));
	json_object_set_new(o, "errors", json_integer((json_int_t)l->errors));
	if (l->method)
		json_object_set_new(o, "status", status_json(l->status));
	json_object_set_new(o, "rate", json_finite(f->rate));
	json_object_set_new(o, "error_rate", json_finite(f->error_rate));
	json_object_set_new(o, "mean_ms", json_finite(f->mean_s * 1e3));
	json_object_set_new(o, "p50_ms", json_finite(f->p50_s * 1e3));
	json_object_set_new(o, "p95_ms", json_finite(f->p95_s * 1e3));
	json_object_set_new(o, "p99_ms", json_finite(f->p99_s * 1e3));
	if (l->method)
		return o;
	json_object_set_new(o, "retransmits", json_finite(f->retransmits));
	json_object_set_new(o, "resets", json_finite(f->resets));
	return o;
}

static json_t *lines_json(const struct table_line *v, uint32_t n)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(list, line_json(&v[i]));
	return list;
}

json_t *table_json(const struct table *t)
{
	return json_pack("{s:o, s:o, s:o, s:{s:I, s:I, s:I}}", "services",
			 lines_json(t->services, t->n_services), "edges",
			 lines_json(t->edges, t->n_edges), "requests",
			 lines_json(t->requests, t->n_requests), "lost", "flows_evicted",
			 (json_int_t)t->flows_evicted, "events_lost", (json_int_t)t->events_lost,
			 "requests_unpaired", (json_int_t)t->requests_unpaired);
}
