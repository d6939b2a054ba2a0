/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control.h - is it the machine? The scrapes are the control group of every judgement: a fault makes one service slow to answer
 * them, or a few; the median of all targets only rises where they and we wait for the same CPUs.
 */
#ifndef LAB_CONTROL_H
#define LAB_CONTROL_H

#include "tools/lab/pipeline/observation.h"

#define CONTROL_TICKS 60

struct control {
	double usual[CONTROL_TICKS]; /* medians of calm ticks */
	unsigned int n, next, wait;  /* wait: ticks until no window has a disturbed second in it */
};

/*
 * One tick: what the scrapes of @n targets were like; @late: we were woken late ourselves. May the values of windows of @window
 * ticks that end now be held against their baseline?
 */
bool control_is_calm(struct control *c, const struct observation *now, unsigned int n, bool late, unsigned int window);

#endif
