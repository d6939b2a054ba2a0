/* SPDX-License-Identifier: GPL-2.0-only */
/* fleet.h - a meter over a set of services by their names. */
#ifndef FL_FLEET_H
#define FL_FLEET_H

#include "measure/meter/meter.h"

/*
 * Open a meter over @specs (NULL-terminated targets), or over all that providers know when it is NULL
 * or empty. A target that cannot be measured is an error when it was given and @strict, else it is
 * left out; *ret_n is how many are measured. @options are the meter's, NULL: its defaults. -ENOENT:
 * there is none, and nothing was loaded.
 */
int fleet_open(char *const *specs, bool strict, const struct meter_options *options, struct meter **ret,
	       uint32_t *ret_n, struct fl_error *err);

/* Bring the services up to date: interfaces of restarted containers. What is gone is skipped. */
void fleet_refresh(struct meter *m, char *const *specs);

/* The same in two halves. Finding them asks engines, and touches no meter; taking them over is quick. */
struct fleet;
struct fleet *fleet_find(char *const *specs); /* NULL: they cannot be found now */
void fleet_take(struct meter *m, const struct fleet *f);
void fleet_free(struct fleet *f); /* NULL is fine, here and before */

#endif
