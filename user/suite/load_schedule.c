// SPDX-License-Identifier: GPL-2.0-only
/*
 * load_schedule.c - a parameter's schedule as a mapping: {ramp: 0ms..500ms, over: 10min}. It becomes the one word that
 * the command line takes (util/schedule/schedule.h), so both mean the same; what is wrong in it has the place of the
 * value that is wrong.
 */
#include <errno.h>
#include <string.h>

#include "suite/load.h"
#include "util/cleanup.h"
#include "util/schedule/schedule.h"
#include "util/text/text.h"

struct schedule_draft {
	struct fy_node *ramp, *steps, *pulse, *sine, *replay;
	struct fy_node *over, *each, *on, *off, *base, *period, *column, *unit;
};

#define FIELD(key_)                                                            \
	{                                                                      \
#key_, yaml_keep, offsetof(struct schedule_draft, key_), false \
	}

static const struct yaml_field fields[] = {
	FIELD(ramp), FIELD(steps), FIELD(pulse), FIELD(sine),   FIELD(replay), FIELD(over), FIELD(each),
	FIELD(on),   FIELD(off),   FIELD(base),  FIELD(period), FIELD(column), FIELD(unit), {},
};

/* Which keys a form has besides its own, and which of them may be left out. */
static const struct form {
	const char *name, *length;
	bool off, column;
	size_t at, length_at;
} forms[] = {
	{ "ramp", "over", false, false, offsetof(struct schedule_draft, ramp), offsetof(struct schedule_draft, over) },
	{ "steps", "each", false, false, offsetof(struct schedule_draft, steps),
	  offsetof(struct schedule_draft, each) },
	{ "pulse", "on", true, false, offsetof(struct schedule_draft, pulse), offsetof(struct schedule_draft, on) },
	{ "sine", "period", false, false, offsetof(struct schedule_draft, sine),
	  offsetof(struct schedule_draft, period) },
	{ "replay", "each", false, true, offsetof(struct schedule_draft, replay),
	  offsetof(struct schedule_draft, each) },
};

static struct fy_node *node_at(const struct schedule_draft *d, size_t at)
{
	return *(struct fy_node *const *)((const char *)d + at);
}

static const struct form *find_form(struct yaml *y, struct fy_node *node, const struct schedule_draft *d, int *ret)
{
	const struct form *found = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		if (!node_at(d, forms[i].at))
			continue;
		if (found) {
			*ret = yaml_error(y, node_at(d, forms[i].at), "a schedule is %s or %s, not both", found->name,
					  forms[i].name);
			return NULL;
		}
		found = &forms[i];
	}
	if (!found)
		*ret = yaml_error(y, node, "a schedule is one of ramp, steps, pulse, sine, replay");
	return found;
}

/* What this form has no use for, somebody has taken for something. */
static int refuse_others(struct yaml *y, const struct schedule_draft *d, const struct form *form)
{
	const struct yaml_field *f;

	for (f = fields; f->key; f++) {
		struct fy_node *node = node_at(d, f->offset);
		bool known = f->offset == form->at || f->offset == form->length_at ||
			     (form->off && (!strcmp(f->key, "off") || !strcmp(f->key, "base"))) ||
			     (form->column && (!strcmp(f->key, "column") || !strcmp(f->key, "unit")));

		if (node && !known)
			return yaml_error(y, node, "a %s has no '%s'", form->name, f->key);
	}
	return 0;
}

static int add_value(struct yaml *y, struct fy_node *node, void *out)
{
	struct text *t = out;
	_cleanup_free_ char *word = NULL;
	int r = yaml_word(y, node, &word);

	if (!r)
		text_append(t, "%s%s", t->len && t->s[t->len - 1] != ':' ? "," : "", word);
	return r;
}

static int add_part(struct yaml *y, struct fy_node *place, struct fy_node *node, const char *what, const char *before,
		    struct text *out)
{
	_cleanup_free_ char *word = NULL;
	int r;

	if (!node)
		return yaml_error(y, place, "a schedule's '%s' is missing", what);
	r = yaml_word(y, node, &word);
	if (!r)
		text_append(out, "%s%s", before, word);
	return r;
}

static int add_time(struct yaml *y, struct fy_node *place, struct fy_node *node, const char *what, struct text *out)
{
	uint64_t ns = 0;
	int r = node ? yaml_duration(y, node, &ns) : 0;

	if (!r && node && ns < SCHEDULE_TICK_NS)
		return yaml_error(y, node, "'%s' is too short: a value is kept for 100ms at least", what);
	return r ? r : add_part(y, place, node, what, "/", out);
}

int load_schedule(struct yaml *y, struct fy_node *node, const struct param_value *slot, char **ret)
{
	struct schedule_draft d = {};
	const struct form *form = NULL;
	struct text out = {};
	int r;

	if (slot && !param_is_number(slot->param))
		return yaml_error(y, node, "'%s' is no number, so it follows no schedule", slot->param->name);
	r = yaml_map(y, node, "a schedule", fields, &d);
	if (!r)
		form = find_form(y, node, &d, &r);
	if (!r)
		r = refuse_others(y, &d, form);
	if (r)
		return r;
	text_append(&out, "%s:", form->name);
	r = yaml_each(y, node_at(&d, form->at), add_value, &out);
	if (!r && form->column)
		r = add_part(y, node, d.column, "column", "#", &out);
	if (!r)
		r = add_time(y, node, node_at(&d, form->length_at), form->length, &out);
	if (!r && form->off)
		r = add_time(y, node, d.off, "off", &out);
	if (!r && d.base)
		r = add_part(y, node, d.base, "base", "/", &out);
	if (!r && d.unit)
		r = add_part(y, node, d.unit, "unit", "/", &out);
	if (!r && out.failed)
		r = error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	if (r)
		text_free(&out);
	else
		*ret = out.s;
	return r;
}
