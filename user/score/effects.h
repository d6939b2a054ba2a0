/* SPDX-License-Identifier: GPL-2.0-only */
/* effects.h - what the control group says of each fault on a share of the flows, in words. */
#ifndef FL_EFFECTS_H
#define FL_EFFECTS_H

#include "score/result.h"
#include "util/text/text.h"

/* Of an entry of control_group[].edges: how many tries of either side. False: one side has none, so there is nothing to say. */
bool effects_tries(const json_t *edge, double *ret_treated, double *ret_control);
/* "latency +20.1 ms [19.9 .. 20.3], p50 ..." */
void effects_figures(const json_t *edge, struct text *out);

/* The i-th of @r that has a client and something to say; NULL: there is none any more. */
const json_t *effects_find(const struct result *r, uint32_t i);

/* The lines below the scoreboard, or nothing where no fault had a control group. */
void effects_print(const struct result *results, uint32_t n, struct text *out);

#endif
