// SPDX-License-Identifier: GPL-2.0-only
/* metric_name.c - see metric_name.h */
#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "measure/metric_name.h"
#include "util/cleanup.h"
#include "util/text/text.h"

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
	{ "detector_alerts", METRIC_ALERTS, 0 },
	{ "rca_root_service", METRIC_RCA, 0 },
	{ "retry_count", METRIC_RETRIES, 0 },
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

static bool same_name(const char *a, const char *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (a[i] != (b[i] == '-' ? '_' : tolower((unsigned char)b[i])))
			return false;
	return true;
}

/* Their labels are their own business ("alerts_firing{level=tier-1}"). */
static int find_builtin(const char *name, struct metric_source *ret)
{
	size_t len = strcspn(name, "{"), i;

	for (i = 0; i < ARRAY_SIZE(builtin); i++)
		if (strlen(builtin[i].name) == len && same_name(builtin[i].name, name, len)) {
			ret->kind = builtin[i].kind;
			ret->quantile = builtin[i].quantile;
			return 0;
		}
	return -ENOENT;
}

/* --- services -------------------------------------------------------------------------------- */

/* Without its provider: "docker:web" is measured as "web". */
static void note_service(const char **v, size_t *n, const char *name)
{
	const char *colon = name ? strchr(name, ':') : NULL;
	size_t i;

	name = colon ? colon + 1 : name;
	for (i = 0; name && i < *n; i++)
		if (!strcmp(v[i], name))
			return;
	if (name)
		v[(*n)++] = name;
}

