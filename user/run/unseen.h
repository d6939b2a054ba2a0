/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unseen.h - faults that this stack cannot show, told before they are on: nobody asks the name server, nothing
 * passes between the two ends, the database is asked by nobody. From what the kernel's meter saw of the services
 * in some seconds without a fault. Pure.
 */
#ifndef FL_UNSEEN_H
#define FL_UNSEEN_H

#include "model/experiment.h"
#include "measure/meter/meter.h"

/*
 * For each fault of @x that would not be seen: a rule (fixed text) and a sentence with what to do instead. @seen is the
 * difference of two readings, @seconds apart. What the meter does not measure is not spoken of.
 */
typedef void (*unseen_fn)(void *ctx, const struct experiment *x, const char *rule, const char *text);
void unseen_find(const struct experiment *x, const struct meter_snapshot *seen, double seconds, unseen_fn say,
		 void *ctx);

#endif
