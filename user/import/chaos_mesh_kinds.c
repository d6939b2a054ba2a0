// SPDX-License-Identifier: GPL-2.0-only
/* chaos_mesh_kinds.c - the other kinds of Chaos Mesh: stress, pods, HTTP, DNS, clocks, files. */
#include <strings.h>

#include "import/import.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"

/* A fault with one more text out of the document. */
static void take_param(struct import *im, struct import_fault *f, const char *param, json_t *doc, const char *path)
{
	_cleanup_free_ char *text = import_take_text(doc, path);

	import_param(im, f, param, text, path);
}

static struct import_fault *add_fault(struct import *im, struct import_experiment *x, const char *kind,
				      const char *path)
{
	struct import_fault *f = import_fault(im, x, kind);

	if (!f)
		import_lose(im, path, NULL, "faultline has no fault %s", kind);
	return f;
}

/* --- StressChaos ------------------------------------------------------------------------------ */

static void import_cpu(struct import *im, struct import_experiment *x, json_t *doc)
{
	struct import_fault *f = add_fault(im, x, "cpu_saturation", "spec.stressors.cpu");
	_cleanup_free_ char *load = import_take_text(doc, "spec.stressors.cpu.load");
	_cleanup_free_ char *percent = import_percent(load ? load : "100");

	if (!f)
		return;
	take_param(im, f, "workers", doc, "spec.stressors.cpu.workers");
	import_param(im, f, "load", percent, "spec.stressors.cpu.load");
	import_fault_done(im, x, "spec.stressors.cpu");
}

static void import_memory(struct import *im, struct import_experiment *x, json_t *doc)
{
	struct import_fault *f = add_fault(im, x, "memory", "spec.stressors.memory");
	_cleanup_free_ char *size = import_take_text(doc, "spec.stressors.memory.size");

	if (!f)
		return;
	/* The size is that of all workers together, so their number changes nothing. */
	json_decref(import_take(doc, "spec.stressors.memory.workers"));
	import_param(im, f, size && strchr(size, '%') ? "percent" : "bytes", size ? size : "100%",
		     "spec.stressors.memory.size");
	import_fault_done(im, x, "spec.stressors.memory");
}

void import_stress_chaos(struct import *im, struct import_experiment *x, json_t *doc)
{
	_cleanup_free_ char *own = import_take_text(doc, "spec.stressngStressors");
	json_t *stressors = json_object_get(json_object_get(doc, "spec"), "stressors");

	if (own && own[0]) { /* wins over the others, says Chaos Mesh */
		import_stress_ng(im, x, own, "spec.stressngStressors");
		return;
	}
	if (json_object_get(stressors, "cpu"))
		import_cpu(im, x, doc);
	if (json_object_get(stressors, "memory"))
		import_memory(im, x, doc);
}

/* --- PodChaos --------------------------------------------------------------------------------- */

void import_pod_chaos(struct import *im, struct import_experiment *x, json_t *doc)
{
	_cleanup_free_ char *action = import_take_text(doc, "spec.action");
	_cleanup_free_ char *grace = import_take_text(doc, "spec.gracePeriod");
	_cleanup_free_ char *grace_s = text_format("%ss", grace ? grace : "0");
	bool soft = grace && grace[0] && strcmp(grace, "0");
	struct import_fault *f;

	if (action && !strcmp(action, "pod-failure"))
		f = add_fault(im, x, "stop", "spec.action");
	else if (action && !strcmp(action, "pod-kill") && soft)
		f = add_fault(im, x, "restart", "spec.action");
	else if (action && (!strcmp(action, "pod-kill") || !strcmp(action, "container-kill")))
		f = add_fault(im, x, "availability", "spec.action");
	else {
		import_lose(im, "spec.action", action, "only pod-kill, pod-failure and container-kill are known");
		return;
	}
	if (f && soft)
		import_param(im, f, "grace", grace_s, "spec.gracePeriod");
	import_fault_done(im, x, "spec.action");
}

/* --- HTTPChaos -------------------------------------------------------------------------------- */

/* "/api/" + "*" is a prefix, "*" is everything; a wildcard elsewhere is more than faultline knows. */
static void take_path(struct import *im, struct import_fault *f, const char *path)
{
	size_t len = path ? strlen(path) : 0;
	_cleanup_free_ char *prefix = NULL;

	if (len && path[len - 1] == '*')
		len--;
	prefix = len ? strndup(path, len) : NULL;
	if (!prefix)
		return;
	if (strpbrk(prefix, "*?"))
		import_lose(im, "spec.path", path,
			    "a wildcard is known at its end only: the fault hits every path, "
			    "which is MORE than it did");
	else
		import_param(im, f, "path", prefix, "spec.path");
}

