// SPDX-License-Identifier: GPL-2.0-only
/*
 * ranker.c - see ranker.h. The weights say how directly a kind of evidence points at a service.
 * They were set by that reasoning and revised while the faults of the catalog were tried on the lab,
 * so a good score on those is no independent proof; docs/lab.md has one on others.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lab/pipeline/ranker.h"

#define EXPLAINS_WITHIN_S 8.0 /* a cause may alert this much later than its symptom */
#define FIRST_WITHIN_S    2.0 /* of the first alert: it may have started everything */
#define FIRST_BONUS       1.2

/* How much a metric says about the service itself. */
static const double local_weight[METRICS] = {
	[METRIC_AVAILABILITY] = 4, [METRIC_RESTART] = 4, [METRIC_CLOCK] = 4,      [METRIC_MEMORY] = 3,
	[METRIC_VOLUME] = 3,       [METRIC_CPU] = 2.5,   [METRIC_THROTTLING] = 1, [METRIC_WRITE_ERRORS] = 2,
};
/* The same for symptoms, which may come from further down. */
static const double symptom_weight[METRICS] = { [METRIC_LATENCY] = 2, [METRIC_ERRORS] = 2 };

/* An edge's trouble, for its two ends. An error answer was sent by the callee; silence or slowness
 * may be either end's, or the network's between them. A full pool waits for the callee. */
static const struct {
	double callee, caller;
} edge_weight[METRICS] = {
	[METRIC_EDGE_LATENCY] = { 1, 0.6 }, [METRIC_EDGE_TIMEOUTS] = { 1, 0.6 }, [METRIC_EDGE_ERRORS] = { 1.5, 0.2 },
	[METRIC_EDGE_POOL] = { 0.5, 0 },    [METRIC_TOKENS] = { 2, 0.2 },
};

struct evidence {
	double local[GRAPH_MAX];                          /* earliest local alert, 0: none */
	double symptom[GRAPH_MAX];                        /* earliest symptom */
	double edge[GRAPH_MAX][GRAPH_MAX];                /* earliest alert of the edge */
	double in_share[GRAPH_MAX], out_share[GRAPH_MAX]; /* of its edges that are bad */
	bool reaches[GRAPH_MAX][GRAPH_MAX];               /* by any number of calls, none included */
	double first;                                     /* earliest of all */
};

static void earliest(double *at, double when)
{
	if (*at <= 0 || when < *at)
		*at = when;
}

static void collect(const struct alert *alerts, unsigned int n, struct evidence *e)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		const struct signal *s = &alerts[i].signal;

		earliest(&e->first, alerts[i].fired_at_s);
		if (local_weight[s->metric] > 0)
			earliest(&e->local[s->service], alerts[i].fired_at_s);
		if (symptom_weight[s->metric] > 0)
			earliest(&e->symptom[s->service], alerts[i].fired_at_s);
		if (s->peer >= 0 && edge_weight[s->metric].callee > 0)
			earliest(&e->edge[s->service][s->peer], alerts[i].fired_at_s);
	}
}

static double share(unsigned int bad, unsigned int all)
{
	return all ? (double)bad / all : 0;
}

static void count_edges(const struct graph *g, struct evidence *e)
{
	unsigned int i, j, in, bad_in, out, bad_out;

	for (i = 0; i < g->n; i++) {
		in = bad_in = out = bad_out = 0;
		for (j = 0; j < g->n; j++) {
			/* Whose tokens one takes is an edge that no call shows. */
			in += g->calls[j][i] || e->edge[j][i] > 0;
			bad_in += e->edge[j][i] > 0;
			out += g->calls[i][j] || e->edge[i][j] > 0;
			bad_out += e->edge[i][j] > 0;
		}
		e->in_share[i] = share(bad_in, in);
		e->out_share[i] = share(bad_out, out);
	}
}

static bool in_time(double cause, double symptom)
{
	return cause > 0 && cause <= symptom + EXPLAINS_WITHIN_S;
}

/* Who depends on whom in the end (Warshall's closure). */
static void close_calls(const struct graph *g, struct evidence *e)
{
	unsigned int i, j, k;

	for (i = 0; i < g->n; i++)
		for (j = 0; j < g->n; j++)
			e->reaches[i][j] = i == j || g->calls[i][j];
	for (k = 0; k < g->n; k++)
		for (i = 0; i < g->n; i++)
			for (j = 0; j < g->n; j++)
				e->reaches[i][j] |= e->reaches[i][k] && e->reaches[k][j];
}

