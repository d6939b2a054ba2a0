/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * http_loop.h - libcurl on a libuv loop: many HTTP exchanges at once, none of which blocks.
 *
 * libcurl's multi-socket interface says which sockets it waits for and when it wants to be woken;
 * uv_poll and one uv_timer do the waiting.
 */
#ifndef FL_HTTP_LOOP_H
#define FL_HTTP_LOOP_H

#include <uv.h>

#include "util/http/http.h"

struct http_loop;

/* Called once an exchange ended, well or not. May start others; may close the
 * http_loop, after which the response is gone. */
typedef void (*http_done)(void *ctx, const struct http_response *response);

int http_loop_open(uv_loop_t *loop, struct http_loop **ret, struct fl_error *err);

/* Begin an exchange; @req and its strings but json_body may go when this returns. */
int http_loop_start(struct http_loop *h, const struct http_request *req, http_done done, void *ctx,
		    struct fl_error *err);

/*
 * Drop what is under way (its callbacks are not called) and close. The uv handles go in the next
 * turns of the loop, so run it until it has nothing left before uv_loop_close(). NULL is fine.
 */
void http_loop_close(struct http_loop *h);

#endif
