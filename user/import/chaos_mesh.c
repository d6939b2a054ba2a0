// SPDX-License-Identifier: GPL-2.0-only
/*
 * chaos_mesh.c - objects of chaos-mesh.org/v1alpha1: a stream of YAML documents, a List, or a Schedule
 * around one. Field names are those of Chaos Mesh's api/v1alpha1 (2.x); what each kind means for
 * faultline is in chaos_mesh_network.c and chaos_mesh_kinds.c.
 */
#include <errno.h>
#include <strings.h>

#include "import/import.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"

static const struct {
	const char *kind, *schedule_key;
	void (*import)(struct import *im, struct import_experiment *x, json_t *doc);
} kinds[] = {
	{ "NetworkChaos", "networkChaos", import_network_chaos },
	{ "StressChaos", "stressChaos", import_stress_chaos },
	{ "PodChaos", "podChaos", import_pod_chaos },
	{ "HTTPChaos", "httpChaos", import_http_chaos },
	{ "DNSChaos", "dnsChaos", import_dns_chaos },
	{ "TimeChaos", "timeChaos", import_time_chaos },
	{ "IOChaos", "ioChaos", import_io_chaos },
	{ "IoChaos", "ioChaos", import_io_chaos }, /* until 1.x */
};

static const struct import_reason reasons[] = {
	{ "apiVersion", NULL },
	{ "kind", NULL },
	{ "metadata*", NULL },
	{ "status*", NULL },
	{ "*selector.namespaces*", "a target is the name of a service, without a namespace" },
	{ "*elector.labelSelectors*", "one label names the service; a second one cannot narrow it" },
	{ "*elector.expressionSelectors*", "only `In` with the names of services or pods is known: the fault may hit "
					   "MORE than it did" },
	{ "*elector.*", "a target is the name of a service" },
	{ "*containerNames*", "a service is one container" },
	{ "spec.target.mode", "every peer that is named is meant: the fault may hit MORE than it did" },
	{ "spec.target.value", "every peer that is named is meant: the fault may hit MORE than it did" },
	{ "*.mode", "faultline acts on the one target it is given" },
	{ "spec.value", "faultline acts on the one target it is given" },
	{ "spec.schedule*", "`faultline run --every TIME` repeats a suite" },
	{ "spec.historyLimit", "`faultline run --every TIME` repeats a suite" },
	{ "spec.concurrencyPolicy", "`faultline run --every TIME` repeats a suite" },
	{ "spec.startingDeadlineSeconds", "`faultline run --every TIME` repeats a suite" },
	{ "*.correlation", "packets are chosen one by one here" },
	{ "spec.delay.jitter", "reordered packets all wait as long" },
	{ "spec.bandwidth.*", "a packet waits 500ms at most (queue), in a bucket of one rate" },
	{ "spec.stressors.*.options*", "workers and size or load are what is known" },
	{ "spec.re*_headers*", "a request is known by path and method: the fault hits MORE than it did" },
	{ "spec.replace*", "a response gets another status, not another content" },
	{ "spec.patch*", "a response gets another status, not another content" },
	{ "*remoteCluster", "faultline acts on its own host" },
	{ "*evice", "all interfaces of the target are hit" },
	{ NULL, NULL },
};

/* What one instance of one service can be: more is left to be named. True: only one of several is hit. */
static bool take_mode(json_t *doc)
{
	_cleanup_free_ char *mode = import_take_text(doc, "spec.mode");
	_cleanup_free_ char *value = import_take_text(doc, "spec.value");

	if (mode && !strcmp(mode, "fixed") && value && !strcmp(value, "1"))
		return true;
	if (mode && strcmp(mode, "one") && strcmp(mode, "all"))
		import_put(doc, "spec.mode", json_string(mode));
	if (value && value[0])
		import_put(doc, "spec.value", json_string(value));
	return mode && !strcmp(mode, "one");
}

/* The same faults for each of the other services, at the same time. */
static void add_services(struct import *im, struct import_experiment *x, char *const *services, bool one)
{
	uint32_t n = x->n_faults, i;
	char *const *s;

	for (s = services ? services + 1 : NULL; s && *s; s++) {
		uint32_t first = x->n_faults;

		if (one) {
			import_lose(im, "spec.selector", *s, "one of several was hit, by chance; here it is always %s",
				    x->target);
			continue;
		}
		for (i = 0; i < n; i++)
			if (!import_fault_copy(im, x, x->faults[i]))
				return;
		import_target_faults(im, x, first, *s, "spec.selector");
	}
}

static void take_duration(struct import *im, struct import_experiment *x, json_t *doc)
{
	_cleanup_free_ char *text = import_take_text(doc, "spec.duration");
	int64_t ns;

	if (!text)
		import_lose(im, "spec.duration", NULL, "not said: it would stay until it is deleted; 60s here");
	else if (!import_go_duration(text, &ns) || ns <= 0 || ns > 86400000000000)
		import_lose(im, "spec.duration", text, "not a duration of up to a day; 60s here");
	else
		x->duration_ns = (uint64_t)ns;
}

static int import_object(struct import *im, json_t *doc, struct fl_error *err);

