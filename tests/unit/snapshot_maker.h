/* SPDX-License-Identifier: GPL-2.0-only */
/* snapshot_maker.h - readings of a meter, made up. */
#ifndef SNAPSHOT_MAKER_H
#define SNAPSHOT_MAKER_H

#include <stdlib.h>
#include <string.h>

#include "measure/hist.h"
#include "measure/meter/meter.h"

/* @names ends with NULL; "outside" comes before them. Room for 16 rows. */
static inline void snapshot_make(struct meter_snapshot *s, const char *const *names)
{
	memset(s, 0, sizeof(*s));
	s->services = calloc(16, sizeof(*s->services));
	s->rows = calloc(16, sizeof(*s->rows));
	memcpy(s->services[s->n_services++], "outside", sizeof("outside"));
	for (; *names; names++)
		memcpy(s->services[s->n_services++], *names, strlen(*names));
}

static inline void snapshot_drop(struct meter_snapshot *s)
{
	free(s->services);
	free(s->rows);
	memset(s, 0, sizeof(*s));
}

static inline uint32_t bucket_of(uint64_t ns)
{
	uint32_t i;

	for (i = 0; i + 1 < FL_HIST_BUCKETS && hist_upper_ns(i) <= ns; i++)
		;
	return i;
}

static inline void hist_take(struct fl_hist *h, uint64_t n, uint64_t ns)
{
	h->count += n;
	h->sum_ns += n * ns;
	h->buckets[bucket_of(ns)] += n;
}

/* A new row in which @n requests took @ns each and ended in a status of class @class. */
static inline struct meter_row *snapshot_row(struct meter_snapshot *s, uint32_t client, uint32_t server,
					     enum meter_vantage vantage, uint64_t n, uint64_t ns, int class)
{
	struct meter_row *r = &s->rows[s->n_rows++];

	*r = (struct meter_row){ .client = client,
				 .server = server,
				 .vantage = vantage,
				 .port = 80,
				 .requests = n,
				 .bytes_to_server = 100 * n,
				 .first_ns = 1000,
				 .last_ns = 5000 };
	r->status[class] = n;
	hist_take(&r->latency, n, ns);
	return r;
}

/* The same of requests of one method and path of the snapshot's. */
static inline struct meter_row *snapshot_requests(struct meter_snapshot *s, uint32_t client, uint32_t server,
						  enum meter_vantage vantage, uint8_t method, const char *path,
						  uint64_t n, uint64_t ns, int class)
{
	struct meter_row *r = snapshot_row(s, client, server, vantage, n, ns, class);

	r->method = method;
	for (r->path = (uint8_t)s->paths.n; r->path; r->path--)
		if (path && !strcmp(meter_path_text(&s->paths, r->path), path))
			break;
	return r;
}

#endif
