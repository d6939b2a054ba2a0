// SPDX-License-Identifier: GPL-2.0-only
/* detector.c - see detector.h */
#include <stdlib.h>
#include <string.h>

#include "tools/lab/pipeline/detector.h"

#define BASELINE_MAX 60  /* ticks */
#define BASELINE_MIN 5   /* before that nothing is judged */
#define PENDING_MAX  3   /* ticks until a value is believed to be normal */
#define CLEAR_TICKS  5   /* without a breach until an alert ends */
#define NORMAL_TICKS 180 /* of breach until the level is the new normal */
#define ALERTS_MAX   4096
#define TRACKS_MAX   1024

/* So many services at least, and of them this share slower than usual at once: that is the machine, and none of them. */
#define MANY_SERVICES 6
#define MANY_SHARE    0.6

/*
 * Rates are of a window of three seconds, so one bad second is seen in three ticks in a row: what is judged by its baseline, or
 * comes in bursts, needs more of them.
 */
const struct metric_rule metric_rules[METRICS] = {
	[METRIC_AVAILABILITY] = { "availability", "", "critical", true, 1, 0, 2 },
	[METRIC_RESTART] = { "restart", "", "critical", true, 1, 0, 1 },
	[METRIC_LATENCY] = { "latency_p95", "s", "critical", false, 0.05, 2.5, 4 },
	[METRIC_ERRORS] = { "error_rate", "", "critical", false, 0.05, 1.5, 4 },
	[METRIC_CPU] = { "cpu_saturation", "", "warning", true, 0.85, 0, 4 },
	[METRIC_THROTTLING] = { "cpu_throttling", "", "warning", true, 0.25, 0, 4 },
	[METRIC_MEMORY] = { "memory", "", "warning", true, 0.88, 0, 3 },
	[METRIC_VOLUME] = { "volume", "", "warning", true, 0.85, 0, 3 },
	[METRIC_LOG_LAG] = { "log_lag", "s", "warning", true, 3, 0, 2 },
	[METRIC_WRITE_ERRORS] = { "write_errors", "/s", "warning", true, 0.5, 0, 2 },
	[METRIC_CLOCK] = { "clock_offset", "s", "warning", true, 5, 0, 3 },
	[METRIC_EDGE_LATENCY] = { "edge_latency", "s", "warning", false, 0.04, 2.5, 4 },
	[METRIC_EDGE_ERRORS] = { "edge_errors", "", "warning", false, 0.05, 1.5, 4 },
	[METRIC_EDGE_TIMEOUTS] = { "edge_timeouts", "", "warning", false, 0.05, 1.5, 4 },
	[METRIC_EDGE_POOL] = { "pool_exhausted", "", "warning", false, 0.05, 1.5, 4 },
	[METRIC_TOKENS] = { "tokens_refused", "/s", "warning", true, 0.5, 0, 3 },
};

struct track {
	struct signal signal; /* its key, and the last value */
	double baseline[BASELINE_MAX];
	unsigned int n_baseline, next;
	double pending[PENDING_MAX];
	unsigned int n_pending;
	unsigned int breaches, calm; /* ticks in a row */
	struct alert *active;
};

struct detector {
	struct track tracks[TRACKS_MAX];
	unsigned int n_tracks;
	struct alert alerts[ALERTS_MAX];
	unsigned int n_alerts;
};

struct detector *detector_new(void)
{
	return calloc(1, sizeof(struct detector));
}

void detector_free(struct detector *d)
{
	free(d);
}

static struct track *track_of(struct detector *d, const struct signal *s)
{
	struct track *t;

