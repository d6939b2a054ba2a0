// SPDX-License-Identifier: GPL-2.0-only
/* table.c - see table.h */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/table.h"
#include "util/cleanup.h"
#include "util/http/http_method.h"

/* What is summed up for one line. */
struct sum {
	struct meter_row row;
	uint32_t protocols; /* a bit each */
};

static void sum_rows(const struct meter_snapshot *d, int64_t client, uint32_t server, enum meter_vantage vantage,
		     struct sum *ret)
{
	uint32_t i;

	memset(ret, 0, sizeof(*ret));
	for (i = 0; i < d->n_rows; i++) {
		const struct meter_row *r = &d->rows[i];

		if (r->server != server || r->vantage != vantage || (client >= 0 && r->client != (uint64_t)client))
			continue;
		row_add(&ret->row, r);
		ret->protocols |= 1u << r->protocol;
	}
}

static bool is_wanted(const char *client, const char *server, const char *filter)
{
	return !filter || strstr(server, filter) || (client && strstr(client, filter));
}

static void set_line(struct table_line *l, const struct sum *s, double seconds)
{
	l->protocol = __builtin_popcount(s->protocols) == 1 ? __builtin_ctz(s->protocols) : -1;
	l->requests = row_tries(&s->row);
	l->errors = row_errors(&s->row);
	memcpy(l->status, s->row.status, sizeof(l->status));
	figures_of(&s->row, seconds, &l->figures);
}

static void add_services(const struct meter_snapshot *d, double seconds, const struct table_options *o, struct table *t,
			 struct sum *sum)
{
	uint32_t i;

	for (i = 1; i < d->n_services; i++) {
		struct table_line *l = &t->services[t->n_services];
		uint64_t others;

		if (!is_wanted(NULL, d->services[i], o->filter))
			continue;
		*l = (struct table_line){ .server = d->services[i] };
		/* Each end knows what it sent again itself. */
		sum_rows(d, -1, i, METER_AS_CLIENT, sum);
		others = sum->row.retransmits;
		sum_rows(d, -1, i, METER_AS_SERVER, sum);
		sum->row.retransmits += others;
		set_line(l, sum, seconds);
		t->n_services++;
	}
}

static bool has_edge(const struct table *t, const char *client, const char *server)
{
	uint32_t i;

	for (i = 0; i < t->n_edges; i++)
		if (t->edges[i].client == client && t->edges[i].server == server)
			return true;
	return false;
}

static void add_edges(const struct meter_snapshot *d, double seconds, const struct table_options *o, struct table *t,
		      struct sum *sum)
{
	uint32_t i;

	for (i = 0; i < d->n_rows; i++) {
		const struct meter_row *r = &d->rows[i];
		const char *client = d->services[r->client], *server = d->services[r->server];
		struct table_line *l = &t->edges[t->n_edges];
		uint64_t others;

		if (!is_wanted(client, server, o->filter) || has_edge(t, client, server))
			continue;
		*l = (struct table_line){ .client = client, .server = server };
		sum_rows(d, r->client, r->server, METER_AS_SERVER, sum);
		others = sum->row.retransmits;
		l->vantage = r->client ? METER_AS_CLIENT : METER_AS_SERVER;
		sum_rows(d, r->client, r->server, l->vantage, sum);
		if (l->vantage == METER_AS_CLIENT)
			sum->row.retransmits += others;
		set_line(l, sum, seconds);
		if (l->requests || l->errors || sum->row.retransmits || sum->row.bytes_to_server)
			t->n_edges++;
	}
}

static bool is_request(const struct meter_row *r)
{
	return r->vantage == METER_AS_SERVER && r->protocol == METER_HTTP && r->method;
}

/* What was answered of the method and class of paths of @like, over all clients. */
static void sum_requests(const struct meter_snapshot *d, const struct meter_row *like, struct sum *ret)
{
	uint32_t i;

	memset(ret, 0, sizeof(*ret));
	for (i = 0; i < d->n_rows; i++) {
		const struct meter_row *r = &d->rows[i];

		if (is_request(r) && r->server == like->server && r->method == like->method && r->path == like->path)
			row_add(&ret->row, r);
	}
	ret->protocols = 1u << METER_HTTP;
}

