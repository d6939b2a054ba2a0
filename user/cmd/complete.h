/* SPDX-License-Identifier: GPL-2.0-only */
/* complete.h - what could stand where the cursor is, a line each: "WORD\tDESCRIPTION". */
#ifndef FL_COMPLETE_H
#define FL_COMPLETE_H

#include <argp.h>

#include "fault/fault.h"

/* The word under the cursor: @keep stays in front of what is offered ("--lang=", "a,"), @cur is to be completed. */
struct completing {
	const char *keep, *cur;
};

/* Print @word where it goes on with what is typed. @doc may be NULL. */
void complete_offer(const struct completing *c, const char *word, const char *doc);

/* What --help calls @what ("FILE", "TIME", "vi|en", "TARGET"), of command @command. */
void complete_value(const struct completing *c, const char *command, const char *what);
/* A value of a fault's parameter. */
void complete_param(const struct completing *c, const struct param *p);

/* A list of targets with commas between them; of peers, which may be services. */
void complete_targets(const struct completing *c);
/* Ids of faults; with @sessions those of sessions as well. */
void complete_ids(const struct completing *c, bool sessions);
/* KEY=VALUE of the fault @id. */
void complete_change(const struct completing *c, const char *id);

#endif
