/* SPDX-License-Identifier: GPL-2.0-only */
/* forward.h - pass a request on to an upstream, and what its failure means to our own caller. */
#ifndef LAB_FORWARD_H
#define LAB_FORWARD_H

#include "tools/lab/service/service.h"
#include "tools/lab/service/upstream.h"

/* Prices are fixed, so that whoever knows the catalog can tell a wrong total from a right one. */
static inline long catalog_price(long sku)
{
	return 1000 + 10 * sku;
}

/* An answer is passed on as it is; no answer becomes 502, 503 or 504. Takes the body out of @r. */
void forward_reply(const char *peer, struct upstream_reply *r, struct http_reply *rp);

/* Call @u and answer with what it says; true when that was below 400. */
bool forward(struct upstream *u, const char *path, const char *body, const char *authorization, struct http_reply *rp);

/* A number of a JSON object, or @fallback. */
long json_number(const char *text, const char *key, long fallback);

#endif
