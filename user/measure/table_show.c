// SPDX-License-Identifier: GPL-2.0-only
/* table_show.c - the lines of `top` as text and as JSON; see table.h */
#include <math.h>
#include <string.h>

#include "measure/table.h"
#include "util/cleanup.h"

/*
 * The figures keep their columns whatever the width is; the names give way. WIDE is for 93 columns and more, and for
 * what is no terminal; NARROW has the same figures in the fewest columns that hold them.
 */
struct layout {
	int name, rate, errors, latency, retransmits, resets;
	bool protocol;
};

static const struct layout wide = { 34, 9, 8, 9, 8, 7, true };
static const struct layout narrow = { 0, 7, 7, 7, 6, 6, false };

#define NAME_MIN 8

static int figures_width(const struct layout *l)
{
	return l->rate + l->errors + 3 * l->latency + l->retransmits + l->resets;
}

static struct layout layout_of(unsigned int width)
{
	struct layout l = wide;
	int left;

	if (!width || (int)width >= wide.name + figures_width(&wide))
		return l;
	l = narrow;
	left = (int)width - figures_width(&narrow);
	l.name = left < NAME_MIN ? NAME_MIN : left;
	return l;
}

/* "1.2ms", "850us", "-": right-aligned in @width columns, the blank in front included. */
static void put_latency(struct text *t, int width, double s)
{
	if (isnan(s))
		text_append(t, "%*s", width, "-");
	else if (s < 1e-3)
		text_append(t, "%*.0fus", width - 2, s * 1e6);
	else if (s < 0.1)
		text_append(t, "%*.1fms", width - 2, s * 1e3);
	else if (s < 10)
		text_append(t, "%*.0fms", width - 2, s * 1e3);
	else
		text_append(t, "%*.1fs", width - 1, s);
}

/* "inventory-svc" and "inventory-db" in six columns: "inv~vc", "inv~db". What tells them apart may be at either end. */
static void put_short(struct text *t, const char *name, int width)
{
	int tail = width / 3 > 2 ? width / 3 : 2, length = (int)strlen(name);

	if (length <= width)
		text_append(t, "%s", name);
	else
		text_append(t, "%.*s~%s", width - 1 - tail, name, name + length - tail);
}

/* "payment-svc POST /pay*": the name of the service gives way, but not all of it. */
static void put_request(struct text *t, const struct table_line *l, int width)
{
	const char *path = l->path ? l->path : "";
	int rest = (int)(1 + strlen(l->method) + (l->path ? strlen(path) + 2 : 0));
	int room = rest + NAME_MIN < width ? width - rest : NAME_MIN;

	put_short(t, l->server, room);
	text_append(t, " %s%s%s%s", l->method, l->path ? " " : "", path, l->path ? "*" : "");
}

/* Both ends of an edge are to be told: where they do not fit, each has its share. */
static void put_edge(struct text *t, const struct table_line *l, int width)
{
	int client = (int)strlen(l->client), server = (int)strlen(l->server), half = (width - 1) / 2;
	const char *from = l->client, *to = l->server;

	if (client + server + 3 <= width) {
		text_append(t, "%s > %s", from, to);
		return;
	}
	/* "netns:" on both sides tells nothing. */
	from = strchr(from, ':') ? strchr(from, ':') + 1 : from;
	to = strchr(to, ':') ? strchr(to, ':') + 1 : to;
	client = (int)strlen(from);
	server = (int)strlen(to);
	if (client + server + 1 <= width)
		;
	else if (client <= half)
		server = width - 1 - client;
	else if (server <= half)
		client = width - 1 - server;
	else
		client = half, server = width - 1 - half;
	put_short(t, from, client);
	text_append(t, ">");
	put_short(t, to, server);
}

static void put_name(struct text *t, const struct table_line *l, int width)
{
	if (l->method)
		put_request(t, l, width);
	else if (l->client)
		put_edge(t, l, width);
	else
		put_short(t, l->server, width);
}

