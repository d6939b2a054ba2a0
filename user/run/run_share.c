// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_share.c - a fault that touches a share of the flows, or some instances of a service, is a randomised trial: the
 * meter keeps those that it touches and the others apart, from the baseline on, by the hash that the fault itself
 * decides by. What differs between the two while it is on is its effect; what differs before is chance, and stands
 * beside it.
 *
 * Limits: the edges whose ends are both measured, or whose client is; a client sees what lies between it and the
 * server, and no one else does. A share that changes while the fault is on is no trial.
 */
#include <errno.h>
#include <string.h>

#include "fault/net/net.h"
#include "measure/trial/effect_json.h"
#include "run/run_private.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define PEERS_MAX 16
#define HIT_MAX   64 /* addresses of the instances that are hit */

static const struct net_matching *matching_of(const struct fault *f)
{
	bool net = f->ops && (f->ops->common == net_match_params || f->ops->common == net_packet_params);

	return net && f->ops->compile ? f->params.common : NULL;
}

/* Which attempts to connect its kind draws by "percent"; 0: it draws none. */
static uint8_t attempts_of(const struct fault *f)
{
	static const uint8_t masks[] = {
		[NET_FROM] = 1 << FL_DIR_FROM, [NET_TO] = 1 << FL_DIR_TO, [NET_BOTH] = 1 << FL_DIR_FROM | 1 << FL_DIR_TO
	};
	const struct net_matching *m = matching_of(f);
	const struct net_own *own = f->params.own;
	struct fl_rule rule = {};

	if (!m || m->share_ppm < FL_PPM || f->ops->compile(&f->params, &rule, NULL) || !rule.more.by_attempt)
		return 0;
	return own->percent_ppm < FL_PPM ? masks[own->direction] : 0;
}

static uint32_t share_of(const struct fault *f)
{
	const struct net_matching *m = matching_of(f);
	const struct net_own *own = f->params.own;

	if (!m || !m->seed.set)
		return FL_PPM;
	return attempts_of(f) ? own->percent_ppm : m->share_ppm ? m->share_ppm : FL_PPM;
}

/* Whose flows the fault is about, among those of its targets. */
static int trial_of(const struct fault *f, struct fl_trial *ret)
{
	static const struct fl_port_range any = { 0, 65535 };
	const struct net_matching *m = matching_of(f);
	struct fl_rule rule = { .port = any, .local_port = any, .peer_port = any };

	if (m && f->ops->compile(&f->params, &rule, NULL))
		return -EINVAL;
	*ret = (struct fl_trial){
		.seed = m ? m->seed.u64 : 0,
		.share_ppm = share_of(f),
		.by = FL_TRIAL_FLOWS,
		.attempts = attempts_of(f),
		.protocol = rule.protocol,
		.port = rule.port,
		.local_port = rule.local_port,
		.peer_port = rule.peer_port,
	};
	return 0;
}

/* The addresses of the fault's targets that are called, or are instances of what is called, @name. */
static uint32_t addresses_of(const struct fault *f, const char *name, struct in6_addr *ret, bool *ret_some)
{
	uint32_t n = 0, i, k;

	*ret_some = true;
	for (i = 0; i < f->n_targets; i++) {
		const struct target *t = &f->targets[i];

		if (strcmp(t->name, name) != 0 && strcmp(t->scope, name) != 0)
			continue;
		*ret_some &= t->scope[0] && !t->takes_all;
		for (k = 0; k < t->n_addrs && n < HIT_MAX; k++)
			ret[n++] = t->addrs[k].addr;
	}
	return n;
}

/* Of one name: instances that are hit against those that are not, or flows against flows. */
static bool begin_for(struct run *r, const struct run_fault *f, const struct fl_trial *trial, const char *name,
		      bool *ret_instances)
{
	struct in6_addr hit[HIT_MAX];
	bool some;
	uint32_t n = addresses_of(&f->fault, name, hit, &some);
	int rc = some ? meter_trial_of(r->kernel.meter, name, trial, hit, n, NULL) : -ENODATA;

	*ret_instances = !rc && trial->share_ppm == FL_PPM;
	if (rc != -ENODATA)
		return !rc;
	return trial->share_ppm < FL_PPM && !meter_trial(r->kernel.meter, name, trial, NULL);
}

/* What its target is called where it is measured: an instance may be measured as its service. Told once. */
static void begin_target(struct run *r, struct run_fault *f, const struct fl_trial *trial, const struct target *t)
{
	const char *const names[] = { t->scope, t->name };
	struct run_share *s = &f->share;
	uint32_t i, k;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		for (k = 0; k < s->n && strcmp(s->names[k], names[i]) != 0; k++)
			;
		if (k < s->n || k == SHARE_NAMES)
			return;
		if (!*names[i] || !begin_for(r, f, trial, names[i], &s->instances))
			continue;
		text_copy(s->names[s->n++], sizeof(s->names[0]), names[i]);
		return;
	}
}

static void read_groups(struct run *r, struct meter_snapshot *to)
{
	meter_snapshot_free(to);
	if (meter_read_groups(r->kernel.meter, to, NULL))
		*to = (struct meter_snapshot){};
}

