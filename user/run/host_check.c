// SPDX-License-Identifier: GPL-2.0-only
/* host_check.c - see host_check.h */
#include <errno.h>
#include <math.h>

#include "fault/fault.h"
#include "fault/stress/limits.h"
#include "measure/fleet.h"
#include "measure/metric_name.h"
#include "measure/prom_range.h"
#include "run/host_check.h"
#include "run/run_private.h"
#include "run/unseen.h"
#include "score/pipeline/pipeline.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/http/http.h"
#include "util/text/text.h"

static void found(const struct host_check *c, const char *rule, const struct experiment *x, const struct fl_error *why)
{
	c->found(c->ctx, true, rule, x, why->message, why->hint);
}

/* --- targets and kinds ------------------------------------------------------------------------ */

static void check_targets(const struct host_check *c, const struct experiment *x, const struct fault_plan *plan,
			  struct fault *f)
{
	const struct target_pick pick = run_pick(x, 0);
	struct fl_error why = {};
	bool all = true;
	char **target;

	for (target = plan->targets; target && *target; target++) {
		error_clear(&why);
		if (fault_add_targets(f, *target, &pick, &why)) {
			found(c, "host-target", x, &why);
			all = false;
		}
	}
	if (all && fault_ready(f, &why))
		found(c, "host-place", x, &why);
}

static void check_plan(const struct host_check *c, const struct experiment *x, const struct fault_plan *plan)
{
	struct fault_support support = { .supported = true };
	struct fl_error why = {};
	struct fault f;

	if (plan->ops->supported)
		plan->ops->supported(&support);
	if (!support.supported) {
		error_env(&why, ENOTSUP, "%s cannot be done here: %s", plan->ops->name, support.reason);
		error_hint(&why, "faultline doctor says what this kernel lacks");
		found(c, "host-kind", x, &why);
	}
	error_clear(&why);
	if (limits_check(plan->ops, &plan->params, plan->duration_ns ? plan->duration_ns : x->duration_ns, &why))
		found(c, "host-limit", x, &why);
	error_clear(&why);
	if (fault_init(&f, NULL, plan->ops->name, &why)) {
		found(c, "host-kind", x, &why);
		return;
	}
	params_free(&f.params);
	if (params_copy(&f.params, &plan->params, &why))
		found(c, "host-kind", x, &why);
	else
		check_targets(c, x, plan, &f);
	fault_free(&f);
}

/* --- what is asked over HTTP ------------------------------------------------------------------ */

static void check_probe(const struct suite *s, const struct host_check *c)
{
	struct http_request req = { .url = s->probe.url, .timeout_ns = s->probe.timeout_ns, .body_max = HTTP_BODY_MAX };
	struct http_response r = {};
	struct fl_error why = {};
	_cleanup_free_ char *text = NULL;

	if (!s->probe.url)
		return;
	if (http_fetch(&req, &r, &why)) {
		found(c, "host-probe", NULL, &why);
		return;
	}
	if (!r.status || !r.complete)
		error_env(&why, EHOSTUNREACH, "the probe gets no answer from %s: %s", s->probe.url, r.error);
	else if (r.status != 200) /* as probe.c judges it */
		error_env(&why, EHOSTUNREACH, "the probe gets HTTP %d from %s, and passes with 200 only", r.status,
			  s->probe.url);
	else if (s->probe.slow_ns && r.elapsed_ms > (double)s->probe.slow_ns / 1e6)
		error_env(&why, ETIMEDOUT, "the probe's answer from %s took %.0f ms, and passes within %.0f ms only",
			  s->probe.url, r.elapsed_ms, (double)s->probe.slow_ns / 1e6);
	if (why.exit) {
		error_hint(
			&why,
			"without a steady state nothing is injected; is the stack up, and is suite.probe.url (--probe) "
			"what users call?");
		found(c, "host-probe", NULL, &why);
	} else {
		text = text_format("probe %s: HTTP %d in %.0f ms", s->probe.url, r.status, r.elapsed_ms);
		c->fact(c->ctx, text ? text : "");
	}
	text_free(&r.body);
}

static void check_pipeline(struct suite *s, const struct host_check *c)
{
	struct fl_error why = {};
	_cleanup_free_ char *text = NULL;

	if (!s->pipeline.url)
		return;
	if (pipeline_learn(&s->pipeline, &why)) {
		found(c, "host-pipeline", NULL, &why);
		return;
	}
	text = text_format("pipeline %s: %s", s->pipeline.url, s->pipeline.learned->said);
	c->fact(c->ctx, text ? text : "");
}

