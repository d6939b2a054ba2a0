// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipeline.c - asks the pipeline over HTTP (see pipeline.h). One request is tried 1 + retries times;
 * what a second try cannot mend (4xx, a body too large or of the wrong shape) is not tried again.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "score/pipeline/pipeline_read.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/http/http.h"
#include "util/json/json_path.h"

#define REFUSED          " with HTTP "

#define BACKOFF_FIRST_NS (100 * NS_PER_MSEC)
#define BACKOFF_MAX_NS   (2 * NS_PER_SEC)

bool pipeline_unreachable(int rc)
{
	return rc == -EHOSTUNREACH;
}

static void pause_ns(uint64_t ns)
{
	struct timespec ts = { .tv_sec = (time_t)(ns / NS_PER_SEC), .tv_nsec = (long)(ns % NS_PER_SEC) };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static bool worth_a_retry(const struct http_response *r)
{
	if (r->too_large)
		return false;
	return !r->complete || r->status >= 500 || r->status == 429;
}

#define DEAD "no pipeline takes a connection at "

bool pipeline_is_dead(const struct fl_error *err)
{
	return err->code == -EHOSTUNREACH && !strncmp(err->message, DEAD, strlen(DEAD));
}

bool pipeline_is_refusal(const struct fl_error *err)
{
	return err->code == -EBADMSG && strstr(err->message, REFUSED "4");
}

/* What came of a request that got no body to read. */
static int refuse(const char *url, const struct http_response *r, struct fl_error *err)
{
	if (r->status && !r->complete)
		return error_env(err, EBADMSG, "the pipeline's answer to %s is not whole: %s", url, r->error);
	if (r->status && r->status < 500)
		return error_env(err, EBADMSG, "the pipeline answered %s" REFUSED "%d", url, r->status);
	if (r->status)
		return error_env(err, EHOSTUNREACH, "the pipeline answered %s" REFUSED "%d", url, r->status);
	return error_env(err, EHOSTUNREACH, "%s%s: %s", r->connected ? "no answer from the pipeline to " : DEAD, url,
			 r->error);
}

/* "/alerts?since=1" with a slash at the end of the path, or without the one that is there. The caller's to free. */
static char *other_slash(const char *path)
{
	size_t len = strcspn(path, "?");

	return len > 1 && path[len - 1] == '/' ? text_format("%.*s%s", (int)len - 1, path, path + len)
					       : text_format("%.*s/%s", (int)len, path, path + len);
}

static bool is_one_of_three(const char *path)
{
	return !strncmp(path, "/alerts", 7) || !strncmp(path, "/correlate", 10) || !strncmp(path, "/rca", 4);
}

static const char *prefix_of(const struct pipeline_config *c)
{
	return c->learned ? c->learned->prefix : "";
}

static int ask_path(const struct pipeline_config *c, const char *path, const char *json_body, struct text *ret,
		    int *ret_status, struct fl_error *err)
{
	size_t base = c->url ? strlen(c->url) : 0;
	_cleanup_free_ char *url = NULL;
	struct http_request req = {
		.json_body = json_body,
		.timeout_ns = c->timeout_ns ? c->timeout_ns : 5 * NS_PER_SEC,
		.body_max = HTTP_BODY_MAX,
		.decode = true,
	};
	uint64_t backoff = BACKOFF_FIRST_NS;
	struct http_response r = {};
	uint32_t tries = 0;
	int rc;

	while (base && c->url[base - 1] == '/')
		base--;
	url = text_format("%.*s%s%s%s", (int)base, c->url ? c->url : "", is_one_of_three(path) ? prefix_of(c) : "",
			  *path == '/' ? "" : "/", path);
	if (!url)
		return error_sys(err, ENOMEM, "cannot ask the pipeline: out of memory");
	req.url = url;
	*ret_status = 0;
	for (;;) {
		rc = http_fetch(&req, &r, err);
		if (rc)
			return rc;
		*ret_status = r.status;
		if (r.complete && r.status == 204) { /* no content: it has none */
			text_free(&r.body);
			text_append(ret, "[]");
			return 0;
		}
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
	if (r.complete && (r.status == 400 || r.status == 422))
		*ret = r.body; /* it may say what is wanted */
	else
		text_free(&r.body);
	return rc;
}

int pipeline_ask(const struct pipeline_config *c, const char *path, const char *json_body, struct text *ret,
		 int *ret_status, struct fl_error *err)
{
	int rc = ask_path(c, path, json_body, ret, ret_status, err);
	_cleanup_free_ char *other = NULL;

	/* Frameworks send who forgot the slash, or wrote one too many, elsewhere: Django by 301, FastAPI by 307, Flask by 308. */
	if (*ret_status != 301 && *ret_status != 307 && *ret_status != 308)
		return rc;
	other = other_slash(path);
	if (!other)
		return rc;
	error_clear(err);
	return ask_path(c, other, json_body, ret, ret_status, err);
}

const char *pipeline_path(const char *given, const char *def)
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
static void ask_more(const struct pipeline_config *c, const struct adapter *adapter, struct alerts *a, uint32_t from)
{
	struct pipeline_config once = *c;
	struct fl_error ignored = {};
	struct text body = {};
	json_t *root = NULL;
	int status;

	once.retries = 0;
	if (!pipeline_ask(&once, pipeline_path(c->correlate_path, adapter->more), NULL, &body, &status, &ignored) &&
	    !pipeline_parse(adapter->more, body.s ? body.s : "", body.len, &root, &ignored))
		adapter->note(root, a, from);
	json_decref(root);
	text_free(&body);
}

/* Forms of the question for alerts; whole seconds, as a pipeline that wants an integer would refuse others. */
static char *alerts_query(const char *path, int form, double since_s)
{
	const char *sign = strchr(path, '?') ? "&" : "?";
	time_t seconds = (time_t)floor(since_s);
	char stamp[32];
	struct tm tm;

	if (form == 0)
		return text_format("%s%ssince=%lld", path, sign, (long long)seconds);
	if (form == 1)
		return strdup(path);
	gmtime_r(&seconds, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return text_format("%s%ssince=%s", path, sign, stamp);
}

#define ALERT_FORMS 3

/* The question that a refusal asks for: "?start=1700000000". NULL: none. */
static char *wanted_query(const struct pipeline_config *c, const char *path, double since_s)
{
	json_t *template = c->learned && c->learned->made_alerts.body[0]
				   ? json_loads(c->learned->made_alerts.body, 0, NULL)
				   : NULL;
	json_t *values = template ? pipeline_values(since_s, clock_wall_s()) : NULL;
	json_t *filled = values ? pipeline_fill(template, values) : NULL;
	char *query = filled ? pipeline_query(path, filled) : NULL;

	json_decref(filled);
	json_decref(values);
	json_decref(template);
	return query;
}

static void note_wanted(const struct pipeline_config *c, const struct text *refusal)
{
	struct pipeline_made wanted;

	if (pipeline_wanted(refusal->s, refusal->len, &wanted) && wanted.query)
		c->learned->made_alerts = wanted;
}

/* The body of the first form that is not refused. 400 and 422 are about the question. */
static int ask_alerts(const struct pipeline_config *c, const char *path, double since_s, struct text *ret,
		      struct fl_error *err)
{
	int first = c->learned && c->learned->alerts > 0 ? c->learned->alerts : 0, k, status = 0, rc = 0;
	int n = c->learned ? ALERT_FORMS + 1 : ALERT_FORMS;
	struct fl_error why[ALERT_FORMS + 1] = {};

	for (k = 0; k < n; k++) {
		int form = (first + k) % n;
		_cleanup_free_ char *query =
			form == ALERT_FORMS ? wanted_query(c, path, since_s) : alerts_query(path, form, since_s);

		if (!query && form == ALERT_FORMS)
			continue;
		if (!query)
			return error_sys(err, ENOMEM, "cannot ask the pipeline: out of memory");
		text_free(ret);
		rc = pipeline_ask(c, query, NULL, ret, &status, &why[k]);
		if (rc && c->learned && ret->len && form != ALERT_FORMS)
			note_wanted(c, ret);
		if (!rc && c->learned)
			c->learned->alerts = form;
		if (!rc || (status != 400 && status != 422))
			break;
	}
	if (rc && err)
		*err = why[0];
	return rc;
}

int pipeline_alerts(const struct pipeline_config *c, double since_s, struct alerts *ret, struct fl_error *err)
{
	const struct adapter *adapter = adapter_of(c);
	const char *path = pipeline_path(c->alerts_path, adapter ? adapter->alerts : "/alerts");
	struct text body = {};
	uint32_t before = ret->n;
	int rc, status;

	if (adapter)
		rc = pipeline_ask(c, path, NULL, &body, &status, err);
	else
		rc = ask_alerts(c, path, since_s, &body, err);
	if (!rc)
		rc = pipeline_read_alerts(c, body.s ? body.s : "", body.len, ret, err);
	if (!rc && adapter && ret->n > before)
		ask_more(c, adapter, ret, before);
	text_free(&body);
	return rc;
}

int pipeline_forget(const struct pipeline_config *c, struct fl_error *err)
{
	struct text body = {};
	int rc, status;

	if (!c->forget_path)
		return 0;
	rc = pipeline_ask(c, c->forget_path, "{}", &body, &status, err);
	text_free(&body);
	if (rc)
		error_hint(err, "pipeline.forget_path names where the pipeline is told to forget, by a POST");
	return rc;
}

bool pipeline_is_watch(const struct pipeline_config *c)
{
	return adapter_of(c) != NULL;
}
