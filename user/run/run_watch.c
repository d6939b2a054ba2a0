// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_watch.c - the steady state, and the expressions that end an experiment early. They are looked
 * at every second and at every try of the probe, so from a breach to the rollback it is one second
 * at most.
 */
#include <errno.h>
#include <math.h>

#include "run/run_private.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/utf8.h"

bool run_is_steady(struct run *r, uint64_t from_ns)
{
	const struct probe_config *c = &r->suite->probe;
	uint64_t now = clock_mono_ns();
	struct probe_summary sum;

	if (!r->probe)
		return true;
	if (from_ns < r->probe_since_ns)
		from_ns = r->probe_since_ns;
	if (now - from_ns < c->steady_window_ns)
		return false;
	probe_summarise(r->probe, now - c->steady_window_ns, now, &sum);
	return sum.n && sum.pass_rate >= c->steady_ppm / 1e6;
}

/* Clauses of the hypothesis that do not hold now: the objective is the experiment's own promise. */
static int count_breaches(struct run *r, double *ret)
{
	const struct turn *t = &r->turn;
	bool known = false;
	uint32_t i;

	*ret = 0;
	for (i = 0; i < t->x->n_clauses; i++) {
		const struct expr_clause *c = &t->x->clauses[i];
		double value;

		/* A hypothesis about breaches would ask for itself. */
		if (!strcmp(c->metric, "slo_breach") || metrics_now(r->metrics, c, t->inject_ns, &value))
			continue;
		known = true;
		*ret += !expr_compare(c->op, value, c->value);
	}
	return known ? 0 : -ENODATA;
}

double run_alerts(const struct turn *t, const struct expr_clause *clause)
{
	const char *level = strstr(clause->labels, "level=");
	double n = 0;
	uint32_t i;

	for (i = 0; i < t->result.alerts.n; i++) {
		const struct alert *a = &t->result.alerts.v[i];

		if (isnan(a->time_s) || a->time_s < t->result.inject)
			continue;
		n += !level || alert_level_is(a->severity, level + strlen("level="));
	}
	return n;
}

int run_other_metric(void *ctx, const struct metric_source *source, const struct expr_clause *clause, double *ret)
{
	struct run *r = ctx;

	if (source->kind == METRIC_SLO_BREACH)
		return count_breaches(r, ret);
	if (source->kind == METRIC_RETRIES)
		return run_retries(r, &r->turn, clock_mono_ns(), ret);
	*ret = run_alerts(&r->turn, clause);
	return 0;
}

static int lookup(void *ctx, const struct expr_clause *clause, double *ret)
{
	struct run *r = ctx;

	return metrics_now(r->metrics, clause, r->turn.inject_ns, ret);
}

static bool is_breached(struct run *r, struct expr *e, enum rollback_cause cause)
{
	struct turn *t = &r->turn;
	struct fl_error err = {};
	uint64_t now = clock_mono_ns();
	bool breached = false;

	if (!e || expr_eval(e, now, lookup, r, &breached, t->cause_text, sizeof(t->cause_text), &err) || !breached)
		return false;
	utf8_mend(t->cause_text);
	t->cause = cause;
	t->breach_ns = now;
	events_write(r->events, "breach", t->x->id,
		     json_pack("{s:s, s:s}", "expression", expr_text(e), "why", t->cause_text));
	return true;
}

void run_watch(struct run *r)
{
	const struct experiment *x = r->turn.x;
	bool breached;
	size_t i;

	run_begin_watch(r);
	if (r->state != RUN_INJECT || !r->turn.inject_ns)
		return;
	breached = is_breached(r, x->trigger_when, BY_TRIGGER);
	for (i = 0; !breached && x->aborts && x->aborts[i]; i++)
		breached = is_breached(r, x->aborts[i], BY_ABORT);
	if (!breached)
		return;
	run_report_progress(r, false, r->turn.cause_text);
	run_enter(r, RUN_ROLLBACK);
	run_tick(r);
}
