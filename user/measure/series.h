/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * series.h - what the meter saw over time: one interval from one reading to the next, so that any
 * window between two readings can be summed up afterwards. Only buckets that have something in them
 * are kept: a second of twenty busy edges takes some kilobytes. Pure.
 */
#ifndef FL_SERIES_H
#define FL_SERIES_H

#include "measure/meter/meter.h"

struct series;

struct series *series_new(void);
void series_free(struct series *s);

/*
 * Take what happened since the reading before: the difference of two snapshots, from @from_ns to
 * @to_ns (CLOCK_MONOTONIC). Services keep their index for the life of a meter.
 */
int series_add(struct series *s, const struct meter_snapshot *difference, uint64_t from_ns, uint64_t to_ns);

/* Forget intervals that ended before @before_ns. */
void series_forget(struct series *s, uint64_t before_ns);

/* Which rows: indexes of services and an enum meter_vantage, or SERIES_ANY. */
enum { SERIES_ANY = -1 };
struct series_match {
	int32_t client, server, vantage;
	/* Of requests alone; 0: of all rows. */
	uint8_t method; /* a bit of enum fl_http_method */
	uint32_t paths; /* of series_paths() */
};

/* Index of a service by its name, with its provider ("netns:web") or without; -ENOENT. 0 is "outside". */
int32_t series_service(const struct series *s, const char *name);
uint32_t series_services(const struct series *s, const char (**ret)[128]);

/*
 * The classes of requests whose target begins with @prefix, for series_match.paths; 0: it is none of
 * the meter's prefixes, and nobody knows which requests these are.
 */
uint32_t series_paths(const struct series *s, const char *prefix);

/* The edges seen so far, as (client, server); the caller frees. */
struct series_edge {
	uint32_t client, server;
	bool as_client, as_server; /* the vantages it was seen from */
};
uint32_t series_edges(const struct series *s, struct series_edge **ret);

/*
 * Sum the intervals whose middle lies in [from_ns, to_ns). Returns how many there were; *ret has
 * counts and latency (not connect and rtt), *ret_seconds what they last together.
 */
uint32_t series_sum(const struct series *s, const struct series_match *m, uint64_t from_ns, uint64_t to_ns,
		    struct meter_row *ret, double *ret_seconds);

/* The same for each of them, in order. */
typedef void (*series_each_cb)(void *ctx, const struct meter_row *row, double seconds);
void series_each(const struct series *s, const struct series_match *m, uint64_t from_ns, uint64_t to_ns,
		 series_each_cb cb, void *ctx);

/*
 * All of them in one pass, counts alone: @cb for each row of each interval in the window, and with NULL
 * after the last row of each, of @seconds.
 */
struct series_counts {
	uint32_t client, server;
	enum meter_vantage vantage;
	uint64_t requests, sum_ns, tries, errors, retransmits, resets;
};
typedef void (*series_scan_cb)(void *ctx, const struct series_counts *row, double seconds);
void series_scan(const struct series *s, uint64_t from_ns, uint64_t to_ns, series_scan_cb cb, void *ctx);

#endif