static int import_list(struct import *im, json_t *doc, struct fl_error *err)
{
	json_t *items = import_take(doc, "items"), *item;
	size_t i;
	int r = 0;

	json_array_foreach(items, i, item) {
		r = r ? r : import_object(im, item, err);
	}
	json_decref(items);
	return r;
}

/* A Schedule: what it repeats becomes the experiment. */
static void unwrap_schedule(struct import *im, json_t *doc, const char *kind)
{
	_cleanup_free_ char *when = import_take_text(doc, "spec.schedule");
	_cleanup_free_ char *path = NULL;
	json_t *inner;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds) && strcmp(kinds[i].kind, kind); i++)
		;
	path = i < ARRAY_SIZE(kinds) ? text_format("spec.%s", kinds[i].schedule_key) : NULL;
	inner = path ? import_take(doc, path) : NULL;
	if (when)
		import_put(doc, "spec.schedule", json_string(when));
	import_lose_rest(im, "", doc, reasons);
	json_object_del(doc, "spec");
	if (json_is_object(inner))
		json_object_set(doc, "spec", inner);
	json_decref(inner);
}

static void import_kind(struct import *im, json_t *doc, const char *kind, const char *name)
{
	struct import_experiment *x;
	char **services;
	bool one;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds) && strcmp(kinds[i].kind, kind); i++)
		;
	if (i == ARRAY_SIZE(kinds)) {
		import_lose(im, "kind", kind, "faultline has nothing that does this");
		return;
	}
	x = import_add(im, name);
	if (!x)
		return;
	services = import_selector(im, doc, "spec.selector");
	import_set_target(im, x, services ? services[0] : NULL, "spec.selector");
	take_duration(im, x, doc);
	one = take_mode(doc);
	kinds[i].import(im, x, doc);
	add_services(im, x, services, one);
	words_free(services);
	if (x->n_faults) /* else it was lost as a whole */
		import_lose_rest(im, "", doc, reasons);
	import_drop_empty(im);
}

static int import_object(struct import *im, json_t *doc, struct fl_error *err)
{
	_cleanup_free_ char *api = import_take_text(doc, "apiVersion"), *kind = import_take_text(doc, "kind");
	_cleanup_free_ char *name = import_take_text(doc, "metadata.name"), *type = NULL;

	if (!kind || !api)
		return error_usage(err, "no Kubernetes object: it has no apiVersion and kind");
	if (!strcmp(kind, "List"))
		return import_list(im, doc, err);
	import_set_where(im, "%s %s", kind, name ? name : "(no name)");
	if (strncmp(api, "chaos-mesh.org/", strlen("chaos-mesh.org/"))) {
		import_lose(im, "apiVersion", api, "no object of Chaos Mesh");
		return 0;
	}
	if (!strcmp(kind, "Schedule")) {
		type = import_take_text(doc, "spec.type");
		unwrap_schedule(im, doc, type ? type : "");
	}
	import_kind(im, doc, type ? type : kind, name ? name : kind);
	return 0;
}

/* A document is what stands between two lines "---"; YAML allows no such line within a value. */
const char *import_document_end(const char *text, const char *end)
{
	const char *line = text;

	for (;;) {
		line = memchr(line, '\n', (size_t)(end - line));
		if (!line)
			return end;
		line++;
		if (end - line >= 3 && !memcmp(line, "---", 3) && (end - line == 3 || strchr(" \t\r\n", line[3])))
			return line;
	}
}

/* Only comments and empty lines: helm leaves such documents. */
bool import_is_blank(const char *text, const char *end)
{
	while (text < end) {
		text += strspn(text, " \t\r\n");
		if (text < end && *text != '#')
			return false;
		text = memchr(text, '\n', text < end ? (size_t)(end - text) : 0) ?: end;
	}
	return true;
}

static int import_document(struct import *im, const char *text, size_t len, int line, struct fl_error *err)
{
	json_t *doc = NULL;
	int r = import_parse(im, text, len, &doc, err);

	if (!r)
		r = json_is_object(doc) ? import_object(im, doc, err)
					: error_usage(err, "no Kubernetes object: it is no mapping");
	if (r && err && err->line)
		err->line += line;
	else if (r)
		error_at(err, im->source, line + 1, 1);
	json_decref(doc);
	return r;
}

int import_chaos_mesh(struct import *im, const char *text, size_t len, struct fl_error *err)
{
	const char *end = text + len, *next, *p;
	int line = 0, r = import_is_text(text, len) ? import_refuse_template(im->source, text, len, err) : 0;

	for (; !r && text < end; text = next) {
		const char *body = text;

		next = import_document_end(text, end);
		if (next - text >= 3 && !memcmp(text, "---", 3))
			body += 3;
		if (!import_is_blank(body, next))
			r = import_document(im, body, (size_t)(next - body), line, err);
		for (p = text; p < next; p++)
			line += *p == '\n';
	}
	if (!r && !im->n)
		r = im->n_losses ? error_usage(err, "nothing in it can be done by faultline: %s (%s): %s",
					       im->losses[0].path, im->losses[0].value ?: "", im->losses[0].why)
				 : error_usage(err, "no object of Chaos Mesh in it");
	return r;
}
