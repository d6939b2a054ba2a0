/* SPDX-License-Identifier: GPL-2.0-only */
/* token.h - faultline serve token add|list|remove. */
#ifndef FL_TOKEN_H
#define FL_TOKEN_H

#include "util/error.h"

struct token_ask {
	const char *name, *role, *valid_for, *kinds, *targets; /* NULL: not given */
};

/* @what: "add", "list", "remove". */
int token_command(const char *what, const struct token_ask *ask, struct fl_error *err);

#endif
