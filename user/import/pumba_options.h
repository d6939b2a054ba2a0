/* SPDX-License-Identifier: GPL-2.0-only */
/* pumba_options.h - the options of pumba's commands. */
#ifndef FL_PUMBA_OPTIONS_H
#define FL_PUMBA_OPTIONS_H

#include "import/import.h"

/*
 * The options of @command from *w on into @doc, as {"COMMAND --name": "value"}; *w moves to the first word
 * that is none. An option that @command does not have, one without its value, and a value that only the shell
 * knows are -EINVAL.
 */
int pumba_options(json_t *doc, const char *command, char *const **w, struct fl_error *err);

/* What a variable or another command gives is not in the file: says so of @word. Returns -EINVAL. */
int pumba_unknown(const char *word, struct fl_error *err);

#endif