	for (t = d->tracks; t < d->tracks + d->n_tracks; t++)
		if (t->signal.service == s->service && t->signal.peer == s->peer && t->signal.metric == s->metric)
			return t;
	if (d->n_tracks == TRACKS_MAX)
		return NULL;
	t = &d->tracks[d->n_tracks++];
	t->signal = *s;
	return t;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Median and 99th percentile (nearest rank) of the baseline. */
static void baseline_of(const struct track *t, double *ret_median, double *ret_p99)
{
	double sorted[BASELINE_MAX];

	memcpy(sorted, t->baseline, t->n_baseline * sizeof(sorted[0]));
	qsort(sorted, t->n_baseline, sizeof(sorted[0]), by_value);
	*ret_median = sorted[t->n_baseline / 2];
	*ret_p99 = sorted[(t->n_baseline * 99 + 99) / 100 - 1];
}

static void believe(struct track *t, double value)
{
	t->baseline[t->next] = value;
	t->next = (t->next + 1) % BASELINE_MAX;
	if (t->n_baseline < BASELINE_MAX)
		t->n_baseline++;
}

/* A value that is no breach waits; the oldest one that waits becomes part of the baseline. */
static void learn(struct track *t, double value)
{
	if (t->n_pending == PENDING_MAX) {
		believe(t, t->pending[0]);
		memmove(t->pending, t->pending + 1, (PENDING_MAX - 1) * sizeof(t->pending[0]));
		t->n_pending--;
	}
	t->pending[t->n_pending++] = value;
}

/* Is @value a breach? Tells level and what is usual. */
static bool judge(const struct track *t, double value, double *ret_usual, double *ret_level)
{
	const struct metric_rule *rule = &metric_rules[t->signal.metric];
	double p99, floor, scaled;

	*ret_usual = 0;
	*ret_level = rule->level;
	if (rule->absolute)
		return value >= rule->level;
	if (t->n_baseline < BASELINE_MIN)
		return false;
	baseline_of(t, ret_usual, &p99);
	floor = p99 + rule->level;
	scaled = p99 * rule->factor;
	*ret_level = scaled > floor ? scaled : floor;
	return value >= *ret_level;
}

static void fire(struct detector *d, struct track *t, double now_s, double usual, double level)
{
	struct alert *a;

	if (d->n_alerts == ALERTS_MAX) {
		/* Keep the newer half; active ones that were older are forgotten as ended. */
		unsigned int i;

		memmove(d->alerts, d->alerts + ALERTS_MAX / 2, sizeof(*a) * (ALERTS_MAX / 2));
		d->n_alerts = ALERTS_MAX / 2;
		for (i = 0; i < d->n_tracks; i++) {
			if (!d->tracks[i].active)
				continue;
			if (d->tracks[i].active < d->alerts + ALERTS_MAX / 2)
				d->tracks[i].active = NULL;
			else
				d->tracks[i].active -= ALERTS_MAX / 2;
		}
	}
	a = &d->alerts[d->n_alerts];
	*a = (struct alert){ .id = d->n_alerts ? d->alerts[d->n_alerts - 1].id + 1 : 1,
			     .signal = t->signal,
			     .fired_at_s = now_s,
			     .baseline = usual,
			     .level = level };
	d->n_alerts++;
	t->active = a;
}

/* Start over with a new baseline. */
static void forget(struct track *t, double now_s)
{
	if (t->active)
		t->active->ended_at_s = now_s;
	t->active = NULL;
	t->n_baseline = t->next = t->n_pending = t->breaches = 0;
}

void detector_forget(struct detector *d, double now_s)
{
	unsigned int i;

	for (i = 0; i < d->n_tracks; i++)
		forget(&d->tracks[i], now_s);
}

static void update(struct detector *d, struct track *t, double now_s)
{
	const struct metric_rule *rule = &metric_rules[t->signal.metric];
	double usual, level;

	if (!judge(t, t->signal.value, &usual, &level)) {
		t->breaches = 0;
		if (t->active && ++t->calm >= CLEAR_TICKS) {
			t->active->ended_at_s = now_s;
			t->active = NULL;
		}
		if (!t->active)
			learn(t, t->signal.value);
		return;
	}
	t->calm = 0;
	/* What waited was perhaps the rise to this. */
	t->n_pending = 0;
	if (++t->breaches >= rule->ticks && !t->active)
		fire(d, t, now_s, usual, level);
	if (t->active && t->signal.value > t->active->signal.value)
		t->active->signal.value = t->signal.value; /* the worst of it */
	if (!rule->absolute && t->breaches >= NORMAL_TICKS)
		forget(t, now_s);
}

/* Are most services slow at once, those that have nothing to do with one another among them? */
static bool is_machine_slow(struct detector *d, const struct signal *signals, unsigned int n)
{
	unsigned int i, judged = 0, slow = 0;
	double usual, level;
	struct track *t;

	for (i = 0; i < n; i++) {
		t = signals[i].metric == METRIC_LATENCY ? track_of(d, &signals[i]) : NULL;
		if (!t || t->n_baseline < BASELINE_MIN)
			continue;
		judged++;
		slow += judge(t, signals[i].value, &usual, &level);
	}
	return judged >= MANY_SERVICES && slow >= MANY_SHARE * judged;
}

void detector_tick(struct detector *d, double now_s, bool calm, const struct signal *signals, unsigned int n)
{
	struct track *t;
	unsigned int i;

	calm = calm && !is_machine_slow(d, signals, n);

	for (i = 0; i < n; i++) {
		if (!calm && !metric_rules[signals[i].metric].absolute)
			continue;
		t = track_of(d, &signals[i]);
		if (!t)
			continue;
		t->signal.value = signals[i].value;
		update(d, t, now_s);
	}
}

const struct alert *detector_alerts(const struct detector *d, double since_s, unsigned int *ret_n)
{
	unsigned int i = 0;

	while (i < d->n_alerts && d->alerts[i].fired_at_s < since_s)
		i++;
	*ret_n = d->n_alerts - i;
	return d->alerts + i;
}
