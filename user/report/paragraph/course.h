/* SPDX-License-Identifier: GPL-2.0-only */
/* course.h - numbers that followed a schedule in an experiment (fault/life/course.h), as its result keeps them. */
#ifndef FL_REPORT_COURSE_H
#define FL_REPORT_COURSE_H

#include "report/report.h"

struct course {
	const char *param, *words, *ended_by; /* the last: NULL where it went on to the end */
	const json_t *points;                 /* [[seconds since 1970, number, text]] */
	bool flows;                           /* between two points it was on its way, or it leapt */
	double least, most;
	const char *least_text, *most_text;
};

/* The i-th of @r; false: there is none any more. */
bool course_of(const struct result *r, uint32_t i, struct course *ret);

/* Its number at @t; NaN: it had not begun. *ret_text (may be NULL): the last that was told by then. */
double course_at(const struct course *c, double t, const char **ret_text);

/* A paragraph on each, with its line in characters; nothing where nothing followed a schedule. */
void report_courses(const struct result *r, const struct words *w, struct text *out);

#endif
