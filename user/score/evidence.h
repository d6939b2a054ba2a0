/* SPDX-License-Identifier: GPL-2.0-only */
/* evidence.h - what a result holds for or against a failure mode; read by gaps and reports. */
#ifndef FL_EVIDENCE_H
#define FL_EVIDENCE_H

#include "score/result.h"

/* How far a kernel-side measurement moved during the fault. */
struct shift {
	const char *service, *metric, *unit; /* borrowed from the result; never NULL */
	double before, during;		     /* means */
	double spread;			     /* standard deviation of the baseline */
	double spreads;			     /* |during - before| / spread */
};

/* The kernel measurement that moved furthest in units of its own baseline's spread. */
bool evidence_shift(const struct result *r, struct shift *ret);

/* Alerts of the fault window by service, most first. */
struct loudness {
	char service[128];
	uint32_t alerts;
};
uint32_t evidence_loudness(const struct result *r, struct loudness *ret, uint32_t max);

/* Names of the services in a cluster as the pipeline gave it (up to @max). */
uint32_t evidence_cluster(const struct result *r, const json_t *cluster, char (*ret)[128],
			  uint32_t max);

/* The n-th of the ground truth's root services, NULL after the last. */
const char *evidence_root(const struct result *r, size_t n);

/* Epoch seconds of the first packet or call that a fault of the experiment hit; NaN: none known. */
double evidence_first_hit(const struct result *r);

/* "payment-svc or api-gateway"; "not checkout-svc"; "none" */
const char *evidence_truth_text(const struct result *r, char *buf, size_t size);

#endif
