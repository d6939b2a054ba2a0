/* SPDX-License-Identifier: GPL-2.0-only */
/* load_draft.h - an experiment while it is being read: what load_experiment.c and load_parts.c share. */
#ifndef FL_LOAD_DRAFT_H
#define FL_LOAD_DRAFT_H

#include "model/experiment.h"
#include "util/json/yaml.h"

/* An experiment and what can only be read once all of its keys are known. */
struct draft {
	struct experiment x;
	struct fy_node *fault_type, *params, *faults, *target, *id, *stage, *traffic, *truth, *after, *within;
};

/* When it begins (load_begin.c); the last, once all its keys are read, with those of @s above it. */
int load_when(struct yaml *y, struct fy_node *node, void *draft);
int load_at(struct yaml *y, struct fy_node *node, void *draft);
int load_after(struct yaml *y, struct fy_node *node, void *draft);
int load_with(struct yaml *y, struct fy_node *node, void *draft);
int load_begin(struct yaml *y, struct draft *d, const struct suite *s);

/* The blocks of these names, into a struct draft. */
int load_rollback(struct yaml *y, struct fy_node *node, void *draft);
int load_measurement(struct yaml *y, struct fy_node *node, void *draft);
int load_aborts(struct yaml *y, struct fy_node *node, void *draft);

#endif
