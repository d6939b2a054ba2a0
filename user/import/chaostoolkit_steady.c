// SPDX-License-Identifier: GPL-2.0-only
/*
 * chaostoolkit_steady.c - the steady-state hypothesis: the first HTTP probe becomes the external probe,
 * with its tolerance as the check of the body; a Prometheus query with a range becomes a metric and
 * a clause of the hypothesis.
 */
#include "import/import.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"
#include "util/text/units.h"

/* A text that an experiment file takes as a word; any other is lost. */
static char *take_word(struct import *im, json_t *probe, const char *key, const char *path)
{
	char *word = import_take_text(probe, key);

	if (!word || import_is_word(word))
		return word;
	import_lose(im, path, word, "%s: more than one line, or too long", key);
	free(word);
	return NULL;
}

static bool is_url(const char *s)
{
	return !strncmp(s, "http://", strlen("http://")) || !strncmp(s, "https://", strlen("https://"));
}

/* A tolerance of an HTTP probe: a status, a regex or a JSON path on the body. */
static void http_tolerance(struct import *im, json_t *probe, const char *path)
{
	_cleanup_free_ char *status = import_take_text(probe, "tolerance");
	_cleanup_free_ char *type = import_take_text(probe, "tolerance.type");
	_cleanup_free_ char *where = text_format("%s.tolerance", path);
	_cleanup_free_ char *target = NULL;

	if (!where || (status && !strcmp(status, "200")))
		return;
	if (status)
		import_lose(im, where, status, "a try passes with HTTP 200 and nothing else");
	if (type && !strcmp(type, "regex")) {
		im->probe_regex = take_word(im, probe, "tolerance.pattern", path);
	} else if (type && !strcmp(type, "jsonpath")) {
		im->probe_path = take_word(im, probe, "tolerance.path", path);
		im->probe_value = take_word(im, probe, "tolerance.expect", path);
	} else if (type) {
		import_lose(im, where, type, "a body is judged by a regex or a JSON path");
		json_decref(import_take(probe, "tolerance"));
		return;
	}
	target = import_take_text(probe, "tolerance.target");
	if (target && strcmp(target, "body"))
		import_lose(im, where, target, "only the body is judged");
}

static void http_probe(struct import *im, json_t *probe, const char *path)
{
	_cleanup_free_ char *timeout = import_take_text(probe, "provider.timeout");
	double s;

	im->probe_url = take_word(im, probe, "provider.url", path);
	if (timeout && !units_double(timeout, &s, NULL) && s >= 0.001 && s < 3600)
		im->probe_timeout = text_format("%.6gs", s);
	else if (timeout)
		import_lose(im, path, timeout, "no timeout in seconds");
	http_tolerance(im, probe, path);
	json_decref(import_take(probe, "type"));
	json_decref(import_take(probe, "name"));
	json_decref(import_take(probe, "provider.type"));
}

/* A name that a metric may have: letters, digits, '_'. */
static char *metric_name(const char *text)
{
	char *name = text_format("steady_%s", text), *c;

	for (c = name; c && *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9')))
			*c = '_';
	return name;
}

static void add_clause(struct import_experiment *x, const char *metric, const char *op, double v)
{
	char *grown = text_format("%s%s%s %s %.10g", x->hypothesis ? x->hypothesis : "", x->hypothesis ? " and " : "",
				  metric, op, v);

	free(x->hypothesis);
	x->hypothesis = grown;
}

/* chaosprometheus.probes.query with a range of two numbers; false: it is something else. */
static bool prometheus_probe(struct import *im, struct import_experiment *x, json_t *probe)
{
	const json_t *provider = json_object_get(probe, "provider");
	const json_t *tolerance = json_object_get(probe, "tolerance");
	const json_t *range = json_is_array(tolerance) ? tolerance : json_object_get(tolerance, "range");
	const char *func = json_string_value(json_object_get(provider, "func"));
	const char *module = json_string_value(json_object_get(provider, "module"));
	const char *query = json_string_value(json_object_get(json_object_get(provider, "arguments"), "query"));
	const char *label = json_string_value(json_object_get(probe, "name"));
	const char *low = json_string_value(json_array_get(range, 0));
	const char *high = json_string_value(json_array_get(range, 1));
	_cleanup_free_ char *name = label ? metric_name(label) : NULL;
	double from, to;

	if (!module || strcmp(module, "chaosprometheus.probes") || !func || strcmp(func, "query") || !query || !name ||
	    json_array_size(range) != 2 || !low || !high || units_double(low, &from, NULL) ||
	    units_double(high, &to, NULL) || !im->prometheus)
		return false;
	if (!im->metrics)
		im->metrics = json_object();
	json_object_set_new(im->metrics, name, json_string(query));
	add_clause(x, name, ">=", from);
	add_clause(x, name, "<=", to);
	return true;
}

void import_steady_state(struct import *im, struct import_experiment *x, json_t *doc)
{
	json_t *hypothesis = import_take(doc, "steady-state-hypothesis"), *probes, *probe;
	size_t i;

	im->prometheus = take_word(im, doc, "configuration.prometheus_base_url", "configuration");
	if (im->prometheus && !is_url(im->prometheus)) {
		import_lose(im, "configuration.prometheus_base_url", im->prometheus, "no http:// or https:// URL");
		free(im->prometheus);
		im->prometheus = NULL;
	}
	probes = json_object_get(hypothesis, "probes");
	json_array_foreach(probes, i, probe) {
		_cleanup_free_ char *path = text_format("steady-state-hypothesis.probes[%zu]", i);
		const json_t *provider = json_object_get(probe, "provider");
		const char *type = json_string_value(json_object_get(provider, "type"));
		const char *url = json_string_value(json_object_get(provider, "url"));
		static const struct import_reason rest[] = { { NULL, NULL } };

		if (!path)
			continue;
		if (type && !strcmp(type, "http") && url && !im->probe_url && is_url(url)) {
			http_probe(im, probe, path);
			import_lose_rest(im, path, probe, rest);
		} else if (!prometheus_probe(im, x, probe)) {
			import_lose(im, path, json_string_value(json_object_get(probe, "name")),
				    "the probe from outside is one URL, and metrics are queries of Prometheus with "
				    "a range");
		}
	}
	if (im->probe_url) {
		char *with = text_format("%s%ssuccess_rate >= 99%%", x->hypothesis ? x->hypothesis : "",
					 x->hypothesis ? " and " : "");

		free(x->hypothesis);
		x->hypothesis = with;
	}
	json_decref(hypothesis);
}
