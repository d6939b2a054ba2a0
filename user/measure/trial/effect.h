/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * effect.h - what a fault did, as a randomised trial says it: the flows that it touched against those that it did
 * not touch, at the same time, on the same edge. Whatever else happens on the host happens to both.
 *
 * A flow, not a request, is what is drawn: requests of one connection are alike. So each side is kept in
 * FL_TRIAL_GROUPS random groups of flows, and what chance does is read from how far these lie apart: the jackknife that
 * leaves out one group at a time (Kott 2001). docs/scoring.md has the formulas.
 */
#ifndef FL_EFFECT_H
#define FL_EFFECT_H

#include "measure/meter/meter.h"

enum effect_side { EFFECT_CONTROL, EFFECT_TREATED, EFFECT_SIDES };

enum effect_metric {
	EFFECT_MEAN, /* latency, s: exact; the quantiles are good to a sixteenth */
	EFFECT_P50,
	EFFECT_P95,
	EFFECT_P99,
	EFFECT_ERRORS,      /* share of the tries */
	EFFECT_RETRANSMITS, /* segments sent again, per try */
	EFFECT_METRICS,
};

/* What one random group of flows did. */
struct effect_group {
	uint64_t tries, errors, retransmits;
	struct fl_hist latency;
};

/* NaN: unknown. */
struct effect_figure {
	double value[EFFECT_SIDES];
	double difference; /* treated - control */
	double low, high;  /* of it, 95 % */
	double p;          /* two-sided, of no difference */
};

struct effect {
	uint64_t requests[EFFECT_SIDES], tries[EFFECT_SIDES], errors[EFFECT_SIDES];
	uint32_t groups[EFFECT_SIDES]; /* in which there was any try */
	struct effect_figure v[EFFECT_METRICS];
};

/* Two sides of the same edge, FL_TRIAL_GROUPS groups each. -ENOMEM. */
int effect_of(const struct effect_group *control, const struct effect_group *treated, struct effect *ret);

/* Student's t: how likely is more than @t, one-sided, and what is exceeded with @p (0 < p < 0.5). @df >= 1, whole. */
double student_tail(double t, uint32_t df);
double student_exceeded(double p, uint32_t df);

#endif