static void put_line(const struct table_line *l, unsigned int width, bool marked, struct text *out)
{
	const struct layout at = layout_of(width);
	const struct figures *f = &l->figures;
	struct text name = {}, line = {};

	put_name(&name, l, at.name);
	text_append(&line, "%-*.*s%*.1f", at.name, at.name, name.s ? name.s : "", at.rate, f->rate);
	if (isnan(f->error_rate))
		text_append(&line, "%*s", at.errors, "-");
	else
		text_append(&line, "%*.1f%%", at.errors - 1, 100 * f->error_rate);
	put_latency(&line, at.latency, f->p50_s);
	put_latency(&line, at.latency, f->p95_s);
	put_latency(&line, at.latency, f->p99_s);
	if (l->method)
		text_append(&line, "%*.1f%%", at.retransmits - 1, 100.0 * (double)l->status[4] / (double)l->requests);
	else
		text_append(&line, "%*.1f%*.1f", at.retransmits, f->retransmits, at.resets, f->resets);
	if (at.protocol && l->client && l->protocol >= 0)
		text_append(&line, "  %s", protocol_text((enum meter_protocol)l->protocol));
	if (line.s)
		text_append(out, "%s%.*s\n",
			    !marked             ? ""
			    : f->error_rate > 0 ? TABLE_BAD
						: TABLE_PLAIN,
			    width ? (int)width : (int)line.len, line.s);
	text_free(&name);
	text_free(&line);
}

/* @requests: what the columns behind those that every part has are. */
static void put_head(const char *what, bool requests, unsigned int width, bool marked, struct text *out)
{
	const struct layout at = layout_of(width);
	struct text line = {};

	text_append(&line, "%-*.*s%*s%*s%*s%*s%*s", at.name, at.name, what, at.rate, "rate/s", at.errors,
		    at.errors > 7 ? "errors" : "err", at.latency, "p50", at.latency, "p95", at.latency, "p99");
	if (requests)
		text_append(&line, "%*s", at.retransmits, "4xx");
	else
		text_append(&line, "%*s%*s", at.retransmits, at.retransmits > 7 ? "retr/s" : "retr", at.resets,
			    at.resets > 6 ? "rst/s" : "rst");
	if (line.s)
		text_append(out, "%s%.*s\n", marked ? TABLE_HEAD : "", width ? (int)width : (int)line.len, line.s);
	text_free(&line);
}

struct part {
	const char *what;
	bool requests;
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
static uint32_t put_part(const struct part *p, unsigned int width, bool marked, struct text *out)
{
	uint32_t i;

	if (!p->room || (p->room < 2 && p->n))
		return p->n;
	put_head(p->what, p->requests, width, marked, out);
	for (i = 0; i < p->n && i + 1 < p->room; i++)
		put_line(&p->v[i], width, marked, out);
	return p->n - i;
}

/* What is not in the table. */
static void put_rest(const struct table *t, uint32_t hidden, unsigned int width, struct text *out)
{
	struct text line = {};

	if (hidden)
		text_append(&line, "%u more", hidden);
	if (t->flows_evicted + t->events_lost + t->requests_unpaired)
		text_append(&line, "%snot counted: %llu flows evicted, %llu events lost, %llu requests unpaired",
			    hidden ? ", " : "", (unsigned long long)t->flows_evicted,
			    (unsigned long long)t->events_lost, (unsigned long long)t->requests_unpaired);
	text_append(out, "%s%.*s\n", t->marked ? TABLE_PLAIN : "", width ? (int)width : (int)line.len,
		    line.s ? line.s : "");
	text_free(&line);
}

void table_print(const struct table *t, unsigned int width, unsigned int height, struct text *out)
{
	struct part parts[] = {
		{ "SERVICE", false, t->services, t->n_services, 0 },
		{ "EDGE", false, t->edges, t->n_edges, 0 },
		{ "REQUEST", true, t->requests, t->n_requests, 0 },
	};
	/* One line is for what was lost and what did not fit. */
	uint32_t room = height ? height - (height > 1) : UINT32_MAX, hidden = 0, i;
	uint32_t n = t->print_requests ? 3 : 2, fit = n;

	/* A head without a line says nothing: on a very low screen the last parts are left out. */
	while (fit > 1 && room / fit < 2)
		fit--;
	share_room(parts, fit, room);
	for (i = 0; i < n; i++)
		hidden += put_part(&parts[i], width, t->marked, out);
	if (height == 1)
		return;
	put_rest(t, hidden, width, out);
}

/* --- JSON ------------------------------------------------------------------------------------ */

json_t *json_finite(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

/* Whose line it is. */
static json_t *name_json(const struct table_line *l)
{
	const char *protocol = l->protocol < 0 ? "mixed" : protocol_text((enum meter_protocol)l->protocol);

	if (l->method)
		return json_pack("{s:s, s:s, s:s?}", "service", l->server, "method", l->method, "path", l->path);
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
	return json_pack("{s:o, s:o, s:o, s:{s:I, s:I, s:I}}", "services", lines_json(t->services, t->n_services),
			 "edges", lines_json(t->edges, t->n_edges), "requests", lines_json(t->requests, t->n_requests),
			 "lost", "flows_evicted", (json_int_t)t->flows_evicted, "events_lost",
			 (json_int_t)t->events_lost, "requests_unpaired", (json_int_t)t->requests_unpaired);
}
