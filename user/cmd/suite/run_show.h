/* SPDX-License-Identifier: GPL-2.0-only */
/* run_show.h - how `run` shows itself: progress on stderr, the outcome on stdout. */
#ifndef FL_RUN_SHOW_H
#define FL_RUN_SHOW_H

#include "run/run.h"

struct run_show {
	bool live;          /* stderr is a terminal: one line that changes; otherwise a line a change */
	bool quiet;         /* results only */
	bool drawn;         /* the changing line is on the screen */
	unsigned int width; /* columns */
	double ends;        /* when the whole run will be over, by the estimate; 0: unknown */
};

void run_show_init(struct run_show *s);

/* Say how long all of it will take, before it begins. */
void run_show_begin(struct run_show *s, const struct suite *suite, const struct run_options *o);

/* A run_options.progress. */
void run_show_progress(void *ctx, const struct run_progress *p);

/* The scoreboard, the folder and the verdict, as text or JSON; returns the exit status. */
int run_show_report(const struct run_report *report, const struct suite *suite, const char *dir, bool json);

/* What would be run. */
void run_show_plan(const struct suite *suite, const struct run_options *o, bool json);

#endif
