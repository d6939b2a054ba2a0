// SPDX-License-Identifier: GPL-2.0-only
/*
 * chaos_mesh_network.c - NetworkChaos. Its direction is seen from the selected pods: "to" is what they
 * send, which faultline, from the side of the target, calls "from".
 */
#include "import/import.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"

/* What all faults of one NetworkChaos share. */
struct scope {
	char *direction;  /* of faultline */
	struct text peer; /* empty: everybody, or those of the ports */
	/* externalTargets with a port: peers by port, which are faults of their own. */
	json_t *ports; /* "5432" -> "192.0.2.7,192.0.2.8" */
};

static char *take_direction(struct import *im, json_t *doc)
{
	_cleanup_free_ char *text = import_take_text(doc, "spec.direction");

	if (!text || !text[0] || !strcmp(text, "to"))
		return strdup("from");
	if (!strcmp(text, "from"))
		return strdup("to");
	if (strcmp(text, "both"))
		import_lose(im, "spec.direction", text, "only to, from and both are known; both here");
	return strdup("both");
}

/* "192.0.2.7:5432" and "[2001:db8::7]:5432": the port, NULL when there is none; *ret_len is the address'. */
static const char *port_of(const char *s, const char **ret_address, size_t *ret_len)
{
	const char *end = s[0] == '[' ? strchr(s, ']') : NULL, *colon = end ? end + 1 : strrchr(s, ':');

	*ret_address = end ? s + 1 : s;
	*ret_len = end ? (size_t)(end - s - 1) : strlen(s);
	if (!colon || *colon != ':' || (!end && strchr(s, ':') != colon))
		return NULL;
	if (!end)
		*ret_len = (size_t)(colon - s);
	return colon + 1;
}

static void add_peer(struct import *im, struct scope *scope, const char *port, const char *peer)
{
	const char *others = port ? json_string_value(json_object_get(scope->ports, port)) : NULL;
	_cleanup_free_ char *list = others ? text_format("%s,%s", others, peer) : NULL;

	if (!port)
		text_append(&scope->peer, "%s%s", scope->peer.len ? "," : "", peer);
	else if (!scope->ports && !(scope->ports = json_object()))
		im->failed = true;
	else if (json_object_set_new(scope->ports, port, json_string(list ? list : peer)))
		im->failed = true;
}

/* An address stays; a DNS name is no peer, unless it is that of a service, which nobody knows here. */
static void add_external(struct import *im, const json_t *list, struct scope *scope)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		const char *s = json_string_value(item), *address, *port;
		_cleanup_free_ char *path = text_format("spec.externalTargets[%zu]", i), *peer = NULL;
		size_t len;

		if (!s || !path)
			continue;
		port = port_of(s, &address, &len);
		peer = strndup(address, len);
		if (peer && peer[0] && !peer[strspn(peer, "0123456789abcdefABCDEF.:/")] && strpbrk(peer, ".:"))
			add_peer(im, scope, port, peer);
		else
			import_lose(im, path, s,
				    "a peer is an address, a CIDR or a service, not a DNS name: traffic with "
				    "it is not hit; write its addresses");
	}
}

static void take_peer(struct import *im, json_t *doc, struct scope *scope)
{
	char **services = import_selector(im, doc, "spec.target.selector"), *const * s;
	_cleanup_free_ char *mode = import_take_text(doc, "spec.target.mode");
	json_t *external = import_take(doc, "spec.externalTargets");
	bool asked = services || mode || json_array_size(external);

	if (mode && strcmp(mode, "all") && (strcmp(mode, "one") || words_count(services) > 1))
		import_put(doc, "spec.target.mode", json_string(mode));
	for (s = services; s && *s; s++)
		add_peer(im, scope, NULL, *s);
	words_free(services);
	add_external(im, external, scope);
	json_decref(external);
	if (asked && !scope->peer.len && !scope->ports)
		import_lose(im, "spec.target", NULL,
			    "no peer can be read from it: the fault hits the target's "
			    "traffic with everybody, which is MORE than it did");
}

