// SPDX-License-Identifier: GPL-2.0-only
/*
 * scale.c - the same suite with every window longer or shorter: baseline, cooldown, grace, the probe's interval
 * and windows, durations, offsets, capture windows, schedules, distances of what happens again and again, and "for 30s"
 * in conditions. What a fault does (a delay, a share) and time limits of calls stay; so does the time in which a stack
 * has to recover, unless windows become longer.
 */
#include "model/experiment.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/schedule/schedule.h"
#include "util/text/units.h"

#define INTERVAL_LEAST_NS (50 * NS_PER_MSEC)

static void scale_ns(uint64_t *ns, double factor)
{
	*ns = (uint64_t)((double)*ns * factor + 0.5);
}

static int scale_params(struct params *p, double factor, struct fl_error *err)
{
	static const char *const names[] = { "every", "after" };
	uint32_t i;
	size_t k;
	int r = 0;

	for (i = 0; i < p->n; i++)
		for (k = 0; !r && k < ARRAY_SIZE(names); k++) {
			const struct param_value *v = &p->v[i];
			uint64_t ns = v->u64;
			char text[32];

			if (strcmp(v->param->name, names[k]) != 0 || v->param->type != PARAM_DURATION || !v->set)
				continue;
			scale_ns(&ns, factor);
			/* More often than once a second is no fault that anybody asked for. */
			if (ns < NS_PER_SEC && v->u64 >= NS_PER_SEC)
				ns = NS_PER_SEC;
			r = params_set(p, names[k], units_format_ns(ns, text, sizeof(text)), err);
		}
	return r;
}

static int scale_schedules(struct params *p, double factor, struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < p->n; i++)
		if (p->v[i].schedule)
			r = schedule_scale(p->v[i].schedule, factor, err);
	return r;
}

static int scale_experiment(struct experiment *x, double factor, struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	scale_ns(&x->duration_ns, factor);
	scale_ns(&x->window_before_ns, factor);
	scale_ns(&x->window_after_ns, factor);
	for (i = 0; i < x->n_clauses; i++)
		scale_ns(&x->clauses[i].for_ns, factor);
	expr_scale(x->when, factor);
	scale_ns(&x->within_ns, factor);
	scale_ns(&x->after_ns, factor);
	expr_scale(x->trigger_when, factor);
	for (i = 0; x->aborts && x->aborts[i]; i++)
		expr_scale(x->aborts[i], factor);
	for (i = 0; !r && i < x->n_faults; i++) {
		scale_ns(&x->faults[i].offset_ns, factor);
		scale_ns(&x->faults[i].duration_ns, factor);
		r = scale_params(&x->faults[i].params, factor, err);
		if (!r)
			r = scale_schedules(&x->faults[i].params, factor, err);
	}
	return r;
}

int suite_scale(struct suite *s, double factor, struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	s->scale = factor;
	scale_ns(&s->baseline_ns, factor);
	scale_ns(&s->cooldown_ns, factor);
	scale_ns(&s->grace_ns, factor);
	scale_ns(&s->probe.interval_ns, factor);
	if (s->probe.interval_ns < INTERVAL_LEAST_NS)
		s->probe.interval_ns = INTERVAL_LEAST_NS;
	scale_ns(&s->probe.steady_window_ns, factor);
	/* A limit and no window: a stack recovers no sooner because the run is shorter. */
	if (factor > 1)
		scale_ns(&s->probe.recover_within_ns, factor);
	for (i = 0; !r && i < s->n; i++)
		r = scale_experiment(&s->experiments[i], factor, err);
	return r;
}
