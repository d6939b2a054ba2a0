/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * correlator.h - which alerts belong together: those close in time *and* close in the dependency
 * graph. Time alone would merge independent incidents.
 */
#ifndef LAB_CORRELATOR_H
#define LAB_CORRELATOR_H

#include "tools/lab/pipeline/detector.h"

#define CORRELATE_GAP_S 20.0 /* further apart, two alerts are not one incident */

/*
 * Give each of the @n alerts the number of its cluster, 0 ... *ret_n - 1, in @ret_cluster. Two
 * alerts are linked when they fired within CORRELATE_GAP_S and a service of one is the same as, or
 * calls, or is called by a service of the other; clusters are what links connect.
 */
void correlate(const struct graph *g, const struct alert *alerts, unsigned int n, unsigned int *ret_cluster,
	       unsigned int *ret_n);

#endif