static void http_fault(struct import *im, struct import_experiment *x, const char *kind, json_t *doc, const char *param,
		       const char *value, const char *from)
{
	struct import_fault *f = add_fault(im, x, kind, from);
	const json_t *spec = json_object_get(doc, "spec");
	const char *path = json_string_value(json_object_get(spec, "path"));
	const char *method = json_string_value(json_object_get(spec, "method"));
	_cleanup_free_ char *percent = import_percent(json_string_value(json_object_get(spec, "percent")));

	if (!f)
		return;
	import_param(im, f, "percent", percent, "spec.percent");
	import_param(im, f, "local-port", json_string_value(json_object_get(spec, "port")), "spec.port");
	if (!strcmp(kind, "tcp_reset")) {
		if ((path && strcmp(path, "*")) || method)
			import_lose(im, "spec.abort", NULL,
				    "connections are reset whatever their path and method, "
				    "which is MORE than it did");
	} else {
		take_path(im, f, path);
		import_param(im, f, "method", method, "spec.method");
	}
	if (param)
		import_param(im, f, param, value, from);
	import_fault_done(im, x, from);
}

void import_http_chaos(struct import *im, struct import_experiment *x, json_t *doc)
{
	static const char *const shared[] = { "spec.port", "spec.path", "spec.method", "spec.percent" };
	_cleanup_free_ char *abort = import_take_text(doc, "spec.abort");
	_cleanup_free_ char *delay = import_take_text(doc, "spec.delay"), *ours = import_duration_text(delay);
	_cleanup_free_ char *code = import_take_text(doc, "spec.replace.code");
	_cleanup_free_ char *target = import_take_text(doc, "spec.target");
	size_t i;

	/* A request that comes late or not at all is to its client as an answer that does. */
	if (target && strcmp(target, "Request") && strcmp(target, "Response"))
		import_lose(im, "spec.target", target, "only Request and Response are known");

	if (delay && !ours)
		import_lose(im, "spec.delay", delay, "no duration");
	if (ours)
		http_fault(im, x, "http_latency", doc, "delay", ours, "spec.delay");
	if (code)
		http_fault(im, x, "http_error", doc, "status", code, "spec.replace.code");
	if (abort && !strcasecmp(abort, "true"))
		http_fault(im, x, "tcp_reset", doc, NULL, NULL, "spec.abort");
	if (!x->n_faults)
		import_lose(im, "spec", NULL, "no abort, delay or replace.code: no fault comes of it");
	for (i = 0; i < ARRAY_SIZE(shared); i++)
		json_decref(import_take(doc, shared[i]));
	free(code);
	code = import_take_text(doc, "spec.code");
	if (code && x->n_faults)
		import_lose(im, "spec.code", code, "responses of every status are hit, which is MORE than it did");
}

/* --- DNSChaos --------------------------------------------------------------------------------- */

static void dns_fault(struct import *im, struct import_experiment *x, const char *name, const char *path)
{
	struct import_fault *f;

	if (name && !strcmp(name, "*"))
		name = NULL; /* all names */
	if (name && (strpbrk(name, "?") || (strchr(name, '*') && (strncmp(name, "*.", 2) || strchr(name + 1, '*'))))) {
		import_lose(im, path, name,
			    "a wildcard is known as *.DOMAIN, or as * for all names: lookups of it do "
			    "not fail");
		return;
	}
	f = add_fault(im, x, "dns_error", path);
	if (!f)
		return;
	/* The selected pods ask: the answers go to them. */
	import_param(im, f, "direction", "to", path);
	import_param(im, f, "name", name, path);
	import_fault_done(im, x, path);
}

void import_dns_chaos(struct import *im, struct import_experiment *x, json_t *doc)
{
	_cleanup_free_ char *action = import_take_text(doc, "spec.action");
	json_t *patterns, *item;
	size_t i;

	if (action && strcmp(action, "error")) {
		import_lose(im, "spec.action", action, "answers can fail or be late, not lie");
		return;
	}
	patterns = import_take(doc, "spec.patterns");
	json_array_foreach(patterns, i, item) {
		_cleanup_free_ char *path = text_format("spec.patterns[%zu]", i);

		if (path && json_is_string(item))
			dns_fault(im, x, json_string_value(item), path);
	}
	if (!json_array_size(patterns))
		dns_fault(im, x, NULL, "spec.patterns");
	json_decref(patterns);
}

