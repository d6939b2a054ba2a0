/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * psychometric.h - how likely a fault of a given size is noticed. The curve rises with the logarithm of the
 * size from a guess rate (noticed although nothing was done) to one minus a lapse rate (not noticed although
 * it was far above the threshold). Formulas and sources: docs/sweep.md. Pure.
 */
#ifndef FL_PSYCHOMETRIC_H
#define FL_PSYCHOMETRIC_H

#include <stdbool.h>
#include <stdint.h>

/* The bounds of the fit. A width below the lowest cannot be told from a step. */
#define PSY_WIDTH_MIN 0.03
#define PSY_WIDTH_MAX 1.5
#define PSY_GUESS_MAX 0.7
#define PSY_LAPSE_MAX 0.25

struct psy {
	double threshold; /* the size where half of what is neither guess nor lapse is noticed */
	double width;     /* of the logistic curve, in natural logarithms of the size */
	double guess, lapse;
};

/* One trial: what was done, and whether it was noticed. Size 0 is a catch trial. */
struct psy_trial {
	double size;
	bool yes;
};

/* The sizes that are tried; 0 < lo < hi. */
struct psy_range {
	double lo, hi;
};

/* How far beyond the range, in natural logarithms, a threshold is looked for. */
double psy_margin(const struct psy_range *range);

double psy_at(const struct psy *p, double size);
double psy_log_likelihood(const struct psy *p, const struct psy_trial *trials, uint32_t n);

/* The parameters of the largest likelihood; NaN in all of them without a trial. */
void psy_fit(const struct psy_range *range, const struct psy_trial *trials, uint32_t n, struct psy *ret);

/*
 * Parametric bootstrap: @rounds times the same sizes with answers drawn from @fit, fitted again; the 95 %
 * percentile interval of the threshold. The same @seed gives the same interval. -ENOMEM.
 */
int psy_bootstrap(const struct psy_range *range, const struct psy_trial *trials, uint32_t n, const struct psy *fit,
		  uint32_t rounds, uint64_t seed, struct psy_range *ret);

#endif
