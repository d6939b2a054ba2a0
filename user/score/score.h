/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * score.h - the confusion matrix, MTTD, RCA accuracy, gaps; the scoreboard. Pure functions of
 * results. Two windows an experiment: the fault window (inject .. end + grace) and its baseline.
 */
#ifndef FL_SCORE_H
#define FL_SCORE_H

#include "model/experiment.h"
#include "score/result.h"
#include "util/text/text.h"

struct score {
	uint32_t total;                            /* experiments that count: result_counts(), without controls */
	uint32_t listed;                           /* all, without controls */
	uint32_t tp, fn, fp, tn;                   /* windows */
	uint32_t rca_asked;                        /* of the detected: those whose pipeline names causes */
	uint32_t rca_correct, rca_wrong, rca_none; /* of these */
	uint32_t false_alarms;                     /* alerts in baseline windows */
	uint32_t controls;                         /* that count: windows in which nothing was injected */
	uint32_t controls_alarmed, control_alerts; /* those with an alert, and how many alerts */
	/* NaN where undefined; printed as n/a */
	double precision, recall, f1, rca_accuracy;
	double mttd_mean_s, mttd_p50_s, mttd_p95_s;
	bool accepted; /* detected >= 70 %, RCA >= 70 % of the asked, false alarms (those of controls too) <= 1 */
};

/*
 * The matrix has two windows an experiment. A fault window with an alert is a true positive, a
 * silent one a false negative; a silent one of an experiment with "must_detect": false is right. The
 * window of a control is a baseline: an alert in it makes a false positive.
 */
void score_compute(const struct result *results, uint32_t n, struct score *ret);

/* Where an alert falls. */
enum alert_place {
	ALERT_IN_FAULT,    /* inject .. window_end */
	ALERT_IN_BASELINE, /* baseline_start .. baseline_end */
	ALERT_NO_TIME,
	ALERT_LATER, /* after the window, or from the future */
	ALERT_ELSEWHERE,
	ALERT_PLACES,
};
/* Is it stamped later than it was first seen, by more than clocks differ? */
#define ALERT_CLOCK_SLACK_S 2.0
bool alert_is_late_stamped(const struct alert *a);
enum alert_place alert_place(const struct result *r, const struct alert *a);

/* Drop what polling brought twice: the same id, service, name and time. */
void alerts_unique(struct alerts *a);

/*
 * Judge one experiment from the alerts of both windows: detected, mttd_s, false_alarms. Alerts
 * without a time, or from the future, do not count and are said so in the result
 * ("alerts_by_window" of its detail).
 */
void score_detect(struct result *r);

/* Alerts in the window of a control; 0 of any other. */
uint32_t score_control_alerts(const struct result *r);

/*
 * Is the blamed service right by the experiment's ground truth? One of not_services never is; any of
 * root_services is; where only not_services are given, any other is. No output (NULL) is right only
 * where nothing was expected.
 */
bool score_rca_correct(const struct ground_truth *truth, const char *service);

/* a/b, NaN when b is 0. */
double score_ratio(double a, double b);

/* What a 3 sigma detector on the measurement would have seen. */
#define GAP_VISIBLE_SPREADS 3.0

struct gap {
	char experiment[64];
	char mode[8]; /* "7.1" .. "7.5", or "-" where no rule fits */
	char symptom[256], cause[256];
	json_t *evidence; /* owned */
};

/* @graph: {"edges": [["frontend", "api-gateway"], ...]} or NULL. *ret is the caller's. */
int score_gaps(const struct result *results, uint32_t n, const json_t *graph, struct gap **ret, uint32_t *ret_n,
	       struct fl_error *err);

void gaps_free(struct gap *gaps, uint32_t n);

/* For -o json and the API (new references; undefined is null). */
json_t *score_json(const struct score *s);
json_t *gap_json(const struct gap *g);

/* "28s", "3.4s", "n/a" when undefined. */
const char *score_seconds(double s, char *buf, size_t size);

/* "6/8", correct of asked; "n/a" where something was detected and nothing is there to name roots. */
const char *score_rca(const struct score *s, char *buf, size_t size);

/* "held", "refuted: p99{service=web} <= 350ms (it was 490.1 ms)", appended. False: no verdict is recorded. */
bool scoreboard_hypothesis(const struct result *r, struct text *out);

/* The scoreboard of the task, to the letter, into @out. */
void scoreboard_print(const struct result *results, uint32_t n, const struct score *score, const struct gap *gaps,
		      uint32_t n_gaps, struct text *out);

#endif
