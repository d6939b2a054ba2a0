// SPDX-License-Identifier: GPL-2.0-only
/* meter_snapshot.c - one snapshot taken from another, rows added up (meter.h). Pure. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "measure/figures.h"
#include "measure/hist.h"
#include "measure/meter/meter.h"

static int compare(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

int meter_row_order(const void *a, const void *b)
{
	const struct meter_row *x = a, *y = b;
	int r = compare(x->client, y->client);

	r = r ? r : compare(x->server, y->server);
	r = r ? r : compare(x->vantage, y->vantage);
	r = r ? r : compare(x->protocol, y->protocol);
	r = r ? r : compare(x->method, y->method);
	r = r ? r : compare(x->path, y->path);
	return r ? r : compare(x->group, y->group);
}

void meter_snapshot_free(struct meter_snapshot *s)
{
	free(s->services);
	free(s->rows);
	*s = (struct meter_snapshot){};
}

static void subtract(struct meter_row *a, const struct meter_row *b)
{
	uint32_t i;

	a->requests -= b->requests;
	for (i = 0; i < 6; i++)
		a->status[i] -= b->status[i];
	a->resets -= b->resets;
	a->timeouts -= b->timeouts;
	a->refused -= b->refused;
	a->bytes_to_server -= b->bytes_to_server;
	a->bytes_to_client -= b->bytes_to_client;
	a->connects -= b->connects;
	a->retransmits -= b->retransmits;
	hist_subtract(&a->latency, &b->latency);
	hist_subtract(&a->connect, &b->connect);
	hist_subtract(&a->rtt, &b->rtt);
}

static int copy(const struct meter_snapshot *from, struct meter_snapshot *ret, struct fl_error *err)
{
	size_t services = from->n_services * sizeof(*from->services);
	size_t rows = from->n_rows * sizeof(*from->rows);

	*ret = *from;
	ret->services = malloc(services ? services : 1);
	ret->rows = malloc(rows ? rows : 1);
	if (!ret->services || !ret->rows) {
		meter_snapshot_free(ret);
		return error_sys(err, ENOMEM, "meter: out of memory");
	}
	if (services)
		memcpy(ret->services, from->services, services);
	if (rows)
		memcpy(ret->rows, from->rows, rows);
	return 0;
}

int meter_subtract(const struct meter_snapshot *now, const struct meter_snapshot *before, struct meter_snapshot *ret,
		   struct fl_error *err)
{
	struct meter_snapshot s;
	uint32_t i;
	int r = copy(now, &s, err);

	if (r)
		return r;
	for (i = 0; i < s.n_rows && before->n_rows; i++) {
		const struct meter_row *old =
			bsearch(&s.rows[i], before->rows, before->n_rows, sizeof(*before->rows), meter_row_order);

		if (old)
			subtract(&s.rows[i], old);
	}
	s.flows_evicted -= before->flows_evicted;
	s.events_lost -= before->events_lost;
	s.requests_unpaired -= before->requests_unpaired;
	*ret = s;
	return 0;
}

bool meter_same_edge(const struct meter_row *a, const struct meter_row *b)
{
	return a->client == b->client && a->server == b->server && a->vantage == b->vantage &&
	       a->protocol == b->protocol;
}

int meter_by_edge(const struct meter_snapshot *s, struct meter_snapshot *ret, struct fl_error *err)
{
	struct meter_snapshot all;
	struct meter_row *last = NULL;
	uint32_t i, n = 0;
	int r = copy(s, &all, err);

	if (r)
		return r;
	for (i = 0; i < all.n_rows; i++) {
		struct meter_row *row = &all.rows[i];

		if (last && meter_same_edge(last, row)) {
			row_add(last, row);
			continue;
		}
		last = &all.rows[n++];
		if (last != row)
			*last = *row;
		last->method = last->path = 0;
	}
	all.n_rows = n;
	*ret = all;
	return 0;
}
