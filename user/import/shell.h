/* SPDX-License-Identifier: GPL-2.0-only */
/* shell.h - the simple commands of a shell script, unexpanded. */
#ifndef FL_SHELL_H
#define FL_SHELL_H

#include <jansson.h>
#include <stdbool.h>

/* In a word, in place of the '$' or '`' of what only the running shell knows. No text has it. */
#define SHELL_UNKNOWN '\001'

/* Open quotes and brackets that a reader of commands should put up with: each is looked for to the end. */
#define SHELL_UNREADABLE_MAX 100

/*
 * One command of the script, which began on @line. @words are the reader's, to be changed at will; NULL:
 * a quote or bracket that opens on that line is not closed. Not 0 ends the reading.
 */
typedef int (*shell_command_fn)(void *user, char **words, int line);

/* Call @fn for each command of @text, those in "$(...)" too, whose first line has number @line. */
int shell_commands(const char *text, int line, shell_command_fn fn, void *user);

/* The word is what it says. */
bool shell_is_known(const char *word);

/* "NAME=value" */
bool shell_is_assignment(const char *word);

/* The variables that @text gives one known value, once: name -> value; null for others that it sets. */
json_t *shell_constants(const char *text);

/* The word with those filled in, of which @fn is told; the caller's to free. */
typedef void (*shell_constant_fn)(void *user, const char *name, const char *value);
char *shell_expand(const json_t *constants, const char *word, shell_constant_fn fn, void *user);

/* Put the '$' back, to show it. */
void shell_show(char *word);

#endif
