// SPDX-License-Identifier: GPL-2.0-only
/*
 * order.c - which candidates are written, and in which order: the one that is worth most next. What has been tried is
 * worth less: a kind that comes again, a service that is hit again; and a service, an edge or a kind that no
 * experiment has touched yet is worth more.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plan/rules.h"
#include "util/cleanup.h"

#define AT_LEAST_S   600.0 /* without a budget: as much as fits into ten minutes, and more where that covers not all */
#define SAME_KIND    0.6
#define SAME_SERVICE 0.7
#define NEW_THING    3.0

struct order {
	struct plan *p;
	uint32_t *by_service; /* how often each is hit */
	uint32_t by_kind[64];
	bool *edge_done; /* n x n */
};

static uint32_t kind_of(const struct plan_experiment *x)
{
	return (uint32_t)(x->rule - plan_rules);
}

static uint32_t edge_of(const struct order *o, const struct plan_experiment *x)
{
	return x->faults[0].peer * o->p->facts.n + x->faults[0].target;
}

static bool is_new(const struct order *o, const struct plan_experiment *x)
{
	return !o->by_service[x->faults[0].target] || !o->by_kind[kind_of(x)] ||
	       (x->rule->of_edge && !o->edge_done[edge_of(o, x)]);
}

static double value(const struct order *o, const struct plan_experiment *x)
{
	return x->worth * pow(SAME_KIND, o->by_kind[kind_of(x)]) *
	       pow(SAME_SERVICE, o->by_service[x->faults[0].target]) * (is_new(o, x) ? NEW_THING : 1);
}

/* The best of those behind the first @from; UINT32_MAX: there is none. */
static uint32_t best(const struct order *o, uint32_t from, bool only_new)
{
	uint32_t i, found = UINT32_MAX;
	double most = -1, v;

	for (i = from; i < o->p->n; i++) {
		const struct plan_experiment *x = &o->p->v[i];

		if (x->refused || (only_new && !is_new(o, x)))
			continue;
		v = value(o, x);
		if (v > most) {
			most = v;
			found = i;
		}
	}
	return found;
}

static void take(struct order *o, uint32_t to, uint32_t from)
{
	struct plan_experiment x = o->p->v[from];

	/* Those between keep their order. */
	memmove(&o->p->v[to + 1], &o->p->v[to], (from - to) * sizeof(x));
	x.chosen = true;
	o->p->v[to] = x;
	o->by_service[x.faults[0].target]++;
	o->by_kind[kind_of(&x)]++;
	if (x.rule->of_edge)
		o->edge_done[edge_of(o, &x)] = true;
}

double plan_seconds_each(const struct plan *p)
{
	const struct plan_options *o = &p->options;

	return (double)(o->baseline_ns + o->duration_ns + o->grace_ns + o->cooldown_ns) / 1e9;
}

double plan_seconds(const struct plan *p, uint32_t n)
{
	return n * plan_seconds_each(p);
}

static bool goes_on(const struct plan *p, uint32_t n)
{
	if (n >= PLAN_MAX - 1)
		return false;
	if (p->options.all)
		return true;
	return plan_seconds(p, n + 1) <= (p->options.budget_ns ? (double)p->options.budget_ns / 1e9 : AT_LEAST_S);
}

/* --- two at once ------------------------------------------------------------------------------ */

/* One that may stand beside @a on the same target: another kind, that does not end what the first one needs. */
static bool goes_with(const struct plan_experiment *a, const struct plan_experiment *b)
{
	return a != b && a->faults[0].target == b->faults[0].target && a->rule != b->rule && a->rule->packets &&
	       (b->rule->packets || !strcmp(b->rule->kind, "cpu_saturation") || !strcmp(b->rule->kind, "memory")) &&
	       strcmp(a->rule->kind, "network_partition") && strcmp(b->rule->kind, "network_partition");
}

static void combine(struct plan *p, uint32_t first, uint32_t second)
{
	const struct plan_experiment *a = &p->v[first], *b = &p->v[second];
	struct plan_experiment *to = &p->v[p->n_chosen], x = *a;

	snprintf(x.name, sizeof(x.name), "%s-%s-and-%s", p->facts.services[a->faults[0].target].name, a->rule->kind,
		 b->rule->kind);
	x.faults[1] = b->faults[0];
	x.faults[1].offset_ns = p->options.duration_ns / 3 / 1000000000ull * 1000000000ull;
	x.n_faults = 2;
	plan_promise_both(p, &x, b->rule);
	memmove(to + 1, to, (p->n - p->n_chosen) * sizeof(x));
	*to = x;
	p->n++;
	p->n_chosen++;
}

/* A real outage mostly has several causes: one experiment of two faults, the most valuable pair on one service. */
static void add_combination(struct plan *p)
{
	/* Within a budget it takes the place of the last one; of one or two there is none to spare. */
	bool full = p->options.budget_ns && !goes_on(p, p->n_chosen);
	uint32_t n = p->n_chosen - full, i, k;
	struct plan_experiment *grown;

	if (full && p->n_chosen < 4)
		return;
	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++) {
			if (!goes_with(&p->v[i], &p->v[k]))
				continue;
			grown = reallocarray(p->v, p->n + 1, sizeof(*grown));
			if (!grown) {
				p->failed = true;
				return;
			}
			p->v = grown;
			p->n_chosen = n;
			combine(p, i, k);
			return;
		}
}

void plan_select(struct plan *p)
{
	_cleanup_free_ uint32_t *by_service = calloc(p->facts.n + 1, sizeof(*by_service));
	_cleanup_free_ bool *edge_done = calloc((size_t)p->facts.n * p->facts.n + 1, sizeof(*edge_done));
	struct order o = { .p = p, .by_service = by_service, .edge_done = edge_done };
	uint32_t next;

	p->n_chosen = 0;
	if (!by_service || !edge_done) {
		p->failed = true;
		return;
	}
	while (p->n_chosen < PLAN_MAX - 1) {
		next = best(&o, p->n_chosen, !goes_on(p, p->n_chosen));
		if (next == UINT32_MAX || (p->options.budget_ns && !goes_on(p, p->n_chosen) && p->n_chosen))
			break;
		take(&o, p->n_chosen++, next);
	}
	add_combination(p);
}
