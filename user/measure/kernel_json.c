// SPDX-License-Identifier: GPL-2.0-only
/* kernel_json.c - see kernel_json.h */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/figures.h"
#include "measure/kernel_json.h"
#include "measure/kernel_metric.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/json/json_path.h"

/* What is written down of each service and each edge. */
static const struct {
	const char *name, *unit;
	double scale;        /* from base units */
	bool only_when_seen; /* left out where it was always 0 */
	struct kernel_metric metric;
} columns[] = {
	{ "latency", "ms", 1e3, false, { .stat = KERNEL_MEAN } },
	{ "rate", "/s", 1, false, { .stat = KERNEL_RATE } },
	{ "error_rate", "", 1, false, { .stat = KERNEL_ERROR_RATE } },
	{ "retransmits", "/s", 1, true, { .stat = KERNEL_RETRANSMITS } },
	{ "resets", "/s", 1, true, { .stat = KERNEL_RESETS } },
};

static json_t *window_json(const struct kernel_window *w, double scale)
{
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "n", (int)w->n, "mean", json_six_digits(w->mean * scale),
			 "sd", json_six_digits(w->sd * scale), "p50", json_six_digits(w->p50 * scale), "p95",
			 json_six_digits(w->p95 * scale), "p99", json_six_digits(w->p99 * scale));
}

/* The borders of before, during and after. */
struct borders {
	uint64_t v[4];
};

/* NULL: there is nothing to tell. */
static json_t *entry_json(const struct series *s, size_t column, const struct kernel_metric *m, const struct borders *b)
{
	static const char *const names[] = { "before", "during", "after" };
	double scale = columns[column].scale, highest = 0;
	json_t *e = json_pack("{s:s, s:s, s:s}", "service", m->server, "metric", columns[column].name, "unit",
			      columns[column].unit);
	struct kernel_window w;
	int i, known = 0;

	if (m->client[0])
		json_object_set_new(e, "client", json_string(m->client));
	for (i = 0; i < 3; i++) {
		if (b->v[i + 1] <= b->v[i] || kernel_metric_window(m, s, b->v[i], b->v[i + 1], &w)) {
			json_object_set_new(e, names[i], json_null());
			continue;
		}
		json_object_set_new(e, names[i], window_json(&w, scale));
		highest = fmax(highest, w.mean);
		known++;
	}
	if (known && (highest > 0 || !columns[column].only_when_seen))
		return e;
	json_decref(e);
	return NULL;
}

static void add_entries(const struct series *s, const char *client, const char *server, const struct borders *b,
			json_t *list)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(columns); i++) {
		struct kernel_metric m = columns[i].metric;
		json_t *e;

		m.vantage = client ? METER_AS_CLIENT : METER_AS_SERVER;
		if (!text_copy(m.server, sizeof(m.server), server) ||
		    !text_copy(m.client, sizeof(m.client), client ? client : ""))
			continue;
		e = entry_json(s, i, &m, b);
		if (e)
			json_array_append_new(list, e);
	}
}

static bool is_idle(const struct series *s, int32_t server, const struct borders *b)
{
	const struct series_match m = { .client = SERIES_ANY, .server = server, .vantage = METER_AS_SERVER };
	struct meter_row row;
	double seconds;

	series_sum(s, &m, b->v[0], b->v[3] ? b->v[3] : b->v[1], &row, &seconds);
	return !row_tries(&row) && !row.retransmits;
}

json_t *kernel_entries(const struct series *s, const struct scope *scope, const uint64_t borders[4])
{
	struct borders b;
	json_t *list = json_array();
	struct series_edge *edges = NULL;
	const char(*names)[128];
	uint32_t n = series_services(s, &names), i;

	memcpy(b.v, borders, sizeof(b.v));
	for (i = 1; i < n; i++)
		if ((!scope || (i < scope->n && scope->near[i])) && !is_idle(s, (int32_t)i, &b))
			add_entries(s, NULL, names[i], &b, list);
	n = series_edges(s, &edges);
	for (i = 0; edges && i < n; i++)
		if (edges[i].as_client && (!scope || scope_has_edge(scope, edges[i].client, edges[i].server)))
			add_entries(s, names[edges[i].client], names[edges[i].server], &b, list);
	free(edges);
	return list;
}

json_t *kernel_baseline(const struct series *s, const struct scope *scope, uint64_t from_ns, uint64_t to_ns)
{
	const uint64_t borders[4] = { from_ns, to_ns, 0, 0 };
	json_t *list = kernel_entries(s, scope, borders), *e, *w;
	size_t i;

	json_array_foreach(list, i, e) {
		w = json_object_get(e, "before");
		json_object_set_new(e, "source", json_string("kernel"));
		json_object_set(e, "mean", json_object_get(w, "mean"));
		json_object_set(e, "p99", json_object_get(w, "p99"));
		json_object_set(e, "spread", json_object_get(w, "sd"));
		json_object_set(e, "n", json_object_get(w, "n"));
		json_object_del(e, "before");
		json_object_del(e, "during");
		json_object_del(e, "after");
	}
	return list;
}

json_t *kernel_points(const struct series *s, const char *client, const char *server, const char *metric,
		      uint64_t from_ns, uint64_t to_ns)
{
	uint64_t step = 1000000000ull, at;
	struct kernel_metric m;
	json_t *values;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(columns) && strcmp(columns[i].name, metric) != 0; i++)
		;
	if (i == ARRAY_SIZE(columns) || to_ns <= from_ns)
		return NULL;
	m = columns[i].metric;
	m.vantage = *client ? METER_AS_CLIENT : METER_AS_SERVER;
	if (!text_copy(m.client, sizeof(m.client), client) || !text_copy(m.server, sizeof(m.server), server))
		return NULL;
	if ((to_ns - from_ns) / step > KERNEL_POINTS_MAX)
		step = (to_ns - from_ns) / KERNEL_POINTS_MAX;
	values = json_array();
	for (at = from_ns; at + step <= to_ns; at += step) {
		double v;
		uint32_t n;
		int r = kernel_metric_value(&m, s, at, at + step, &v, &n);

		json_array_append_new(values, r ? json_null() : json_six_digits(v * columns[i].scale));
	}
	return json_pack("{s:f, s:o}", "step_s", (double)step / 1e9, "values", values);
}
