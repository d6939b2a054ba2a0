/* SPDX-License-Identifier: GPL-2.0-only */
/* moment.h - a time of day, or a day and a time, as people write it. */
#ifndef FL_MOMENT_H
#define FL_MOMENT_H

#include <stdbool.h>

#include "util/error.h"

/* "02:30", "2026-12-24 02:30:15": this host's local time; "2026-12-24T02:30:15Z": UTC. */
struct moment {
	bool set, dated, utc;
	int year, month, day; /* where it is dated */
	int hour, minute, second;
};

int moment_parse(const char *text, struct moment *ret, struct fl_error *err);

/* Epoch seconds: of the only such moment, or, where it is not dated, of the first at or after @from. */
double moment_at(const struct moment *m, double from);

#endif
