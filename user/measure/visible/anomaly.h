/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * anomaly.h - was there anything to see? The rule behind gap 7.1: the strongest change during a fault, among
 * the figures that it can show on, and only if chance does not explain it.
 *
 * A figure is one edge and one of its columns (latency, rate, share of errors, retransmits, resets), in
 * windows of a second, longer ones for a long fault (ANOMALY_FAULT_MAX of them). Its baseline is told by
 * median and median absolute deviation. A window is outside when it is more than three spreads, and more
 * than a floor that people would notice, from the median. The number outside during the fault is set
 * against the number outside before it: beta-binomial, with the prior of symptom.h, both directions,
 * times the figures that were looked at. Neighbouring windows are alike, so a figure's windows are counted as
 * (1 - r) / (1 + r) of themselves, r being the correlation from one to the next in its baseline. It has to
 * last ANOMALY_LASTS_S and a quarter of the fault.
 *
 * Two checks on the rule itself. It is applied to pieces of the baseline as if each were a fault: its own
 * false rate, which is told and has to be one in a hundred at most. And to the figures that the fault can
 * not show on: what moves there as well moves with the host, and a claim has to be twice as large. Pure.
 */
#ifndef FL_ANOMALY_H
#define FL_ANOMALY_H

#include "measure/visible/scope.h"

#define ANOMALY_ALPHA        1e-2
#define ANOMALY_SPREADS      3.0
#define ANOMALY_LASTS_S      3.0
#define ANOMALY_BASELINE_MIN 8  /* windows */
#define ANOMALY_FAULT_MAX    40 /* windows */

struct anomaly_times {
	uint64_t baseline_ns, inject_ns, end_ns; /* CLOCK_MONOTONIC */
};

struct anomaly {
	bool found;
	uint32_t looked_at;                /* figures that the fault can show on, with windows enough */
	uint32_t controls, controls_moved; /* figures that it cannot show on */
	uint32_t tried, spoke;             /* pieces of the baseline, and where the rule spoke */
	/* The strongest of those looked at; metric NULL: there was none. In the units of kernel_json.c. */
	char client[128], server[128];
	const char *metric, *unit;
	double before, during; /* medians; of `during` those outside, if there are any */
	double spread, spreads;
	double lasted_s; /* windows outside */
	double p;        /* corrected; at most 1 */
	uint32_t baseline_windows;
	double window_s;
};

/* -ENOMEM */
int anomaly_find(const struct series *s, const struct scope *scope, const struct anomaly_times *t, struct anomaly *ret);

/*
 * The rule on one figure. @floor: the change that is noticed at least; @spread_floor: the resolution of the
 * measurement. False: too few windows to say.
 */
struct anomaly_values {
	const double *baseline, *fault;
	uint32_t n, m;
	double window_s, floor, spread_floor;
	int side; /* 1: only larger ones, -1: only smaller ones; 0: both */
};
struct anomaly_verdict {
	double log_p; /* natural, of both directions, not corrected for other figures; 0: nothing */
	double before, during, spread;
	double limit; /* how far from `before` is outside */
	uint32_t outside;
};
bool anomaly_judge(const struct anomaly_values *v, struct anomaly_verdict *ret);

#endif
