/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * quest.h - which size to try next, and what is known of the threshold so far. A posterior on a grid over all
 * four parameters of the curve (QUEST+, Watson 2017); the next size is the one whose answer is expected to
 * tell most about the threshold alone (Prins 2013). Pure and deterministic.
 */
#ifndef FL_QUEST_H
#define FL_QUEST_H

#include "score/sweep/psychometric.h"

struct quest;

/* NULL: out of memory. */
struct quest *quest_new(const struct psy_range *range);
void quest_free(struct quest *q);

/* The answer of one trial. */
void quest_take(struct quest *q, const struct psy_trial *trial);

/* The sizes to choose from, on the grid of the thresholds: how many, and the i-th; some lie beyond the range. */
uint32_t quest_sizes(const struct quest *q);
double quest_size(const struct quest *q, uint32_t i);

/* Bits that a trial of the i-th size is expected to tell about the threshold. */
double quest_gain(const struct quest *q, uint32_t i);

/* What is known of the threshold: its median and the interval that holds @level of the probability. Ends that lie
 * beyond the range mean "below" and "above" it, no size. */
double quest_median(const struct quest *q);
void quest_interval(const struct quest *q, double level, struct psy_range *ret);

/* The probability that the threshold lies below the range, and above it. */
double quest_below(const struct quest *q);
double quest_above(const struct quest *q);

/* The median and the 95 % interval of threshold(@b) / threshold(@a); the two must have the same range. */
double quest_ratio(const struct quest *a, const struct quest *b, struct psy_range *ret);

#endif
