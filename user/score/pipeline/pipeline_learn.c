// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipeline_learn.c - the three endpoints are asked before anything is broken: what is wrong with an address or a
 * body is known then, and is no silence of the pipeline later. See pipeline_learn().
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "score/pipeline/pipeline_read.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/utf8.h"

/* One try, and no long wait: a person is waiting for the run to begin. What does not answer in time is not
 * known yet, and is asked again when it is needed. */
#define PATIENCE_NS (2 * NS_PER_SEC)

static struct pipeline_config impatient(const struct pipeline_config *c)
{
	struct pipeline_config once = *c;

	once.retries = 0;
	if (once.timeout_ns > PATIENCE_NS)
		once.timeout_ns = PATIENCE_NS;
	return once;
}

static void say(struct pipeline_config *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct pipeline_config *c, const char *fmt, ...)
{
	size_t used = strlen(c->learned->said);
	va_list ap;

	if (used && used + 2 < sizeof(c->learned->said)) {
		memcpy(c->learned->said + used, "; ", 3);
		used += 2;
	}
	va_start(ap, fmt);
	vsnprintf(c->learned->said + used, sizeof(c->learned->said) - used, fmt, ap);
	va_end(ap);
	utf8_mend(c->learned->said);
}

/* Paths by which somebody may tell it what is wrong; FastAPI lists its own. */
static void look_for_doors(struct pipeline_config *c)
{
	static const char *const words[] = { "event", "inject", "fault", "chaos", "simulat", "truth", "scenario" };
	struct fl_error ignored = {};
	struct text body = {};
	json_t *root, *methods;
	const char *path;
	int status;
	size_t i;

	if (pipeline_ask(c, "/openapi.json", NULL, &body, &status, &ignored)) {
		text_free(&body);
		return;
	}
	root = json_loadb(body.s ? body.s : "", body.len, 0, NULL);
	json_object_foreach(json_object_get(root, "paths"), path, methods)
		for (i = 0; i < ARRAY_SIZE(words); i++) {
			size_t used = strlen(c->learned->told);

			if (!strcasestr(path, words[i]) || !json_object_get(methods, "post"))
				continue;
			snprintf(c->learned->told + used, sizeof(c->learned->told) - used, "%sPOST %.60s",
				 used ? ", " : "", path);
			break;
		}
	json_decref(root);
	text_free(&body);
}

/* Does Prometheus itself answer there? Its API has an adapter of its own. */
static bool is_prometheus(struct pipeline_config *c)
{
	struct fl_error ignored = {};
	struct text body = {};
	int status, rc = pipeline_ask(c, "/api/v1/status/buildinfo", NULL, &body, &status, &ignored);

	text_free(&body);
	return !rc;
}

/* "/v1" of "/v1/alerts" in what FastAPI lists of its own. */
static void listed_prefix(struct pipeline_config *c, char *ret, size_t size)
{
	struct fl_error ignored = {};
	struct text body = {};
	json_t *root = NULL, *methods;
	const char *path;
	int status;

	ret[0] = '\0';
	if (!pipeline_ask(c, "/openapi.json", NULL, &body, &status, &ignored))
		root = json_loadb(body.s ? body.s : "", body.len, 0, NULL);
	json_object_foreach(json_object_get(root, "paths"), path, methods) {
		size_t len = strlen(path);

		if (len > 7 && len < size && !strcmp(path + len - 7, "/alerts") && json_object_get(methods, "get"))
			snprintf(ret, size, "%.*s", (int)len - 7, path);
	}
	json_decref(root);
	text_free(&body);
}

