/* SPDX-License-Identifier: GPL-2.0-only */
/* weakness.h - gaps of one mode together: a weakness of the pipeline, the worst first. */
#ifndef FL_WEAKNESS_H
#define FL_WEAKNESS_H

#include "report/folder.h"

#define WEAKNESSES_MAX 8

struct weakness {
	const char *mode;        /* "7.3", "-" */
	const struct gap *first; /* the gap that stands for it */
	uint32_t gaps;
};

/* Known modes by the number of their gaps, then what no rule explains. Returns how many. */
uint32_t weaknesses_rank(const struct folder *f, struct weakness ret[WEAKNESSES_MAX]);

#endif
