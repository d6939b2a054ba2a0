/* SPDX-License-Identifier: GPL-2.0-only */
/* answers.h - what the API answers from here, without a command: lists that are quick to make. */
#ifndef FL_ANSWERS_H
#define FL_ANSWERS_H

#include <jansson.h>

#include "control/who.h"
#include "util/text/text.h"

/* [{"name", "class", "summary", "aliases", "needs", "params": [{"name", "type", "written", "default", "required", "help",
 * "live", "choices", "min", "max"}]}] of all kinds. */
json_t *answer_kinds(void);
/* [{"spec", "way"}] */
json_t *answer_targets(void);
json_t *answer_me(const struct who *who);
/* One of the rows of the list; NULL: there is no such fault. */
json_t *answer_fault(json_t *rows, const char *id);

/* [{"name", "time", "report", "verdict"}] of the folders below @dir with results in them, newest first. */
json_t *answer_runs(const char *dir);
/* The path of folder @name below @dir, when it is one and no link; the caller's to free, or NULL. */
char *answer_run_path(const char *dir, const char *name);
/* Append its chaos_report.md; negative errno. */
int answer_report(const char *dir, const char *name, struct text *out);

/* OpenAPI 3.1, out of the routes and the tables of the kinds. */
json_t *answer_openapi(void);

#endif
