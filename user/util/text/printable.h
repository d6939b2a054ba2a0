/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * printable.h - text from outside (pipelines, agents, stores, engines, service names) must not command
 * a terminal or reorder what a reader sees. There is one place for it, the output: what the process
 * prints goes through printable_streams(), what it writes for people through printable_append().
 *
 * What is not printable becomes its \u escape, which is readable in text and means the same character
 * inside a JSON string: C0 and C1 control characters but newline and tab, DEL, and the characters
 * that change the direction of text (UAX #9). What is no UTF-8 becomes U+FFFD.
 */
#ifndef FL_PRINTABLE_H
#define FL_PRINTABLE_H

#include <stdio.h>

#include "util/text/text.h"

/* A UTF-8 sequence that the end of a piece has cut. Zero-initialise. */
struct printable {
	unsigned char held[4];
	unsigned int n;
};

/* Append @bytes to @out, safe; an unfinished sequence at their end is kept in @p for the next call. */
void printable_append(struct printable *p, struct text *out, const char *bytes, size_t n);

/* What is still held is no UTF-8 after all. */
void printable_end(struct printable *p, struct text *out);

/*
 * From now on stdout and stderr of this process are safe, and lost output turns exit status 0 into
 * FL_EXIT_ENVIRONMENT. Standard descriptors that are closed become /dev/null. Once, before anything
 * is printed or opened.
 */
void printable_streams(void);

/* Print our own control sequence to @out (stdout or stderr), as it is, in its place. */
void printable_control(FILE *out, const char *sequence);

#endif
