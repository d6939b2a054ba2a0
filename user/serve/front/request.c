// SPDX-License-Identifier: GPL-2.0-only
/*
 * request.c - from an HTTP request to a message for the privileged half, and back. What a browser of somebody else's
 * could send, what is too large and what names nothing is refused here; who asks, and whether they may, is not ours to say.
 */
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "serve/front/private.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define TOKEN_MAX 200
#define KEY_MAX   100

static const char *header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

/* --- lists ---------------------------------------------------------------------------------------- */

void exchange_link(struct exchange *x, struct exchange **list)
{
	x->next = *list;
	x->self = list;
	if (x->next)
		x->next->self = &x->next;
	*list = x;
}

void exchange_unlink(struct exchange *x)
{
	if (!x->self)
		return;
	*x->self = x->next;
	if (x->next)
		x->next->self = x->self;
	x->self = NULL;
	x->next = NULL;
}

/* --- the head ------------------------------------------------------------------------------------- */

static void refuse(struct exchange *x, unsigned int status, const char *why)
{
	if (x->refused)
		return;
	x->refused = status;
	x->why = why;
}

static size_t body_max(const struct route *r)
{
	return r->body == BODY_JSON ? ROUTE_JSON_MAX : r->body == BODY_YAML ? ROUTE_YAML_MAX : 0;
}

/* A type that no form of a foreign page can send without asking first. */
static bool type_fits(const struct route *r, const char *type)
{
	const char *wanted = r->body == BODY_JSON ? "application/json" : "application/yaml";
	size_t len = strlen(wanted);

	return type && !strncasecmp(type, wanted, len) && (!type[len] || type[len] == ';' || type[len] == ' ');
}

/* "Content-Length" as the library has checked it; too large: do not begin to read. */
static bool says_too_much(const char *length, size_t max)
{
	size_t digits = length ? strspn(length, "0123456789") : 0, n = 0, i;

	for (i = 0; i < digits && n <= max; i++)
		n = n * 10 + (size_t)(length[i] - '0');
	return n > max;
}

static void check_body(struct exchange *x)
{
	const char *length = header(x->c, MHD_HTTP_HEADER_CONTENT_LENGTH);
	bool chunked = header(x->c, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
	bool empty = !chunked && (!length || !strcmp(length, "0"));

	if (empty)
		return;
	if (says_too_much(length, body_max(x->route)))
		refuse(x, MHD_HTTP_CONTENT_TOO_LARGE,
		       x->route->body ? "the body is too large" : "no body is taken here");
	else if (x->route->body && !type_fits(x->route, header(x->c, MHD_HTTP_HEADER_CONTENT_TYPE)))
		refuse(x, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
		       x->route->body == BODY_JSON ? "Content-Type has to be application/json"
						   : "Content-Type has to be application/yaml");
}

static void check_head(struct exchange *x, const char *url, const char *method)
{
	unsigned int status =
		route_check_browser(header(x->c, MHD_HTTP_HEADER_HOST), header(x->c, MHD_HTTP_HEADER_ORIGIN),
				    header(x->c, "Sec-Fetch-Site"), x->f->host_name);
	const char *token = route_bearer(header(x->c, MHD_HTTP_HEADER_AUTHORIZATION));

	if (status == 421)
		refuse(x, status,
		       "this server has no such name: it answers to localhost and to the name given by --host-name");
	else if (status)
		refuse(x, status, "requests of other sites are refused");
	switch (route_find(method, url, &x->route, x->object)) {
	case ROUTE_NO_PATH:
		refuse(x, MHD_HTTP_NOT_FOUND, "there is no such thing; GET /v1/openapi.json lists what there is");
		break;
	case ROUTE_NO_METHOD:
		refuse(x, MHD_HTTP_METHOD_NOT_ALLOWED,
		       "that method is not for this; GET /v1/openapi.json lists what there is");
		break;
	case ROUTE_FOUND:
		if (!token && !x->conn->is_unix)
			refuse(x, MHD_HTTP_UNAUTHORIZED, "who are you? A token is needed: Authorization: Bearer TOKEN");
		else if (token && strlen(token) > TOKEN_MAX)
			refuse(x, MHD_HTTP_UNAUTHORIZED, "this token is not known here");
		check_body(x);
	}
}

static enum MHD_Result begin(struct front *f, struct MHD_Connection *c, const char *url, const char *method,
			     void **request)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x || !info || !info->socket_context) {
		free(x);
		return MHD_NO;
	}
	x->f = f;
	x->c = c;
	x->conn = info->socket_context;
	*request = x;
	check_head(x, url, method);
	return MHD_YES;
}

/* --- the body ------------------------------------------------------------------------------------- */

