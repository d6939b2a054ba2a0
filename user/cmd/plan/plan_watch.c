// SPDX-License-Identifier: GPL-2.0-only
/* plan_watch.c - what `faultline plan` measures and asks. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/plan/plan_cmd.h"
#include "measure/fleet.h"
#include "model/experiment.h"
#include "run/run.h"
#include "run/stack/stack.h"
#include "score/pipeline/pipeline.h"
#include "target/described.h"
#include "target/expand.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/http/http.h"
#include "util/text/cidr.h"
#include "util/text/text.h"
#include "util/text/url.h"

#define PROBE_TRIES    10
#define PROBE_EVERY_NS (200 * NS_PER_MSEC)

int plan_cmd_describe(struct plan_command *o, struct fl_error *err)
{
	const struct plan_facts *f = &o->plan.facts;
	uint32_t i;

	o->described = json_object();
	for (i = 1; i < f->n; i++)
		if (f->services[i].spec[0] &&
		    json_object_set_new(o->described, f->services[i].name, json_string(f->services[i].spec)))
			return error_usage(err, "target '%.60s': that is no text", f->services[i].spec);
	return described_use(o->described, err);
}

/* --- the traffic ------------------------------------------------------------------------------- */

static char **service_names(struct plan_facts *f)
{
	char **v = calloc(f->n, sizeof(*v));
	uint32_t i, n = 0;

	for (i = 1; v && i < f->n; i++)
		if (!f->services[i].missing)
			v[n++] = f->services[i].name;
	return v;
}

/* Requests that have to do with logins are told apart: who is asked for them compares times. */
static void set_paths(struct meter_paths *paths)
{
	static const char *const prefixes[] = { "/login", "/token",   "/auth",        "/oauth",
						"/jwt",   "/session", "/.well-known", "/verify" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(prefixes); i++)
		meter_paths_add(paths, prefixes[i], NULL);
}

