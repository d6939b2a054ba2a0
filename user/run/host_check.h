/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host_check.h - would a suite run on this host, and would its faults be seen? Targets, kinds, paths, metrics, probe,
 * pipeline, and some seconds of watching who talks to whom (unseen.h). All findings in one go; nothing is broken.
 */
#ifndef FL_HOST_CHECK_H
#define FL_HOST_CHECK_H

#include "model/experiment.h"

struct host_check {
	uint64_t watch_ns;                    /* how long to watch the traffic; 0: not at all */
	bool (*wait)(void *ctx, uint64_t ns); /* false: a signal ended it */
	void (*found)(void *ctx, bool error, const char *rule, const struct experiment *x, const char *text,
		      const char *hint);           /* @x NULL: of the suite */
	void (*fact)(void *ctx, const char *text); /* what is as it should be, in words */
	void *ctx;
};

/* What of the faults of @x alone cannot be done here: kind, targets, places, limits. Touches nothing. */
void host_check_faults(const struct experiment *x, const struct host_check *c);

/* -EINTR: a signal ended it; what was found until then is told. Asks the pipeline (pipeline_learn()). */
int host_check(struct suite *s, const struct host_check *c);

#endif
