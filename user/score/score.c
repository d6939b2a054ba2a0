// SPDX-License-Identifier: GPL-2.0-only
/* score.c - the confusion matrix, the ratios, time to detect, acceptance. See score.h. */
#include <math.h>
#include <string.h>

#include "score/score.h"
#include "util/cleanup.h"
#include "util/percentile.h"

double score_ratio(double a, double b)
{
	return b > 0 ? a / b : NAN;
}

static void count_control(uint32_t alerts, struct score *s)
{
	s->controls++;
	s->control_alerts += alerts;
	s->controls_alarmed += alerts > 0;
	if (alerts)
		s->fp++;
	else
		s->tn++;
}

static void count_windows(const struct result *r, struct score *s)
{
	bool has_baseline = r->baseline_start > 0 && r->baseline_end > r->baseline_start;
	uint32_t in_control = score_control_alerts(r), in_baseline = r->false_alarms - in_control;

	if (result_is_control(r))
		count_control(in_control, s);
	else
		s->total++;
	if (result_is_control(r))
		;
	else if (r->detected)
		s->tp++;
	else if (result_must_detect(r))
		s->fn++;
	else
		s->tn++;
	if (in_baseline)
		s->fp++;
	else if (has_baseline)
		s->tn++;
	s->false_alarms += in_baseline;
	if (!r->detected || !result_rca_asked(r))
		return;
	s->rca_asked++;
	if (!r->rca_service)
		s->rca_none++;
	if (r->rca_correct)
		s->rca_correct++;
	else if (r->rca_service)
		s->rca_wrong++;
}

static void time_to_detect(const struct result *results, uint32_t n, struct score *s)
{
	_cleanup_free_ double *v = calloc(n + 1u, sizeof(*v));
	double sum = 0;
	uint32_t i, m = 0;

	s->mttd_mean_s = s->mttd_p50_s = s->mttd_p95_s = NAN;
	for (i = 0; v && i < n; i++) {
		if (!result_counts(&results[i]) || !results[i].detected)
			continue;
		sum += results[i].mttd_s;
		v[m++] = results[i].mttd_s;
	}
	if (!m)
		return;
	s->mttd_mean_s = sum / m;
	s->mttd_p50_s = percentile(v, m, 0.50);
	s->mttd_p95_s = percentile(v, m, 0.95);
}

/* Detected >= 70 %, RCA correct >= 70 % of the detected where it was asked for, at most one false
 * alarm, those of controls among them. In integers: 7 of 10 must not fail by a rounding. */
static bool accepted(const struct score *s)
{
	return s->total && s->tp && 10 * s->tp >= 7 * (s->tp + s->fn) && 10 * s->rca_correct >= 7 * s->rca_asked &&
	       s->false_alarms + s->control_alerts <= 1;
}

void score_compute(const struct result *results, uint32_t n, struct score *ret)
{
	uint32_t i;

	memset(ret, 0, sizeof(*ret));
	for (i = 0; i < n; i++)
		ret->listed += !result_is_control(&results[i]);
	for (i = 0; i < n; i++)
		if (result_counts(&results[i]))
			count_windows(&results[i], ret);
	ret->precision = score_ratio(ret->tp, ret->tp + ret->fp);
	ret->recall = score_ratio(ret->tp, ret->tp + ret->fn);
	ret->f1 = score_ratio(2.0 * ret->tp, 2.0 * ret->tp + ret->fp + ret->fn);
	ret->rca_accuracy = score_ratio(ret->rca_correct, ret->rca_asked);
	time_to_detect(results, n, ret);
	ret->accepted = accepted(ret);
}
