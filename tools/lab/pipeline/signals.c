// SPDX-License-Identifier: GPL-2.0-only
/* signals.c - see signals.h */
#include <math.h>

#include "tools/lab/pipeline/signals.h"

/* Below these counts in a window a share or a quantile is chance. */
#define MIN_REQUESTS 8
#define MIN_CALLS    3
/* Less for a duration: the slow calls of two windows are no chance. Rare calls matter: a name is
 * looked up every few seconds. */
#define MIN_TIMED 2

/* What one service did in the window. */
struct change {
	bool known; /* there is a difference of two scrapes */
	struct observation d;
};

struct output {
	struct signal *list;
	unsigned int n, max;
};

static void emit(struct output *o, int service, int peer, enum metric metric, double value)
{
	if (o->n < o->max)
		o->list[o->n++] = (struct signal){ service, peer, metric, value };
}

static double mean_latency(const struct change *c)
{
	return c->known && c->d.latency.count > 0 ? c->d.latency.sum / c->d.latency.count : 0;
}

static double error_share(const struct change *c)
{
	return c->known && c->d.requests > 0 ? c->d.errors / c->d.requests : 0;
}

/* What needs only the last scrape. */
static void derive_gauges(struct output *o, int s, const struct window *w)
{
	const struct observation *now = w->now;

	emit(o, s, -1, METRIC_AVAILABILITY, now->up ? 0 : 1);
	if (!now->up)
		return;
	emit(o, s, -1, METRIC_RESTART, w->old->up && fabs(now->start_s - w->old->start_s) > 0.001 ? 1 : 0);
	emit(o, s, -1, METRIC_LOG_LAG, now->log_lag_s);
	if (now->memory_limit > 0)
		emit(o, s, -1, METRIC_MEMORY, now->memory / now->memory_limit);
	if (now->volume_size > 0)
		emit(o, s, -1, METRIC_VOLUME, now->volume / now->volume_size);
	if (now->clock_s > 0)
		emit(o, s, -1, METRIC_CLOCK, fabs(now->clock_s - now->wall_s));
}

static void derive_work(struct output *o, int s, const struct observation *d)
{
	emit(o, s, -1, METRIC_CPU, d->cpu_s / d->at_s / (d->quota_cores > 0 ? d->quota_cores : 1));
	emit(o, s, -1, METRIC_THROTTLING, d->throttled_s / d->at_s);
	emit(o, s, -1, METRIC_WRITE_ERRORS, d->write_errors / d->at_s);
	if (d->requests < MIN_REQUESTS)
		return;
	emit(o, s, -1, METRIC_LATENCY, histogram_quantile(&d->latency, 0.95));
	emit(o, s, -1, METRIC_ERRORS, d->errors / d->requests);
}

/* @callee: what the other end says of the same window; it may not be known. */
static void derive_edge(struct output *o, int s, int peer, const struct obs_peer *p, const struct change *callee,
			double seconds)
{
	double calls = p->ok + p->errors + p->timeouts + p->pool_rejected;

	emit(o, s, peer, METRIC_TOKENS, p->tokens_refused / seconds);
	if (p->calls_timed >= MIN_TIMED)
		emit(o, s, peer, METRIC_EDGE_LATENCY, fmax(0, p->seconds / p->calls_timed - mean_latency(callee)));
	if (calls < MIN_CALLS)
		return;
	emit(o, s, peer, METRIC_EDGE_TIMEOUTS, p->timeouts / calls);
	emit(o, s, peer, METRIC_EDGE_POOL, p->pool_rejected / calls);
	emit(o, s, peer, METRIC_EDGE_ERRORS, fmax(0, p->errors / calls - error_share(callee)));
}

unsigned int signals_derive(const struct graph *g, const struct window *windows, struct signal *ret, unsigned int max)
{
	static struct change changes[GRAPH_MAX]; /* large, and there is one caller */
	struct output o = { ret, 0, max };
	unsigned int i, j;
	int peer;

	for (i = 0; i < g->n; i++)
		changes[i].known = observation_diff(windows[i].old, windows[i].now, &changes[i].d);
	for (i = 0; i < g->n; i++) {
		const struct observation *d = &changes[i].d;

		derive_gauges(&o, (int)i, &windows[i]);
		if (!changes[i].known)
			continue;
		derive_work(&o, (int)i, d);
		for (j = 0; j < d->n_peers; j++) {
			peer = graph_find(g, d->peers[j].name);
			if (peer >= 0)
				derive_edge(&o, (int)i, peer, &d->peers[j], &changes[peer], d->at_s);
		}
	}
	return o.n;
}
