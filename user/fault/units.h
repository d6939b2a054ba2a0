/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * units.h - what a kind keeps for each of its targets, and going through them. A unit is a struct of the kind; the
 * i-th is the i-th target's.
 */
#ifndef FL_FAULT_UNITS_H
#define FL_FAULT_UNITS_H

#include "fault/fault.h"

/* What is done to one unit. */
typedef int fault_unit_fn(struct fault *f, void *unit, struct fl_error *err);

/* Make f->units, zeroed: one for each target, of @size bytes. */
int fault_units_make(struct fault *f, size_t size, struct fl_error *err);
/* Make room for @n; none is taken away. Units may lie elsewhere afterwards. */
int fault_units_grow(struct fault *f, uint32_t n, struct fl_error *err);
/* Free them, and f->priv. Any state; units own nothing by then. */
void fault_units_free(struct fault *f);

/* Which it is, and the target that it is about. */
uint32_t fault_unit_index(const struct fault *f, const void *unit);
struct target *fault_unit_target(const struct fault *f, const void *unit);

/* @fn on all, until the first that fails. */
int fault_each(struct fault *f, fault_unit_fn *fn, struct fl_error *err);
/* @fn on all, whatever fails; the first error is the one that is told, as by journal_tell(). */
int fault_each_undo(struct fault *f, fault_unit_fn *fn, struct fl_error *err);
/* ops->activate: @on_fn on all, or none; or @off_fn on all. */
int fault_each_switch(struct fault *f, bool on, fault_unit_fn *on_fn, fault_unit_fn *off_fn, struct fl_error *err);
/* ops->disarm of a kind that undoes each unit, and then has nothing left. */
int fault_each_disarm(struct fault *f, fault_unit_fn *off_fn, struct fl_error *err);

/*
 * For units that begin with this: undone by their entry alone. A remark of the undo (somebody has changed it
 * meanwhile) is kept for the proof.
 */
struct fault_undo {
	unsigned int entry; /* of the journal; 0: as it was */
	char remark[200];
};

int fault_unit_settle(struct fault *f, void *unit, struct fl_error *err);

/* The end of a proof: hit for as long as the fault was on, if anything was; @effect is freed. */
void fault_tell_effect(const struct fault *f, struct fault_proof *ret, struct text *effect);

#endif
