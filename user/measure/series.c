// SPDX-License-Identifier: GPL-2.0-only
/* series.c - see series.h */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "measure/figures.h"
#include "measure/series.h"

/* A bucket of a histogram that has something in it. */
struct cell {
	uint32_t bucket;
	uint64_t count;
};

/* One row in one interval. */
struct sample {
	uint32_t client, server;
	enum meter_vantage vantage;
	uint8_t method, path;
	uint64_t requests, status4, status5, timeouts, refused, resets, retransmits;
	uint64_t sum_ns;
	uint32_t first_cell, n_cells;
};

struct interval {
	uint64_t from_ns, to_ns;
	struct sample *samples;
	uint32_t n;
	struct cell *cells;
};

struct series {
	char (*services)[128];
	uint32_t n_services;
	struct meter_paths paths;
	struct interval *v;
	uint32_t n, size;
};

struct series *series_new(void)
{
	return calloc(1, sizeof(struct series));
}

static void interval_free(struct interval *i)
{
	free(i->samples);
	free(i->cells);
}

void series_free(struct series *s)
{
	uint32_t i;

	if (!s)
		return;
	for (i = 0; i < s->n; i++)
		interval_free(&s->v[i]);
	free(s->v);
	free(s->services);
	free(s);
}

/* --- taking in ------------------------------------------------------------------------------- */

