/* SPDX-License-Identifier: GPL-2.0-only */
/* run_files.h - what the commands that carry out a suite have in common: its folder, the reports, a look at the pipeline. */
#ifndef FL_RUN_FILES_H
#define FL_RUN_FILES_H

#include <argp.h>

#include "cmd/suite/suite_file.h"
#include "model/experiment.h"

/*
 * "FILE" and the options that run and sweep have in common, as the argp child of their own. At ARGP_KEY_INIT the parent
 * sets state->child_inputs[0] to its struct run_words.
 */
struct run_words {
	const char *file, *out, *lang; /* lang: set it before */
	struct suite_addresses addresses;
	uint64_t seed; /* 0: none was given */
	bool force_stage, json;
	struct fl_error err; /* of a value that is wrong */
};
extern const struct argp_child run_words_child[];

/* The argument of --scale. */
double run_parse_scale(const char *arg, const struct argp_state *state);

/* "1,4,9": numbers of experiments, added to *only, which is the caller's to free. */
int run_parse_only(const char *arg, int **only, uint32_t *n_only, struct fl_error *err);

/* @out, else one by the time below ./faultline-results; of the @n-th of several runs (0: there is one). The caller's
 * to free. */
char *run_folder(const char *out, int64_t n);

/* The reports are a view of the results: when they cannot be written the run stands all the same. @journal
 * and @junit, files to write besides, may be NULL; false: one that was asked for could not be written. */
bool run_write_reports(const char *dir, const char *lang, const char *journal, const char *junit);

/* What the pipeline takes is found out before anything is broken. There is nothing to undo yet: a signal just ends it. */
int run_learn(struct suite *s, bool may_be_down, bool quiet, struct fl_error *err);

#endif
