/* SPDX-License-Identifier: GPL-2.0-only */
/* rules.h - for which service or edge a kind of fault makes sense, and what should hold while it is on. */
#ifndef FL_PLAN_RULES_H
#define FL_PLAN_RULES_H

#include "plan/plan.h"

struct plan_rule {
	const char *kind;
	bool of_edge;  /* offered for each edge between two services; otherwise for each service */
	bool packets;  /* it acts on packets: see plan_find_view() */
	double weight; /* what it is worth, 0..1 */
	/* What may be lost at the place where it is noticed: time, in delays of the fault and in seconds; share of errors. */
	double delays, seconds, errors;
	/* NULL: it makes sense on @f->services[i] or @f->edges[i], and *ret has the parameters. Otherwise why not. */
	const char *(*fits)(const struct plan_facts *f, uint32_t i, struct plan_fault *ret);
	const char *claim;   /* the hypothesis in words; @ is the target, & the other end of the edge */
	const char *symptom; /* of the ground truth */
	const char *instead; /* what to do where it makes no sense */
};

extern const struct plan_rule plan_rules[]; /* ends with a NULL kind */

/* Kinds that no suite is given by itself, and why. */
struct plan_left_out {
	const char *kind, *why, *instead;
};
extern const struct plan_left_out plan_left_out[]; /* ends with a NULL kind */

/* The delay that is worth trying on what takes @p99_s, in ns. */
uint64_t plan_delay_ns(double p99_s);

/* The hypothesis of @x, whose second fault is of @second: what both of them may cost. */
void plan_promise_both(const struct plan *p, struct plan_experiment *x, const struct plan_rule *second);

/* disk_fill is offered for each volume of a service. */
void plan_use_volume(struct plan_fault *fault, const char *path);

#endif
