// SPDX-License-Identifier: GPL-2.0-only
/* httpd.c - see httpd.h */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <string.h>

#include "tools/lab/common/httpd.h"
#include "util/text/text.h"

/* A handler's thread needs little stack; the default of 8 MiB would count against memory limits
 * as soon as it is touched. */
#define THREAD_STACK_BYTES (256 * 1024)
#define IDLE_TIMEOUT_S     60

struct httpd {
	struct MHD_Daemon *daemon;
	http_handler handler;
	void *context;
	size_t max_body;
};

/* What is kept between the calls of MHD for one request. */
struct upload {
	struct text body;
	bool too_large;
};

const char *http_header(const struct http_request *rq, const char *name)
{
	return MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND, name);
}

const char *http_argument(const struct http_request *rq, const char *name)
{
	return MHD_lookup_connection_value(rq->connection, MHD_GET_ARGUMENT_KIND, name);
}

void http_reply_text(struct http_reply *rp, unsigned int status, const char *fmt, ...)
{
	va_list ap;
	int n;

	rp->status = status;
	free(rp->body);
	va_start(ap, fmt);
	n = vasprintf(&rp->body, fmt, ap);
	va_end(ap);
	if (n < 0)
		rp->body = NULL;
	rp->body_len = n < 0 ? 0 : (size_t)n;
}

static enum MHD_Result send_reply(struct MHD_Connection *c, struct http_reply *rp)
{
	struct MHD_Response *r;
	enum MHD_Result queued;

	r = MHD_create_response_from_buffer(rp->body_len, rp->body ? rp->body : (char[]){ "" },
					    rp->body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_MUST_COPY);
	if (!r) {
		free(rp->body);
		return MHD_NO;
	}
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE,
				rp->content_type ? rp->content_type : "application/json");
	if (rp->close)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	queued = MHD_queue_response(c, rp->status, r);
	MHD_destroy_response(r);
	return queued;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *data, size_t *data_size, void **request)
{
	struct httpd *d = cls;
	struct upload *up = *request;
	struct http_request rq = { .method = method, .path = url, .connection = c };
	struct http_reply rp = { .status = 500 };

	(void)version;
	if (!up) {
		*request = up = calloc(1, sizeof(*up));
		return up ? MHD_YES : MHD_NO;
	}
	if (*data_size) {
		up->too_large = up->too_large || up->body.len + *data_size > d->max_body;
		if (!up->too_large)
			text_append_bytes(&up->body, data, *data_size);
		*data_size = 0;
		return MHD_YES;
	}
	if (up->too_large) {
		http_reply_text(&rp, 413, "{\"error\": \"body over %zu bytes\"}\n", d->max_body);
		return send_reply(c, &rp);
	}
	rq.body = up->body.s ? up->body.s : "";
	rq.body_len = up->body.len;
	d->handler(d->context, &rq, &rp);
	return send_reply(c, &rp);
}

static void on_completed(void *cls, struct MHD_Connection *c, void **request, enum MHD_RequestTerminationCode why)
{
	struct upload *up = *request;

	(void)cls;
	(void)c;
	(void)why;
	if (up)
		text_free(&up->body);
	free(up);
	*request = NULL;
}

int httpd_start(const struct httpd_config *config, struct httpd **ret, struct fl_error *err)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(config->port) };
	struct httpd *d = calloc(1, sizeof(*d));

	if (!d)
		return error_sys(err, ENOMEM, "out of memory");
	if (config->address && inet_pton(AF_INET, config->address, &addr.sin_addr) != 1) {
		free(d);
		return error_usage(err, "'%s' is not an IPv4 address", config->address);
	}
	d->handler = config->handler;
	d->context = config->context;
	d->max_body = config->max_body;
	d->daemon = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, config->port,
				     NULL, NULL, on_request, d, MHD_OPTION_SOCK_ADDR, &addr,
				     MHD_OPTION_CONNECTION_LIMIT, config->max_connections,
				     MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S, MHD_OPTION_THREAD_STACK_SIZE,
				     (size_t)THREAD_STACK_BYTES, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
				     MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
	if (!d->daemon) {
		int e = errno ? errno : EIO;

		free(d);
		return error_env(err, e, "cannot listen on port %u: %s", config->port, strerror(e));
	}
	*ret = d;
	return 0;
}

void httpd_stop(struct httpd *d)
{
	if (!d)
		return;
	MHD_stop_daemon(d->daemon);
	free(d);
}
