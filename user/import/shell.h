/* SPDX-License-Identifier: GPL-2.0-only */
/* shell.h - the simple commands of a shell script, unexpanded. */
#ifndef FL_SHELL_H
#define FL_SHELL_H

#include <stdbool.h>

/* In a word, in place of the '$' or '`' of what only the running shell knows. No text has it. */
#define SHELL_UNKNOWN '\001'

/*
 * One command of the script, which began on @line. @words are the reader's, to be changed at will; NULL:
 * a quote or bracket that opens on that line is not closed. Not 0 ends the reading.
 */
typedef int (*shell_command_fn)(void *user, char **words, int line);

/* Call @fn for each command of @text, those in "$(...)" too, whose first line has number @line. */
int shell_commands(const char *text, int line, shell_command_fn fn, void *user);

/* The word is what it says. */
bool shell_is_known(const char *word);

/* Put the '$' back, to show it. */
void shell_show(char *word);

#endif
