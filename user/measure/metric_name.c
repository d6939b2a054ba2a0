// SPDX-License-Identifier: GPL-2.0-only
/* metric_name.c - see metric_name.h */
#include <errno.h>
#include <strings.h>

#include "measure/metric_name.h"
#include "util/cleanup.h"
#include "util/text.h"

static const struct {
	const char *name;
	enum metric_kind kind;
	double quantile;
} builtin[] = {
	{ "success_rate", METRIC_SUCCESS_RATE, 0 },
	{ "pass_rate", METRIC_SUCCESS_RATE, 0 },
	{ "probe_success_rate", METRIC_SUCCESS_RATE, 0 },
	{ "probe_pass_rate", METRIC_SUCCESS_RATE, 0 },
	{ "fail_rate", METRIC_FAIL_RATE, 0 },
	{ "probe_fail_rate", METRIC_FAIL_RATE, 0 },
	{ "slo_breach", METRIC_SLO_BREACH, 0 },
	{ "alerts_firing", METRIC_ALERTS, 0 },
	{ "p50", METRIC_PROBE_LATENCY, 0.5 },
	{ "p95", METRIC_PROBE_LATENCY, 0.95 },
	{ "p99", METRIC_PROBE_LATENCY, 0.99 },
	{ "p50_latency", METRIC_PROBE_LATENCY, 0.5 },
	{ "p95_latency", METRIC_PROBE_LATENCY, 0.95 },
	{ "p99_latency", METRIC_PROBE_LATENCY, 0.99 },
	{ "probe_p50", METRIC_PROBE_LATENCY, 0.5 },
	{ "probe_p95", METRIC_PROBE_LATENCY, 0.95 },
	{ "probe_p99", METRIC_PROBE_LATENCY, 0.99 },
};

static int find_builtin(const char *name, struct metric_source *ret)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(builtin); i++)
		if (!strcmp(builtin[i].name, name)) {
			ret->kind = builtin[i].kind;
			ret->quantile = builtin[i].quantile;
			return 0;
		}
	return -ENOENT;
}

static int unknown(const struct suite *s, const char *name, struct fl_error *err)
{
	size_t n = json_object_size(s->metrics), i = 0, b;
	_cleanup_free_ const char **names = calloc(n + ARRAY_SIZE(builtin) + 1, sizeof(*names));
	const char *key, *near = NULL;
	json_t *value;

	if (names) {
		json_object_foreach(s->metrics, key, value)
			names[i++] = key;
		for (b = 0; b < ARRAY_SIZE(builtin); b++)
			names[i++] = builtin[b].name;
		near = text_nearest(name, names);
	}
	error_set(err, FL_EXIT_USAGE, ENOENT, "no metric '%.90s'", name);
	if (near)
		error_hint(err, "did you mean '%s'? The suite's metrics map names other sources", near);
	else
		error_hint(err, "say where it comes from: suite.metrics: {%.60s: {probe: p99}} or "
			   "{prometheus: '...'}", name);
	return -ENOENT;
}

int metric_resolve(const struct suite *s, const char *name, struct metric_source *ret,
		   struct fl_error *err)
{
	const json_t *entry = json_object_get(s->metrics, name);
	const char *probe = json_string_value(json_object_get(entry, "probe"));

	*ret = (struct metric_source){};
	if (!entry)
		return find_builtin(name, ret) ? unknown(s, name, err) : 0;
	if (probe) {
		if (!find_builtin(probe, ret) && ret->kind <= METRIC_PROBE_LATENCY)
			return 0;
		error_set(err, FL_EXIT_USAGE, ENOENT, "metric '%.90s': the probe has no '%.60s'", name,
			  probe);
		error_hint(err, "success_rate, fail_rate, p50, p95 and p99 are what it measures");
		return -ENOENT;
	}
	ret->query = json_string_value(json_object_get(entry, "prometheus"));
	ret->kind = METRIC_PROMETHEUS;
	if (ret->query && s->prometheus_url)
		return 0;
	if (ret->query) {
		error_set(err, FL_EXIT_USAGE, ENOENT, "metric '%.90s' is a Prometheus query, and the "
			  "suite names no Prometheus", name);
		error_hint(err, "give its URL: suite.prometheus: http://127.0.0.1:9090");
		return -ENOENT;
	}
	ret->query = json_string_value(json_object_get(entry, "kernel"));
	ret->kind = METRIC_KERNEL;
	/* Measured for `top`, and not yet by the runner: better refused than never firing. */
	error_set(err, FL_EXIT_USAGE, ENOENT, "metric '%.90s': a suite cannot use kernel metrics yet",
		  name);
	error_hint(err, "take probe or prometheus as its source");
	return -ENOENT;
}

bool metric_is_telling(const struct suite *s, const char *name)
{
	static const char *const words[] = { "rate", "error", "latency", "p50",	  "p9",	  "p75",
					     "fail", "retr",  "timeout", "reset", "5xx", "lag" };
	struct metric_source source;
	size_t i;

	if (!metric_resolve(s, name, &source, NULL) && source.kind <= METRIC_PROBE_LATENCY)
		return true;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasestr(name, words[i]))
			return true;
	return false;
}

bool alert_level_is(const char *severity, const char *level)
{
	/* One row is one level, by the words that alerting systems use for it. */
	static const char *const same[][8] = {
		{ "tier-1", "tier1", "critical", "page", "p1", "sev1", "1", NULL },
		{ "tier-2", "tier2", "warning", "ticket", "p2", "sev2", "2", NULL },
		{ "tier-3", "tier3", "info", "low", "p3", "sev3", "3", NULL },
	};
	size_t row, i;

	if (!strcasecmp(severity, level))
		return true;
	for (row = 0; row < ARRAY_SIZE(same); row++) {
		bool a = false, b = false;

		for (i = 0; same[row][i]; i++) {
			a |= !strcasecmp(severity, same[row][i]);
			b |= !strcasecmp(level, same[row][i]);
		}
		if (a && b)
			return true;
	}
	return false;
}
