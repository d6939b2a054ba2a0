/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compare.h - two runs of a suite, experiment by experiment: two pipelines, or one before and after a change. What
 * differs, and whether chance explains it.
 */
#ifndef FL_COMPARE_H
#define FL_COMPARE_H

#include "score/compare/paired.h"
#include "score/result.h"
#include "util/text/text.h"

/* What is asked of each pair, yes or no; yes is good. */
enum compare_question {
	COMPARE_SCORED,   /* of all that are in both: was it scored? */
	COMPARE_DETECTED, /* of those scored in both that have to be detected: was it? */
	COMPARE_ROOT,     /* of those detected in both whose pipelines name causes: was the first one right? */
	COMPARE_QUIET,    /* of those scored in both with a baseline: was there no false alarm in it? */
	COMPARE_QUESTIONS,
};

struct compare_answer {
	struct paired_counts counts;
	uint32_t pairs;
	double difference; /* share of yes in B less that in A; NaN without pairs */
	struct interval interval;
	double p;
};

/* How one experiment did in B, seen from A. */
enum pair_change {
	PAIR_SAME,
	PAIR_UNSCORED, /* was scored, is not */
	PAIR_MISSED,   /* was detected, is missed */
	PAIR_ROOT_LOST,
	PAIR_SLOWER, /* takes at least half as long again, and 5 s more */
	PAIR_SCORED,
	PAIR_DETECTED,
	PAIR_ROOT_FOUND,
	PAIR_FASTER,
};

struct compare_pair {
	const struct result *a, *b; /* borrowed */
	uint32_t repeat;            /* which of this id, from 0 */
	enum pair_change change;
};

struct comparison {
	struct compare_pair *pairs; /* in both, in the order of A */
	uint32_t n;
	const struct result **only_a, **only_b;
	uint32_t n_only_a, n_only_b;
	uint32_t scored; /* in both */
	struct compare_answer answers[COMPARE_QUESTIONS];
	/* the delays of those detected in both, B - A, to the millisecond */
	uint32_t delays;
	double median_a_s, median_b_s;
	struct signed_ranks delay;
};

/* How @is did beside @was, both of the same experiment. */
enum pair_change pair_change_of(const struct result *was, const struct result *is);
bool pair_is_worse(enum pair_change change);

/* "payment_loss: detected after 6.4s in A, after 20s in B"; "" where it is the same. */
const char *pair_text(const struct compare_pair *pair, char *buf, size_t size);
/* "same", "unscored", "missed", "root_lost", "slower", "scored", "detected", "root_found", "faster" */
const char *pair_change_text(enum pair_change change);

/*
 * Pair the results by their ids, the n-th of an id with the n-th (repeats), and compare them. They have to outlive @ret,
 * which is the caller's to comparison_free(), also after an error. -ENOMEM.
 */
int comparison_make(const struct result *a, uint32_t n_a, const struct result *b, uint32_t n_b, struct comparison *ret);
void comparison_free(struct comparison *c);

/* Is B worse than chance explains: in one question or in the delays, two-sided p below PAIRED_ALPHA? */
bool comparison_regressed(const struct comparison *c);
bool answer_is_worse(const struct compare_answer *a);
bool answer_is_better(const struct compare_answer *a);
bool delay_is_worse(const struct comparison *c);
bool delay_is_better(const struct comparison *c);

/* "scored", "detected", "right root", "no false alarm" */
const char *compare_question_text(enum compare_question q);

/* The table and the lists, no line longer than 80 columns. */
void comparison_print(const struct comparison *c, struct text *out);
/* Everything, for -o json (new reference). */
json_t *comparison_json(const struct comparison *c);

#endif