/* Nothing at /alerts: the three may stand below another path. */
static bool learn_prefix(struct pipeline_config *c, struct alerts *alerts)
{
	static const char *const usual[] = { "/api", "/v1", "/api/v1", "/pipeline", "/aiops" };
	struct pipeline_learned *learned = c->learned;
	char listed[sizeof(learned->prefix)];
	size_t i;

	listed_prefix(c, listed, sizeof(listed));
	for (i = 0; i <= ARRAY_SIZE(usual); i++) {
		const char *prefix = i ? usual[i - 1] : listed;
		struct fl_error ignored = {};

		if (!prefix[0] || (!strcmp(prefix, "/api/v1") && is_prometheus(c)))
			continue;
		snprintf(learned->prefix, sizeof(learned->prefix), "%s", prefix);
		if (!pipeline_alerts(c, clock_wall_s() - 60, alerts, &ignored))
			return true;
	}
	learned->prefix[0] = '\0';
	return false;
}

static const char *verb(const struct pipeline_config *c, bool rca)
{
	return pipeline_form_text(c, rca)[0] == '?' ? "" : "POST ";
}

static void learn_posts(struct pipeline_config *c)
{
	struct fl_error correlate = {}, rca = {};

	pipeline_learn_posts(c, &correlate, &rca);
	if (correlate.message[0])
		say(c, "%.200s", correlate.message);
	else if (pipeline_form_text(c, false))
		say(c, "%s%s takes %s", verb(c, false), pipeline_path(c->correlate_path, "/correlate"),
		    pipeline_form_text(c, false));
	if (rca.message[0])
		say(c, "%.200s", rca.message);
	else if (pipeline_form_text(c, true))
		say(c, "%s%s takes %s", verb(c, true), pipeline_path(c->rca_path, "/rca"), pipeline_form_text(c, true));
	look_for_doors(c);
}

int pipeline_refuse_dead(const struct fl_error *why, struct fl_error *err)
{
	error_env(err, EHOSTUNREACH, "%s; nothing was injected", why->message);
	error_hint(err,
		   "start it, or name it with --pipeline URL; --pipeline-may-be-down goes on all the same, and what it "
		   "misses then is recorded as unreachable");
	return -EHOSTUNREACH;
}

int pipeline_learn(struct pipeline_config *c, struct fl_error *err)
{
	struct pipeline_learned *learned = calloc(1, sizeof(*learned));
	struct pipeline_config once = impatient(c);
	struct alerts alerts = {};
	struct fl_error why = {};
	int rc;

	if (!learned)
		return error_sys(err, ENOMEM, "cannot ask the pipeline: out of memory");
	*learned = (struct pipeline_learned){ .alerts = PIPELINE_UNKNOWN,
					      .correlate = PIPELINE_UNKNOWN,
					      .rca = PIPELINE_UNKNOWN };
	free(c->learned);
	c->learned = once.learned = learned;
	learned->until_ns = clock_mono_ns() + PIPELINE_LEARN_NS;
	rc = pipeline_alerts(&once, clock_wall_s() - 60, &alerts, &why);
	if (pipeline_is_dead(&why)) { /* it may be about to start */
		error_clear(&why);
		rc = pipeline_alerts(c, clock_wall_s() - 60, &alerts, &why);
	}
	if (pipeline_is_refusal(&why) && strstr(why.message, "HTTP 404") && !c->alerts_path && !pipeline_is_watch(c) &&
	    learn_prefix(&once, &alerts)) {
		say(c, "its paths are below %s", learned->prefix);
		error_clear(&why);
		rc = 0;
	}
	if (rc)
		say(c, "%.300s", why.message);
	else if (alerts.malformed && !alerts.n)
		say(c, "none of the %u alerts it answers is understood", alerts.malformed);
	else
		say(c, "its alerts are understood");
	if (!rc && !pipeline_is_watch(c))
		learn_posts(&once);
	alerts_free(&alerts);
	learned->until_ns = 0;
	if (pipeline_is_dead(&why)) {
		error_env(err, EHOSTUNREACH, "%s", why.message);
		error_hint(err, "start it, or name it with --pipeline URL");
		return -EHOSTUNREACH;
	}
	if (!pipeline_is_refusal(&why))
		return 0;
	error_env(err, EBADMSG, "%s", why.message);
	error_hint(err, "is it the right address? pipeline.alerts_path names another path, --adapter prometheus or "
			"alertmanager another API; nothing was injected");
	return -EBADMSG;
}
