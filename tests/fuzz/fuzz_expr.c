// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes through the expression parser and the search in prose; what parses is evaluated. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "expr/expr.h"

static int lookup(void *ctx, const struct expr_clause *c, double *ret)
{
	(void)ctx;
	*ret = c->value;
	return c->metric[0] == 'n' ? -ENODATA : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), why[64];
	struct expr_clause *found;
	struct expr *e;
	uint32_t n, i;
	bool t;

	memcpy(text, data, size);
	text[size] = '\0';
	if (!expr_parse(text, &e, NULL)) {
		if (expr_eval(e, 1000, lookup, NULL, &t, why, sizeof(why), NULL))
			abort();
		expr_free(e);
	}
	n = expr_find_clauses(text, &found);
	for (i = 0; i < n; i++)
		if (found[i].offset < 0 || (size_t)found[i].offset >= size || !found[i].metric[0])
			abort();
	free(found);
	free(text);
	return 0;
}
