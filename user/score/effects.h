/* SPDX-License-Identifier: GPL-2.0-only */
/* effects.h - what the control group says of each fault on a share of the flows, in words. */
#ifndef FL_EFFECTS_H
#define FL_EFFECTS_H

#include "score/result.h"
#include "util/text/text.h"

/* "user > shop: latency +20.1 ms [19.9 .. 20.3], ..." of an entry of control_group[].edges; nothing when it says nothing. */
void effects_edge(const json_t *edge, struct text *out);

/* The lines below the scoreboard, or nothing where no fault had a control group. */
void effects_print(const struct result *results, uint32_t n, struct text *out);

#endif
