/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * expr.h - metric expressions:  order_success_rate < 90% OR checkout_p99 > 3s for 30s
 *
 *     expr    = or ; or = and { OR and } ; and = not { AND not } ; not = [NOT] atom
 *     atom    = "(" expr ")" | clause [ "for" duration ] | phrase
 *     clause  = metric [ "{" label "=" value {"," ...} "}" ] op number [unit]
 *     op      = < <= > >= == != and the signs for them (≤ ≥ ≠ =)
 *     phrase  = "any SLO breach beyond budget" | "alert tier-1 fires"   (words with a meaning)
 *
 * Values are kept in base units: seconds for times, 0..1 for percentages, plain numbers otherwise.
 */
#ifndef FL_EXPR_H
#define FL_EXPR_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct expr; /* a parsed expression */

enum expr_op { EXPR_LT, EXPR_LE, EXPR_GT, EXPR_GE, EXPR_EQ, EXPR_NE };

enum expr_unit { EXPR_NONE, EXPR_SECONDS, EXPR_RATIO };

/* metric op value, as found in a hypothesis or at the leaves of an expression. */
struct expr_clause {
	char metric[96];
	char labels[160]; /* as written between the braces; may be empty */
	enum expr_op op;
	double value;
	enum expr_unit unit;
	uint64_t for_ns; /* "for 30s" / "in 60s" / "within 30s"; 0 none */
	char text[192];  /* as written */
	int offset;      /* byte offset in the source text */
};

int expr_parse(const char *text, struct expr **ret, struct fl_error *err);
void expr_free(struct expr *e);
/* Every "for DURATION" @factor times as long; the text stays. NULL is none. */
void expr_scale(struct expr *e, double factor);
const char *expr_text(const struct expr *e);

/* Every metric the expression names, in order; valid as long as @e. */
uint32_t expr_clauses(const struct expr *e, const struct expr_clause **ret, uint32_t max);

/*
 * Current value of a metric. 0 and *ret; -ENODATA: known but no data yet; -ENOENT: no such metric.
 */
typedef int (*expr_lookup)(void *ctx, const struct expr_clause *clause, double *ret);

/*
 * Evaluate at @now_ns. `for` needs the clause to have held without a gap since then; the state for
 * that lives in @e. *ret: true / false; missing data counts as false. When it becomes true,
 * *ret_why (size bytes) says which clause and with which value.
 */
int expr_eval(struct expr *e, uint64_t now_ns, expr_lookup lookup, void *ctx, bool *ret, char *ret_why, size_t why_size,
	      struct fl_error *err);

/*
 * Find the testable clauses in free text (a hypothesis in any language). Returns their number;
 * *ret is the caller's to free. Prose around them is left alone.
 */
uint32_t expr_find_clauses(const char *text, struct expr_clause **ret);

/* The metric with its labels, "error_rate{service=a}": what it is called elsewhere. Returns @buf. */
#define EXPR_NAME_MAX 264
const char *expr_clause_name(const struct expr_clause *clause, char *buf, size_t size);

bool expr_compare(enum expr_op op, double left, double right);
const char *expr_op_text(enum expr_op op);

#endif
