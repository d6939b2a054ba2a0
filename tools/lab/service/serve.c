// SPDX-License-Identifier: GPL-2.0-only
/*
 * serve.c - what every request passes: admission, route, token, measurement. /health and /metrics
 * are answered whatever the load and are not measured.
 */
#include <stdatomic.h>
#include <string.h>

#include "tools/lab/common/container.h"
#include "tools/lab/service/service.h"
#include "tools/lab/service/token.h"
#include "util/clock.h"

static void reply_metrics(struct http_reply *rp)
{
	struct text out = { .s = NULL };

	container_metrics();
	metrics_render(&out);
	rp->status = out.failed ? 500 : 200;
	rp->body = out.s;
	rp->body_len = out.len;
	rp->content_type = "text/plain; version=0.0.4";
}

static const struct route *find_route(const struct role *role, const struct http_request *rq, bool *ret_path_known)
{
	const struct route *r;
	size_t n;

	*ret_path_known = false;
	for (r = role->routes; r->method; r++) {
		n = strlen(r->path);
		/* "/" itself is no prefix: it would take everything. */
		if (n > 1 && r->path[n - 1] == '/' ? strncmp(r->path, rq->path, n) : strcmp(r->path, rq->path))
			continue;
		*ret_path_known = true;
		if (!strcmp(r->method, rq->method))
			return r;
	}
	return NULL;
}

/* Refuse a token that our own clock does not like; says so in the reply, the metrics and the log. */
static bool token_accepted(struct service *s, const struct http_request *rq, struct http_reply *rp)
{
	struct token t = { .issuer = "" };
	enum token_verdict verdict;
	char labels[160];

	verdict = token_check(http_header(rq, "Authorization"), clock_wall_ns() / NS_PER_MSEC,
			      s->config.token_leeway_ns / NS_PER_MSEC, &t);
	if (verdict == TOKEN_GOOD)
		return true;
	snprintf(labels, sizeof(labels), "issuer=\"%s\",reason=\"%s\"", t.issuer, token_verdict_names[verdict]);
	metric_add(metric_counter("lab_tokens_refused_total", labels), 1);
	service_log(s, "warn", "token of '%s' by '%s' refused: %s", t.user, t.issuer, token_verdict_names[verdict]);
	http_reply_text(rp, 401, "{\"error\": \"token refused\", \"reason\": \"%s\"}\n", token_verdict_names[verdict]);
	return false;
}

static void measure(const struct route *r, unsigned int status, uint64_t duration_ns)
{
	char labels[128];

	snprintf(labels, sizeof(labels), "path=\"%s\",code=\"%u\"", r->path, status);
	metric_add(metric_counter("lab_requests_total", labels), 1);
	snprintf(labels, sizeof(labels), "path=\"%s\"", r->path);
	histogram_record(metric_histogram("lab_request_duration_seconds", labels), duration_ns);
}

static void handle_route(struct service *s, const struct route *r, const struct http_request *rq, struct http_reply *rp)
{
	uint64_t began = clock_mono_ns(), took;
	int inflight = atomic_fetch_add(&s->inflight, 1) + 1;

	metric_set(metric_gauge("lab_requests_inflight", ""), inflight);
	if (inflight > (int)s->config.max_inflight)
		http_reply_text(rp, 503, "{\"error\": \"overloaded\"}\n");
	else if (!r->token || token_accepted(s, rq, rp))
		r->handle(s, rq, rp);
	metric_set(metric_gauge("lab_requests_inflight", ""), atomic_fetch_sub(&s->inflight, 1) - 1);
	took = clock_mono_ns() - began;
	measure(r, rp->status, took);
	service_log(s, rp->status >= 500 ? "error" : "info", "%s %s %u %.1fms", rq->method, rq->path, rp->status,
		    (double)took / 1e6);
}

void service_handle(void *context, const struct http_request *rq, struct http_reply *rp)
{
	struct service *s = context;
	const struct route *r;
	bool path_known;

	if (!strcmp(rq->path, "/health")) {
		http_reply_text(rp, 200, "{\"status\": \"ok\", \"service\": \"%s\"}\n", s->config.name);
		return;
	}
	if (!strcmp(rq->path, "/metrics")) {
		reply_metrics(rp);
		return;
	}
	r = find_route(s->role, rq, &path_known);
	if (r)
		handle_route(s, r, rq, rp);
	else if (path_known)
		http_reply_text(rp, 405, "{\"error\": \"method not allowed\"}\n");
	else
		http_reply_text(rp, 404, "{\"error\": \"no such path\"}\n");
}
