/* SPDX-License-Identifier: GPL-2.0-only */
/* plain.h - prose around clauses into words that measure.c understands. */
#ifndef FL_EXERCISE_PLAIN_H
#define FL_EXERCISE_PLAIN_H

/* Metrics by their names in other languages ("tỷ lệ lỗi", "taux d'erreur"), and "percent" as "%". The caller's to free. */
char *plain_metrics(const char *text);

/* A condition: what joins its terms, compares and says how long as AND, OR, <, > and "for 30s". Remarks in
 * parentheses are left out, those with a comparison in them are not. The caller's to free. */
char *plain_condition(const char *text);

#endif
