// SPDX-License-Identifier: GPL-2.0-only
/* table_show.c - the lines of `top` as text and as JSON; see table.h */
#include <math.h>
#include <string.h>

#include "measure/table.h"

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

static void put_line(const struct table_line *l, unsigned int width, struct text *out)
{
	const struct figures *f = &l->figures;
	struct text name = {}, line = {};

	if (l->client)
		text_append(&name, "%s > %s", l->client, l->server);
	else
		text_append(&name, "%s", l->server);
	text_append(&line, "%-34.34s %8.1f", name.s ? name.s : "", f->rate);
	if (isnan(f->error_rate))
		text_append(&line, " %7s", "-");
	else
		text_append(&line, " %6.1f%%", 100 * f->error_rate);
	put_latency(&line, f->p50_s);
	put_latency(&line, f->p95_s);
	put_latency(&line, f->p99_s);
	text_append(&line, " %7.1f %6.1f", f->retransmits, f->resets);
	if (l->client && l->protocol >= 0)
		text_append(&line, "  %s", protocol_text((enum meter_protocol)l->protocol));
	if (line.s)
		text_append(out, "%.*s\n", width ? (int)width : (int)line.len, line.s);
	text_free(&name);
	text_free(&line);
}

static void put_head(const char *what, unsigned int width, struct text *out)
{
	struct text line = {};

	text_append(&line, "%-34s %8s %7s %8s %8s %8s %7s %6s", what, "rate/s", "errors", "p50",
		    "p95", "p99", "retr/s", "rst/s");
	if (line.s)
		text_append(out, "%.*s\n", width ? (int)width : (int)line.len, line.s);
	text_free(&line);
}

static uint32_t put_part(const char *what, const struct table_line *v, uint32_t n,
			 unsigned int width, uint32_t room, struct text *out)
{
	uint32_t i;

	if (room < 2)
		return 0;
	put_head(what, width, out);
	for (i = 0; i < n && i + 1 < room; i++)
		put_line(&v[i], width, out);
	return i;
}

void table_print(const struct table *t, unsigned int width, unsigned int height, struct text *out)
{
	/* One line is for what was lost and what did not fit; services get at most half. */
	uint32_t room = height ? height - (height > 1) : UINT32_MAX, half = room / 2;
	uint32_t wanted = t->n_services + 1, shown, edges, hidden;

	if (t->n_edges + 1 < room - half)
		half = room - t->n_edges - 1;
	shown = put_part("SERVICE", t->services, t->n_services, width, wanted < half ? wanted : half,
			 out);
	edges = put_part("EDGE", t->edges, t->n_edges, width, room - shown - 1, out);
	hidden = t->n_services - shown + t->n_edges - edges;
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

static json_t *line_json(const struct table_line *l)
{
	const struct figures *f = &l->figures;
	json_t *o = l->client ? json_pack("{s:s, s:s, s:s, s:o}", "client", l->client, "server",
					  l->server, "seen_by",
					  l->vantage == METER_AS_CLIENT ? "client" : "server", "protocol",
					  l->protocol < 0 ? json_string("mixed") :
							    json_string(protocol_text(
								    (enum meter_protocol)l->protocol))) :
				json_pack("{s:s}", "service", l->server);

	json_object_set_new(o, "requests", json_integer((json_int_t)l->requests));
	json_object_set_new(o, "errors", json_integer((json_int_t)l->errors));
	json_object_set_new(o, "rate", json_finite(f->rate));
	json_object_set_new(o, "error_rate", json_finite(f->error_rate));
	json_object_set_new(o, "mean_ms", json_finite(f->mean_s * 1e3));
	json_object_set_new(o, "p50_ms", json_finite(f->p50_s * 1e3));
	json_object_set_new(o, "p95_ms", json_finite(f->p95_s * 1e3));
	json_object_set_new(o, "p99_ms", json_finite(f->p99_s * 1e3));
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
	return json_pack("{s:o, s:o, s:{s:I, s:I, s:I}}", "services",
			 lines_json(t->services, t->n_services), "edges",
			 lines_json(t->edges, t->n_edges), "lost", "flows_evicted",
			 (json_int_t)t->flows_evicted, "events_lost", (json_int_t)t->events_lost,
			 "requests_unpaired", (json_int_t)t->requests_unpaired);
}
