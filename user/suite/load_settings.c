// SPDX-License-Identifier: GPL-2.0-only
/* load_settings.c - what stands below `suite:`: the stack, the probe, the pipeline, windows, the graph. See load.h. */
#include <errno.h>
#include <strings.h>

#include "suite/load.h"
#include "target/described.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/units.h"

static int read_word_of(struct yaml *y, struct fy_node *node, const char *what, const char *const *words, char **ret)
{
	const char *const *w;
	struct text all = {};
	int r = yaml_word(y, node, ret);

	for (w = words; !r && *w; w++)
		if (!strcmp(*ret, *w))
			return 0;
	for (w = words; !r && *w; w++)
		text_append(&all, "%s%s", all.len ? ", " : "", *w);
	if (!r)
		r = yaml_error(y, node, "no %s '%.40s', only %s", what, *ret, all.s ? all.s : "");
	text_free(&all);
	return r;
}

const char *const suite_adapters[] = { "faultline", "w3d2", "prometheus", "alertmanager", NULL };

static int read_adapter(struct yaml *y, struct fy_node *node, void *out)
{
	return read_word_of(y, node, "adapter", suite_adapters, out);
}

static int read_stack(struct yaml *y, struct fy_node *node, void *out)
{
	static const char *const words[] = { "lab", "docker", NULL };

	return read_word_of(y, node, "stack", words, out);
}

static int read_url(struct yaml *y, struct fy_node *node, void *out)
{
	char **ret = out;
	int r = yaml_word(y, node, ret);

	if (!r && strncasecmp(*ret, "http://", 7) && strncasecmp(*ret, "https://", 8))
		r = yaml_error(y, node, "'%.100s' is not a http:// or https:// URL", *ret);
	return r;
}

static int read_retries(struct yaml *y, struct fy_node *node, void *out)
{
	_cleanup_free_ char *text = NULL;
	int64_t n;
	int r = yaml_word(y, node, &text);

	if (!r)
		r = yaml_at(y, node, units_int(text, 0, 10, &n, y->err));
	if (!r)
		*(uint32_t *)out = (uint32_t)n;
	return r;
}

static const struct yaml_field probe_fields[] = {
	{ "url", read_url, offsetof(struct probe_config, url), false },
	{ "interval", yaml_duration, offsetof(struct probe_config, interval_ns), false },
	{ "timeout", yaml_duration, offsetof(struct probe_config, timeout_ns), false },
	{ "slow", yaml_duration, offsetof(struct probe_config, slow_ns), false },
	{ "body_regex", yaml_word, offsetof(struct probe_config, body_regex), false },
	{ "json_path", yaml_word, offsetof(struct probe_config, json_path), false },
	{ "json_value", yaml_word, offsetof(struct probe_config, json_value), false },
	{ "steady", yaml_percent, offsetof(struct probe_config, steady_ppm), false },
	{ "steady_window", yaml_duration, offsetof(struct probe_config, steady_window_ns), false },
	{ "recover_within", yaml_duration, offsetof(struct probe_config, recover_within_ns), false },
	{},
};

static int read_probe(struct yaml *y, struct fy_node *node, void *out)
{
	struct probe_config *p = out;
	int r = yaml_map(y, node, "probe", probe_fields, out);

	if (!r && p->interval_ns < 10 * NS_PER_MSEC)
		r = yaml_error(y, node, "probe: an interval below 10ms is a load test");
	if (!r && !p->timeout_ns)
		r = yaml_error(y, node, "probe: a timeout of 0 fails every try");
	return r;
}

static const struct yaml_field pipeline_fields[] = {
	{ "url", read_url, offsetof(struct pipeline_config, url), false },
	{ "adapter", read_adapter, offsetof(struct pipeline_config, adapter), false },
	{ "timeout", yaml_duration, offsetof(struct pipeline_config, timeout_ns), false },
	{ "retries", read_retries, offsetof(struct pipeline_config, retries), false },
	{ "alerts_path", yaml_word, offsetof(struct pipeline_config, alerts_path), false },
	{ "correlate_path", yaml_word, offsetof(struct pipeline_config, correlate_path), false },
	{ "rca_path", yaml_word, offsetof(struct pipeline_config, rca_path), false },
	{ "forget_path", yaml_word, offsetof(struct pipeline_config, forget_path), false },
	{ "fields", yaml_typed_json, offsetof(struct pipeline_config, fields), false },
	{},
};

static int read_pipeline(struct yaml *y, struct fy_node *node, void *out)
{
	return yaml_map(y, node, "pipeline", pipeline_fields, out);
}

struct metric_source {
	char *probe, *prometheus, *kernel;
};

static const struct yaml_field source_fields[] = {
	{ "probe", yaml_word, offsetof(struct metric_source, probe), false },
	{ "prometheus", yaml_string, offsetof(struct metric_source, prometheus), false },
	{ "kernel", yaml_word, offsetof(struct metric_source, kernel), false },
	{},
};

