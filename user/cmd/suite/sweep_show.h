/* SPDX-License-Identifier: GPL-2.0-only */
/* sweep_show.h - how `sweep` shows itself: progress on stderr, what was found on stdout. */
#ifndef FL_SWEEP_SHOW_H
#define FL_SWEEP_SHOW_H

#include "run/sweep/sweep_run.h"

struct sweep_show {
	const struct sweeps *sweeps;
	bool live, quiet, drawn;
	unsigned int width; /* columns */
};

void sweep_show_init(struct sweep_show *s, const struct sweeps *sweeps, bool quiet);

/* How many trials there is time for, before it begins. */
void sweep_show_begin(const struct sweep_show *s);

/* A run_options.progress. */
void sweep_show_progress(void *ctx, const struct run_progress *p);

/* What was found, in words and figures. */
void sweep_show_found(const struct sweeps *sweeps);

/* "9 min 12 s" */
const char *sweep_show_time(double seconds, char *buf, size_t size);

#endif
