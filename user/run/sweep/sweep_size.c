// SPDX-License-Identifier: GPL-2.0-only
/* sweep_size.c - see sweep_size.h */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bpf/abi/abi.h"
#include "fault/fault.h"
#include "fault/stress/limits.h"
#include "run/sweep/sweep_size.h"
#include "util/text/text.h"

/* Where a value comes from: its place in the file goes with errors of the file only. */
struct wanted {
	const char *param, *from, *to;
	bool by_file;
};

static const struct param *first_size(const struct param *p)
{
	for (; p && p->name; p++)
		if (p->live && p->from)
			return p;
	return NULL;
}

const struct param *sweep_default_param(const struct fault_ops *ops)
{
	const struct param *own = first_size(ops->params);

	if (!ops->update)
		return NULL;
	return own ? own : first_size(ops->common);
}

/* "delay, percent": what could be changed while it is on, and is a number. */
static void list_sizes(const struct params *p, struct text *out)
{
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		const struct param *q = p->v[i].param;

		if (q->live && param_is_number(q) && strcmp(q->name, "max-hits") != 0)
			text_append(out, "%s%s", out->len ? ", " : "", q->name);
	}
}

static int refuse_param(const struct fault_plan *plan, const char *name, const char *why, struct fl_error *err)
{
	struct text sizes = {};

	list_sizes(&plan->params, &sizes);
	error_usage(err, "sweep: '%.40s' of %s %s", name, plan->ops->name, why);
	if (sizes.len && plan->ops->update)
		error_hint(err, "its sizes are: %.200s", sizes.s);
	else
		error_hint(err, "%s has nothing that can be changed while it is on: it has no size to sweep",
			   plan->ops->name);
	text_free(&sizes);
	return -EINVAL;
}

static int find_param(const struct fault_plan *plan, const char *name, const struct param **ret, struct fl_error *err)
{
	const struct param *q = sweep_default_param(plan->ops);
	const struct param_value *v = name ? params_find(&plan->params, name) : NULL;

	if (name && !v)
		return refuse_param(plan, name, "is not one of its parameters", err);
	q = v ? v->param : q;
	if (!q) {
		error_usage(err, "sweep: %s has no parameter that is a size by itself", plan->ops->name);
		error_hint(err, plan->ops->update
					? "name one with --param, --from and --to"
					: "sizes are changed while a fault is on, and of this kind nothing can");
		return -EINVAL;
	}
	if (!plan->ops->update || !q->live)
		return refuse_param(plan, q->name, "cannot be changed while the fault is on", err);
	if (!param_is_number(q) || !strcmp(q->name, "max-hits"))
		return refuse_param(plan, q->name, "is no size", err);
	if (params_scheduled(&plan->params)) {
		error_usage(err, "sweep: a number of %s follows a schedule, and a trial has one size", plan->ops->name);
		error_hint(err, "give it a value in the file");
		return -EINVAL;
	}
	*ret = q;
	return 0;
}

/* --- the range -------------------------------------------------------------------------------- */

/* The value of @text, where the kind takes a fault of it; negative for an offset into the past. */
static int value_at(const struct experiment *x, const struct param *q, const char *text, double *ret,
		    struct fl_error *err)
{
	const struct fault_plan *plan = &x->faults[0];
	const struct param_value *v;
	struct fl_rule rule = {};
	struct params p = {};
	int r = params_copy(&p, &plan->params, err);

	if (!r)
		r = params_set(&p, q->name, text, err);
	v = r ? NULL : params_get(&p, q->name);
	if (v)
		*ret = q->type == PARAM_OFFSET || q->type == PARAM_INT ? (double)v->i64 : (double)v->u64;
	if (v && *ret == 0)
		r = error_usage(err, "%s: a size of %s is no fault; one trial in six has none in any case", q->name,
				text);
	if (!r && plan->ops->validate)
		r = plan->ops->validate(&p, err);
	if (!r && plan->ops->compile)
		r = plan->ops->compile(&p, &rule, err);
	if (!r)
		r = limits_check(plan->ops, &p, plan->duration_ns ? plan->duration_ns : x->duration_ns, err);
	params_free(&p);
	return r;
}

