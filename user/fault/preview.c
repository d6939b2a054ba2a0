// SPDX-License-Identifier: GPL-2.0-only
/* preview.c - see preview.h */
#include <stdlib.h>
#include <string.h>

#include "fault/net/net_guard.h"
#include "fault/net/net_match.h"
#include "fault/overlap.h"
#include "fault/preview.h"
#include "os/sockets.h"
#include "target/expand.h"
#include "target/process/member.h"
#include "target/process/process.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"
#include "util/schedule/schedule.h"
#include "util/text/cidr.h"
#include "util/text/text.h"
#include "util/text/units.h"

static bool acts_on_packets(const struct fault *f)
{
	return f->ops->compile && f->ops->rules;
}

/* --- processes ------------------------------------------------------------------------------------ */

static json_t *command_of(pid_t pid)
{
	_cleanup_free_ char *path = text_format("/proc/%d/comm", (int)pid), *text = NULL;

	if (!path || file_read(path, 64, &text, NULL, NULL))
		return json_null();
	text[strcspn(text, "\n")] = '\0';
	return json_foreign(text);
}

static json_t *processes_json(const struct target *t, struct fl_error *err)
{
	_cleanup_free_ struct process_id *v = NULL;
	json_t *all = json_array();
	uint32_t n = 0, i;

	if (process_list(t, &v, &n, err))
		return all;
	for (i = 0; i < n; i++)
		json_array_append_new(all,
				      json_pack("{s:i, s:o}", "pid", (int)v[i].pid, "command", command_of(v[i].pid)));
	return all;
}

/* --- flows ---------------------------------------------------------------------------------------- */

static json_t *end_json(const struct in6_addr *addr, uint16_t port)
{
	char text[INET6_ADDRSTRLEN];

	addr_text(addr, text, sizeof(text));
	return json_sprintf(strchr(text, ':') ? "[%s]:%u" : "%s:%u", text, port);
}

static json_t *flows_json(const struct target *t, const struct net_matcher *m, const struct guard *g,
			  struct fl_error *err)
{
	_cleanup_free_ struct tcp_connection *v = NULL;
	json_t *all = json_array();
	uint32_t n = 0, i;

	if (t->netns_fd < 0 || sockets_tcp(t->netns_fd, &v, &n, err))
		return all;
	for (i = 0; i < n; i++) {
		const struct tcp_connection *c = &v[i];
		bool spared = g && guard_holds(g, &c->local, c->local_port, &c->peer, c->peer_port, IPPROTO_TCP);

		/* What never leaves the namespace passes no interface of the host. */
		if (c->idle_ms > PREVIEW_FLOWS_MS || !memcmp(&c->local, &c->peer, sizeof(c->local)) ||
		    !net_matches(m, c->local_port, &c->peer, c->peer_port, IPPROTO_TCP))
			continue;
		json_array_append_new(all, json_pack("{s:o, s:o, s:f, s:b, s:b}", "local",
						     end_json(&c->local, c->local_port), "peer",
						     end_json(&c->peer, c->peer_port), "idle_s", c->idle_ms / 1e3,
						     "closed", c->closed, "spared", spared));
	}
	return all;
}

/* --- the target ----------------------------------------------------------------------------------- */

static json_t *interfaces_json(const struct target *t)
{
	json_t *all = json_array();
	uint32_t i;

	for (i = 0; i < t->n_veths; i++)
		json_array_append_new(all, json_string(t->veths[i].ifname));
	return all;
}

static json_t *target_json(const struct fault *f, const struct target *t, const struct net_matcher *m,
			   const struct guard *g, const struct fl_error *blind)
{
	struct fl_error err = *blind;
	char members[200] = "";
	json_t *processes = processes_json(t, &err);
	json_t *flows = acts_on_packets(f) && !blind->exit ? flows_json(t, m, g, &err) : json_null();

	target_members_text(t, members, sizeof(members));
	return json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "name", t->name, "provider", t->provider,
			 "container", !strcmp(t->provider, "docker") && t->id[0] ? json_string(t->id) : json_null(),
			 "members", members, "note", t->note[0] ? json_foreign(t->note) : json_null(), "processes",
			 processes, "interfaces", interfaces_json(t), "flows", flows, "error",
			 err.exit ? json_string(err.message) : json_null());
}

static json_t *targets_json(const struct fault *f)
{
	struct net_matcher m = {};
	struct guard *g = NULL;
	struct fl_error err = {};
	json_t *all = json_array();
	uint32_t i;

	if (acts_on_packets(f) && !net_matcher_make(f, &m, &err))
		net_guard_make(&g, &err);
	for (i = 0; i < f->n_targets; i++)
		json_array_append_new(all, target_json(f, &f->targets[i], &m, g, &err));
	net_matcher_free(&m);
	free(g);
	return all;
}

/* --- share, stack, undo --------------------------------------------------------------------------- */