/* metrics: {name: {probe: p99}}: one source each. */
static int read_metrics(struct yaml *y, struct fy_node *node, void *out)
{
	struct fy_node *map = yaml_deref(node);
	struct fy_node_pair *pair;
	void *iter = NULL;
	int r = 0;

	if (!map || !fy_node_is_mapping(map))
		return yaml_error(y, node, "metrics: a mapping of names to sources is expected");
	while (!r && (pair = fy_node_mapping_iterate(map, &iter))) {
		struct metric_source s = {};

		r = yaml_map(y, fy_node_pair_value(pair), "the source of a metric", source_fields, &s);
		if (!r && !!s.probe + !!s.prometheus + !!s.kernel != 1)
			r = yaml_error(y, fy_node_pair_value(pair),
				       "a metric has one source: probe, "
				       "prometheus or kernel");
		free(s.probe);
		free(s.prometheus);
		free(s.kernel);
	}
	return r ? r : yaml_json(y, node, out);
}

struct graph_shape {
	json_t *services, *edges;
};

static const struct yaml_field graph_fields[] = {
	{ "services", yaml_json, offsetof(struct graph_shape, services), false },
	{ "edges", yaml_json, offsetof(struct graph_shape, edges), true },
	{},
};

/* graph: {services: [a, b], edges: [[a, b]]}: a calls b. */
static int read_graph(struct yaml *y, struct fy_node *node, void *out)
{
	struct graph_shape g = {};
	json_t *edge;
	size_t i;
	int r = yaml_map(y, node, "graph", graph_fields, &g);

	if (!r && !json_is_array(g.edges))
		r = yaml_error(y, node, "graph: edges is a list of [caller, called]");
	if (!r)
		json_array_foreach(g.edges, i, edge)
			if (json_array_size(edge) != 2 || !json_is_string(json_array_get(edge, 0)) ||
			    !json_is_string(json_array_get(edge, 1)))
				r = yaml_error(y, node, "graph: edge %zu is not [caller, called]", i + 1);
	json_decref(g.services);
	json_decref(g.edges);
	return r ? r : yaml_json(y, node, out);
}

struct version_shape {
	char *version, *commit;
};

static int read_version(struct yaml *y, struct fy_node *node, void *out)
{
	static const struct yaml_field fields[] = {
		{ "version", yaml_word, offsetof(struct version_shape, version), false },
		{ "commit", yaml_word, offsetof(struct version_shape, commit), false },
		{},
	};
	struct version_shape v = {};
	int r = yaml_map(y, node, "a version", fields, &v);

	free(v.version);
	free(v.commit);
	return r ? r : yaml_json(y, node, out);
}

struct versions_shape {
	json_t *stack, *pipeline;
};

/* versions: {stack: {version: x, commit: y}, pipeline: {...}}: what is under test, for the reports. */
static int read_versions(struct yaml *y, struct fy_node *node, void *out)
{
	static const struct yaml_field fields[] = {
		{ "stack", read_version, offsetof(struct versions_shape, stack), false },
		{ "pipeline", read_version, offsetof(struct versions_shape, pipeline), false },
		{},
	};
	struct versions_shape v = {};
	int r = yaml_map(y, node, "versions", fields, &v);

	json_decref(v.stack);
	json_decref(v.pipeline);
	return r ? r : yaml_json(y, node, out);
}

static const struct yaml_field suite_fields[] = {
	{ "name", yaml_word, offsetof(struct suite, name), false },
	{ "description", yaml_string, offsetof(struct suite, description), false },
	{ "stack", read_stack, offsetof(struct suite, stack), false },
	{ "versions", read_versions, offsetof(struct suite, versions), false },
	{ "probe", read_probe, offsetof(struct suite, probe), false },
	{ "pipeline", read_pipeline, offsetof(struct suite, pipeline), false },
	{ "prometheus", read_url, offsetof(struct suite, prometheus_url), false },
	{ "baseline", yaml_duration, offsetof(struct suite, baseline_ns), false },
	{ "cooldown", yaml_duration, offsetof(struct suite, cooldown_ns), false },
	{ "grace", yaml_duration, offsetof(struct suite, grace_ns), false },
	{ "metrics", read_metrics, offsetof(struct suite, metrics), false },
	{ "graph", read_graph, offsetof(struct suite, graph), false },
	{ "services", described_read, offsetof(struct suite, described), false },
	{ "accept", yaml_words, offsetof(struct suite, accept), false },
	{},
};

int load_suite_settings(struct yaml *y, struct fy_node *node, void *suite)
{
	return yaml_map(y, node, "suite", suite_fields, suite);
}

bool load_is_setting(const char *key)
{
	const struct yaml_field *f;

	for (f = suite_fields; f->key; f++)
		if (!strcmp(f->key, key))
			return true;
	return false;
}
