/* SPDX-License-Identifier: GPL-2.0-only */
/* history.h - several runs of a suite one after the other: the trend, and what got worse. */
#ifndef FL_HISTORY_H
#define FL_HISTORY_H

#include "report/folder.h"

/* What was lost from one run to the next. */
enum regression {
	REGRESSION_RUN,        /* was accepted, is not: aborted, stopped, acceptance failed, a hypothesis refuted */
	REGRESSION_STATUS,     /* the experiment was carried out, and now it was not, or not to its end */
	REGRESSION_DETECTION,  /* was detected, is missed */
	REGRESSION_RCA,        /* had the right root, has not */
	REGRESSION_SLOWER,     /* takes at least half as long again, and 5 s more */
	REGRESSION_HYPOTHESIS, /* held, was refuted */
};

struct change {
	char experiment[64]; /* empty: the run as a whole */
	enum regression kind;
	uint32_t run;           /* index of the run that is worse */
	double before_s, now_s; /* REGRESSION_SLOWER */
	char now[160];          /* REGRESSION_RUN, REGRESSION_STATUS: what it is instead */
};

/* What the runs are called in a note: run 1, run 2, ... of history, or A and B of compare. */
enum run_names { RUN_NUMBERS, RUN_LETTERS };

/* Order @runs by when they began; a run without that keeps its place. */
void history_sort(struct folder *runs, uint32_t n);

/*
 * Are these runs of one suite (its name, its path or its SHA-256 is the same)? Else -EINVAL and an error that names
 * the two. What makes their figures less comparable (another version of the file, another scale, an unknown
 * suite, experiments that are in one run only) is appended to @ret_notes, one sentence an entry.
 */
int history_same_suite(const struct folder *runs, uint32_t n, enum run_names names, json_t *ret_notes,
		       struct fl_error *err);

/* Are they, by what their manifests say? One without a manifest belongs to every suite. */
bool history_is_same_suite(const struct folder *a, const struct folder *b);

/* A line a score and suite: how it went over the runs, as bars. Nothing for a suite with one run. */
void history_trends_print(const struct folder *runs, uint32_t n, struct text *out);
/* [{"suite", "runs": [1, 2], "recall": [...], ...}], also for one run (new reference). */
json_t *history_trends_json(const struct folder *runs, uint32_t n);

/* Every regression between a run and the last run before it that can be compared. *ret is the caller's to free. */
int history_compare(const struct folder *runs, uint32_t n, struct change **ret, uint32_t *ret_n, struct fl_error *err);

/* "payment_loss: detected before, missed now" */
const char *change_text(const struct change *c, char *buf, size_t size);

/* "run", "status", "detection", "root_cause", "slower", "hypothesis" */
const char *regression_text(enum regression kind);

/* Did the run end accepted, with exit status 0? @buf: its verdict in words, which is returned in any case. */
const char *history_verdict(const struct folder *f, bool *ret_accepted, char *buf, size_t size);

/* When the run began, epoch seconds; NaN: not known. */
double folder_started(const struct folder *f);

#endif