/* "30% of packets": the help of the parameter says of what. */
static void append_share(const struct params *p, const char *name, struct text *t)
{
	static const char of[] = "share of ";
	const struct param_value *v = params_find(p, name);
	const char *what = v && v->param->help ? v->param->help : "";

	if (!v || v->param->type != PARAM_PERCENT || !v->set || strncmp(what, of, strlen(of)))
		return;
	what += strlen(of);
	text_append(t, "%s%s of %.*s", t->len ? ", " : "", v->text, (int)strcspn(what, ","), what);
}

static json_t *share_json(const struct fault *f)
{
	struct text t = {};
	json_t *o;

	append_share(&f->params, "percent", &t);
	append_share(&f->params, "share", &t);
	o = json_string(t.s ? t.s : "all");
	text_free(&t);
	return o;
}

/* The services that are known here, and what each is; asked for once, a dry run may be of 150 experiments. */
struct known_service {
	char *name;
	struct target *members; /* found when it matters */
	uint32_t n_members;
	bool found;
};

static struct known_service *services;
static int n_services = -1;

static void learn_services(void)
{
	_cleanup_free_ char **names = NULL;
	int n = 0;

	if (n_services >= 0)
		return;
	n_services = 0;
	if (target_names(&names, NULL))
		return;
	while (names[n])
		n++;
	services = calloc((size_t)n + 1, sizeof(*services));
	while (services && n_services < n && (services[n_services].name = strdup(names[n_services])))
		n_services++;
}

static void find_members(struct known_service *s)
{
	const struct target_options any = {};
	struct target_names specs = {};
	struct target_set set;
	uint32_t i;

	s->found = true;
	if (!target_expand(s->name, NULL, &specs, &set, NULL))
		s->members = calloc(specs.n + 1, sizeof(*s->members));
	for (i = 0; s->members && i < specs.n; i++)
		if (!target_resolve(specs.v[i], &any, &s->members[s->n_members], NULL))
			s->n_members++;
	target_names_free(&specs);
}

/* By its name, or by a process of the one that is the other's: docker:ID, netns:NAME and pid:N name services too. */
static bool is_of_service(const struct target *t, struct known_service *s)
{
	uint32_t i;

	if (!strcmp(s->name, t->name) || !strcmp(s->name, t->scope))
		return true;
	if (!s->found)
		find_members(s);
	for (i = 0; i < s->n_members; i++)
		if ((t->pid && target_holds(&s->members[i], t->pid)) ||
		    (s->members[i].pid && target_holds(t, s->members[i].pid)))
			return true;
	return false;
}

/* Of the services that are known here, those that are targets. */
static json_t *stack_json(const struct fault *f)
{
	json_t *hit = json_array();
	uint32_t k;
	int i;

	learn_services();
	for (i = 0; i < n_services; i++) {
		for (k = 0; k < f->n_targets && !is_of_service(&f->targets[k], &services[i]); k++)
			;
		if (k < f->n_targets)
			json_array_append_new(hit, json_string(services[i].name));
	}
	if (!n_services) {
		json_decref(hit);
		return json_null();
	}
	return json_pack("{s:o, s:i}", "hit", hit, "services", n_services);
}

static json_t *also_json(const struct fault *f)
{
	json_t *rows = overlap_find(f), *lines = json_array(), *row;
	char text[400];
	size_t i;

	json_array_foreach(rows, i, row) {
		json_array_append_new(lines, json_string(overlap_text(row, text, sizeof(text))));
	}
	json_decref(rows);
	return lines;
}

static const char *undone_by(const struct fault *f)
{
	if (f->ops->undone_by)
		return f->ops->undone_by;
	if (acts_on_packets(f))
		return "the kernel, when its time is over, and within a second when faultline does not renew its "
		       "lease any more; then nothing is left but programs that do nothing, which faultline, "
		       "its guardian or `faultline recover` detach";
	return "faultline when it ends; its guardian when faultline dies; `faultline recover` when both do: "
	       "what is to be undone is written down before it is done";
}

/* [{"param": "delay", "words": "a ramp from ..."}] */
static json_t *schedules_json(const struct params *p)
{
	json_t *all = json_array();
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		const struct param_value *v = &p->v[i];
		_cleanup_free_ char *words = v->schedule ? schedule_words(v->param, v->schedule) : NULL;

		if (words)
			json_array_append_new(all, json_pack("{s:s, s:s}", "param", v->param->name, "words", words));
	}
	return all;
}

json_t *preview_of(const struct fault *f, uint64_t for_ns)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "kind", f->ops->name, "params",
			 params_json(&f->params), "for_s", for_ns ? json_real((double)for_ns / 1e9) : json_null(),
			 "targets", targets_json(f), "share", share_json(f), "stack", stack_json(f), "spared",
			 net_guard_named(f), "also", also_json(f), "undone_by", undone_by(f), "schedules",
			 schedules_json(&f->params));
}
