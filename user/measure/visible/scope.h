/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scope.h - which of the services that are measured an experiment, or a suite, has to do with. Whatever else
 * runs on the host is measured too, and says nothing about a fault.
 *
 * A fault travels against the calls: what it can show on are its targets and whoever depends on them in the
 * measured graph. The wider scope of a suite is what it names, and what calls that or is called by it,
 * directly or through others. "outside", which is everybody who is not measured, joins nothing. Pure.
 */
#ifndef FL_SCOPE_H
#define FL_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "measure/series.h"

struct scope {
	uint32_t n;    /* services of the series, by index */
	bool *target;  /* owned, as the others */
	bool *depends; /* a target, or one that calls a target, directly or through others */
	bool *near;    /* of the suite */
};

/*
 * @targets: those of the experiment; @named: what else the suite names. Both NULL-terminated, or NULL.
 * -ENOMEM. *ret is the caller's, by scope_free().
 */
int scope_make(const struct series *s, const char *const *targets, const char *const *named, struct scope *ret);
void scope_free(struct scope *s);

/* Can a fault of the targets show on this edge: does its server depend on them, or does one of them call? */
bool scope_shows(const struct scope *s, uint32_t client, uint32_t server);

/* Are both ends the suite's? Nobody measured ("outside") may be the client. */
bool scope_has_edge(const struct scope *s, uint32_t client, uint32_t server);

#endif
