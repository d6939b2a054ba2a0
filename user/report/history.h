/* SPDX-License-Identifier: GPL-2.0-only */
/* history.h - several runs of a suite one after the other: the trend, and what got worse. */
#ifndef FL_HISTORY_H
#define FL_HISTORY_H

#include "report/folder.h"

/* What an experiment lost from one run to the next that has it. */
enum regression {
	REGRESSION_DETECTION, /* was detected, is missed */
	REGRESSION_RCA,	      /* had the right root, has not */
	REGRESSION_SLOWER,    /* takes at least half as long again, and 5 s more */
};

struct change {
	char experiment[64];
	enum regression kind;
	uint32_t run; /* index of the run that is worse */
	double before_s, now_s; /* REGRESSION_SLOWER */
};

/* Order @runs by when they began; a run without that keeps its place. */
void history_sort(struct folder *runs, uint32_t n);

/* Every regression between a run and the last run before it that scored the same experiment. *ret is
 * the caller's to free. */
int history_compare(const struct folder *runs, uint32_t n, struct change **ret, uint32_t *ret_n,
		    struct fl_error *err);

/* "payment_loss: detected before, missed now" */
const char *change_text(const struct change *c, char *buf, size_t size);

/* When the run began, epoch seconds; NaN: not known. */
double folder_started(const struct folder *f);

#endif