/*
 * Does something that @s depends on, however far down, explain trouble of @s that began at @when?
 * Services between the two need not have raised an alert: theirs may be too small.
 */
static bool explained(const struct graph *g, const struct evidence *e, int s, double when)
{
	unsigned int q, p;

	for (q = 0; q < g->n; q++) {
		if (!e->reaches[s][q])
			continue;
		if ((int)q != s && (in_time(e->local[q], when) || in_time(e->symptom[q], when)))
			return true;
		for (p = 0; p < g->n; p++)
			if (in_time(e->edge[q][p], when))
				return true;
	}
	return false;
}

/*
 * Is the latency of an edge to @s, which is net of what @s took itself, more than what windows of three seconds leave of
 * calls that are under way? Beside that of the edges from @s on, which @s waits for, it is: then it came on the way to @s.
 */
static bool is_on_the_way(const struct alert *alerts, unsigned int n, const struct signal *x, int s)
{
	double behind = 0;
	unsigned int i;

	if (x->metric != METRIC_EDGE_LATENCY)
		return false;
	for (i = 0; i < n; i++)
		if (alerts[i].signal.service == s && alerts[i].signal.metric == METRIC_EDGE_LATENCY)
			behind = fmax(behind, alerts[i].signal.value);
	return behind > 0 && x->value >= behind / 2;
}

/* What one alert says for service @s. */
static double weigh(const struct graph *g, const struct evidence *e, const struct alert *alerts, unsigned int n,
		    const struct alert *a, int s)
{
	const struct signal *x = &a->signal;
	double w = 0;

	if (x->service == s) {
		w = local_weight[x->metric];
		if (symptom_weight[x->metric] > 0 && !explained(g, e, s, a->fired_at_s))
			w += symptom_weight[x->metric];
		/* The callee has trouble of its own: then it is not us. */
		if (x->peer >= 0 && e->local[x->peer] <= 0 && e->symptom[x->peer] <= 0)
			w += edge_weight[x->metric].caller * sqrt(e->out_share[s]);
	} else if (x->peer == s) {
		w = edge_weight[x->metric].callee * sqrt(e->in_share[s]);
		/* It is slow because of somebody behind it: that one is to be blamed. */
		if (e->local[s] <= 0 && e->symptom[s] > 0 && explained(g, e, s, e->symptom[s]) &&
		    !is_on_the_way(alerts, n, x, s))
			w *= 0.2;
	}
	return w;
}

/* Several alerts on one edge are one observation: only the strongest of them is to count. */
static bool repeats(const struct alert *alerts, unsigned int n, unsigned int which)
{
	const struct signal *x = &alerts[which].signal, *y;
	double mine = edge_weight[x->metric].callee, other;
	unsigned int i;

	for (i = 0; x->peer >= 0 && i < n; i++) {
		y = &alerts[i].signal;
		other = edge_weight[y->metric].callee;
		if (y->service == x->service && y->peer == x->peer && (other > mine || (i < which && other >= mine)))
			return true;
	}
	return false;
}

static int by_score(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return (x->score < y->score) - (x->score > y->score);
}

/* The earliest alert that speaks for @s starts early: a cause comes before its effects. */
static double temporal_factor(const struct graph *g, const struct evidence *e, const struct alert *alerts,
			      unsigned int n, int s)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (weigh(g, e, alerts, n, &alerts[i], s) > 0 && alerts[i].fired_at_s <= e->first + FIRST_WITHIN_S)
			return FIRST_BONUS;
	return 1;
}

unsigned int rank(const struct graph *g, const struct alert *alerts, unsigned int n, struct ranked *ret,
		  double *ret_weight)
{
	struct evidence e;
	unsigned int i, found = 0;
	double score;
	int s;

	memset(&e, 0, sizeof(e));
	collect(alerts, n, &e);
	count_edges(g, &e);
	close_calls(g, &e);
	for (s = 0; s < (int)g->n; s++) {
		for (i = 0, score = 0; i < n; i++)
			score += repeats(alerts, n, i) ? 0 : weigh(g, &e, alerts, n, &alerts[i], s);
		score *= temporal_factor(g, &e, alerts, n, s);
		if (score > 0)
			ret[found++] = (struct ranked){ s, score, 0 };
	}
	qsort(ret, found, sizeof(*ret), by_score);
	for (i = 0; found && i < n; i++)
		ret_weight[i] = weigh(g, &e, alerts, n, &alerts[i], ret[0].service);
	if (found)
		ret[0].confidence =
			(1 - exp(-ret[0].score / 2)) * ret[0].score / (ret[0].score + (found > 1 ? ret[1].score : 0));
	return found;
}