/* An address that is none: the fault would hit others. */
static void drop_invalid(struct import *im, struct import_experiment *x)
{
	uint32_t i = 0;

	while (i < x->n_faults) {
		struct import_fault *f = x->faults[i];
		struct fl_error err = {};

		if (!f->ops->validate || !f->ops->validate(&f->params, &err)) {
			i++;
			continue;
		}
		import_lose(im, "spec.externalTargets", params_text(&f->params, "peer"), "%s", err.message);
		import_fault_drop(x, f);
	}
}

/* The faults are there without a port: one more each for every port, or it becomes that of the first. */
static void add_ports(struct import *im, struct import_experiment *x, const struct scope *scope)
{
	bool first = !scope->peer.len;
	uint32_t n = x->n_faults, i;
	const char *port;
	json_t *peers;

	json_object_foreach(scope->ports, port, peers) {
		for (i = 0; i < n; i++) {
			struct import_fault *f = first ? x->faults[i] : import_fault_copy(im, x, x->faults[i]);

			/* The copies of a first one get another port, and other peers. */
			import_param(im, f, "peer", json_string_value(peers), "spec.externalTargets");
			import_param(im, f, "peer-port", port, "spec.externalTargets");
		}
		first = false;
	}
	drop_invalid(im, x);
}

/* A fault with the scope. @path is the part of the object that it comes from. */
static struct import_fault *add_fault(struct import *im, struct import_experiment *x, const char *kind,
				      const struct scope *scope, const char *path)
{
	struct import_fault *f = import_fault(im, x, kind);

	if (!f) {
		import_lose(im, path, NULL, "faultline has no fault %s", kind);
		return NULL;
	}
	import_param(im, f, "direction", scope->direction, "spec.direction");
	import_param(im, f, "peer", scope->peer.s, "spec.target");
	return f;
}

/* A share in percent, as a text without a unit. */
static void take_percent(struct import *im, struct import_fault *f, const char *param, json_t *doc, const char *path)
{
	_cleanup_free_ char *text = import_take_text(doc, path), *percent = import_percent(text);

	import_param(im, f, param, percent, path);
}

/* Correlation where faultline has none: 0 is what it does anyway. */
static void drop_zero(json_t *doc, const char *path)
{
	_cleanup_free_ char *text = import_take_text(doc, path);

	if (text && text[0] && text[strspn(text, "0.")])
		import_put(doc, path, json_string(text));
}

static void take_duration(struct import *im, struct import_fault *f, const char *param, json_t *doc, const char *path)
{
	_cleanup_free_ char *text = import_take_text(doc, path), *ours = import_duration_text(text);

	if (text && !ours)
		import_lose(im, path, text, "no duration");
	import_param(im, f, param, ours, path);
}

/* Where nothing varies there is nothing to correlate, for netem as well. */
static void take_correlation(struct import *im, struct import_fault *f, json_t *doc)
{
	if (params_get(&f->params, "jitter")->u64)
		take_percent(im, f, "correlation", doc, "spec.delay.correlation");
	else
		json_decref(import_take(doc, "spec.delay.correlation"));
}

static void import_delay(struct import *im, struct import_experiment *x, json_t *doc, const struct scope *scope)
{
	_cleanup_free_ char *share = import_take_text(doc, "spec.delay.reorder.reorder");
	_cleanup_free_ char *percent = import_percent(share);
	_cleanup_free_ char *gap = import_take_text(doc, "spec.delay.reorder.gap");
	struct import_fault *f = add_fault(im, x, share ? "reorder" : "latency", scope, "spec.delay");

	if (!f)
		return;
	take_duration(im, f, "delay", doc, "spec.delay.latency");
	if (share) {
		import_param(im, f, "percent", percent, "spec.delay.reorder.reorder");
		import_param(im, f, "gap", gap, "spec.delay.reorder.gap");
		drop_zero(doc, "spec.delay.reorder.correlation");
		drop_zero(doc, "spec.delay.correlation");
	} else {
		take_duration(im, f, "jitter", doc, "spec.delay.jitter");
		take_correlation(im, f, doc);
	}
	import_fault_done(im, x, "spec.delay");
}

