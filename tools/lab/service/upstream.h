/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * upstream.h - HTTP calls to another service through a bounded pool of connections.
 *
 * A pool that is full makes the caller wait a while, then refuses. A try has a time limit of its
 * own, which counts name lookup and waiting for a connection; tries are repeated with backoff.
 */
#ifndef LAB_UPSTREAM_H
#define LAB_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/lab/service/backoff.h"
#include "util/error.h"
#include "util/text/text.h"

/* Why a call ended; also the "result" label of lab_upstream_calls_total. */
enum call_result {
	CALL_OK,
	CALL_ERROR,   /* an answer of 500 or above */
	CALL_TIMEOUT, /* no answer within the limit */
	CALL_REFUSED, /* connection refused, reset or closed */
	CALL_POOL,    /* no connection free in time */
	CALL_DNS,     /* the name did not resolve in time */
	CALL_RESULTS,
};
extern const char *const call_result_names[CALL_RESULTS];

struct upstream;

/*
 * "payment-db=payment-db:8080,pool=8,timeout=300ms,wait=250ms,tries=10,backoff=25ms": a name, an
 * address, and what differs from the defaults (pool 16, timeout 1s, wait 250ms, tries 1).
 */
int upstream_open(const char *spec, struct upstream **ret, struct fl_error *err);
const char *upstream_name(const struct upstream *u);

struct upstream_reply {
	enum call_result result; /* of the last try */
	unsigned int status;     /* 0 when there was no answer */
	unsigned int tries;
	struct text body;
};

/*
 * @body NULL: GET, else POST. @authorization is the header's value, or NULL. Blocks. Answers
 * below 500 are final; everything else is tried again as often as the upstream allows.
 * Release with upstream_reply_free().
 */
void upstream_call(struct upstream *u, const char *path, const char *body, const char *authorization,
		   struct upstream_reply *ret);
void upstream_reply_free(struct upstream_reply *r);

/* Count one call to a peer that is not reached through a pool (the name server, the cache). */
struct peer_metrics;
struct peer_metrics *peer_metrics_get(const char *peer);
void peer_metrics_record(struct peer_metrics *m, enum call_result result, uint64_t duration_ns);

#endif