static int look(struct plan_command *o, struct meter *meter, uint32_t n, struct fl_error *err)
{
	struct meter_snapshot before = {}, now = {};
	int r = meter_read(meter, &before, err);
	sigset_t set, old;

	/* One that comes before the wait ends it as well. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &old);
	if (!r) {
		fprintf(stderr, "watching %u service%s for %.0f s; nothing is broken\n", n, n == 1 ? "" : "s",
			(double)o->watch_ns / 1e9);
		if (!cmd_wait_ns(o->watch_ns))
			fprintf(stderr, "a signal ended the watch; the plan is made of what was seen until then\n");
		r = meter_read(meter, &now, err);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (!r)
		r = meter_subtract(&now, &before, &o->seen, err);
	o->has_seen = !r;
	if (!r)
		r = plan_measure(&o->plan.facts, &o->seen, (double)(now.taken_ns - before.taken_ns) / 1e9, err);
	meter_snapshot_free(&now);
	meter_snapshot_free(&before);
	return r;
}

int plan_cmd_watch(struct plan_command *o, struct fl_error *err)
{
	_cleanup_free_ char **names = service_names(&o->plan.facts);
	struct meter_paths paths = {};
	const struct meter_options options = { .paths = &paths };
	struct meter *meter = NULL;
	struct fl_error why = {};
	uint32_t n = 0;
	int r;

	if (!names)
		return error_sys(err, ENOMEM, "plan: out of memory");
	set_paths(&paths);
	if (fleet_open(names, false, &options, &meter, &n, &why)) {
		o->plan.facts.unmeasured = strdup(why.message[0] ? why.message : "no service has a network of its own");
		fprintf(stderr, "nothing can be measured: %s\n", o->plan.facts.unmeasured ?: "");
		return 0;
	}
	r = look(o, meter, n, err);
	meter_close(meter);
	return r;
}

/* --- the probe ---------------------------------------------------------------------------------- */

/* The lab's, or that of a stack of containers which says it by a label. */
static char *url_of_stack(const struct plan_command *o)
{
	struct suite s = { .stack = (char *)(uintptr_t) "lab", .described = o->described };
	json_t *stack = NULL;
	char *url = NULL;

	if (o->plan.facts.lab) {
		if (!suite_use_stack(&s, NULL))
			url = take_ptr(s.probe.url);
		free(s.probe.url);
		free(s.pipeline.url);
		json_decref(s.graph);
		json_decref(s.versions);
		return url;
	}
	if (o->named || stack_from_docker(&stack, NULL))
		return NULL;
	if (json_string_value(json_object_get(stack, "health")))
		url = strdup(json_string_value(json_object_get(stack, "health")));
	json_decref(stack);
	return url;
}

/* The service that is asked most from outside, over HTTP: 0 none. */
static const struct plan_edge *find_door(const struct plan_facts *f)
{
	const struct plan_edge *found = NULL;
	uint32_t i;

	for (i = 0; i < f->n_edges; i++) {
		const struct plan_edge *e = &f->edges[i];

		if (!e->client && (e->seen.protocols & 1u << METER_HTTP) && e->seen.port &&
		    (!found || e->seen.rate > found->seen.rate))
			found = e;
	}
	return found;
}

/* Its front page. */
static char *url_of_door(const struct plan_facts *f)
{
	const struct plan_edge *door = find_door(f);
	struct target_names members = {};
	struct target_set set = {};
	char addr[INET6_ADDRSTRLEN], *url = NULL;
	const struct target_options any = {};
	struct target t = {};

	if (!door || target_expand(f->services[door->server].name, NULL, &members, &set, NULL))
		return NULL;
	if (members.n && !target_resolve(members.v[0], &any, &t, NULL)) {
		if (t.n_addrs) {
			addr_text(&t.addrs[0].addr, addr, sizeof(addr));
			url = text_format(strchr(addr, ':') ? "http://[%s]:%u/" : "http://%s:%u/", addr,
					  door->seen.port);
		}
		target_free(&t);
	}
	target_names_free(&members);
	return url;
}

static bool try_probe(struct plan_facts *f, const char *url, struct fl_error *err)
{
	const struct http_request req = {
		.url = url, .timeout_ns = 5 * NS_PER_SEC, .body_max = HTTP_BODY_MAX, .fresh = true
	};
	struct http_response r = {};
	bool passed;

	if (http_fetch(&req, &r, err))
		return false;
	passed = r.complete && r.status == 200;
	f->probe_tries++;
	f->probe_passed += passed;
	if (passed)
		f->probe_slowest_s = fmax(f->probe_slowest_s, r.elapsed_ms / 1e3);
	text_free(&r.body);
	return passed;
}

/* What it is when nothing is wrong. One that is derived has to pass at once, or it is none. */
static int ask_probe(struct plan_command *o, struct fl_error *err)
{
	struct plan_facts *f = &o->plan.facts;
	_cleanup_free_ char *url = o->probe ? strdup(o->probe) : url_of_stack(o);
	bool derived = !url;
	int i, r;

	if (!url)
		url = url_of_door(f);
	if (!url)
		return 0;
	r = http_check_url(url, err);
	if (r)
		return r;
	for (i = 0; i < PROBE_TRIES; i++) {
		bool passed = try_probe(f, url, NULL);

		if (!passed && derived && !i)
			break;
		if (!cmd_wait_ns(PROBE_EVERY_NS))
			break;
	}
	if (derived && !f->probe_passed)
		f->probe_tries = 0;
	else
		f->probe_url = take_ptr(url);
	if (f->probe_url && f->probe_passed < f->probe_tries)
		fprintf(stderr,
			"note: the probe passed %u of %u times while nothing was wrong: without a steady state nothing "
			"is "
			"injected\n",
			f->probe_passed, f->probe_tries);
	return 0;
}

/* --- the pipeline ------------------------------------------------------------------------------- */

static void ask_pipeline(struct plan_command *o)
{
	struct pipeline_config c = { .url = strdup(o->options.pipeline_url),
				     .adapter = o->options.adapter ? strdup(o->options.adapter) : NULL,
				     .timeout_ns = 5 * NS_PER_SEC };
	struct fl_error why = {};

	if (!c.url || pipeline_learn(&c, &why))
		snprintf(o->said, sizeof(o->said), "It was asked and gave no answer to go by: %s", why.message);
	else
		snprintf(o->said, sizeof(o->said), "It was asked: %s", c.learned ? c.learned->said : "it answers");
	url_mask(o->said);
	fprintf(stderr, "pipeline: %s\n", o->said);
	o->options.pipeline_said = o->said;
	free(c.url);
	free(c.adapter);
	free(c.learned);
}

/* The Compose project that all of them are of; "": of none, or of several. */
static void one_project(const struct plan_facts *f, char *ret, size_t size)
{
	static const char prefix[] = "docker:";
	uint32_t i;

	ret[0] = '\0';
	for (i = 1; i < f->n; i++) { /* 0: whatever else there is */
		const char *spec = f->services[i].spec, *slash = strchr(spec, '/');
		_cleanup_free_ char *of = NULL;

		if (!strncmp(spec, prefix, strlen(prefix)) && slash)
			of = strndup(spec + strlen(prefix), (size_t)(slash - spec) - strlen(prefix));
		if (!of || strchr(of, '=') || (*ret && strcmp(ret, of) != 0)) {
			ret[0] = '\0';
			return;
		}
		text_copy(ret, size, of);
	}
}

static void say_made(struct plan_command *o)
{
	time_t now = time(NULL);
	struct utsname u = {};
	struct tm tm;
	char day[32];

	uname(&u);
	strftime(day, sizeof(day), "%Y-%m-%d", localtime_r(&now, &tm));
	snprintf(o->made, sizeof(o->made), "Made by faultline plan on %s, Linux %.60s.", day, u.release);
	one_project(&o->plan.facts, o->title, sizeof(o->title));
	if (!*o->title)
		text_copy(o->title, sizeof(o->title), o->plan.facts.lab ? "lab" : "stack");
	o->options.title = o->title;
	o->options.made = o->made;
}

int plan_cmd_ask(struct plan_command *o, struct fl_error *err)
{
	int r = ask_probe(o, err);

	if (r)
		return r;
	if (o->options.pipeline_url) {
		r = http_check_url(o->options.pipeline_url, err);
		if (r)
			return r;
		ask_pipeline(o);
	}
	say_made(o);
	return 0;
}
