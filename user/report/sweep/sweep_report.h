/* SPDX-License-Identifier: GPL-2.0-only */
/* sweep_report.h - what a sweep found (sweep.json of the folder), in the reports. */
#ifndef FL_SWEEP_REPORT_H
#define FL_SWEEP_REPORT_H

#include "report/report.h"
#include "score/sweep/sweep.h"

/* One sweep of the folder, worked out. */
struct sweep_view {
	const json_t *json; /* borrowed */
	const char *name;
	struct sweep sweep;
	struct limit limits[SWEEP_CURVES];
	struct band band;
};

void sweep_markdown(const struct folder *f, const struct words *w, struct text *out);
void sweep_html(const struct folder *f, const struct words *w, struct text *out);

/* "Users feel ...": in the report's language; plain text. */
void sweep_told(const struct sweep_view *v, const struct words *w, struct text *out);

/* svg_sweep.c: both curves over the sizes, the intervals, the band between them, and each trial. */
void svg_sweep(const struct sweep_view *v, const struct words *w, struct text *out);

#endif