void run_share_begin(struct run *r)
{
	struct turn *t = &r->turn;
	uint32_t i, k;

	for (i = 0; r->kernel.meter && !t->without_fault && i < t->n_faults; i++) {
		struct run_fault *f = &t->faults[i];
		struct fl_trial trial;

		run_share_free(&f->share);
		if (trial_of(&f->fault, &trial))
			continue;
		for (k = 0; k < f->fault.n_targets; k++)
			begin_target(r, f, &trial, &f->fault.targets[k]);
		f->share.share_ppm = trial.share_ppm;
		f->share.ungrouped = meter_ungrouped(r->kernel.meter);
		if (f->share.n)
			read_groups(r, &f->share.baseline);
	}
}

void run_share_on(struct run *r, struct run_fault *f)
{
	if (f->share.n)
		read_groups(r, &f->share.began);
}

/* Measured services that "peer" names, ended by NULL; NULL where it says more than that. */
static const char *const *peers_of(const struct net_matching *m, const struct meter_snapshot *s, char *words,
				   size_t size, const char *room[PEERS_MAX + 1])
{
	char *word, *at;
	uint32_t n = 0, i;

	if (!m || !m->peer || !text_copy(words, size, m->peer))
		return NULL;
	for (word = strtok_r(words, ", ", &at); word; word = strtok_r(NULL, ", ", &at)) {
		for (i = 1; i < s->n_services && strcmp(s->services[i], word) != 0; i++)
			;
		if (i == s->n_services || n == PEERS_MAX)
			return NULL;
		room[n++] = word;
	}
	room[n] = NULL;
	return n ? room : NULL;
}

static bool same_edge(json_t *a, json_t *b)
{
	json_t *client = json_object_get(a, "client"), *other = json_object_get(b, "client");

	return json_equal(json_object_get(a, "service"), json_object_get(b, "service")) &&
	       (client == other || json_equal(client, other));
}

static json_t *edges_json(const struct run_share *s, const struct meter_snapshot *now, const char *service,
			  const char *const *peers)
{
	json_t *edges = effect_edges(&s->began, now, service, peers), *before, *e, *b;
	size_t i, k;

	before = effect_edges(&s->baseline, &s->began, service, peers);
	json_array_foreach(edges, i, e) {
		json_object_set_new(e, "before", json_null());
		json_array_foreach(before, k, b)
			if (same_edge(e, b))
				json_object_set(e, "before", json_object_get(b, "latency_ms"));
	}
	json_decref(before);
	return edges ? edges : json_array();
}

static bool has_schedule(const struct fault *f)
{
	json_t *course;
	size_t i;

	json_array_foreach(f->courses, i, course)
		if (!strcmp(json_string_value(json_object_get(course, "param")) ?: "",
			    attempts_of(f) ? "percent" : "share"))
			return true;
	return false;
}

static json_t *answer(const struct run_fault *f, const struct meter_snapshot *now, const char *name)
{
	const struct net_matching *m = matching_of(&f->fault);
	bool fixed = share_of(&f->fault) == f->share.share_ppm && !has_schedule(&f->fault);
	const char *room[PEERS_MAX + 1];
	char words[1024];
	json_t *edges = NULL;

	if (fixed)
		edges = edges_json(&f->share, now, name, peers_of(m, now, words, sizeof(words), room));
	return json_pack("{s:s, s:s, s:s, s:s, s:f, s:o, s:o}", "fault", f->fault.id, "kind", f->fault.ops->name,
			 "target", name, "unit",
			 f->share.instances       ? "instance"
			 : attempts_of(&f->fault) ? "attempt"
						  : "flow",
			 "share", f->share.share_ppm / 1e6, "why",
			 fixed ? json_null() : json_string("its share changed while it was on"), "edges",
			 edges ? edges : json_array());
}

void run_share_off(struct run *r, struct run_fault *f)
{
	struct meter_snapshot now = {};
	uint64_t lost;
	uint32_t i;

	if (!f->share.n || !f->share.began.taken_ns)
		return;
	read_groups(r, &now);
	lost = meter_ungrouped(r->kernel.meter) - f->share.ungrouped;
	if (!r->turn.effects)
		r->turn.effects = json_array();
	for (i = 0; now.taken_ns && i < f->share.n; i++) {
		json_t *o = answer(f, &now, f->share.names[i]);

		json_object_set_new(o, "ungrouped", json_integer((json_int_t)lost));
		json_array_append_new(r->turn.effects, o);
		meter_trial(r->kernel.meter, f->share.names[i], NULL, NULL);
	}
	f->share.n = 0;
	meter_snapshot_free(&now);
}

void run_share_free(struct run_share *s)
{
	meter_snapshot_free(&s->baseline);
	meter_snapshot_free(&s->began);
	*s = (struct run_share){};
}

void run_share_end(struct run *r)
{
	uint32_t i, k;

	for (i = 0; i < r->turn.n_faults; i++)
		for (k = 0; k < r->turn.faults[i].share.n; k++)
			meter_trial(r->kernel.meter, r->turn.faults[i].share.names[k], NULL, NULL);
}
