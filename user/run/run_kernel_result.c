// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_kernel_result.c - what the kernel measured around a fault, in its entry of chaos_results.json:
 * each service and edge before, during and after, and the moments of the experiment on one clock.
 * docs/results.md explains the keys.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/kernel_json.h"
#include "measure/visible/anomaly.h"
#include "run/run_private.h"
#include "run/suite_scope.h"
#include "util/clock.h"

#define FAULTS_NAMED 64 /* targets of an experiment */

/* A time on CLOCK_MONOTONIC, in epoch seconds. */
static double wall_of(const struct turn *t, uint64_t at_ns)
{
	return t->result.inject + ((double)at_ns - (double)t->inject_ns) / 1e9;
}

/* A time on CLOCK_MONOTONIC, on the wall clock, and after the fault became active; null for 0. */
static json_t *moment(const struct turn *t, uint64_t at_ns, uint64_t active_ns)
{
	if (!at_ns)
		return json_null();
	return json_pack("{s:I, s:f, s:f}", "mono_ns", (json_int_t)at_ns, "wall", wall_of(t, at_ns), "after_active_s",
			 ((double)at_ns - (double)active_ns) / 1e9);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

/* The pipeline's own time of its first alert; it lives on the wall clock. */
static uint64_t first_alert_ns(const struct turn *t)
{
	const struct result *result = &t->result;

	if (!result->detected || isnan(result->mttd_s))
		return 0;
	return t->inject_ns + (uint64_t)(fmax(result->mttd_s, 0) * 1e9);
}

static json_t *symptom_json(const struct run *r, uint64_t active_ns, uint64_t began_ns)
{
	const struct symptom_watch *w;
	const char(*names)[128];
	struct symptom s;
	json_t *o;

	if (!r->kernel.series || !run_kernel_symptom(r, began_ns, &w, &s))
		return json_null();
	series_services(r->kernel.series, &names);
	o = moment(&r->turn, s.first.at_ns, active_ns);
	json_object_set_new(o, "client", json_string(names[w->match.client]));
	json_object_set_new(o, "server", json_string(names[w->match.server]));
	json_object_set_new(o, "seen_by", json_string(w->match.vantage == METER_AS_CLIENT ? "client" : "server"));
	json_object_set_new(o, "latency_ms", json_real((double)s.first.latency_ns / 1e6));
	json_object_set_new(o, "status", json_integer(s.first.status));
	json_object_set_new(o, "slow_ms", w->slow_ns ? json_real((double)w->slow_ns / 1e6) : json_null());
	json_object_set_new(o, "half_seconds", json_integer(s.run));
	json_object_set_new(o, "bad_half_seconds", json_integer(s.bad));
	json_object_set_new(o, "probability", json_real(exp(s.log_probability)));
	return o;
}

/*
 * When the first of its faults began to do something. One with rules does nothing before its first hit,
 * which the kernel dates; of others it is known when they were switched on. UINT64_MAX: nothing was ever hit.
 */
static uint64_t began_ns(const struct turn *t)
{
	uint64_t began = UINT64_MAX, own;
	uint32_t i;

	for (i = 0; i < t->n_faults; i++) {
		const struct run_fault *f = &t->faults[i];

		own = f->fault.active_ns;
		if (f->fault.ops->compile)
			own = f->proof.injected ? f->proof.first_hit_ns : 0;
		if (own && own < began)
			began = own;
	}
	return began;
}

int run_scope(const struct run *r, const struct turn *t, struct scope *ret)
{
	const char *names[FAULTS_NAMED + 1] = {};
	uint32_t n = 0, i, k;

	for (i = 0; i < t->n_faults; i++)
		for (k = 0; k < t->faults[i].fault.n_targets && n + 1 < FAULTS_NAMED; k++) {
			const struct target *target = &t->faults[i].fault.targets[k];

			names[n++] = target->name;
			if (target->scope[0]) /* one instance of a service that is measured as one */
				names[n++] = target->scope;
		}
	return suite_scope(r->suite, r->kernel.series, names, ret);
}

static void add_once(json_t *list, json_t *value)
{
	json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (json_equal(v, value)) {
			json_decref(value);
			return;
		}
	json_array_append_new(list, value);
}

void run_note_graph(struct run *r, const struct turn *t)
{
	struct series_edge *edges = NULL;
	const char(*names)[128];
	struct scope scope;
	uint32_t n, i;

	if (r->suite->graph || !r->kernel.series || run_scope(r, t, &scope))
		return;
	if (!r->graph)
		r->graph = json_pack("{s:[], s:[]}", "services", "edges");
	n = series_services(r->kernel.series, &names);
	for (i = 1; i < n; i++)
		if (scope.near[i])
			add_once(json_object_get(r->graph, "services"), json_string(names[i]));
	n = series_edges(r->kernel.series, &edges);
	for (i = 0; edges && i < n; i++)
		if (edges[i].client && scope_has_edge(&scope, edges[i].client, edges[i].server))
			add_once(json_object_get(r->graph, "edges"),
				 json_pack("[s, s]", names[edges[i].client], names[edges[i].server]));
	free(edges);
	scope_free(&scope);
	if (r->out.manifest) /* it is written at the end */
		json_object_set(r->out.manifest, "graph", r->graph);
}

json_t *run_anomaly_json(const struct run *r, const struct turn *t)
{
	const struct anomaly_times times = { t->baseline_ns, t->inject_ns, t->end_ns };
	struct scope scope;
	struct anomaly a;
	json_t *o, *points;
	int rc;

	if (!r->kernel.series || !t->end_ns || run_scope(r, t, &scope))
		return json_null();
	rc = anomaly_find(r->kernel.series, &scope, &times, &a);
	scope_free(&scope);
	if (rc)
		return json_null();
	o = json_pack("{s:b, s:i, s:i, s:i, s:i, s:i}", "found", a.found, "looked_at", (int)a.looked_at, "controls",
		      (int)a.controls, "controls_moved", (int)a.controls_moved, "baseline_tried", (int)a.tried,
		      "baseline_spoke", (int)a.spoke);
	if (!a.metric)
		return o;
	json_object_update_new(o, json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:i}", "client",
					    a.client, "service", a.server, "metric", a.metric, "unit", a.unit, "before",
					    a.before, "during", a.during, "spread", a.spread, "spreads", a.spreads,
					    "lasted_s", a.lasted_s, "p", a.p, "window_s", a.window_s,
					    "baseline_windows", (int)a.baseline_windows));
	points = kernel_points(r->kernel.series, a.client, a.server, a.metric, t->baseline_ns, clock_mono_ns());
	if (points) {
		json_object_set_new(points, "start", json_real(wall_of(t, t->baseline_ns)));
		json_object_set_new(o, "points", points);
	}
	return o;
}

json_t *run_kernel_json(const struct run *r, const struct turn *t)
{
	const uint64_t borders[4] = { t->baseline_ns, t->inject_ns, t->end_ns, clock_mono_ns() };

	struct scope scope;
	json_t *list;

	if (!r->kernel.series || !t->end_ns || run_scope(r, t, &scope))
		return json_array();
	list = kernel_entries(r->kernel.series, &scope, borders);
	scope_free(&scope);
	return list;
}

json_t *run_moments_json(const struct run *r, const struct turn *t)
{
	uint64_t armed = 0, active = 0, hit = 0;
	uint32_t i;

	for (i = 0; i < t->n_faults; i++) {
		armed = t->faults[i].fault.armed_ns > armed ? t->faults[i].fault.armed_ns : armed;
		active = earliest(active, t->faults[i].fault.active_ns);
		hit = earliest(hit, t->faults[i].proof.first_hit_ns);
	}
	active = active ? active : t->inject_ns;
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "clock", "CLOCK_MONOTONIC", "armed",
			 moment(t, armed, active), "active", moment(t, active, active), "first_hit",
			 moment(t, hit, active), "first_symptom", symptom_json(r, active, began_ns(t)), "first_alert",
			 moment(t, first_alert_ns(t), active));
}
