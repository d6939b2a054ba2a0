/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * body_regex.h - a POSIX extended regular expression on an answer from elsewhere, in a time that grows with
 * the answer's length and no faster (TRE's parallel matcher). The C library's takes the square of it for
 * `ok.*done` on a page of "ok", and worse for others. What has no such bound is refused: back-references,
 * and counted repetitions that multiply.
 */
#ifndef FL_BODY_REGEX_H
#define FL_BODY_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

struct body_regex;

int body_regex_compile(const char *pattern, struct body_regex **ret, struct fl_error *err);
void body_regex_free(struct body_regex *re); /* may be NULL */

/* Is it found in the @len bytes? From any thread. */
bool body_regex_found(const struct body_regex *re, const char *body, size_t len);

#endif
