/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * http.h - one HTTP exchange over libcurl: bounded in time and size, to the address the user gave
 * and nowhere else (no redirects, no proxy from the environment, only http and https).
 *
 * http_fetch() blocks; measure/probe/http_loop.h runs the same exchanges on the event loop.
 */
#ifndef FL_HTTP_H
#define FL_HTTP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/text/text.h"

#define HTTP_BODY_MAX (8u << 20)

struct http_request {
	const char *url;
	const char *unix_socket; /* NULL: TCP */
	const char *json_body;   /* NULL: GET; otherwise POST of this as application/json */
	uint64_t timeout_ns;     /* for the whole exchange */
	size_t body_max;         /* larger answers are cut off and count as an error */
	bool decode;             /* take and decode gzip and the like; body_max is of what comes out */
	bool fresh;              /* a connection of its own, as a new user has */
};

struct http_response {
	int status;     /* 0: no answer */
	bool connected; /* somebody took the connection */
	bool complete;  /* headers and whole body came within the limits */
	bool too_large; /* the body was not */
	struct text body;
	double start_wall_s;    /* epoch seconds */
	uint64_t start_mono_ns; /* CLOCK_MONOTONIC */
	double elapsed_ms;
	char error[CURL_ERROR_SIZE]; /* why it is not complete; empty otherwise */
};

/* A libcurl handle with the options above and the place its answer goes to. */
struct http_exchange {
	CURL *easy;
	struct curl_slist *headers;
	size_t body_max;
	struct http_response response;
};

/* Is @url one this module would call? Checked before anything is started. */
int http_check_url(const char *url, struct fl_error *err);

/* Make the handle; *x is released with http_exchange_free(), also after an error. Must not move
 * in memory until then. @req->json_body has to outlive it. */
int http_exchange_init(struct http_exchange *x, const struct http_request *req, struct fl_error *err);
/* Note the start. The transfer begins right after. */
void http_exchange_start(struct http_exchange *x);
/* Fill the response from what libcurl says at the end. */
void http_exchange_finish(struct http_exchange *x, CURLcode code);
void http_exchange_free(struct http_exchange *x);

/*
 * Do one exchange, blocking. 0 whenever it was tried: an unreachable server is a response with
 * status 0 and an error text. The body is the caller's: text_free(&ret->body).
 */
int http_fetch(const struct http_request *req, struct http_response *ret, struct fl_error *err);

#endif
