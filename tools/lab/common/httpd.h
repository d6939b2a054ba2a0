/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * httpd.h - a small HTTP server on libmicrohttpd: one thread a connection (bounded), whole
 * bodies (bounded), one handler. Handlers may block: they wait for upstreams.
 */
#ifndef LAB_HTTPD_H
#define LAB_HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct MHD_Connection;

struct http_request {
	const char *method;
	const char *path; /* without the query */
	const char *body; /* NUL-terminated; "" when there is none */
	size_t body_len;
	struct MHD_Connection *connection;
};

struct http_reply {
	unsigned int status;
	char *body; /* allocated; the server frees it; NULL: empty */
	size_t body_len;
	const char *content_type; /* NULL: application/json */
	bool close;               /* end the connection behind this reply */
};

typedef void (*http_handler)(void *context, const struct http_request *rq, struct http_reply *rp);

struct httpd_config {
	const char *address; /* NULL: every interface, IPv4 */
	uint16_t port;
	unsigned int max_connections;
	size_t max_body;
	http_handler handler;
	void *context;
};

struct httpd;

/* -EADDRINUSE, in a message that names the port, when somebody listens there already. */
int httpd_start(const struct httpd_config *config, struct httpd **ret, struct fl_error *err);
void httpd_stop(struct httpd *d);

/* Header or query argument of a request; NULL when absent. */
const char *http_header(const struct http_request *rq, const char *name);
const char *http_argument(const struct http_request *rq, const char *name);

/* Fill a reply: formatted text as its body. */
void http_reply_text(struct http_reply *rp, unsigned int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
