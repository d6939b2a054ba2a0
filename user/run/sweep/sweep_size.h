/* SPDX-License-Identifier: GPL-2.0-only */
/* sweep_size.h - which parameter of an experiment's fault is its size, and between which values it is tried. */
#ifndef FL_SWEEP_SIZE_H
#define FL_SWEEP_SIZE_H

#include "model/experiment.h"
#include "score/sweep/sweep.h"

/* What the command line says; NULL: what the file's block `sweep:` says, else what the kind's parameter table does. */
struct sweep_choice {
	const char *param, *from, *to;
};

/*
 * -EINVAL, with what to do: no fault or several, no such parameter, one that cannot be changed while the fault is on or
 * that is no number, bounds swapped, or values that the kind refuses. Touches nothing.
 */
int sweep_size_find(const struct suite *s, const struct experiment *x, const struct sweep_choice *choice,
		    struct sweep_size *ret, struct fl_error *err);

/* The parameter that a sweep of @ops takes unless it is told another; NULL: none is one. */
const struct param *sweep_default_param(const struct fault_ops *ops);

#endif
