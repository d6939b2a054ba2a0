/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * service.h - what every mock service is made of, and the roles that it can play.
 *
 * A service is one process: an HTTP server whose routes come from its role, pools of connections
 * to its upstreams, a resolver, optionally a cache client and a log shipper.
 */
#ifndef LAB_SERVICE_H
#define LAB_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/lab/common/httpd.h"
#include "tools/lab/common/metrics.h"
#include "util/error.h"

#define SERVICE_MAX_UPSTREAMS 8

struct upstream;
struct cache;
struct logship;
struct role;

struct service_config {
	const char *name, *role;
	uint16_t port;
	unsigned int max_inflight;                    /* requests at work; more are answered 503 at once */
	const char *upstreams[SERVICE_MAX_UPSTREAMS]; /* see upstream.h */
	unsigned int n_upstreams;
	const char *resolver;      /* address of the name server; NULL: the system's */
	const char *resolver_name; /* what metrics call it */
	const char *log_to;        /* the collector, an upstream like any other; NULL: none */
	const char *cache;         /* NAME=HOST:PORT of a Redis-protocol cache; NULL: none */
	const char *volume;        /* folder that a store writes to */
	uint64_t token_life_ns, token_leeway_ns;
};

struct service {
	struct service_config config;
	const struct role *role;
	struct upstream *upstreams[SERVICE_MAX_UPSTREAMS];
	struct cache *cache;
	struct logship *logs;
	_Atomic int inflight;
	_Atomic int64_t *inflight_gauge;
};

typedef void (*route_handler)(struct service *s, const struct http_request *rq, struct http_reply *rp);

struct route {
	const char *method;
	const char *path; /* ends in '/': a prefix */
	bool token;       /* only with a valid bearer token */
	route_handler handle;
};

struct role {
	const char *name, *summary;
	const struct route *routes;                            /* ends with a NULL method */
	int (*start)(struct service *s, struct fl_error *err); /* NULL: nothing to prepare */
};

/* The roles, ending with a NULL name. */
extern const struct role *const roles[];

/* The server's handler: /health, /metrics, the routes of the role. @context is the service. */
void service_handle(void *context, const struct http_request *rq, struct http_reply *rp);

/* The upstream of that name; never NULL: a role that asks for one that is not configured ends
 * the process at start (role.start checks by calling it). */
struct upstream *service_upstream(struct service *s, const char *name);

/* One line for the log collector and for our own standard output. */
void service_log(struct service *s, const char *level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* What is behind the route's prefix ("/stock/12" -> "12"). */
const char *route_tail(const struct http_request *rq, const char *prefix);

/* Take time, as waiting for a disk does: sleeps about @us, spread by a quarter. */
void service_work(unsigned int us);

/* Take CPU time, as encryption and parsing do: @us of the calling thread's. */
void service_compute(unsigned int us);

#endif
