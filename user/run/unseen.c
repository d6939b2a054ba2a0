// SPDX-License-Identifier: GPL-2.0-only
/* unseen.c - see unseen.h */
#include <string.h>
#include <strings.h>

#include "fault/fault.h"
#include "run/unseen.h"
#include "util/cleanup.h"
#include "util/text/text.h"

/* What passed between a service and others. */
struct traffic {
	uint64_t any, http, dns;                  /* things counted; requests; lookups */
	uint64_t served, served_http, served_dns; /* those that it was asked for */
};

struct watch {
	const struct experiment *x;
	const struct fault_plan *plan;
	const struct meter_snapshot *seen;
	double seconds;
	unseen_fn say;
	void *ctx;
};

static const char *bare(const char *spec)
{
	const char *colon = strchr(spec, ':');

	return colon ? colon + 1 : spec;
}

/* Its index among the measured, by its whole name or by the one behind the colon where only one has that; 0: it
 * is none of them, or cannot be told. */
static uint32_t index_of(const struct meter_snapshot *s, const char *name)
{
	uint32_t i, found = 0, n = 0;

	for (i = 1; i < s->n_services; i++) {
		if (!strcmp(s->services[i], name))
			return i;
		if (!strcmp(bare(s->services[i]), bare(name))) {
			found = i;
			n++;
		}
	}
	return n == 1 ? found : 0;
}

static uint64_t things(const struct meter_row *row)
{
	return row->requests + row->resets + row->timeouts + row->refused + row->connects + row->bytes_to_server +
	       row->bytes_to_client;
}

/* Between @service and @peer (0: and anybody). */
static struct traffic between(const struct meter_snapshot *s, uint32_t service, uint32_t peer)
{
	struct traffic t = {};
	uint32_t i;

	for (i = 0; i < s->n_rows; i++) {
		const struct meter_row *row = &s->rows[i];
		bool served = row->server == service;
		uint64_t n = things(row);

		if ((!served && row->client != service) || (peer && row->server != peer && row->client != peer))
			continue;
		t.any += n;
		t.served += served ? n : 0;
		if (row->protocol == METER_DNS) {
			t.dns += n;
			t.served_dns += served ? n : 0;
		} else if (row->protocol == METER_HTTP) {
			t.http += row->requests;
			t.served_http += served ? row->requests : 0;
		}
	}
	return t;
}

static void say(const struct watch *w, const char *rule, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void say(const struct watch *w, const char *rule, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = text_vformat(fmt, ap);
	va_end(ap);
	if (text)
		w->say(w->ctx, w->x, rule, text);
	free(text);
}

static bool is_kind(const struct watch *w, const char *family)
{
	return !strncmp(w->plan->ops->name, family, strlen(family));
}

/* --- kinds ------------------------------------------------------------------------------------ */

static void look_at_dns(const struct watch *w, const char *name, const struct traffic *t)
{
	if (t->dns)
		return;
	if (t->served_http)
		say(w, "unseen-dns",
		    "in %.0f s nobody asked %s on port 53, it answered %llu HTTP requests: %s would hit nothing. "
		    "If it is a mock of a name server, 'fault_type: latency' with the same delay is what its callers "
		    "notice",
		    w->seconds, name, (unsigned long long)t->served_http, w->plan->ops->name);
	else
		say(w, "unseen-dns",
		    "in %.0f s %s gave and got no DNS answer on port 53: %s would hit nothing. Do its clients "
		    "have another name server, or the names in a cache? Else put 'fault_type: latency' on the service "
		    "itself",
		    w->seconds, name, w->plan->ops->name);
}

static void look_at_http(const struct watch *w, const char *name, const struct traffic *t)
{
	if (!t->http && t->any)
		say(w, "unseen-http",
		    "in %.0f s %s took part in no HTTP/1 request, though in other traffic: %s would hit nothing "
		    "(TLS and HTTP/2 are not read)",
		    w->seconds, name, w->plan->ops->name);
}

static void look_at_pair(const struct watch *w, const char *name, const char *peer, const struct traffic *t)
{
	if (!t->any)
		say(w, "unseen-pair",
		    "in %.0f s nothing passed between %s and %s: %s would hit nothing. Is there load, and do "
		    "the two talk to each other?",
		    w->seconds, name, peer, w->plan->ops->name);
}

static void look_at_service(const struct watch *w, const char *name, const struct traffic *t)
{
	bool network = w->plan->ops->class == FAULT_NETWORK;

	if (network ? t->any : t->served)
		return;
	if (network)
		say(w, "unseen-service", "in %.0f s nothing came from or to %s: %s would hit nothing. Is there load?",
		    w->seconds, name, w->plan->ops->name);
	else
		say(w, "unseen-service",
		    "in %.0f s nobody asked %s for anything: %s will be on, and nobody will notice. Is there "
		    "load, and is it the real service, not a stand-in that is never called?",
		    w->seconds, name, w->plan->ops->name);
}

/* What no packet tells. */
static void look_at_clock(const struct watch *w, const char *name)
{
	say(w, "unseen-clock",
	    "whether anything checks the clock of %s cannot be seen from outside: only token lifetimes (exp, "
	    "nbf), certificates, or timestamps that others compare notice it",
	    name);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Names of the fault's peers that are measured; false: there is one that is not. */
static bool each_peer(const struct watch *w, const char *name, uint32_t service)
{
	const struct param_value *said = params_find(&w->plan->params, "peer");
	_cleanup_free_ char *peers = said && said->set ? strdup(said->text) : NULL;
	char *rest = peers, *word;

	if (!peers)
		return false;
	while ((word = strsep(&rest, ", "))) {
		uint32_t peer = word[0] ? index_of(w->seen, word) : 0;

		if (peer) {
			struct traffic t = between(w->seen, service, peer);

			look_at_pair(w, name, word, &t);
			if (t.any && is_kind(w, "http_"))
				look_at_http(w, name, &t);
		}
	}
	return true;
}

static void look_at(const struct watch *w, const char *spec)
{
	uint32_t service = index_of(w->seen, spec);
	const char *name = bare(spec);
	struct traffic t;

	if (is_kind(w, "time_"))
		look_at_clock(w, name);
	if (!service)
		return;
	t = between(w->seen, service, 0);
	if (is_kind(w, "dns_"))
		look_at_dns(w, name, &t);
	else if (each_peer(w, name, service))
		return;
	else if (!t.any || !t.served)
		look_at_service(w, name, &t);
	else if (is_kind(w, "http_"))
		look_at_http(w, name, &t);
}

void unseen_find(const struct experiment *x, const struct meter_snapshot *seen, double seconds, unseen_fn fn, void *ctx)
{
	struct watch w = { .x = x, .seen = seen, .seconds = seconds, .say = fn, .ctx = ctx };
	uint32_t i;
	char **target;

	for (i = 0; i < x->n_faults; i++) {
		w.plan = &x->faults[i];
		for (target = w.plan->targets; target && *target; target++)
			look_at(&w, *target);
	}
}
