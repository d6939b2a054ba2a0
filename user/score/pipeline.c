// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipeline.c - asks the pipeline over HTTP (see pipeline.h). One request is tried 1 + retries times;
 * what a second try cannot mend (4xx, a body too large or of the wrong shape) is not tried again.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "score/pipeline_read.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/http.h"
#include "util/json_path.h"

#define BACKOFF_FIRST_NS (100 * NS_PER_MSEC)
#define BACKOFF_MAX_NS	 (2 * NS_PER_SEC)

bool pipeline_unreachable(int rc)
{
	return rc == -EHOSTUNREACH;
}

static void pause_ns(uint64_t ns)
{
	struct timespec ts = { .tv_sec = (time_t)(ns / NS_PER_SEC),
			       .tv_nsec = (long)(ns % NS_PER_SEC) };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static bool worth_a_retry(const struct http_response *r)
{
	if (r->too_large)
		return false;
	return !r->complete || r->status >= 500 || r->status == 429;
}

/* What came of a request that got no body to read. */
static int refuse(const char *url, const struct http_response *r, struct fl_error *err)
{
	if (r->status && !r->complete)
		return error_env(err, EBADMSG, "the pipeline's answer to %s is not whole: %s", url,
				 r->error);
	if (r->status && r->status < 500)
		return error_env(err, EBADMSG, "the pipeline answered %s with HTTP %d", url,
				 r->status);
	if (r->status)
		return error_env(err, EHOSTUNREACH, "the pipeline answered %s with HTTP %d", url,
				 r->status);
	return error_env(err, EHOSTUNREACH, "the pipeline does not answer %s: %s", url, r->error);
}

/* The body of @path, after the retries; the caller's to text_free(). */
static int ask(const struct pipeline_config *c, const char *path, const char *json_body,
	       struct text *ret, struct fl_error *err)
{
	size_t base = c->url ? strlen(c->url) : 0;
	_cleanup_free_ char *url = NULL;
	struct http_request req = {
		.json_body = json_body,
		.timeout_ns = c->timeout_ns ? c->timeout_ns : 5 * NS_PER_SEC,
		.body_max = HTTP_BODY_MAX,
	};
	uint64_t backoff = BACKOFF_FIRST_NS;
	struct http_response r = {};
	uint32_t tries = 0;
	int rc;

	while (base && c->url[base - 1] == '/')
		base--;
	url = text_format("%.*s%s%s", (int)base, c->url ? c->url : "", *path == '/' ? "" : "/", path);
	if (!url)
		return error_sys(err, ENOMEM, "cannot ask the pipeline: out of memory");
	req.url = url;
	for (;;) {
		rc = http_fetch(&req, &r, err);
		if (rc)
			return rc;
		if (r.complete && r.status >= 200 && r.status < 300) {
			*ret = r.body;
			return 0;
		}
		if (tries++ >= c->retries || !worth_a_retry(&r))
			break;
		text_free(&r.body);
		pause_ns(backoff);
		backoff = backoff * 2 < BACKOFF_MAX_NS ? backoff * 2 : BACKOFF_MAX_NS;
	}
	rc = refuse(url, &r, err);
	text_free(&r.body);
	return rc;
}

static const char *path_or(const char *given, const char *def)
{
	return given && *given ? given : def;
}

/* Monitoring systems that have an API of their own; pipeline_watch.c says what is noted and why. */
static const struct adapter {
	const char *name, *alerts, *more;
	void (*note)(const json_t *root, struct alerts *a, uint32_t from);
} adapters[] = {
	{ "prometheus", "/api/v1/alerts", "/api/v1/rules?type=alert", pipeline_note_rules },
	{ "alertmanager", "/api/v2/alerts", "/api/v2/alerts/groups", pipeline_note_groups },
};

static const struct adapter *adapter_of(const struct pipeline_config *c)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(adapters); i++)
		if (pipeline_is(c, adapters[i].name))
			return &adapters[i];
	return NULL;
}

/* The adapter's second question. The alerts stand without it: an old server, or one in front of it
 * that lets nothing else through, may not answer it. */
static void ask_more(const struct pipeline_config *c, const struct adapter *adapter,
		     struct alerts *a, uint32_t from)
{
	struct pipeline_config once = *c;
	struct fl_error ignored = {};
	struct text body = {};
	json_t *root = NULL;

