// SPDX-License-Identifier: GPL-2.0-only
/*
 * chaostoolkit.c - an experiment of Chaos Toolkit, JSON or YAML. The method's actions become faults at
 * their offsets, as far as faultline has such a fault; the steady-state hypothesis becomes the probe, the
 * metrics and the hypothesis; rollbacks become words, as faultline takes its faults back by itself.
 *
 * An action can be anything, so only those of a table are known: pods of chaostoolkit-kubernetes, toxics
 * of chaostoolkit-toxiproxy, and processes that are docker, podman, pumba or faultline.
 */
#include <errno.h>
#include <math.h>
#include <strings.h>

#include "import/import.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json/yaml.h"
#include "util/text/units.h"

static const struct import_reason reasons[] = {
	{ "version", NULL },
	{ "description", NULL },
	{ "contributions*", NULL },
	{ "extensions*", NULL },
	{ "configuration*", NULL }, /* put where it is used */
	{ "secrets*", "faultline keeps no secrets" },
	{ "runtime*", "faultline has one strategy: before, during and after, always rolled back" },
	{ "controls*", "faultline loads no code" },
	{ "*.controls*", "faultline loads no code" },
	{ "*.background", NULL }, /* a fault stays on while the next one begins */
	{ "*.arguments.ns", "a target is the name of a service, without a namespace" },
	{ "method*.arguments.*", "faultline acts on the one target it is given" },
	{ "*.pauses*", "a pause is a number of seconds" },
	{ NULL, NULL },
};

/* --- "${name}" -------------------------------------------------------------------------------- */

/* What the configuration says of @name: a value, or the default of an environment variable. */
static const char *configured(const json_t *configuration, const char *name, size_t len)
{
	_cleanup_free_ char *key = strndup(name, len);
	const json_t *v = key ? json_object_get(configuration, key) : NULL;

	if (json_is_object(v))
		v = json_object_get(v, "default");
	return json_string_value(v);
}

static char *substitute(const json_t *configuration, const char *text)
{
	struct text out = {};
	const char *end, *value;

	text_append(&out, "%s", "");
	for (; *text; text++) {
		end = text[0] == '$' && text[1] == '{' ? strchr(text, '}') : NULL;
		value = end ? configured(configuration, text + 2, (size_t)(end - text - 2)) : NULL;
		if (value) {
			text_append(&out, "%s", value);
			text = end;
		} else {
			text_append_bytes(&out, text, 1);
		}
	}
	return out.s;
}

/* All texts of a document, in place: it is ours, and each value is used once. */
static json_t *substituted(const json_t *configuration, json_t *v)
{
	json_t *item, *made = v;
	const char *key;
	size_t i;
	char *text;

	if (json_is_string(v) && strstr(json_string_value(v), "${")) {
		text = substitute(configuration, json_string_value(v));
		made = text && strlen(text) <= 4096 ? json_string(text) : json_incref(v);
		free(text);
		return made;
	}
	json_object_foreach(v, key, item)
		json_object_set_new(v, key, substituted(configuration, item));
	json_array_foreach(v, i, item)
		json_array_set_new(v, i, substituted(configuration, item));
	return json_incref(made);
}

/* --- actions ---------------------------------------------------------------------------------- */

struct action {
	struct import *im;
	struct import_experiment *x;
	json_t *args;     /* of the provider; what is left of it is lost */
	const char *path; /* "method[0]" */
	double after_s;   /* since the inject time */
	uint32_t first;   /* of its faults in the experiment's */
};

/* A path below the action's; static, for one call. */
static const char *below(const struct action *a, const char *name)
{
	static char path[200];

	snprintf(path, sizeof(path), "%.60s.provider.arguments.%.80s", a->path, name);
	return path;
}

static struct import_fault *add_fault(struct action *a, const char *kind)
{
	struct import_fault *f = import_fault(a->im, a->x, kind);

	if (f && a->after_s > 0)
		f->offset_ns = (uint64_t)(a->after_s * 1e9);
	return f;
}

static void take(struct action *a, struct import_fault *f, const char *param, const char *name, const char *unit)
{
	_cleanup_free_ char *text = import_take_text(a->args, name);
	_cleanup_free_ char *value = text ? text_format("%s%s", text, unit) : NULL;

	import_param(a->im, f, param, value, below(a, name));
}

/* The faults of this action act on @name: an experiment's faults may have targets of their own. */
static void set_target(struct action *a, const char *name, const char *from)
{
	import_target_faults(a->im, a->x, a->first, name, below(a, from));
}

/* A word of a label selector that asks for one value: "app=web", "app==web"; NULL: another test. */
static const char *label_value(const char *word)
{
	size_t len = strcspn(word, "=!<> (");

	if (!len || word[len] != '=')
		return NULL;
	return word + len + strspn(word + len, "=");
}

