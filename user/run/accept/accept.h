/* SPDX-License-Identifier: GPL-2.0-only */
/* accept.h - the exercise's acceptance checklist (seed section 8.9) and anti-patterns (9), for the folder of a run. */
#ifndef FL_ACCEPT_H
#define FL_ACCEPT_H

#include "fault/fault.h"
#include "report/words/words.h"

enum accept_answer { ACCEPT_NO, ACCEPT_YES, ACCEPT_UNKNOWN };

struct accept_line {
	bool pattern; /* of the anti-patterns: yes means avoided */
	enum accept_answer answer;
	char what[120];  /* the line of the list */
	char place[300]; /* where, and what is there */
};

#define ACCEPT_MAX 32

/*
 * Judge the run in @dir; @file is its experiment file (NULL: that of run.json, else experiments.yaml in @dir).
 * Documents that are missing are written in the language of @w. Nothing that is not recorded is a yes.
 */
int accept_judge(const char *dir, const char *file, const struct words *w, const struct fault_ops *const *table,
		 struct accept_line ret[ACCEPT_MAX], uint32_t *ret_n, struct fl_error *err);

#endif