	once.retries = 0;
	if (!ask(&once, path_or(c->correlate_path, adapter->more), NULL, &body, &ignored) &&
	    !pipeline_parse(adapter->more, body.s ? body.s : "", body.len, &root, &ignored))
		adapter->note(root, a, from);
	json_decref(root);
	text_free(&body);
}

int pipeline_alerts(const struct pipeline_config *c, double since_s, struct alerts *ret,
		    struct fl_error *err)
{
	const struct adapter *adapter = adapter_of(c);
	const char *path = path_or(c->alerts_path, adapter ? adapter->alerts : "/alerts");
	_cleanup_free_ char *query = NULL;
	struct text body = {};
	uint32_t before = ret->n;
	int rc;

	if (adapter)
		query = strdup(path);
	else /* whole seconds: a pipeline that wants an integer would refuse others */
		query = text_format("%s%csince=%.0f", path, strchr(path, '?') ? '&' : '?',
				    floor(since_s));
	if (!query)
		return error_sys(err, ENOMEM, "cannot ask the pipeline: out of memory");
	rc = ask(c, query, NULL, &body, err);
	if (!rc)
		rc = pipeline_read_alerts(c, body.s ? body.s : "", body.len, ret, err);
	if (!rc && adapter && ret->n > before)
		ask_more(c, adapter, ret, before);
	text_free(&body);
	return rc;
}

/* A copy of the template @t with the texts "$start", "$end", "$cluster" replaced by the values. */
static json_t *fill(const json_t *t, json_t *values)
{
	const char *text = json_string_value(t), *key;
	json_t *copy, *v;
	size_t i;

	if (text && *text == '$' && json_object_get(values, text + 1))
		return json_incref(json_object_get(values, text + 1));
	if (json_is_object(t)) {
		copy = json_object();
		json_object_foreach((json_t *)(uintptr_t)t, key, v)
			json_object_set_new(copy, key, fill(v, values));
		return copy;
	}
	if (json_is_array(t)) {
		copy = json_array();
		json_array_foreach((json_t *)(uintptr_t)t, i, v)
			json_array_append_new(copy, fill(v, values));
		return copy;
	}
	return json_deep_copy(t);
}

/* POST the template of the config (or @usual) with @values in it; takes both references. */
static int post(const struct pipeline_config *c, const char *path, const char *template_name,
		json_t *usual, json_t *values, struct text *ret, struct fl_error *err)
{
	const json_t *given = json_object_get(c->fields, template_name);
	json_t *filled = fill(given ? given : usual, values);
	_cleanup_free_ char *body = filled ? json_dumps(filled, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	json_decref(filled);
	json_decref(usual);
	json_decref(values);
	if (!body)
		return error_sys(err, ENOMEM, "cannot ask the pipeline: out of memory");
	return ask(c, path, body, ret, err);
}

int pipeline_correlate(const struct pipeline_config *c, const struct alerts *seen, double start_s,
		       double end_s, json_t **ret_clusters, struct fl_error *err)
{
	struct text body = {};
	int rc;

	if (adapter_of(c)) {
		*ret_clusters = pipeline_groups(c, seen, start_s, end_s);
		return 0;
	}
	rc = post(c, path_or(c->correlate_path, "/correlate"), "correlate_body",
		  json_pack("{s:{s:s, s:s}}", "window", "start", "$start", "end", "$end"),
		  json_pack("{s:I, s:I}", "start", (json_int_t)floor(start_s), "end",
			    (json_int_t)ceil(end_s)),
		  &body, err);
	if (!rc)
		rc = pipeline_read_clusters(c, body.s ? body.s : "", body.len, ret_clusters, err);
	text_free(&body);
	return rc;
}

int pipeline_rca(const struct pipeline_config *c, const json_t *cluster, struct cause **ret,
		 uint32_t *ret_n, json_t **ret_evidence, struct fl_error *err)
{
	struct text body = {};
	int rc;

	if (adapter_of(c))
		return pipeline_label_causes(c, cluster, ret, ret_n, ret_evidence, err);
	rc = post(c, path_or(c->rca_path, "/rca"), "rca_body",
		  json_pack("{s:s}", "cluster", "$cluster"),
		  json_pack("{s:O}", "cluster", (json_t *)(uintptr_t)cluster), &body, err);
	if (!rc)
		rc = pipeline_read_rca(c, body.s ? body.s : "", body.len, ret, ret_n, ret_evidence,
				       err);
	text_free(&body);
	return rc;
}
