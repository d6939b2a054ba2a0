/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * statistics.h - scores beyond the scoreboard. Every definition, with its source, is in docs/scoring.md;
 * undefined is NaN.
 */
#ifndef FL_MORE_H
#define FL_MORE_H

#include "measure/probe/probe.h"
#include "score/score.h"

/* Over repeats of the same suite: mean and standard error of the mean (sd / sqrt(n)). */
struct estimate {
	uint32_t n;
	double mean, se; /* se: NaN for fewer than 2 */
};

struct more_scores {
	/* ranked causes, over the detected experiments (RCAEval) */
	uint32_t ranked; /* how many those are */
	double ac1, ac3, ac5, avg5, mrr;
	/* the whole list against all true roots (score/roots.h), over the same that name a root; shares and means */
	uint32_t rooted;
	double set_precision, set_recall, set_f1, proximity, ntam, any_root, all_roots;
	/* blamed service to the nearest true root in the graph, whatever the direction */
	uint32_t hops_known;
	double hops_mean;
	/* time, component, reason (OpenRCA): all right, and the share that is right */
	double tuple_exact, tuple_partial;
	/* time to detect where a miss is infinite, so that missing more cannot look faster */
	double delay_p50_s, delay_p95_s;
	/* where that time goes, means: injection > first hit > first symptom > first alert; the symptom is
	 * the kernel's, or else the first failed try */
	double to_hit_s, to_symptom_s, to_alert_s;
	double alerts_per_fault;      /* of the detected: 1 is a pipeline that speaks once */
	double clearance_s;           /* last alert after the end of the fault, mean */
	double false_alarms_per_hour; /* of baselines and of the windows of controls */
	/* of those that have to be detected: whether users felt them (measure/visible/felt.h), and those of the felt
	 * that were detected, also before users felt them */
	uint32_t felt, unfelt, felt_unknown, felt_detected, seen_before_felt;
	double felt_recall;
	struct estimate recall, rca_accuracy, mttd_s;
};

/* "Felt by users: 7 of 10 faults; ..." into @out, or nothing where it adds nothing to the scoreboard. */
void felt_print(const struct more_scores *m, const struct score *s, struct text *out);

/* @graph, @probe may be NULL. */
void more_compute(const struct result *results, uint32_t n, const json_t *graph, const struct probe_sample *probe,
		  uint32_t n_probe, struct more_scores *ret);

json_t *more_json(const struct more_scores *m);

/* Mean and standard error of @n values, NaN among them left out. */
struct estimate estimate_of(const double *values, uint32_t n);

/* Rank (from 1) of the first right cause, 0 when none of them is right. */
uint32_t result_root_rank(const struct result *r);

#endif
