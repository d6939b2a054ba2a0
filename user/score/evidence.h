/* SPDX-License-Identifier: GPL-2.0-only */
/* evidence.h - what a result holds for or against a failure mode; read by gaps and reports. */
#ifndef FL_EVIDENCE_H
#define FL_EVIDENCE_H

#include "score/result.h"

/* How far a measurement moved during the fault. */
struct shift {
	char what[120];        /* "p99 of payment-svc", "checkout_p99" */
	const char *unit;      /* borrowed from the result; never NULL */
	bool by_kernel;        /* measured in the kernel; otherwise by the runner */
	double before, during; /* means */
	double after;          /* NaN: not measured */
	double spread;         /* standard deviation of the baseline */
	double spreads;        /* |during - before| / spread */
	/* Where the run judged it itself ("anomaly" of the result), else p is NaN. */
	double p;   /* that chance explains it, of all that was looked at */
	bool usual; /* it does */
	double lasted_s;
	uint32_t looked_at, tried, spoke; /* figures; pieces of the baseline, where the same rule spoke */
};

/*
 * The strongest change: what the run found of the figures that the fault can show on; in older results the
 * measurement of the kernel that moved furthest in units of its own baseline's spread. Where the kernel
 * measured nothing, of the metrics of the experiment.
 */
bool evidence_shift(const struct result *r, struct shift *ret);

/* Have a share that is kept as 0..1 read as percent: 100, by which figures of @s are to be multiplied; 1 for all else. */
double evidence_as_percent(struct shift *s);

/* The services that the faults of @r were to hit, up to @max; borrowed. */
uint32_t evidence_targets(const struct result *r, const char **ret, uint32_t max);

/* The hypothesis as written, or NULL; the array of its judged clauses, or NULL. Borrowed. */
const char *evidence_hypothesis(const struct result *r);
const json_t *evidence_verdicts(const struct result *r);

/* Alerts of the fault window by service, most first. */
struct loudness {
	char service[128];
	uint32_t alerts;
};
uint32_t evidence_loudness(const struct result *r, struct loudness *ret, uint32_t max);

/* Names of the services in a cluster as the pipeline gave it (up to @max). */
uint32_t evidence_cluster(const struct result *r, const json_t *cluster, char (*ret)[128], uint32_t max);

/* The n-th of the ground truth's root services, NULL after the last. */
const char *evidence_root(const struct result *r, size_t n);

/*
 * Why it ended as it did, in the words of who ended it: the error, what was breached, who sent the signal.
 * NULL: nothing is recorded. Borrowed.
 */
const char *evidence_why(const struct result *r);

/* The same with the status: "aborted: checkout_p99 is 4.1"; "no pipeline was asked". For what is not scored. */
void evidence_unscored(const struct result *r, char *buf, size_t size);

/* Did its own trigger_when end it, and is it scored all the same? @ret_after_s: how long it was on. */
bool evidence_ended_early(const struct result *r, double *ret_after_s);

/* What became of its faults while they were on, in the order of the result; texts borrowed. */
struct fault_change {
	double time_s;    /* epoch seconds */
	const char *text; /* "alice set delay=300ms (was 200ms)" */
	bool by_hand;     /* somebody did it: it was set, or switched off */
};
uint32_t evidence_changes(const struct result *r, struct fault_change *ret, uint32_t max);

/* Was any of its faults ever switched on? */
bool evidence_was_on(const struct result *r);

/* Is the service that RCA named right by the ground truth, whether it is scored or not? */
bool evidence_rca_right(const struct result *r);

/* Does its baseline window say something of false alarms: it was there, and the pipeline could be asked? */
bool evidence_has_baseline(const struct result *r);

/* Epoch seconds of the first packet or call that a fault of the experiment hit; NaN: none known. */
double evidence_first_hit(const struct result *r);

/* Epoch seconds of the first request that left the baseline, by the kernel's clock, and its edge
 * ("checkout-svc > payment-svc"); NaN: none known. */
double evidence_first_symptom(const struct result *r, char *ret_what, size_t size);

/* "payment-svc or api-gateway"; "not checkout-svc"; "none", where nothing was to be reported; "not recorded", in results of
 * others */
const char *evidence_truth_text(const struct result *r, char *buf, size_t size);

/* The same in another language. */
struct truth_words {
	const char * or, *not, *none, *unrecorded; /* with their blanks */
};
const char *evidence_truth_in(const struct result *r, const struct truth_words *w, char *buf, size_t size);

#endif
