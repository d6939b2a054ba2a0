/* SPDX-License-Identifier: GPL-2.0-only */
/* wilson.h - how far a share that was counted may be off. */
#ifndef FL_WILSON_H
#define FL_WILSON_H

#define NORMAL_Z95 1.959963984540054 /* of the normal distribution, two-sided 95 % */

/* The limits of a @share of @n tries at @z standard errors (Wilson 1927), from 0 to 1. */
void wilson(double share, double n, double z, double *ret_low, double *ret_high);

#endif