/* How much a label says of which service it is: what is narrower comes first. */
static int label_rank(const char *word)
{
	static const char *const names[] = { "app.kubernetes.io/component",
					     "component",
					     "app.kubernetes.io/name",
					     "app",
					     "k8s-app",
					     "service",
					     "name" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (strcspn(word, "=") == strlen(names[i]) && !strncmp(word, names[i], strlen(names[i])))
			break;
	return (int)i;
}

/* "app=web" -> "web". Of several labels one names the service; all are said. Sets such as
 * "app in (a, b)" name no single one. */
static char *service_of_labels(struct action *a, const char *selector)
{
	_cleanup_free_ char *copy = strdup(selector);
	char *rest = copy, *word, *best = NULL;
	int n = 0;

	if (!copy || strpbrk(selector, "()"))
		return NULL;
	while ((word = strsep(&rest, ","))) {
		word += strspn(word, " ");
		n++;
		if (label_value(word) && (!best || label_rank(word) < label_rank(best)))
			best = word;
	}
	if (best && n > 1)
		import_lose(a->im, below(a, "label_selector"), selector,
			    "a target has one label: %s is taken, the "
			    "others cannot narrow it, so that the fault may hit MORE than it did",
			    best);
	return best ? strdup(label_value(best)) : NULL;
}

static void target_by_label(struct action *a)
{
	_cleanup_free_ char *label = import_take_text(a->args, "label_selector");
	_cleanup_free_ char *name = import_take_text(a->args, "name");
	_cleanup_free_ char *service = label ? service_of_labels(a, label) : NULL;

	set_target(a, service ? service : label && !name ? label : name, label ? "label_selector" : "name");
}

static void kill_pods(struct action *a)
{
	_cleanup_free_ char *grace = import_take_text(a->args, "grace_period");
	bool soft = grace && strcmp(grace, "0") && strcmp(grace, "-1");
	struct import_fault *f = add_fault(a, soft ? "restart" : "availability");
	_cleanup_free_ char *value = soft ? text_format("%ss", grace) : NULL;

	import_param(a->im, f, "grace", value, below(a, "grace_period"));
	target_by_label(a);
}

static void latency_toxic(struct action *a)
{
	_cleanup_free_ char *proxy = import_take_text(a->args, "for_proxy");
	struct import_fault *f = add_fault(a, "latency");

	json_decref(import_take(a->args, "toxic_name"));
	take(a, f, "delay", "latency", "ms");
	take(a, f, "jitter", "jitter", "ms");
	set_target(a, proxy, "for_proxy");
}

/* Its rate is in KB/s. */
static void bandwidth_toxic(struct action *a)
{
	_cleanup_free_ char *proxy = import_take_text(a->args, "for_proxy");
	_cleanup_free_ char *rate = import_take_text(a->args, "rate");
	_cleanup_free_ char *bytes = rate ? text_format("%skbps", rate) : NULL, *ours = import_tc_rate(bytes);
	struct import_fault *f = add_fault(a, "bandwidth");

	json_decref(import_take(a->args, "toxic_name"));
	import_param(a->im, f, "rate", ours, below(a, "rate"));
	set_target(a, proxy, "for_proxy");
}

static void disable_proxy(struct action *a)
{
	_cleanup_free_ char *proxy = import_take_text(a->args, "proxy_name");

	add_fault(a, "network_partition");
	set_target(a, proxy, "proxy_name");
}

static const struct {
	const char *module, *func;
	void (*import)(struct action *a);
} actions[] = {
	{ "chaosk8s.pod.actions", "terminate_pods", kill_pods },
	{ "chaosk8s.pod.actions", "delete_pods", kill_pods },
	{ "chaosk8s.actions", "kill_microservice", kill_pods },
	{ "chaosk8s.actions", "terminate_pods", kill_pods },
	{ "chaostoxi.toxic.actions", "create_latency_toxic", latency_toxic },
	{ "chaostoxi.toxic.actions", "create_bandwith_degradation_toxic", bandwidth_toxic },
	{ "chaostoxi.proxy.actions", "disable_proxy", disable_proxy },
};

/* docker kill|stop|restart|pause NAME..., each on its own. An option says what we do not know. */
static bool docker_words(struct action *a, char *const *w)
{
	static const char *const kinds[][2] = {
		{ "kill", "availability" },
		{ "stop", "stop" },
		{ "restart", "restart" },
		{ "pause", "pause" },
	};
	size_t i, k;

	for (i = 1; w && w[0] && w[i]; i++)
		if (w[i][0] == '-')
			return false;
	for (k = 0; w && w[0] && w[1] && k < ARRAY_SIZE(kinds); k++) {
		if (strcmp(kinds[k][0], w[0]))
			continue;
		for (i = 1; w[i]; i++) {
			a->first = a->x->n_faults;
			add_fault(a, kinds[k][1]);
			set_target(a, w[i], "");
		}
		return true;
	}
	return false;
}

/* faultline inject KIND TARGET --name=value, or --name value */
static bool faultline_words(struct action *a, char *const *w)
{
	struct import_fault *f;
	uint64_t ns;

	if (!w || !w[0] || strcmp(w[0], "inject") || !w[1] || !w[2] || !fault_find(a->im->table, w[1], NULL))
		return false;
	f = add_fault(a, w[1]);
	set_target(a, w[2], "");
	for (w += 3; f && *w; w++) {
		const char *equals = strchr(*w, '='), *value = equals ? equals + 1 : w[1];
		_cleanup_free_ char *name = strndup(*w, equals ? (size_t)(equals - *w) : strlen(*w));

		if (!name || strncmp(name, "--", 2) || !value) {
			import_lose(a->im, below(a, ""), *w, "no option of `faultline inject`");
			continue;
		}
		if (!strcmp(name, "--for") && !units_duration_ns(value, &ns, NULL))
			f->duration_ns = ns;
		else
			import_param(a->im, f, name + 2, value, below(a, ""));
		w += !equals;
	}
	return true;
}

/* The words of a process: a list, or one text. */
static char **take_words(json_t *provider)
{
	json_t *v = import_take(provider, "arguments"), *item;
	char **words = NULL;
	size_t i;

	if (json_is_string(v) && import_split(json_string_value(v), &words, NULL))
		words = NULL;
	json_array_foreach(v, i, item)
		if (json_is_string(item) && words_add(&words, strdup(json_string_value(item))))
			break;
	json_decref(v);
	return words;
}

/* pumba's own experiments would stand beside this one: its faults come over. */
static bool pumba_words(struct action *a, char *const *w)
{
	struct import *im = a->im;
	_cleanup_free_ char *where = im->where ? strdup(im->where) : NULL;
	uint32_t n = im->n, i;
	struct fl_error err = {};

	if (!w)
		return false;
	im->together = true;
	if (import_pumba_words(im, w, &err))
		import_lose(im, a->path, NULL, "%s", err.message);
	im->together = false;
	import_set_where(im, "%s", where ? where : "");
	for (i = n; i < im->n; i++)
		import_move(im, a->x, im->v[i], (uint64_t)(a->after_s * 1e9));
	import_cut(im, n);
	return true;
}

static bool process_action(struct action *a, json_t *provider)
{
	_cleanup_free_ char *path = import_take_text(provider, "path");
	const char *slash = path ? strrchr(path, '/') : NULL, *name = slash ? slash + 1 : path;
	char **words = take_words(provider);
	bool known = false;

	if (name && (!strcmp(name, "docker") || !strcmp(name, "podman")))
		known = docker_words(a, words);
	else if (name && !strcmp(name, "pumba"))
		known = pumba_words(a, words);
	else if (name && !strcmp(name, "faultline"))
		known = faultline_words(a, words);
	words_free(words);
	return known;
}

static bool python_action(struct action *a, json_t *provider)
{
	_cleanup_free_ char *module = import_take_text(provider, "module");
	_cleanup_free_ char *func = import_take_text(provider, "func");
	size_t i;

	for (i = 0; module && func && i < ARRAY_SIZE(actions); i++)
		if (!strcmp(actions[i].module, module) && !strcmp(actions[i].func, func)) {
			actions[i].import(a);
			return true;
		}
	return false;
}

/* Seconds of "pauses". */
static double take_pause(json_t *activity, const char *path)
{
	_cleanup_free_ char *text = import_take_text(activity, path);
	double s;

	return text && !units_double(text, &s, NULL) && s > 0 && s < 86400 ? s : 0;
}

static void import_action(struct import *im, struct import_experiment *x, json_t *activity, const char *path,
			  double *at_s)
{
	_cleanup_free_ char *name = import_take_text(activity, "name");
	_cleanup_free_ char *type = import_take_text(activity, "provider.type");
	json_t *provider = json_object_get(activity, "provider");
	uint32_t had = x->n_faults;
	struct action a = { .im = im, .x = x, .path = path, .first = had };
	bool known = false;

	*at_s += take_pause(activity, "pauses.before");
	a.after_s = *at_s;
	a.args = json_object_get(provider, "arguments");
	if (type && !strcmp(type, "python"))
		known = python_action(&a, provider);
	else if (type && !strcmp(type, "process"))
		known = process_action(&a, provider);
	if (!known)
		import_lose(im, path, name, "no action that faultline can do itself");
	else if (x->n_faults > had && !import_fault_done(im, x, path) && x->n_faults == had && !had) {
		free(x->target); /* of a fault that did not come about */
		x->target = NULL;
	}
	*at_s += take_pause(activity, "pauses.after");
	if (!known)
		json_object_clear(activity); /* said as a whole */
}

/* Each fault says itself how long it stays. */
static bool own_durations(struct import_experiment *x)
{
	uint64_t longest_ns = 0;
	uint32_t i;

	for (i = 0; i < x->n_faults && x->faults[i]->duration_ns; i++)
		if (x->faults[i]->duration_ns > longest_ns)
			longest_ns = x->faults[i]->duration_ns;
	if (!x->n_faults || i < x->n_faults)
		return false;
	x->duration_ns = longest_ns;
	return true;
}

/* The last pause is how long the last fault stays before anybody looks again. */
static void import_method(struct import *im, struct import_experiment *x, json_t *method)
{
	json_t *activity;
	double at_s = 0;
	size_t i;

	json_array_foreach(method, i, activity) {
		_cleanup_free_ char *path = text_format("method[%zu]", i);
		_cleanup_free_ char *type = import_take_text(activity, "type");
		_cleanup_free_ char *name = NULL;

		if (!path)
			continue;
		if (type && !strcmp(type, "action")) {
			import_action(im, x, activity, path, &at_s);
			continue;
		}
		name = import_take_text(activity, "name");
		import_lose(im, path, name, "faultline's own probe runs through the whole suite");
		json_object_clear(activity);
	}
	if (at_s > 0)
		x->duration_ns = (uint64_t)(at_s * 1e9) / NS_PER_MSEC * NS_PER_MSEC;
	else if (!own_durations(x))
		import_lose(im, "method", NULL, "no pauses say how long the faults stay: 60s here");
	for (i = 0; i < x->n_faults; i++) {
		const struct import_fault *f = x->faults[i];
		uint64_t end_ns = f->offset_ns + f->duration_ns;

		if (f->duration_ns && end_ns > x->duration_ns)
			x->duration_ns = end_ns;
		else if (f->offset_ns >= x->duration_ns)
			x->duration_ns = f->offset_ns + IMPORT_DEFAULT_NS;
	}
}

/* --- the whole -------------------------------------------------------------------------------- */

/* What it would do to take its actions back is what a person would do. */
static void import_rollbacks(struct import *im, struct import_experiment *x, json_t *doc)
{
	json_t *list = import_take(doc, "rollbacks"), *activity;
	struct text words = {};
	size_t i;

	json_array_foreach(list, i, activity) {
		const char *name = json_string_value(json_object_get(activity, "name"));
		_cleanup_free_ char *path = text_format("rollbacks[%zu]", i);

		text_append(&words, "%s%s",
			    words.len ? "; " : "faultline stop --all; the source's own: ", name ? name : "(no name)");
		if (path)
			import_lose(im, path, name, "faultline takes its own faults back and does nothing else");
	}
	json_decref(list);
	x->rollback = words.s;
}

/* One-line texts; anything else is left to be named. */
static void take_tags(struct import_experiment *x, json_t *doc)
{
	json_t *tags = json_object_get(doc, "tags"), *tag;
	size_t i;

	json_array_foreach(tags, i, tag)
		if (!json_is_string(tag) || !json_string_length(tag) || json_string_length(tag) > 100 ||
		    strchr(json_string_value(tag), '\n'))
			return;
	x->tags = import_take(doc, "tags");
}

static int import_document(struct import *im, json_t *doc, struct fl_error *err)
{
	_cleanup_free_ char *title = import_take_text(doc, "title");
	json_t *configuration = json_object_get(doc, "configuration"), *method;
	struct import_experiment *x;

	if (!title || !json_is_array(json_object_get(doc, "method")))
		return error_usage(err, "no experiment of Chaos Toolkit: it has no title and method");
	json_decref(substituted(configuration, doc));
	import_set_where(im, "%.150s", title);
	x = import_add(im, title);
	if (!x)
		return error_sys(err, ENOMEM, "out of memory");
	x->description = import_take_text(doc, "description");
	take_tags(x, doc);
	method = json_object_get(doc, "method");
	import_method(im, x, method);
	if (x->n_faults && !x->target)
		import_set_target(im, x, NULL, "method");
	import_steady_state(im, x, doc);
	import_rollbacks(im, x, doc);
	import_lose_rest(im, "", doc, reasons);
	import_drop_empty(im);
	if (im->n)
		return 0;
	error_usage(err, "none of its actions is one that faultline can do");
	error_hint(err, "docs/import.md lists those that are known");
	return -EINVAL;
}

int import_chaostoolkit(struct import *im, const char *text, size_t len, struct fl_error *err)
{
	json_t *doc = NULL;
	int r = import_parse(im, text, len, &doc, err);

	if (!r)
		r = json_is_object(doc) ? import_document(im, doc, err)
					: error_usage(err, "no experiment of Chaos Toolkit: it is no mapping");
	json_decref(doc);
	return r;
}