/* --- TimeChaos -------------------------------------------------------------------------------- */

void import_time_chaos(struct import *im, struct import_experiment *x, json_t *doc)
{
	_cleanup_free_ char *offset = import_take_text(doc, "spec.timeOffset");
	_cleanup_free_ char *ours = import_duration_text(offset);
	json_t *clocks = import_take(doc, "spec.clockIds"), *item;
	struct import_fault *f = add_fault(im, x, "time_skew", "spec.timeOffset");
	size_t i;

	json_array_foreach(clocks, i, item) {
		const char *name = json_string_value(item);
		_cleanup_free_ char *path = text_format("spec.clockIds[%zu]", i);

		if (name && path && strncmp(name, "CLOCK_REALTIME", strlen("CLOCK_REALTIME")))
			import_lose(im, path, name, "only the wall clock is moved");
	}
	json_decref(clocks);
	if (!f)
		return;
	if (offset && !ours)
		import_lose(im, "spec.timeOffset", offset, "no duration");
	import_param(im, f, "offset", ours, "spec.timeOffset");
	import_fault_done(im, x, "spec.timeOffset");
}

/* --- IOChaos ---------------------------------------------------------------------------------- */

/* FUSE operations and the system calls that end in them. */
static const struct {
	const char *method, *syscall;
} io_methods[] = {
	{ "OPEN", "open" },     { "CREATE", "open" },   { "READ", "read" },     { "WRITE", "write" },
	{ "FSYNC", "fsync" },   { "FLUSH", "close" },   { "RELEASE", "close" }, { "MKDIR", "mkdir" },
	{ "UNLINK", "unlink" }, { "RENAME", "rename" }, { "GETATTR", "stat" },  { "LOOKUP", "stat" },
};

static const char *syscall_of(const char *method)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(io_methods); i++)
		if (!strcasecmp(method, io_methods[i].method))
			return io_methods[i].syscall;
	return NULL;
}

static char *take_methods(struct import *im, json_t *doc)
{
	json_t *methods = import_take(doc, "spec.methods"), *item;
	struct text calls = {};
	size_t i;

	json_array_foreach(methods, i, item) {
		const char *name = json_string_value(item), *call = name ? syscall_of(name) : NULL;
		_cleanup_free_ char *path = text_format("spec.methods[%zu]", i);

		if (name && !call && path)
			import_lose(im, path, name, "no system call that faultline can make fail");
		else if (call && (!calls.s || !strstr(calls.s, call)))
			text_append(&calls, "%s%s", calls.len ? "," : "", call);
	}
	if (!json_array_size(methods)) {
		import_lose(im, "spec.methods", NULL, "not said, which means all: open, read and write here");
		text_append(&calls, "open,read,write");
	}
	json_decref(methods);
	return calls.s;
}

void import_io_chaos(struct import *im, struct import_experiment *x, json_t *doc)
{
	_cleanup_free_ char *action = import_take_text(doc, "spec.action"), *calls = NULL;
	_cleanup_free_ char *share = NULL, *percent = NULL, *path = NULL, *volume = NULL;
	struct import_fault *f;

	if (!action || (strcmp(action, "fault") && strcmp(action, "errno"))) {
		import_lose(im, "spec.action", action,
			    "calls can fail; they cannot be late, lie or give other "
			    "attributes");
		return;
	}
	f = add_fault(im, x, "syscall_error", "spec.action");
	if (!f)
		return;
	calls = take_methods(im, doc);
	share = import_take_text(doc, "spec.percent");
	percent = import_percent(share);
	path = import_take_text(doc, "spec.path");
	volume = import_take_text(doc, "spec.volumePath");
	import_param(im, f, "syscall", calls, "spec.methods");
	take_param(im, f, "errno", doc, "spec.errno");
	import_param(im, f, "percent", percent, "spec.percent");
	import_param(im, f, "path", path ? path : volume, path ? "spec.path" : "spec.volumePath");
	if (path && volume && strncmp(path, volume, strlen(volume)))
		import_lose(im, "spec.volumePath", volume, "the path counts, and it is not below it");
	import_fault_done(im, x, "spec.action");
}
