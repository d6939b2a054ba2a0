/* SPDX-License-Identifier: GPL-2.0-only */
/* suite_file.h - an experiment file and what is said about it, as `check` and `run` print it. */
#ifndef FL_SUITE_FILE_H
#define FL_SUITE_FILE_H

#include <argp.h>
#include <stdio.h>

#include "model/experiment.h"

/* The name of the experiment of that number, or NULL. */
const char *suite_file_name_of(const struct suite *s, int number);

/* "FILE:LINE:COLUMN: warning [rule] name: text"; @strict: as an error. */
void suite_file_print(FILE *out, const struct suite *s, const struct finding *f, bool strict);

/* The argument of --adapter, in --help and completions; and @arg, when it is one of them. */
#define SUITE_ADAPTERS "faultline|w3d2|prometheus|alertmanager"
const char *suite_file_adapter(const char *arg, const struct argp_state *state);

/* What the command line says of a suite's surroundings; NULL: nothing. */
struct suite_addresses {
	const char *probe, *pipeline, *adapter, *root_label;
	bool lab; /* both from the running lab */
};

/* Put them in the file's place. The exercise's usual addresses, which were invented, give way to those of a lab. */
int suite_file_use(struct suite *s, const struct suite_addresses *a, struct fl_error *err);

/*
 * Read @path for a run, in those surroundings: all errors that `check` finds in it are printed or, when it has none,
 * every value that was invented (refused with @strict). @skip: rules of inventions that the command line makes good, or
 * NULL. *ret is released with suite_free().
 */
int suite_file_read(const char *path, bool strict, const char *const *skip, const struct suite_addresses *a,
		    struct suite **ret, struct fl_error *err);

#endif