static size_t count_words_of(char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

static void note_words(const char **v, size_t *n, char *const *words)
{
	for (; words && *words; words++)
		note_service(v, n, *words);
}

const char **metric_services(const struct suite *s, bool *ret_all)
{
	json_t *services = json_object_get(s->graph, "services");
	json_t *edges = json_object_get(s->graph, "edges"), *v;
	size_t max = json_array_size(services) + 2 * json_array_size(edges) + count_words_of(s->services) +
		     count_words_of(s->mentioned) + json_object_size(s->described) + 1,
	       n = 0, k;
	const char **names, *described;
	uint32_t i, f;

	for (i = 0; i < s->n; i++) {
		max += count_words_of(s->experiments[i].targets);
		for (f = 0; f < s->experiments[i].n_faults; f++)
			max += count_words_of(s->experiments[i].faults[f].targets);
	}
	names = calloc(max, sizeof(*names));
	*ret_all = s->graph || (s->services && s->services[0]);
	if (!names)
		return NULL;
	json_array_foreach(services, k, v)
		note_service(names, &n, json_string_value(v));
	json_object_foreach(s->described, described, v)
		note_service(names, &n, described);
	json_array_foreach(edges, k, v) {
		note_service(names, &n, json_string_value(json_array_get(v, 0)));
		note_service(names, &n, json_string_value(json_array_get(v, 1)));
	}
	for (i = 0; i < s->n; i++) {
		note_words(names, &n, s->experiments[i].targets);
		for (f = 0; f < s->experiments[i].n_faults; f++)
			note_words(names, &n, s->experiments[i].faults[f].targets);
	}
	note_words(names, &n, s->services);
	note_words(names, &n, s->mentioned);
	return names;
}

/* --- resolving ------------------------------------------------------------------------------- */

/* The nearest of all names that would do; the short ones of the kernel have the tail of @name. */
static char *nearest(const struct suite *s, const char *name, const char *const *services)
{
	static const char *const tails[] = { "p50", "p95", "p99", "error_rate", "rate" };
	json_t *all = json_array(), *value;
	_cleanup_free_ const char **words = NULL;
	const char *key, *near = NULL;
	char short_name[64], *copy = NULL;
	size_t i, k;

	json_object_foreach(s->metrics, key, value)
		json_array_append_new(all, json_string(key));
	for (i = 0; i < ARRAY_SIZE(builtin); i++)
		json_array_append_new(all, json_string(builtin[i].name));
	for (k = 0; services && services[k]; k++)
		for (i = 0; i < ARRAY_SIZE(tails); i++)
			json_array_append_new(all, json_sprintf("%s_%s",
								kernel_metric_short(services[k], short_name,
										    sizeof(short_name)),
								tails[i]));
	words = calloc(json_array_size(all) + 1, sizeof(*words));
	if (words) {
		json_array_foreach(all, i, value)
			words[i] = json_string_value(value);
		near = text_nearest(name, words);
		copy = near ? strdup(near) : NULL;
	}
	json_decref(all);
	return copy;
}

static int unknown(const struct suite *s, const char *name, const char *const *services, struct fl_error *err)
{
	_cleanup_free_ char *near = err ? nearest(s, name, services) : NULL;

	error_set(err, FL_EXIT_USAGE, ENOENT, "no metric '%.90s'", name);
	if (near)
		error_hint(err, "did you mean '%s'? The suite's metrics map names other sources", near);
	else
		error_hint(err,
			   "say where it comes from: suite.metrics: {%.60s: {probe: p99}}, "
			   "{prometheus: '...'} or {kernel: 'p99{service=...}'}",
			   name);
	return -ENOENT;
}

static int resolve_kernel(const struct suite *s, const char *name, struct metric_source *ret, struct fl_error *err)
{
	bool all;
	_cleanup_free_ const char **services = metric_services(s, &all);
	int r = kernel_metric_parse(name, services, all, &ret->kernel, err);

	ret->kind = METRIC_KERNEL;
	if (r == -ENOENT)
		return unknown(s, name, services, err);
	return r;
}

static int resolve_probe(const char *name, const char *word, struct metric_source *ret, struct fl_error *err)
{
	if (!find_builtin(word, ret) && ret->kind <= METRIC_PROBE_LATENCY)
		return 0;
	error_set(err, FL_EXIT_USAGE, ENOENT, "metric '%.90s': the probe has no '%.60s'", name, word);
	error_hint(err, "success_rate, fail_rate, p50, p95 and p99 are what it measures");
	return -ENOENT;
}

int metric_resolve(const struct suite *s, const char *name, struct metric_source *ret, struct fl_error *err)
{
	const json_t *entry = json_object_get(s->metrics, name);
	const char *probe = json_string_value(json_object_get(entry, "probe"));
	const char *kernel = json_string_value(json_object_get(entry, "kernel"));

	*ret = (struct metric_source){};
	if (!entry && !kernel_metric_is_labelled(name) && !find_builtin(name, ret))
		return 0;
	if (!entry || kernel)
		return resolve_kernel(s, kernel ? kernel : name, ret, err);
	if (probe)
		return resolve_probe(name, probe, ret, err);
	ret->query = json_string_value(json_object_get(entry, "prometheus"));
	ret->kind = METRIC_PROMETHEUS;
	if (s->prometheus_url)
		return 0;
	error_set(err, FL_EXIT_USAGE, ENOENT,
		  "metric '%.90s' is a Prometheus query, and the suite "
		  "names no Prometheus",
		  name);
	error_hint(err, "give its URL: suite.prometheus: http://127.0.0.1:9090");
	return -ENOENT;
}

/* --- the paths of a suite -------------------------------------------------------------------- */

/* What metric_paths() fills, and for whom. */
struct collection {
	const struct suite *suite;
	struct meter_paths *paths;
	struct fl_error *err;
};

static int collect(const struct collection *c, const char *name)
{
	struct metric_source source;

	if (metric_resolve(c->suite, name, &source, NULL) || source.kind != METRIC_KERNEL || !source.kernel.path[0])
		return 0;
	return meter_paths_add(c->paths, source.kernel.path, c->err);
}

static int collect_clause(const struct collection *c, const struct expr_clause *clause)
{
	char name[EXPR_NAME_MAX];

	return collect(c, expr_clause_name(clause, name, sizeof(name)));
}

static int collect_expr(const struct collection *c, const struct expr *e)
{
	const struct expr_clause *clauses[64];
	uint32_t n = e ? expr_clauses(e, clauses, ARRAY_SIZE(clauses)) : 0, i;
	int r = 0;

	for (i = 0; !r && i < n; i++)
		r = collect_clause(c, clauses[i]);
	return r;
}

static int collect_experiment(const struct collection *c, const struct experiment *x)
{
	int r = collect_expr(c, x->trigger_when);
	size_t i;

	if (!r)
		r = collect_expr(c, x->when);
	for (i = 0; !r && i < x->n_clauses; i++)
		r = collect_clause(c, &x->clauses[i]);
	for (i = 0; !r && x->aborts && x->aborts[i]; i++)
		r = collect_expr(c, x->aborts[i]);
	for (i = 0; !r && x->metrics && x->metrics[i]; i++)
		r = collect(c, x->metrics[i]);
	return r;
}

int metric_paths(const struct suite *s, struct meter_paths *ret, const struct experiment **ret_where,
		 struct fl_error *err)
{
	const struct collection c = { .suite = s, .paths = ret, .err = err };
	const char *name;
	json_t *source;
	uint32_t i;
	int r = 0;

	*ret = (struct meter_paths){};
	*ret_where = NULL;
	json_object_foreach(s->metrics, name, source)
		r = r ? r : collect(&c, name);
	for (i = 0; !r && i < s->n; i++) {
		*ret_where = &s->experiments[i];
		r = collect_experiment(&c, &s->experiments[i]);
	}
	return r;
}

bool metric_is_telling(const struct suite *s, const char *name)
{
	static const char *const words[] = { "rate", "error", "latency", "p50",   "p9",  "p75",
					     "fail", "retr",  "timeout", "reset", "5xx", "lag" };
	struct metric_source source;
	size_t i;

	if (!metric_resolve(s, name, &source, NULL) &&
	    (source.kind <= METRIC_PROBE_LATENCY || source.kind == METRIC_KERNEL))
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
