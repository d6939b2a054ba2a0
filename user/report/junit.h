/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * junit.h - a run as JUnit XML, which CI systems show: a test suite with a case an experiment, and one with the verdict of
 * the run. Valid by the schema of Apache Ant's reports and by that of Jenkins; docs/results.md has what fails when.
 */
#ifndef FL_JUNIT_H
#define FL_JUNIT_H

#include "report/folder.h"

/* Appended to @out. */
void junit_text(const struct folder *f, struct text *out);

/* Written to @path, whole or not at all. */
int junit_write(const struct folder *f, const char *path, struct fl_error *err);

#endif
