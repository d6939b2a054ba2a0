/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * score.h - the confusion matrix, MTTD, RCA accuracy, gaps; the scoreboard. Pure functions of
 * results. Two windows an experiment: the fault window (inject .. end + grace) and its baseline.
 */
#ifndef FL_SCORE_H
#define FL_SCORE_H

#include "experiment/experiment.h"
#include "score/result.h"
#include "util/text.h"

struct score {
	uint32_t total;	   /* experiments that count (all but not_manifested/failed/skipped) */
	uint32_t listed;   /* all */
	uint32_t tp, fn, fp, tn; /* windows */
	uint32_t rca_correct, rca_wrong, rca_none; /* of the detected */
	uint32_t false_alarms; /* alerts in baseline windows */
	/* NaN where undefined; printed as n/a */
	double precision, recall, f1, rca_accuracy;
	double mttd_mean_s, mttd_p50_s, mttd_p95_s;
	bool accepted; /* detected >= 70 %, RCA >= 70 % of detected, false alarms <= 1 */
};

void score_compute(const struct result *results, uint32_t n, struct score *ret);

/* Percentile by linear interpolation (NIST/numpy "linear"), 0 <= q <= 1; NaN when n == 0. */
double score_percentile(const double *values, uint32_t n, double q);

/*
 * Judge one experiment from the alerts of both windows: detected, mttd_s, false_alarms. Alerts
 * without a time, or from the future, do not count and are said so in the result.
 */
void score_detect(struct result *r);

/* Is the blamed service right by the experiment's ground truth? */
bool score_rca_correct(const struct ground_truth *truth, const char *service);

struct gap {
	char experiment[64];
	char mode[8]; /* "7.1" .. "7.5", or "-" where no rule fits */
	char symptom[256], cause[256];
	json_t *evidence; /* owned */
};

/* @graph: {"edges": [["frontend", "api-gateway"], ...]} or NULL. *ret is the caller's. */
int score_gaps(const struct result *results, uint32_t n, const json_t *graph, struct gap **ret,
	       uint32_t *ret_n, struct fl_error *err);

/* The scoreboard of spec section 8, to the letter, into @out. */
void scoreboard_print(const struct result *results, uint32_t n, const struct score *score,
		      const struct gap *gaps, uint32_t n_gaps, struct text *out);

#endif