static void import_loss(struct import *im, struct import_experiment *x, json_t *doc, const struct scope *scope)
{
	struct import_fault *f = add_fault(im, x, "network_loss", scope, "spec.loss");

	if (!f)
		return;
	take_percent(im, f, "percent", doc, "spec.loss.loss");
	take_percent(im, f, "correlation", doc, "spec.loss.correlation");
	import_fault_done(im, x, "spec.loss");
}

/* duplicate and corrupt: spec.NAME.NAME. */
static void import_mangle(struct import *im, struct import_experiment *x, json_t *doc, const char *name,
			  const struct scope *scope)
{
	_cleanup_free_ char *path = text_format("spec.%s", name);
	_cleanup_free_ char *share = text_format("spec.%s.%s", name, name);
	_cleanup_free_ char *correlation = text_format("spec.%s.correlation", name);
	struct import_fault *f = path && share && correlation ? add_fault(im, x, name, scope, path) : NULL;

	if (!f)
		return;
	take_percent(im, f, "percent", doc, share);
	drop_zero(doc, correlation);
	import_fault_done(im, x, path);
}

/* bandwidth (tbf) and rate (netem). */
static void import_rate(struct import *im, struct import_experiment *x, json_t *doc, const char *name,
			const struct scope *scope)
{
	_cleanup_free_ char *path = text_format("spec.%s", name), *rate_path = text_format("spec.%s.rate", name);
	_cleanup_free_ char *buffer = import_take_text(doc, "spec.bandwidth.buffer");
	_cleanup_free_ char *text = rate_path ? import_take_text(doc, rate_path) : NULL;
	_cleanup_free_ char *rate = import_tc_rate(text);
	struct import_fault *f = path && rate_path ? add_fault(im, x, "bandwidth", scope, path) : NULL;

	if (!f)
		return;
	if (text && !rate)
		import_lose(im, rate_path, text, "no rate of tc");
	import_param(im, f, "rate", rate, rate_path);
	import_param(im, f, "burst", buffer, "spec.bandwidth.buffer");
	import_fault_done(im, x, path);
}

void import_network_chaos(struct import *im, struct import_experiment *x, json_t *doc)
{
	_cleanup_free_ char *action = import_take_text(doc, "spec.action");
	struct scope scope = { .direction = take_direction(im, doc) };
	const json_t *spec = json_object_get(doc, "spec");
	bool all = action && !strcmp(action, "netem");
	/* With an action of its own, the other blocks are left to be named. */
#define HAS(name) (json_object_get(spec, name) && (all || (action && !strcmp(action, name))))

	take_peer(im, doc, &scope);
	if (HAS("delay"))
		import_delay(im, x, doc, &scope);
	if (HAS("loss"))
		import_loss(im, x, doc, &scope);
	if (HAS("duplicate"))
		import_mangle(im, x, doc, "duplicate", &scope);
	if (HAS("corrupt"))
		import_mangle(im, x, doc, "corrupt", &scope);
	if (HAS("bandwidth"))
		import_rate(im, x, doc, "bandwidth", &scope);
	if (HAS("rate"))
		import_rate(im, x, doc, "rate", &scope);
	if (action && !strcmp(action, "partition") && add_fault(im, x, "network_partition", &scope, "spec"))
		import_fault_done(im, x, "spec");
	if (!x->n_faults)
		import_lose(im, "spec.action", action, "no fault comes of it");
#undef HAS
	add_ports(im, x, &scope);
	free(scope.direction);
	text_free(&scope.peer);
	json_decref(scope.ports);
}