static void take_data(struct exchange *x, const char *data, size_t n)
{
	if (x->refused)
		return;
	if (n > body_max(x->route) || x->body.len > body_max(x->route) - n) {
		refuse(x, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large");
		return;
	}
	if (x->f->buffered > BUFFERED_MAX - n) {
		refuse(x, MHD_HTTP_SERVICE_UNAVAILABLE, "too much is being received");
		return;
	}
	x->f->buffered += n;
	text_append_bytes(&x->body, data, n);
	if (memchr(data, '\0', n))
		refuse(x, MHD_HTTP_BAD_REQUEST, "the body is no text");
}

/* --- to the privileged half ----------------------------------------------------------------------- */

static const char *short_header(struct exchange *x, const char *name, size_t max)
{
	const char *s = header(x->c, name) ?: "";

	if (strlen(s) <= max)
		return s;
	refuse(x, MHD_HTTP_BAD_REQUEST, "a header is too long");
	return "";
}

static char *envelope(struct exchange *x)
{
	const char *token = route_bearer(header(x->c, MHD_HTTP_HEADER_AUTHORIZATION)) ?: "";
	json_t *o = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s%}", "verb", (int)x->route->verb, "object", x->object,
			      "token", token, "from", x->conn->from, "key", short_header(x, "Idempotency-Key", KEY_MAX),
			      "after", short_header(x, "Last-Event-ID", KEY_MAX), "body", x->body.s ?: "", x->body.len);
	char *s = o ? json_dumps(o, JSON_COMPACT) : NULL;

	if (!s)
		refuse(x, MHD_HTTP_BAD_REQUEST, "that is no UTF-8 text");
	json_decref(o);
	return s;
}

static void ask(struct exchange *x)
{
	struct front *f = x->f;
	_cleanup_free_ char *s = f->n_waiting < EXCHANGES_MAX ? envelope(x) : NULL;

	if (!s)
		refuse(x, MHD_HTTP_SERVICE_UNAVAILABLE, "too many requests wait already");
	if (x->refused)
		return;
	x->id = ++f->next_id;
	if (!wire_put(&f->out, WIRE_REQUEST, x->id, s, strlen(s), x->conn->is_unix ? x->conn->fd : -1)) {
		refuse(x, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
		return;
	}
	exchange_link(x, &f->waiting);
	f->n_waiting++;
	MHD_suspend_connection(x->c);
}

void request_answer(struct exchange *x, unsigned int status, struct text *body)
{
	exchange_unlink(x);
	x->f->n_waiting--;
	x->answered = true;
	x->status = status;
	x->answer = *body;
	*body = (struct text){};
	x->cursor = x->f->n_events;
	MHD_resume_connection(x->c);
}

static enum MHD_Result give_answer(struct exchange *x)
{
	if (x->status >= 400)
		return reply(x->c, x->status, "application/problem+json", &x->answer);
	if (x->route->verb == VERB_EVENTS)
		return stream_begin(x);
	return reply(x->c, x->status, x->route->verb == VERB_REPORT ? "text/plain; charset=utf-8" : "application/json",
		     &x->answer);
}

/* --- the library's callbacks ----------------------------------------------------------------------- */

/* The dashboard's files are for everybody who may have meant this server: they hold nothing. */
static bool give_asset(struct exchange *x, const char *url, const char *method, enum MHD_Result *ret)
{
	const char *type;
	const void *bytes;
	size_t n;

	if (x->refused == 421 || x->refused == 403 || (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) ||
	    !asset_find(url, &type, &bytes, &n))
		return false;
	*ret = reply_static(x->c, type, bytes, n);
	return true;
}

enum MHD_Result request_handle(void *cls, struct MHD_Connection *c, const char *url, const char *method,
			       const char *version, const char *data, size_t *data_size, void **request)
{
	struct exchange *x = *request;
	enum MHD_Result r;

	(void)version;
	if (!x) {
		r = begin(cls, c, url, method, request);
		x = *request;
		/* What is refused by its head alone is not read on: the connection ends behind the answer. */
		if (r == MHD_YES && x->refused && x->refused != MHD_HTTP_NOT_FOUND)
			return reply_problem(c, x->refused, x->why);
		return r;
	}
	if (*data_size) {
		take_data(x, data, *data_size);
		*data_size = 0;
		return MHD_YES;
	}
	x->conn->answering = true;
	x->conn->since_ns = clock_mono_ns();
	if (x->answered)
		return give_answer(x);
	if (give_asset(x, url, method, &r))
		return r;
	if (!x->refused)
		ask(x);
	return x->refused ? reply_problem(c, x->refused, x->why) : MHD_YES;
}

void request_completed(void *cls, struct MHD_Connection *c, void **request, enum MHD_RequestTerminationCode why)
{
	struct front *f = cls;
	struct exchange *x = *request;

	(void)c;
	(void)why;
	if (!x)
		return;
	if (x->self && !x->answered)
		f->n_waiting--;
	exchange_unlink(x);
	if (x->conn->listens)
		wire_put(&f->out, WIRE_GONE, x->id, "", 0, -1);
	x->conn->listens = x->conn->answering = false;
	x->conn->since_ns = clock_mono_ns();
	f->buffered -= x->body.len < f->buffered ? x->body.len : f->buffered;
	text_free(&x->body);
	text_free(&x->answer);
	free(x);
	*request = NULL;
}