/* The names are the snapshot's, and those of methods constant: one name, one pointer. */
static bool has_request(const struct table *t, const struct table_line *l)
{
	uint32_t i;

	for (i = 0; i < t->n_requests; i++)
		if (t->requests[i].server == l->server && t->requests[i].method == l->method &&
		    t->requests[i].path == l->path)
			return true;
	return false;
}

static void add_requests(const struct meter_snapshot *d, double seconds, const struct table_options *o, struct table *t,
			 struct sum *sum)
{
	uint32_t i;

	for (i = 0; i < d->n_rows; i++) {
		const struct meter_row *r = &d->rows[i];
		struct table_line *l = &t->requests[t->n_requests];

		if (!is_request(r) || !is_wanted(NULL, d->services[r->server], o->filter))
			continue;
		*l = (struct table_line){ .server = d->services[r->server],
					  .method = http_method_text(r->method),
					  .path = meter_path_text(&d->paths, r->path) };
		if (has_request(t, l))
			continue;
		sum_requests(d, r, sum);
		set_line(l, sum, seconds);
		t->n_requests += l->requests > 0;
	}
}

/* --- order ----------------------------------------------------------------------------------- */

static double value_of(const struct table_line *l, enum table_sort sort)
{
	switch (sort) {
	case SORT_ERRORS: return l->figures.error_rate;
	case SORT_P50: return l->figures.p50_s;
	case SORT_P95: return l->figures.p95_s;
	case SORT_P99: return l->figures.p99_s;
	default: return l->figures.rate;
	}
}

static int compare(const void *a, const void *b, void *sort)
{
	const struct table_line *x = a, *y = b;
	double p = value_of(x, *(enum table_sort *)sort), q = value_of(y, *(enum table_sort *)sort);
	int r;

	/* What is not known comes last; names make the order of equals a stable one. */
	if (isnan(p) != isnan(q))
		return isnan(p) ? 1 : -1;
	if (!isnan(p) && p != q)
		return p < q ? 1 : -1;
	r = strcmp(x->server, y->server);
	if (!r && x->client)
		r = strcmp(x->client, y->client);
	if (!r && x->method)
		r = strcmp(x->method, y->method);
	return r || !x->method ? r : strcmp(x->path ? x->path : "", y->path ? y->path : "");
}

int table_sort_parse(const char *text, enum table_sort *ret)
{
	static const char *const words[] = { "rate", "errors", "p50", "p95", "p99" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i], text)) {
			*ret = (enum table_sort)i;
			return 0;
		}
	return -EINVAL;
}

int table_make(const struct meter_snapshot *d, double seconds, const struct table_options *o, struct table *ret)
{
	enum table_sort sort = o->sort;
	struct sum *sum = malloc(sizeof(*sum));

	*ret = (struct table){ .flows_evicted = d->flows_evicted,
			       .events_lost = d->events_lost,
			       .requests_unpaired = d->requests_unpaired,
			       .print_requests = o->print_requests,
			       .marked = o->marked };
	ret->services = calloc(d->n_services + 1, sizeof(*ret->services));
	ret->edges = calloc(d->n_rows + 1, sizeof(*ret->edges));
	ret->requests = calloc(d->n_rows + 1, sizeof(*ret->requests));
	if (!sum || !ret->services || !ret->edges || !ret->requests) {
		free(sum);
		table_free(ret);
		return -ENOMEM;
	}
	add_services(d, seconds, o, ret, sum);
	add_edges(d, seconds, o, ret, sum);
	add_requests(d, seconds, o, ret, sum);
	free(sum);
	qsort_r(ret->services, ret->n_services, sizeof(*ret->services), compare, &sort);
	qsort_r(ret->edges, ret->n_edges, sizeof(*ret->edges), compare, &sort);
	qsort_r(ret->requests, ret->n_requests, sizeof(*ret->requests), compare, &sort);
	return 0;
}

void table_free(struct table *t)
{
	free(t->services);
	free(t->edges);
	free(t->requests);
	t->services = t->edges = t->requests = NULL;
	t->n_services = t->n_edges = t->n_requests = 0;
}
