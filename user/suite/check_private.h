/* SPDX-License-Identifier: GPL-2.0-only */
/* check_private.h - what the parts of suite_check() share. */
#ifndef FL_CHECK_PRIVATE_H
#define FL_CHECK_PRIVATE_H

#include "model/experiment.h"

struct report {
	const struct suite *suite;
	struct finding *v;
	uint32_t n;
	bool failed;
};

/* Append a finding. @x: whose it is; NULL: the suite's. A warning whose rule the author accepted is left out. */
void check_add(struct report *r, bool error, const char *rule, const struct experiment *x, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* check_names.c: do the services that @x names as ground truth, and its targets, exist as far as the file can tell? */
void check_names(struct report *r, const struct experiment *x);

#endif
