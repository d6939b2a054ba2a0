// SPDX-License-Identifier: GPL-2.0-only
/* symptom.c - see symptom.h */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/figures.h"
#include "measure/hist.h"
#include "measure/symptom.h"

/* From the k-th term on: the sum of the terms before would lose a small tail in rounding. */
double poisson_tail(uint32_t k, double mean)
{
	double term, sum = 0;
	uint32_t i;

	if (!k)
		return 1;
	if (mean <= 0)
		return 0;
	term = exp(k * log(mean) - mean - lgamma(k + 1.0));
	for (i = k; term > 0 && (i < mean || term > sum * 1e-12); i++) {
		sum += term;
		term *= mean / (i + 1.0);
	}
	return fmin(sum, 1);
}

static uint64_t slower_than(const struct fl_hist *h, uint64_t ns)
{
	uint64_t n = 0;
	uint32_t i;

	for (i = 0; i < FL_HIST_BUCKETS; i++)
		if (hist_lower_ns(i) >= ns)
			n += h->buckets[i];
	return n;
}

/* Bad requests of each interval: their sum and the sum of their squares. */
struct counts {
	const struct symptom_watch *watch;
	double n, sum, squares;
};

static void count_bad(void *ctx, const struct meter_row *row, double seconds)
{
	struct counts *c = ctx;
	double bad = (double)(row->status[4] + row_errors(row));

	(void)seconds;
	if (c->watch->slow_ns)
		bad += (double)slower_than(&row->latency, c->watch->slow_ns);
	c->n++;
	c->sum += bad;
	c->squares += bad * bad;
}

void symptom_learn(struct symptom_watch *w, const struct series *s, uint64_t from_ns, uint64_t to_ns)
{
	struct counts c = { .watch = w };
	struct meter_row row;
	double seconds, mean;

	w->n = 0;
	w->slow_ns = 0;
	series_sum(s, &w->match, from_ns, to_ns, &row, &seconds);
	if (row.requests >= SYMPTOM_REQUESTS_MIN)
		w->slow_ns = (uint64_t)(1.25 * hist_quantile_ns(&row.latency, 0.99));
	series_each(s, &w->match, from_ns, to_ns, count_bad, &c);
	w->bad_hz = seconds > 0 ? (c.sum + 1) / seconds : 1;
	mean = c.n ? c.sum / c.n : 0;
	w->dispersion = 1;
	if (c.n > 1 && mean > 0)
		w->dispersion = fmax(1, (c.squares - c.n * mean * mean) / (c.n - 1) / mean);
}

void symptom_take(struct symptom_watch *w, const struct meter_event *event)
{
	bool failed = !event->status || event->status >= 400;

	if (!failed && (!w->slow_ns || event->latency_ns <= w->slow_ns))
		return;
	if (!w->events)
		w->events = calloc(SYMPTOM_EVENTS, sizeof(*w->events));
	if (w->events && w->n < SYMPTOM_EVENTS)
		w->events[w->n++] = (struct symptom_event){ event->at_ns, event->latency_ns,
							    event->status };
}

bool symptom_find(const struct symptom_watch *w, uint64_t since_ns, double watched_s,
		  struct symptom *ret)
{
	double tries = (SYMPTOM_RUN_MAX - SYMPTOM_RUN_MIN + 1) * (1 + w->bad_hz * watched_s);
	uint32_t i, k;

	for (i = 0; i < w->n; i++) {
		if (w->events[i].at_ns < since_ns)
			continue;
		for (k = SYMPTOM_RUN_MIN; k <= SYMPTOM_RUN_MAX && i + k <= w->n; k++) {
			double d = (double)(w->events[i + k - 1].at_ns - w->events[i].at_ns) / 1e9;
			double p = poisson_tail((uint32_t)((k - 1) / w->dispersion),
						w->bad_hz * d / w->dispersion);

			if (p >= SYMPTOM_ALPHA / tries)
				continue;
			*ret = (struct symptom){ w->events[i], k, d, p };
			return true;
		}
	}
	return false;
}

void symptom_free(struct symptom_watch *w)
{
	free(w->events);
	w->events = NULL;
	w->n = 0;
}
