/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * detector.h - turns signals into alerts.
 *
 * Each signal has a track. Metrics with a natural limit are held against it; the others against a
 * rolling baseline of their own: the alarm level is the 99th percentile of the last minute, times a
 * factor and at least a floor above (percentiles, not mean and sigma: a noisy baseline must not
 * hide an anomaly in its spread). A breach must last for several ticks; a value enters the baseline
 * late, and not at all when a breach came of it, so that an anomaly does not teach itself.
 */
#ifndef LAB_DETECTOR_H
#define LAB_DETECTOR_H

#include "tools/lab/pipeline/signals.h"

struct alert {
	unsigned int id;
	struct signal signal;
	double fired_at_s, ended_at_s; /* epoch; 0: goes on */
	double baseline, level;        /* what was usual, and from where on it is an anomaly */
};

/* What is known of a metric. */
struct metric_rule {
	const char *name, *unit;
	const char *severity; /* "critical" or "warning" */
	bool absolute;        /* level is the limit; otherwise floor above the baseline's p99 */
	double level, factor; /* factor on the baseline's p99 */
	unsigned int ticks;   /* how many breaches in a row make an alert */
};
extern const struct metric_rule metric_rules[METRICS];

struct detector;

struct detector *detector_new(void);
void detector_free(struct detector *d);

/*
 * One tick at wall time @now_s: all signals of it. Tracks whose signal is missing keep their state.
 * @calm false: the observer itself was disturbed; only absolute metrics are judged. The same where most services are slower
 * than usual at once: they share a machine, and it is busy.
 */
void detector_tick(struct detector *d, double now_s, bool calm, const struct signal *signals, unsigned int n);

/* Learn anew what is usual; alerts that are on have ended. */
void detector_forget(struct detector *d, double now_s);

/* Alerts that fired at @since_s or later, oldest first; the array is valid until the next tick. */
const struct alert *detector_alerts(const struct detector *d, double since_s, unsigned int *ret_n);

#endif
