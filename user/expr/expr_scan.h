/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * expr_scan.h - the words of metric expressions. Shared by the parser (expr.c) and the search in
 * prose (expr_find.c); nobody else includes it.
 */
#ifndef FL_EXPR_SCAN_H
#define FL_EXPR_SCAN_H

#include "expr/expr.h"

/* Behind the blanks at @p. */
const char *scan_blank(const char *p);

/* Bytes of the identifier at @p: [A-Za-z_][A-Za-z0-9_.:]*, with '-' inside; 0 when none begins. */
size_t scan_word(const char *p);

/* Is the word at @p (of @len bytes) @keyword, in any case? */
bool scan_is(const char *p, size_t len, const char *keyword);

/* Bytes of the comparison sign at @p, 0 when there is none. */
size_t scan_op(const char *p, enum expr_op *ret);

/*
 * A number and its unit at @p: "99.5%", "800 ms", "64MiB", "3". Returns the bytes, 0 when no number
 * is here or what is glued to it is no unit. A word after a blank that is no unit is left alone.
 */
size_t scan_value(const char *p, double *ret, enum expr_unit *ret_unit);

/* "30s", "60 seconds" -> ns; bytes or 0. */
size_t scan_duration(const char *p, uint64_t *ret_ns);

/* "{service=a, method=GET}" -> the text between the braces; bytes, 0 none, -1 broken or too long. */
int scan_labels(const char *p, char *ret, size_t size);

#endif
