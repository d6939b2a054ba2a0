// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_share.c - a fault that touches a share of the flows is a randomised trial: the meter keeps those that it touches
 * and the others apart, from the baseline on, by the hash that the fault itself decides by. What differs between the two
 * while it is on is its effect; what differs before is chance, and stands beside it.
 *
 * Limits: the edges whose ends are both measured, or whose client is; a client sees what lies between it and the
 * server, and no one else does. A share that changes while the fault is on is no trial.
 */
#include <string.h>

#include "fault/net/net.h"
#include "measure/trial/effect_json.h"
#include "run/run_private.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define PEERS_MAX 16

static const struct net_matching *matching_of(const struct fault *f)
{
	bool net = f->ops && (f->ops->common == net_match_params || f->ops->common == net_packet_params);

	return net && f->ops->compile ? f->params.common : NULL;
}

/* Is it a trial, with this turn's parameters? */
static bool is_trial(const struct run_fault *f)
{
	const struct net_matching *m = matching_of(&f->fault);

	return m && m->seed.set && m->share_ppm && m->share_ppm < FL_PPM;
}

/* What its target is called where it is measured: an instance may be measured as its service. */
static int tell_meter(struct run *r, const struct target *t, const struct fl_trial *trial, const char **ret_name)
{
	const char *const names[] = { t->name, t->scope };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		*ret_name = names[i];
		if (*names[i] && !meter_trial(r->kernel.meter, names[i], trial, NULL))
			return 0;
	}
	return -1;
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
	const char *name;
	uint32_t i, k;

	for (i = 0; r->kernel.meter && !t->without_fault && i < t->n_faults; i++) {
		struct run_fault *f = &t->faults[i];
		struct fl_rule rule = {};
		struct fl_trial trial;

		run_share_free(&f->share);
		if (!is_trial(f) || f->fault.ops->compile(&f->fault.params, &rule, NULL))
			continue;
		trial = (struct fl_trial){
			.seed = matching_of(&f->fault)->seed.u64,
			.share_ppm = rule.flow_share_ppm,
			.on = 1,
			.protocol = rule.protocol,
			.port = rule.port,
			.local_port = rule.local_port,
			.peer_port = rule.peer_port,
		};
		for (k = 0; k < f->fault.n_targets; k++)
			f->share.on |= !tell_meter(r, &f->fault.targets[k], &trial, &name);
		f->share.share_ppm = trial.share_ppm;
		f->share.ungrouped = meter_ungrouped(r->kernel.meter);
		if (f->share.on)
			read_groups(r, &f->share.baseline);
	}
}

void run_share_on(struct run *r, struct run_fault *f)
{
	if (f->share.on)
		read_groups(r, &f->share.began);
}

/* Measured services that "peer" names, ended by NULL; NULL where it says more than that. */
static const char *const *peers_of(const struct net_matching *m, const struct meter_snapshot *s, char *words,
				   size_t size, const char *room[PEERS_MAX + 1])
{
	char *word, *at;
	uint32_t n = 0, i;

	if (!m->peer || !text_copy(words, size, m->peer))
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
		if (!strcmp(json_string_value(json_object_get(course, "param")) ?: "", "share"))
			return true;
	return false;
}

void run_share_off(struct run *r, struct run_fault *f)
{
	const struct net_matching *m = matching_of(&f->fault);
	struct meter_snapshot now = {};
	const char *room[PEERS_MAX + 1], *name;
	char words[1024];
	uint32_t i;

	if (!f->share.on || !f->share.began.taken_ns)
		return;
	f->share.on = false;
	read_groups(r, &now);
	if (!r->turn.effects)
		r->turn.effects = json_array();
	for (i = 0; now.taken_ns && i < f->fault.n_targets; i++) {
		bool fixed = m->share_ppm == f->share.share_ppm && !has_schedule(&f->fault);
		json_t *o;

		if (tell_meter(r, &f->fault.targets[i], NULL, &name))
			continue;
		o = json_pack("{s:s, s:s, s:s, s:f, s:I, s:o}", "fault", f->fault.id, "kind", f->fault.ops->name,
			      "target", name, "share", f->share.share_ppm / 1e6, "ungrouped",
			      (json_int_t)(meter_ungrouped(r->kernel.meter) - f->share.ungrouped), "why",
			      fixed ? json_null() : json_string("its share changed while it was on"));
		json_object_set_new(o, "edges",
				    fixed ? edges_json(&f->share, &now, name,
						       peers_of(m, &now, words, sizeof(words), room))
					  : json_array());
		json_array_append_new(r->turn.effects, o);
	}
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
	const char *name;
	uint32_t i, k;

	for (i = 0; i < r->turn.n_faults; i++)
		for (k = 0; r->turn.faults[i].share.on && k < r->turn.faults[i].fault.n_targets; k++)
			tell_meter(r, &r->turn.faults[i].fault.targets[k], NULL, &name);
}
