/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * meter.h - kernel-side measurement of a set of services: request latency, rate, errors, bytes,
 * TCP events and the edges between them, without their help.
 *
 * Measured at the host side of each service's veth, between the container and every fault: a
 * delay that is injected on an edge is seen by its client's row and not by its server's.
 *
 * A row is one edge as one end saw it: (client, server, vantage, protocol), and of HTTP requests also
 * (method, path prefix). What is not of one request (connections, resets and other calls without an
 * answer, retransmissions, what a connection ends with) is in the row that has neither. Rows are
 * cumulative from meter_open() on; two snapshots subtracted are what happened in between.
 */
#ifndef FL_METER_H
#define FL_METER_H

#include <stdint.h>

#include "bpf/abi/abi_measure.h"
#include "measure/meter/meter_paths.h"
#include "target/target.h"
#include "util/error.h"

struct meter;

/* Of the session that a meter begins on a kernel without tcx, to have its filters cleaned up. */
#define METER_PURPOSE "measure"

enum meter_vantage { METER_AS_SERVER, METER_AS_CLIENT };

enum meter_protocol {
	METER_HTTP,   /* HTTP/1.x, by request and response */
	METER_DNS,    /* by transaction id */
	METER_TURNS,  /* any other TCP protocol: a request/response turn (Redis, PostgreSQL, ...) */
	METER_OPAQUE, /* TLS, HTTP/2, what comes behind an upgrade: turns of unknown content */
	METER_PROTOCOLS,
};

/*
 * One row. Services are indexes into meter_snapshot.services; 0 is "outside" (no measured one). A
 * failure is counted once: as a status, a reset, a refusal or a timeout.
 */
struct meter_row {
	uint32_t client, server;
	enum meter_vantage vantage;
	enum meter_protocol protocol;
	uint8_t method; /* a bit of enum fl_http_method (bpf/abi/abi.h); 0: not of a request, or not HTTP */
	uint8_t path;   /* of meter_snapshot.paths, meter_path_text(); 0: none of them */
	uint8_t group;  /* of meter_read_groups() alone: its group of a trial (bpf/abi/abi_measure.h), from 1 */
	uint16_t port;  /* the server's; 0: more than one */

	uint64_t requests;  /* complete ones, those in `latency` */
	uint64_t status[6]; /* HTTP by class 1..5 (index 0: none known); DNS: [0] NOERROR, [5]
			       others */
	uint64_t resets;    /* connections reset, with the requests on them */
	uint64_t timeouts;  /* requests whose connection was closed, or sat idle, before an answer */
	uint64_t refused;   /* SYNs answered by RST */
	uint64_t bytes_to_server, bytes_to_client; /* payload, also what was sent twice */
	uint64_t connects, retransmits;            /* retransmits: by this end */
	uint64_t first_ns, last_ns;                /* CLOCK_MONOTONIC of the first and last thing counted */
	struct fl_hist latency;                    /* request's first byte to response's first byte */
	struct fl_hist connect;                    /* SYN to SYN-ACK, as this end saw it */
	struct fl_hist rtt;                        /* the kernel's smoothed RTT, sampled */
};

struct meter_snapshot {
	uint64_t taken_ns; /* CLOCK_MONOTONIC */
	uint32_t n_services;
	char (*services)[128]; /* [0] = "outside" */
	uint32_t n_rows;
	struct meter_row *rows;   /* in the order of meter_row_order() */
	struct meter_paths paths; /* what `path` of a row stands for */
	/* What the meter could not count: never silent. */
	uint64_t flows_evicted;     /* by the LRU table, while still open */
	uint64_t events_lost;       /* ring buffer full */
	uint64_t requests_unpaired; /* beyond the depth of pipelining kept, or cut off */
};

struct meter_options {
	uint32_t max_connections;        /* 0: default (32768); measured at one end or at both */
	uint32_t max_services;           /* 0: default (255) */
	const struct meter_paths *paths; /* by what requests are told apart; NULL: method alone */
};

