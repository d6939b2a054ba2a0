/* SPDX-License-Identifier: GPL-2.0-only */
/* suite_scope.h - what a suite is about, among all that is measured on its host (measure/visible/scope.h). Pure. */
#ifndef FL_SUITE_SCOPE_H
#define FL_SUITE_SCOPE_H

#include "model/experiment.h"
#include "measure/visible/scope.h"

/*
 * The scope of @s: its targets, the services that it or its stack names, and what is connected to them in
 * the measured graph. @targets are those of the experiment under way (NULL: none), by their names.
 */
int suite_scope(const struct suite *s, const struct series *series, const char *const *targets, struct scope *ret);

#endif