static void check_query(const struct suite *s, const struct host_check *c, const char *name, const char *promql)
{
	double now = (double)time(NULL);
	_cleanup_free_ char *url = prom_range_url(s->prometheus_url, promql, now - 60, now);
	struct http_request req = { .url = url, .timeout_ns = 5 * NS_PER_SEC, .body_max = HTTP_BODY_MAX };
	struct http_response r = {};
	struct fl_error why = {};
	json_t *root, *list;

	if (!url || http_fetch(&req, &r, &why))
		return;
	root = json_loadb(r.body.s ? r.body.s : "", r.body.len, 0, NULL);
	list = json_object_get(json_object_get(root, "data"), "result");
	if (!r.complete || r.status != 200)
		error_env(&why, EHOSTUNREACH, "metric '%.80s': Prometheus at %s answers %s", name, s->prometheus_url,
			  r.status ? "with an error" : r.error);
	else if (!json_array_size(list))
		error_env(&why, ENODATA, "metric '%.80s': Prometheus has nothing for %.120s in the last minute", name,
			  promql);
	if (why.exit)
		c->found(c->ctx, false, "host-metric", NULL, why.message,
			 "try the query in its own page; a typing error in a "
			 "label finds nothing, too");
	json_decref(root);
	text_free(&r.body);
}

static void check_metrics(const struct suite *s, const struct host_check *c)
{
	const char *name, *promql;
	json_t *entry;

	json_object_foreach(s->metrics, name, entry) {
		promql = json_string_value(json_object_get(entry, "prometheus"));
		if (promql && s->prometheus_url)
			check_query(s, c, name, promql);
	}
}

/* --- who talks to whom ------------------------------------------------------------------------ */

static void on_unseen(void *ctx, const struct experiment *x, const char *rule, const char *text)
{
	const struct host_check *c = ctx;

	c->found(c->ctx, false, rule, x, text, "");
}

static int watch(const struct suite *s, const struct host_check *c, struct meter *meter, struct fl_error *err)
{
	struct meter_snapshot before = {}, now = {}, seen = {};
	bool whole = false;
	uint32_t i;
	int r = meter_read(meter, &before, err);

	if (!r) {
		whole = c->wait(c->ctx, c->watch_ns);
		r = meter_read(meter, &now, err);
	}
	if (!r)
		r = meter_subtract(&now, &before, &seen, err);
	for (i = 0; !r && whole && i < s->n; i++)
		unseen_find(&s->experiments[i], &seen, (double)(now.taken_ns - before.taken_ns) / 1e9, on_unseen,
			    (void *)(uintptr_t)c);
	meter_snapshot_free(&seen);
	meter_snapshot_free(&now);
	meter_snapshot_free(&before);
	return r ? r : whole ? 0 : -EINTR;
}

static int check_traffic(const struct suite *s, const struct host_check *c)
{
	_cleanup_free_ char **specs = suite_specs(s);
	struct meter *meter = NULL;
	struct fl_error why = {};
	uint32_t n = 0;
	int r;

	if (!c->watch_ns || !specs || !specs[0])
		return 0;
	r = fleet_open(specs, false, NULL, &meter, &n, &why);
	if (!r) {
		_cleanup_free_ char *text = text_format("watching the traffic of %u service%s for %.0f s", n,
							n == 1 ? "" : "s", (double)c->watch_ns / 1e9);

		c->fact(c->ctx, text ? text : "");
		r = watch(s, c, meter, &why);
		meter_close(meter);
	}
	if (r && r != -EINTR)
		c->found(c->ctx, false, "host-traffic", NULL,
			 why.message[0] ? why.message
					: "no target has traffic that the "
					  "kernel's meter can see",
			 "whether anybody would notice the faults is not known");
	return r == -EINTR ? r : 0;
}

void host_check_faults(const struct experiment *x, const struct host_check *c)
{
	uint32_t i;

	for (i = 0; i < x->n_faults; i++)
		check_plan(c, x, &x->faults[i]);
}

int host_check(struct suite *s, const struct host_check *c)
{
	uint32_t i;

	for (i = 0; i < s->n; i++)
		host_check_faults(&s->experiments[i], c);
	check_probe(s, c);
	check_pipeline(s, c);
	check_metrics(s, c);
	return check_traffic(s, c);
}
