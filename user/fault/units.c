// SPDX-License-Identifier: GPL-2.0-only
/* units.c - see units.h */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fault/units.h"
#include "session/journal.h"
#include "session/session.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

static char *unit_at(const struct fault *f, uint32_t i)
{
	return (char *)f->units + (size_t)i * f->unit_size;
}

int fault_units_make(struct fault *f, size_t size, struct fl_error *err)
{
	f->units = calloc(f->n_targets, size);
	if (!f->units)
		return error_sys(err, ENOMEM, "%s: out of memory", f->ops->name);
	f->unit_size = (uint32_t)size;
	f->n_units = f->n_targets;
	return 0;
}

int fault_units_grow(struct fault *f, uint32_t n, struct fl_error *err)
{
	void *grown;

	if (n <= f->n_units)
		return 0;
	grown = reallocarray(f->units, n, f->unit_size);
	if (!grown)
		return error_sys(err, ENOMEM, "%s: out of memory", f->ops->name);
	f->units = grown;
	memset(unit_at(f, f->n_units), 0, (size_t)(n - f->n_units) * f->unit_size);
	f->n_units = n;
	return 0;
}

void fault_units_free(struct fault *f)
{
	free(take_ptr(f->units));
	f->n_units = 0;
	free(take_ptr(f->priv));
}

uint32_t fault_unit_index(const struct fault *f, const void *unit)
{
	return (uint32_t)((const char *)unit - unit_at(f, 0)) / f->unit_size;
}

struct target *fault_unit_target(const struct fault *f, const void *unit)
{
	return &f->targets[fault_unit_index(f, unit)];
}

int fault_each(struct fault *f, fault_unit_fn *fn, struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < f->n_units; i++)
		r = fn(f, unit_at(f, i), err);
	return r;
}

int fault_each_undo(struct fault *f, fault_unit_fn *fn, struct fl_error *err)
{
	uint32_t i;
	int first = 0;

	for (i = 0; i < f->n_units; i++) {
		struct fl_error why = {};
		int r = journal_tell(fn(f, unit_at(f, i), &why), &why, err);

		first = first ? first : r;
	}
	return first;
}

int fault_each_switch(struct fault *f, bool on, fault_unit_fn *on_fn, fault_unit_fn *off_fn, struct fl_error *err)
{
	int r;

	if (!on)
		return fault_each_undo(f, off_fn, err);
	r = fault_each(f, on_fn, err);
	if (r)
		fault_each_undo(f, off_fn, NULL);
	return r;
}

int fault_each_disarm(struct fault *f, fault_unit_fn *off_fn, struct fl_error *err)
{
	int r = fault_each_undo(f, off_fn, err);

	if (!r)
		fault_units_free(f);
	return r;
}

int fault_unit_settle(struct fault *f, void *unit, struct fl_error *err)
{
	struct fault_undo *u = unit;

	return journal_settle(f->session->journal, &u->entry, u->remark, sizeof(u->remark), err);
}

void fault_tell_effect(const struct fault *f, struct fault_proof *ret, struct text *effect)
{
	if (ret->injected) {
		ret->first_hit_ns = f->active_ns;
		ret->last_hit_ns = f->active ? clock_mono_ns() : f->inactive_ns;
	}
	text_copy(ret->effect, sizeof(ret->effect), effect->s);
	text_free(effect);
}
