// SPDX-License-Identifier: GPL-2.0-only
/* felt.c - see felt.h */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/visible/anomaly.h"
#include "measure/visible/felt.h"
#include "measure/visible/symptom.h"
#include "util/percentile.h"

#define FLOOR_SHARE 0.25
#define FAILED_MIN  2 /* one try that fails is nobody's experience */

/* --- shares ---------------------------------------------------------------------------------- */

static double log_choose(double n, double k)
{
	return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/* P(at least @bad_during of the bad ones fall to the m during the fault), given all margins. */
static double fisher(uint32_t bad_before, uint32_t n, uint32_t bad_during, uint32_t m)
{
	uint32_t bad = bad_before + bad_during, most = bad < m ? bad : m, k;
	double p = 0;

	for (k = bad_during; k <= most; k++)
		if (bad - k <= n)
			p += exp(log_choose(m, k) + log_choose(n, bad - k) - log_choose((double)n + m, bad));
	return fmin(p, 1);
}

static uint32_t count_bad(const double *v, uint32_t n)
{
	uint32_t i, bad = 0;

	for (i = 0; i < n; i++)
		bad += v[i] < 0.5;
	return bad;
}

void felt_by_share(const double *before, uint32_t n, const double *during, uint32_t m, double fault_s,
		   struct felt_test *ret)
{
	uint32_t bad_before = count_bad(before, n), bad_during = count_bad(during, m), i;

	ret->n_before = n;
	ret->n_during = m;
	ret->p = 1;
	ret->at_s = NAN;
	/* Had every try of the fault failed, would that have been enough? */
	ret->tested = n && m && fisher(bad_before, n, m, m) < FELT_ALPHA;
	if (!n || !m)
		return;
	ret->before = 1 - (double)bad_before / n;
	ret->during = 1 - (double)bad_during / m;
	if (bad_during >= FAILED_MIN)
		ret->p = fisher(bad_before, n, bad_during, m);
	for (i = 0; i < m && during[i] >= 0.5; i++)
		;
	if (i < m)
		ret->at_s = fault_s * i / m;
}

/* --- values ---------------------------------------------------------------------------------- */

/* Means of @each in a row; the caller's to free. */
static double *in_groups(const double *v, uint32_t n, uint32_t each, uint32_t *ret_n)
{
	double *g = calloc(n / each + 1, sizeof(*g));
	uint32_t i;

	*ret_n = g ? n / each : 0;
	for (i = 0; g && i < *ret_n * each; i++)
		g[i / each] += v[i] / each;
	return g;
}

static double median_of(const double *v, uint32_t n)
{
	double *copy = calloc(n + 1, sizeof(*copy)), m = NAN;

	if (copy) {
		memcpy(copy, v, n * sizeof(*v));
		m = percentile(copy, n, 0.5);
	}
	free(copy);
	return m;
}

static double first_bad(const double *v, uint32_t m, double fault_s, int worse, const struct anomaly_verdict *verdict)
{
	uint32_t i;

	for (i = 0; verdict->limit > 0 && i < m; i++)
		if (worse * (v[i] - verdict->before) > verdict->limit)
			return fault_s * i / m;
	return NAN;
}

void felt_by_values(const double *before, uint32_t n, const double *during, uint32_t m, double fault_s, int worse,
		    double floor, struct felt_test *ret)
{
	uint32_t each = (m + ANOMALY_FAULT_MAX - 1) / ANOMALY_FAULT_MAX;
	struct anomaly_verdict verdict;
	struct anomaly_values v = { .side = worse };
	double *a, *b;

	ret->n_before = n;
	ret->n_during = m;
	ret->p = 1;
	ret->at_s = NAN;
	ret->tested = false;
	if (!n || !m)
		return;
	ret->before = median_of(before, n);
	ret->during = median_of(during, m);
	a = in_groups(before, n, each, &v.n);
	b = in_groups(during, m, each, &v.m);
	v.baseline = a;
	v.fault = b;
	v.window_s = v.m ? fault_s / v.m : 0;
	v.floor = fmax(floor, FLOOR_SHARE * fabs(ret->before));
	v.spread_floor = fmax(fabs(ret->before) / 16, floor / 16);
	if (a && b && anomaly_judge(&v, &verdict)) {
		ret->p = exp(verdict.log_p);
		ret->at_s = first_bad(during, m, fault_s, worse, &verdict);
		ret->tested = beta_binomial_log_tail(v.m, v.m, 0.5, v.n + 4.5) < log(FELT_ALPHA);
	}
	free(a);
	free(b);
}

enum felt felt_judge(const struct felt_test *tests, uint32_t n, const struct felt_test **ret_by)
{
	uint32_t i, tested = 0;

	*ret_by = NULL;
	for (i = 0; i < n; i++) {
		if (!tests[i].tested)
			continue;
		tested++;
		if (!*ret_by || tests[i].p < (*ret_by)->p)
			*ret_by = &tests[i];
	}
	if (!tested)
		return FELT_UNKNOWN;
	return (*ret_by)->p * tested < FELT_ALPHA ? FELT_YES : FELT_NO;
}

const char *felt_text(enum felt f)
{
	static const char *const words[] = { "unknown", "no", "yes" };

	return words[f];
}
