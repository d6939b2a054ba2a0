/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exporter.h - GET /metrics on a port, on the caller's event loop: libmicrohttpd's epoll descriptor
 * is one more that the loop waits for, so there is no thread and nothing to lock.
 */
#ifndef FL_EXPORTER_H
#define FL_EXPORTER_H

#include <uv.h>

#include "util/text/text.h"

struct exporter;

/* Append what /metrics says now; negative errno: the client gets a 503. */
typedef int (*exporter_fill)(void *ctx, struct text *out);

/*
 * Listen at @where: "PORT" (on 127.0.0.1), "ADDR:PORT" or "[ADDR6]:PORT"; port 0 takes a free one.
 * -EADDRINUSE and the like as an error that names it.
 */
int exporter_open(uv_loop_t *loop, const char *where, exporter_fill fill, void *ctx, struct exporter **ret,
		  struct fl_error *err);

/* "http://127.0.0.1:9464/metrics" */
const char *exporter_url(const struct exporter *e);

/* The uv handles go in the next turns of the loop. NULL is fine. */
void exporter_close(struct exporter *e);

#endif