static int keep_names(struct series *s, const struct meter_snapshot *d)
{
	char(*grown)[128];

	if (d->n_services <= s->n_services)
		return 0;
	grown = reallocarray(s->services, d->n_services, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memcpy(grown, d->services, d->n_services * sizeof(*grown));
	s->services = grown;
	s->n_services = d->n_services;
	return 0;
}

static bool is_empty(const struct meter_row *r)
{
	return !row_tries(r) && !r->retransmits && !r->bytes_to_server && !r->bytes_to_client;
}

static uint32_t count_cells(const struct meter_row *r)
{
	uint32_t i, n = 0;

	for (i = 0; i < FL_HIST_BUCKETS; i++)
		n += r->latency.buckets[i] != 0;
	return n;
}

static void take_row(struct interval *to, const struct meter_row *r, uint32_t *n_cells)
{
	struct sample *s = &to->samples[to->n++];
	uint32_t i;

	*s = (struct sample){
		.client = r->client,
		.server = r->server,
		.vantage = r->vantage,
		.method = r->method,
		.path = r->path,
		.requests = r->requests,
		.status4 = r->status[4],
		.status5 = r->status[5],
		.timeouts = r->timeouts,
		.refused = r->refused,
		.resets = r->resets,
		.retransmits = r->retransmits,
		.sum_ns = r->latency.sum_ns,
		.first_cell = *n_cells,
	};
	for (i = 0; i < FL_HIST_BUCKETS; i++)
		if (r->latency.buckets[i])
			to->cells[(*n_cells)++] = (struct cell){ i, r->latency.buckets[i] };
	s->n_cells = *n_cells - s->first_cell;
}

int series_add(struct series *s, const struct meter_snapshot *d, uint64_t from_ns, uint64_t to_ns)
{
	struct interval new = { .from_ns = from_ns, .to_ns = to_ns };
	uint32_t i, rows = 0, cells = 0, used = 0;

	if (s->n == s->size) {
		uint32_t size = s->size ? s->size * 2 : 64;
		struct interval *grown = reallocarray(s->v, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->v = grown;
		s->size = size;
	}
	for (i = 0; i < d->n_rows; i++)
		if (!is_empty(&d->rows[i])) {
			rows++;
			cells += count_cells(&d->rows[i]);
		}
	new.samples = calloc(rows + 1, sizeof(*new.samples));
	new.cells = calloc(cells + 1, sizeof(*new.cells));
	if (!new.samples || !new.cells || keep_names(s, d)) {
		interval_free(&new);
		return -ENOMEM;
	}
	for (i = 0; i < d->n_rows; i++)
		if (!is_empty(&d->rows[i]))
			take_row(&new, &d->rows[i], &used);
	s->paths = d->paths;
	s->v[s->n++] = new;
	return 0;
}

void series_forget(struct series *s, uint64_t before_ns)
{
	uint32_t i = 0;

	while (i < s->n && s->v[i].to_ns < before_ns)
		interval_free(&s->v[i++]);
	s->n -= i;
	if (i)
		memmove(s->v, s->v + i, s->n * sizeof(*s->v));
}

/* --- asking ---------------------------------------------------------------------------------- */

int32_t series_service(const struct series *s, const char *name)
{
	uint32_t i;

	for (i = 0; i < s->n_services; i++)
		if (!strcmp(s->services[i], name))
			return (int32_t)i;
	/* "netns:web" is spoken of as "web". */
	for (i = 0; i < s->n_services; i++) {
		const char *colon = strchr(s->services[i], ':');

		if (colon && !strcmp(colon + 1, name))
			return (int32_t)i;
	}
	return -ENOENT;
}

uint32_t series_services(const struct series *s, const char (**ret)[128])
{
	*ret = (const char(*)[128])s->services;
	return s->n_services;
}

uint32_t series_paths(const struct series *s, const char *prefix)
{
	uint32_t i;

	for (i = 0; i < s->paths.n; i++)
		if (!strcmp(s->paths.v[i], prefix))
			return meter_paths_below(&s->paths, prefix);
	return 0;
}

/* @index: (client, server) -> its number in @v + 1. */
static void note_edge(struct series_edge *v, uint32_t *n, uint32_t *index, const struct sample *s)
{
	struct series_edge *e;

	if (!*index) {
		v[*n] = (struct series_edge){ .client = s->client, .server = s->server };
		*index = ++*n;
	}
	e = &v[*index - 1];
	e->as_client |= s->vantage == METER_AS_CLIENT;
	e->as_server |= s->vantage == METER_AS_SERVER;
}

uint32_t series_edges(const struct series *s, struct series_edge **ret)
{
	size_t most = (size_t)s->n_services * s->n_services + 1;
	uint32_t *index = calloc(most, sizeof(*index)), i, k, n = 0;

	*ret = index ? calloc(most, sizeof(**ret)) : NULL;
	for (i = 0; *ret && i < s->n; i++)
		for (k = 0; k < s->v[i].n; k++) {
			const struct sample *row = &s->v[i].samples[k];

			note_edge(*ret, &n, &index[(size_t)row->client * s->n_services + row->server], row);
		}
	free(index);
	return n;
}

static bool is_meant(const struct series_match *m, const struct sample *s)
{
	return (m->vantage == SERIES_ANY || (int32_t)s->vantage == m->vantage) &&
	       (m->client == SERIES_ANY || (uint32_t)m->client == s->client) &&
	       (m->server == SERIES_ANY || (uint32_t)m->server == s->server) &&
	       (!m->method || m->method == s->method) && (!m->paths || m->paths & 1u << s->path);
}

static void add_interval(const struct interval *v, const struct series_match *m, struct meter_row *to)
{
	uint32_t i, k;

	for (i = 0; i < v->n; i++) {
		const struct sample *s = &v->samples[i];
		const struct cell *c = v->cells + s->first_cell;

		if (!is_meant(m, s))
			continue;
		to->requests += s->requests;
		to->status[4] += s->status4;
		to->status[5] += s->status5;
		to->timeouts += s->timeouts;
		to->refused += s->refused;
		to->resets += s->resets;
		to->retransmits += s->retransmits;
		to->latency.sum_ns += s->sum_ns;
		for (k = 0; k < s->n_cells; k++) {
			to->latency.buckets[c[k].bucket] += c[k].count;
			to->latency.count += c[k].count;
		}
	}
}

static bool is_inside(const struct interval *v, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t middle = v->from_ns + (v->to_ns - v->from_ns) / 2;

	return middle >= from_ns && middle < to_ns;
}

uint32_t series_sum(const struct series *s, const struct series_match *m, uint64_t from_ns, uint64_t to_ns,
		    struct meter_row *ret, double *ret_seconds)
{
	uint32_t i, n = 0;

	memset(ret, 0, sizeof(*ret));
	*ret_seconds = 0;
	for (i = 0; i < s->n; i++) {
		if (!is_inside(&s->v[i], from_ns, to_ns))
			continue;
		add_interval(&s->v[i], m, ret);
		*ret_seconds += (double)(s->v[i].to_ns - s->v[i].from_ns) / 1e9;
		n++;
	}
	return n;
}

/* @row is empty again, for much less than clearing all of its buckets takes. */
static void clear_interval(const struct interval *v, const struct series_match *m, struct meter_row *row)
{
	uint32_t i, k;

	for (i = 0; i < v->n; i++)
		for (k = 0; is_meant(m, &v->samples[i]) && k < v->samples[i].n_cells; k++)
			row->latency.buckets[v->cells[v->samples[i].first_cell + k].bucket] = 0;
	row->requests = row->timeouts = row->refused = row->resets = row->retransmits = 0;
	row->status[4] = row->status[5] = 0;
	row->latency.sum_ns = row->latency.count = 0;
}

void series_each(const struct series *s, const struct series_match *m, uint64_t from_ns, uint64_t to_ns,
		 series_each_cb cb, void *ctx)
{
	struct meter_row row = {};
	uint32_t i;

	for (i = 0; i < s->n; i++) {
		if (!is_inside(&s->v[i], from_ns, to_ns))
			continue;
		add_interval(&s->v[i], m, &row);
		cb(ctx, &row, (double)(s->v[i].to_ns - s->v[i].from_ns) / 1e9);
		clear_interval(&s->v[i], m, &row);
	}
}

static struct series_counts counts_of(const struct sample *s)
{
	uint64_t failed = s->timeouts + s->refused + s->resets;

	return (struct series_counts){ .client = s->client,
				       .server = s->server,
				       .vantage = s->vantage,
				       .requests = s->requests,
				       .sum_ns = s->sum_ns,
				       .tries = s->requests + failed,
				       .errors = s->status5 + failed,
				       .retransmits = s->retransmits,
				       .resets = s->resets };
}

void series_scan(const struct series *s, uint64_t from_ns, uint64_t to_ns, series_scan_cb cb, void *ctx)
{
	struct series_counts row;
	uint32_t i, k;

	for (i = 0; i < s->n; i++) {
		const struct interval *v = &s->v[i];
		double seconds = (double)(v->to_ns - v->from_ns) / 1e9;

		if (!is_inside(v, from_ns, to_ns))
			continue;
		for (k = 0; k < v->n; k++) {
			row = counts_of(&v->samples[k]);
			cb(ctx, &row, seconds);
		}
		cb(ctx, NULL, seconds);
	}
}
