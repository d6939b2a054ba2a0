/* SPDX-License-Identifier: GPL-2.0-only */
/* svg.h - the pictures of report.html, as inline SVG. Colours come from the page's CSS classes. */
#ifndef FL_SVG_H
#define FL_SVG_H

#include "report/report.h"

/*
 * One experiment over time: fault window, every try of the probe, the measurement that moved
 * most, alerts by service, first hit, recovery. The x axis is seconds after injection.
 */
void svg_timeline(const struct folder *f, const struct result *r, const struct words *w, struct text *out);

/* The dependency graph with the services that were hit and the one that was blamed. Nothing when the
 * run recorded no graph. */
void svg_graph(const struct folder *f, const struct result *r, const struct words *w, struct text *out);

#endif
