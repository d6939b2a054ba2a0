/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unfinished.h - what a session that has ended could not undo, for those who look at it from outside
 * (`list`, `stop`): unfinished.json beside its journal, written anew by each try that leaves something open,
 * gone with the session's directory when nothing is.
 */
#ifndef FL_UNFINISHED_H
#define FL_UNFINISHED_H

#include <stdbool.h>

#include "util/error.h"

struct unfinished {
	double since_wall; /* of the first try */
	char message[512]; /* what is not as it was, where and why */
	char hint[512];    /* may be empty */
};

/* Best effort: the journal says it as well, if less clearly. */
void unfinished_write(const char *session, const struct fl_error *why);

/* False: it has ended with nothing open, or has not ended. */
bool unfinished_read(const char *session, struct unfinished *ret);

#endif
