/* SPDX-License-Identifier: GPL-2.0-only */
/* measure.h - of metrics, clauses and triggers, what faultline can measure. See measure.c. */
#ifndef FL_EXERCISE_MEASURE_H
#define FL_EXERCISE_MEASURE_H

#include "model/experiment.h"
#include "util/text/text.h"

/*
 * The name under which a metric is known here ("payment_latency_p99" -> "payment_p99"), into @ret.
 * *ret_inverse: it is one minus that ("checkout_success_rate" -> "checkout_error_rate"). false: faultline
 * cannot measure it. @s gives the services.
 */
bool measure_name(const struct suite *s, const char *name, char *ret, size_t size, bool *ret_inverse);

/*
 * The clauses of a hypothesis that can be measured, a line each, into @clauses (not initialised before); how
 * many. *ret_changed: they differ from what stands in @text, or some were left out; those go to @lost.
 */
uint32_t measure_hypothesis(const struct suite *s, const char *text, struct text *clauses, bool *ret_changed,
			    struct text *lost);

/*
 * A condition ("a < 1 OR prose for 30s continuously") without what cannot be measured. NULL: nothing is left.
 * *ret_lost: something was left out. The caller's to free.
 */
char *measure_condition(const struct suite *s, const char *text, bool *ret_lost);

/* --- plain.c ------------------------------------------------------------------------------------- */

/* Metrics by their names in other languages ("tỷ lệ lỗi", "taux d'erreur"), and "percent" as "%". The caller's to free. */
char *plain_metrics(const char *text);

/* A condition: what joins its terms, compares and says how long as AND, OR, <, > and "for 30s". Remarks in
 * parentheses are left out, those with a comparison in them are not. The caller's to free. */
char *plain_condition(const char *text);

#endif
