/* SPDX-License-Identifier: GPL-2.0-only */
/* quantile.h - the tables from which the kernel side draws jitter. Pure. */
#ifndef FL_QUANTILE_H
#define FL_QUANTILE_H

#include "bpf/abi/abi.h"

/* Compute all rows of the `tables` map. */
void quantile_rows(struct fl_table_row rows[FL_TABLE_MAX]);

/*
 * The kernel's series is F^-1(Phi(z)) of a Gaussian AR(1) process z. Which coefficient of z gives
 * the *delays* the Pearson correlation @correlation (0..1) from one packet to the next?
 * Always at least @correlation; equal to it for the normal distribution.
 */
double quantile_ar_coefficient(const struct fl_table_row rows[FL_TABLE_MAX], enum fl_distribution distribution,
			       double correlation);

/* The standard normal quantile function; 0 < p < 1. */
double quantile_normal(double p);

#endif