static int set_range(const struct experiment *x, const struct param *q, const struct wanted *w, struct sweep_size *ret,
		     struct fl_error *err)
{
	double from, to;
	int r;

	if (!w->from || !w->to) {
		error_usage(err, "sweep: from which size to which is '%s' of %s to be tried?", q->name,
			    x->faults[0].ops->name);
		error_hint(err,
			   "say both: --from SIZE --to SIZE, or sweep: { param: %s, from: ..., to: ... } in the file",
			   q->name);
		return -EINVAL;
	}
	r = value_at(x, q, w->from, &from, err);
	if (!r)
		r = value_at(x, q, w->to, &to, err);
	if (r)
		return r;
	if ((from < 0) != (to < 0))
		return error_usage(err, "sweep: from %s to %s: both ends of '%s' must have the same sign", w->from,
				   w->to, q->name);
	ret->negative = from < 0;
	ret->range = (struct psy_range){ fabs(from), fabs(to) };
	if (ret->range.lo == ret->range.hi)
		return error_usage(err, "sweep: from %s to %s is one size, there is nothing to find", w->from, w->to);
	if (ret->range.lo > ret->range.hi) {
		error_usage(err, "sweep: from %s to %s: the smaller value comes first", w->from, w->to);
		error_hint(err, "--from %s --to %s", w->to, w->from);
		return -EINVAL;
	}
	return 0;
}

/* A sweep counts what each trial hit, and a bound on all hits would end the fault for those to come. */
static int refuse_max_hits(const struct fault_plan *plan, struct fl_error *err)
{
	const struct param_value *v = params_find(&plan->params, "max-hits");

	if (!v || !v->set || !v->u64)
		return 0;
	error_usage(err, "sweep: max-hits bounds all trials together, so the later ones would have no fault");
	error_hint(err, "take max-hits out");
	return -EINVAL;
}

static int find(const struct experiment *x, const struct wanted *w, struct sweep_size *ret, struct fl_error *err)
{
	struct wanted whole = *w;
	const struct param *q = NULL;
	int r;

	if (x->n_faults != 1) {
		error_usage(err, "sweep: %s has %u faults, and a sweep changes the size of one", x->name, x->n_faults);
		error_hint(err, x->n_faults ? "write an experiment for each of them" : "give it a fault_type");
		return -EINVAL;
	}
	r = refuse_max_hits(&x->faults[0], err);
	if (!r)
		r = find_param(&x->faults[0], w->param, &q, err);
	if (r)
		return r;
	whole.from = w->from ? w->from : q->from;
	whole.to = w->to ? w->to : q->to;
	*ret = (struct sweep_size){ .type = q->type, .falling = q->type == PARAM_RATE || !strcmp(q->name, "nth") };
	text_copy(ret->param, sizeof(ret->param), q->name);
	return set_range(x, q, &whole, ret, err);
}

int sweep_size_find(const struct suite *s, const struct experiment *x, const struct sweep_choice *choice,
		    struct sweep_size *ret, struct fl_error *err)
{
	const struct sweep_block *b = &x->sweep;
	/* Another parameter than the file's has nothing to do with the file's range. */
	bool other = choice->param && b->param && strcmp(choice->param, b->param) != 0;
	const struct wanted w = { .param = choice->param ? choice->param : b->param,
				  .from = choice->from ? choice->from
					  : other      ? NULL
						       : b->from,
				  .to = choice->to ? choice->to
					: other    ? NULL
						   : b->to };
	int r = find(x, &w, ret, err);

	if (r)
		error_at(err, s->path, b->given ? b->line : x->line, b->given ? b->column : x->column);
	return r;
}
