/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table.h - the lines of `top`: services, edges and requests of the difference of two snapshots,
 * filtered and sorted. A service is what it answered (its server rows over all clients), a request the
 * same by method and path prefix. An edge is what its client saw, or, when the client is not measured,
 * what its server saw. Pure.
 */
#ifndef FL_TABLE_H
#define FL_TABLE_H

#include <jansson.h>

#include "measure/figures.h"
#include "util/text/text.h"

enum table_sort { SORT_RATE, SORT_ERRORS, SORT_P50, SORT_P95, SORT_P99 };

struct table_line {
	const char *client; /* NULL: a service, in `server`, or its requests */
	const char *server;
	const char *method; /* "POST"; NULL: a service or an edge */
	const char *path;   /* NULL: none of the prefixes */
	enum meter_vantage vantage;
	int protocol; /* enum meter_protocol; -1: none or more than one */
	uint64_t requests, errors;
	uint64_t status[6]; /* by class, as in struct meter_row */
	struct figures figures;
};

struct table_options {
	enum table_sort sort;
	const char *filter;  /* part of a name; NULL: all */
	bool print_requests; /* table_print() shows them too */
	bool marked;         /* each line that it prints begins with what it is, for whoever gives it a colour */
};

#define TABLE_PLAIN " "
#define TABLE_HEAD  "="
#define TABLE_BAD   "!" /* it has errors */

struct table {
	struct table_line *services, *edges, *requests;
	uint32_t n_services, n_edges, n_requests;
	bool print_requests;
	bool marked; /* table_print() begins each line with what it is */
	uint64_t flows_evicted, events_lost, requests_unpaired;
};

/* @d is the difference over @seconds; its names are borrowed. Release with table_free(). */
int table_make(const struct meter_snapshot *d, double seconds, const struct table_options *o, struct table *ret);
void table_free(struct table *t);

/* "rate", "errors", "p50", "p95", "p99"; -EINVAL. */
int table_sort_parse(const char *text, enum table_sort *ret);

/* The table as text of at most @height lines of at most @width columns (0: no limit), services first,
 * each part with as much room as the others leave it; what does not fit is counted in the last line. */
void table_print(const struct table *t, unsigned int width, unsigned int height, struct text *out);

/* {"services": [...], "edges": [...], "requests": [...], "lost": {...}}; a new reference. */
json_t *table_json(const struct table *t);

/* A number, or null for NaN and infinity; a new reference. */
json_t *json_finite(double v);

#endif
