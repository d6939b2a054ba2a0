// SPDX-License-Identifier: GPL-2.0-only
/* symptom.c - see symptom.h */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/figures.h"
#include "measure/hist.h"
#include "measure/visible/symptom.h"

#define PRIOR_BAD     0.5
#define PRIOR_GOOD    4.5
#define READING_MIN_S 0.25 /* what is shorter lies at the border of a window */

/* log of the Beta function */
static double log_beta(double a, double b)
{
	return lgamma(a) + lgamma(b) - lgamma(a + b);
}

double beta_binomial_log_tail(uint32_t j, uint32_t m, double a, double b)
{
	double largest = -INFINITY, sum = 0, terms[SYMPTOM_RUN_MAX + 1];
	uint32_t k;

	if (!j)
		return 0;
	for (k = j; k <= m; k++) {
		terms[k] = lgamma(m + 1.0) - lgamma(k + 1.0) - lgamma(m - k + 1.0) + log_beta(k + a, m - k + b) -
			   log_beta(a, b);
		largest = fmax(largest, terms[k]);
	}
	for (k = j; k <= m; k++)
		sum += exp(terms[k] - largest);
	return fmin(largest + log(sum), 0);
}

/* --- the baseline ---------------------------------------------------------------------------- */

static uint64_t slower_than(const struct fl_hist *h, uint64_t ns)
{
	uint64_t n = 0;
	uint32_t i;

	for (i = 0; i < FL_HIST_BUCKETS; i++)
		if (hist_lower_ns(i) >= ns)
			n += h->buckets[i];
	return n;
}

static void count_reading(void *ctx, const struct meter_row *row, double seconds)
{
	struct symptom_watch *w = ctx;

	if (seconds < READING_MIN_S)
		return;
	w->readings++;
	w->bad_readings += row->status[4] || row_errors(row) || (w->slow_ns && slower_than(&row->latency, w->slow_ns));
}

void symptom_learn(struct symptom_watch *w, const struct series *s, uint64_t from_ns, uint64_t to_ns, uint64_t since_ns)
{
	struct meter_row row;
	double seconds;

	symptom_free(w);
	w->since_ns = since_ns;
	w->slow_ns = 0;
	w->readings = w->bad_readings = 0;
	series_sum(s, &w->match, from_ns, to_ns, &row, &seconds);
	if (row.requests >= SYMPTOM_REQUESTS_MIN)
		w->slow_ns = (uint64_t)(1.25 * hist_quantile_ns(&row.latency, 0.99));
	series_each(s, &w->match, from_ns, to_ns, count_reading, w);
}

/* --- behind the injection -------------------------------------------------------------------- */

void symptom_take(struct symptom_watch *w, const struct meter_event *event)
{
	bool failed = !event->status || event->status >= 400;
	uint64_t bin = (event->at_ns - w->since_ns) / SYMPTOM_BIN_NS;
	struct symptom_event *b;

	if (event->at_ns < w->since_ns || bin >= SYMPTOM_BINS)
		return;
	if (!failed && (!w->slow_ns || event->latency_ns <= w->slow_ns))
		return;
	if (!w->bins)
		w->bins = calloc(SYMPTOM_BINS, sizeof(*w->bins));
	if (!w->bins)
		return;
	b = &w->bins[bin];
	if (!b->at_ns || event->at_ns < b->at_ns)
		*b = (struct symptom_event){ event->at_ns, event->latency_ns, event->status };
}

/* The most improbable run that begins at bin @first. */
static void best_run(const struct symptom_watch *w, uint32_t first, uint32_t n_bins, struct symptom *ret)
{
	double a = w->bad_readings + PRIOR_BAD;
	double b = w->readings - w->bad_readings + PRIOR_GOOD;
	uint32_t m, bad = 1;

	*ret = (struct symptom){ .first = w->bins[first] };
	for (m = 2; m <= SYMPTOM_RUN_MAX && first + m <= n_bins; m++) {
		double p;

		if (!w->bins[first + m - 1].at_ns)
			continue; /* a run that ends with a clean one is the likelier for it */
		p = beta_binomial_log_tail(++bad, m, a, b);
		if (p < ret->log_probability) {
			ret->run = m;
			ret->bad = bad;
			ret->log_probability = p;
		}
	}
}

bool symptom_find(const struct symptom_watch *w, uint32_t n_watches, double watched_s, uint64_t from_ns,
		  struct symptom *ret)
{
	double bins = ceil(watched_s * 1e9 / SYMPTOM_BIN_NS);
	uint32_t n_bins = bins < SYMPTOM_BINS ? (uint32_t)bins : SYMPTOM_BINS, i;
	struct symptom s, best = {};

	if (!w->bins || !n_bins)
		return false;
	for (i = 0; i < n_bins; i++) {
		if (!w->bins[i].at_ns || w->bins[i].at_ns < from_ns)
			continue;
		best_run(w, i, n_bins, &s);
		if (s.log_probability < best.log_probability)
			best = s;
	}
	if (best.log_probability >= log(SYMPTOM_ALPHA / ((double)n_watches * n_bins)))
		return false;
	*ret = best;
	return true;
}

void symptom_free(struct symptom_watch *w)
{
	free(w->bins);
	w->bins = NULL;
}