/* Load; nothing is attached yet. Everything goes when the process dies. */
int meter_open(const struct meter_options *options, struct meter **ret, struct fl_error *err);

/*
 * Give @t's addresses its name, and measure nothing yet. A connection keeps the names that its ends had
 * when it was first seen: name all services before the first is added.
 */
int meter_name(struct meter *m, const struct target *t, struct fl_error *err);

/* Measure @t under the name @t->name; one already measured is brought up to date (new veths). */
int meter_add(struct meter *m, const struct target *t, struct fl_error *err);

/*
 * What it cost so far, while the kernel's statistics are on (kernel.bpf_stats_enabled): how often the
 * programs ran and how long.
 */
struct meter_cost {
	uint64_t runs, ns;
};
int meter_cost(struct meter *m, struct meter_cost *ret);

/* Read without stopping it. *ret is the caller's: meter_snapshot_free(). */
int meter_read(struct meter *m, struct meter_snapshot *ret, struct fl_error *err);
void meter_snapshot_free(struct meter_snapshot *s);

/* By client, server, vantage, protocol, method, path; for qsort() and bsearch(). */
int meter_row_order(const void *a, const void *b);

/* Of one edge, vantage and protocol: rows that differ in method and path alone. */
bool meter_same_edge(const struct meter_row *a, const struct meter_row *b);

/*
 * @s with the rows of an edge, vantage and protocol added up, whatever their methods and paths. *ret is
 * the caller's.
 */
int meter_by_edge(const struct meter_snapshot *s, struct meter_snapshot *ret, struct fl_error *err);

/* now - before, by rows; a row that was not in @before is taken whole. *ret is the caller's. */
int meter_subtract(const struct meter_snapshot *now, const struct meter_snapshot *before, struct meter_snapshot *ret,
		   struct fl_error *err);

/*
 * Live events, for the "first symptom": meter_poll() hands on, with its kernel time, every request
 * of a watched service, as client or server, that took longer than @slow_ns (0: failures alone)
 * or that failed. Both ends' veths report, each from its own vantage.
 */
struct meter_event {
	uint64_t at_ns; /* when the answer began, or the failure was seen */
	uint32_t client, server;
	enum meter_vantage vantage;
	uint64_t latency_ns; /* 0: no answer */
	uint16_t status;     /* 0: none (reset, refused, timeout, not HTTP) */
};
typedef void (*meter_callback)(void *ctx, const struct meter_event *event);
int meter_watch(struct meter *m, const char *service, uint64_t slow_ns, struct fl_error *err);
int meter_poll_fd(const struct meter *m); /* readable when there are events; -1: nothing is watched */
/* Hand on what is there; never blocks. Returns how many, or a negative errno. */
int meter_poll(struct meter *m, meter_callback cb, void *ctx);

/*
 * A fault that touches a share of @service's flows is a trial (bpf/abi/abi_measure.h): from now on what its flows do is
 * also kept by group, as @trial says whose they are; NULL: it is over. Until then meter_read() has the sum of the groups.
 * -EINVAL: it is not measured.
 */
int meter_trial(struct meter *m, const char *service, const struct fl_trial *trial, struct fl_error *err);

/*
 * The same where some instances of @service are hit, and not the others: those with an address in @hit are. Without
 * @trial->share_ppm below FL_PPM each instance is a group, else the flows of the instances that are hit are drawn.
 * -ENODATA: all of its instances are hit.
 */
int meter_trial_of(struct meter *m, const char *service, const struct fl_trial *trial, const struct in6_addr *hit,
		   uint32_t n_hit, struct fl_error *err);

/* As meter_read(), but only what is kept by group, a row a group: cumulative, to be subtracted. */
int meter_read_groups(struct meter *m, struct meter_snapshot *ret, struct fl_error *err);
/* How many flows of trials found no room for their group: they are in none. */
uint64_t meter_ungrouped(struct meter *m);

void meter_close(struct meter *m);

#endif
