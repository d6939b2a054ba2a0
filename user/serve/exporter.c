// SPDX-License-Identifier: GPL-2.0-only
/* exporter.c - see exporter.h */
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "serve/exporter.h"
#include "serve/openmetrics.h"
#include "util/text/address.h"
#include "util/loop/loop_time.h"

#define CONNECTIONS_MAX 16
#define IDLE_TIMEOUT_S  30u
#define TICK_MS         1000 /* libmicrohttpd's own timeouts have to be looked at */

struct exporter {
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_timer_t tick;
	unsigned int open_handles;
	exporter_fill fill;
	void *ctx;
	char url[96];
};

/* --- requests -------------------------------------------------------------------------------- */

static enum MHD_Result reply(struct MHD_Connection *c, unsigned int status, const char *type, struct text *body)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(body->len, body->s, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result r;

	if (!response) {
		text_free(body);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	r = MHD_queue_response(c, status, response);
	MHD_destroy_response(response);
	return r;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *data, size_t *data_size, void **request)
{
	struct exporter *e = cls;
	struct text body = {};

	(void)version;
	(void)data;
	(void)request;
	*data_size = 0; /* a body is read and thrown away */
	if (strcmp(method, "GET") && strcmp(method, "HEAD")) {
		text_append(&body, "only GET\n");
		return reply(c, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", &body);
	}
	if (strcmp(url, "/metrics")) {
		text_append(&body, "only /metrics\n");
		return reply(c, MHD_HTTP_NOT_FOUND, "text/plain", &body);
	}
	if (!e->fill(e->ctx, &body) && !body.failed)
		return reply(c, MHD_HTTP_OK, OPENMETRICS_TYPE, &body);
	text_free(&body);
	text_append(&body, "the meter cannot be read\n");
	return reply(c, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain", &body);
}

/* --- the loop -------------------------------------------------------------------------------- */

static void on_readable(uv_poll_t *poll, int status, int events)
{
	LOOP_CALLBACK();
	struct exporter *e = poll->data;

	(void)status;
	(void)events;
	MHD_run(e->daemon);
}

static void on_tick(uv_timer_t *timer)
{
	LOOP_CALLBACK();
	struct exporter *e = timer->data;

	MHD_run(e->daemon);
}

/* --- start and end --------------------------------------------------------------------------- */

static void note_url(struct exporter *e, union address a)
{
	const union MHD_DaemonInfo *bound = MHD_get_daemon_info(e->daemon, MHD_DAEMON_INFO_BIND_PORT);
	in_port_t *port = a.any.sa_family == AF_INET6 ? &a.v6.sin6_port : &a.v4.sin_port;
	char text[ADDRESS_TEXT];

	*port = htons(bound ? bound->port : 0);
	snprintf(e->url, sizeof(e->url), "http://%s/metrics", address_text(&a, text));
}

static void watch(struct exporter *e, uv_loop_t *loop)
{
	const union MHD_DaemonInfo *epoll = MHD_get_daemon_info(e->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	uv_poll_init(loop, &e->poll, epoll->epoll_fd);
	uv_timer_init(loop, &e->tick);
	e->poll.data = e->tick.data = e;
	e->open_handles = 2;
	uv_poll_start(&e->poll, UV_READABLE, on_readable);
	uv_timer_start(&e->tick, on_tick, TICK_MS, TICK_MS);
}

int exporter_open(uv_loop_t *loop, const char *where, exporter_fill fill, void *ctx, struct exporter **ret,
		  struct fl_error *err)
{
	struct exporter *e = calloc(1, sizeof(*e));
	union address a;
	int r = e ? address_parse("--metrics", where, &a, err) : error_sys(err, ENOMEM, "out of memory");
	unsigned int v6 = !r && a.any.sa_family == AF_INET6 ? MHD_USE_IPv6 : 0;

	if (r) {
		free(e);
		return r;
	}
	e->fill = fill;
	e->ctx = ctx;
	errno = 0;
	e->daemon = MHD_start_daemon(MHD_USE_EPOLL | v6, 0, NULL, NULL, on_request, e, MHD_OPTION_SOCK_ADDR, &a.any,
				     MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
				     IDLE_TIMEOUT_S, MHD_OPTION_END);
	if (!e->daemon) {
		int code = errno ? errno : EIO;

		free(e);
		return error_env(err, code, "--metrics %.100s: cannot listen: %s", where, strerror(code));
	}
	note_url(e, a);
	watch(e, loop);
	*ret = e;
	return 0;
}

const char *exporter_url(const struct exporter *e)
{
	return e->url;
}

static void on_closed(uv_handle_t *handle)
{
	LOOP_CALLBACK();
	struct exporter *e = handle->data;

	if (--e->open_handles)
		return;
	MHD_stop_daemon(e->daemon);
	free(e);
}

void exporter_close(struct exporter *e)
{
	if (!e)
		return;
	uv_close((uv_handle_t *)&e->poll, on_closed);
	uv_close((uv_handle_t *)&e->tick, on_closed);
}
