// SPDX-License-Identifier: GPL-2.0-only
/* run_preview.c - whom the faults of an experiment would hit (fault/preview.h). */
#include "fault/preview.h"
#include "run/run_private.h"

static json_t *preview_plan(const struct experiment *x, const struct fault_plan *plan, uint64_t seed)
{
	const struct target_pick pick = run_pick(x, seed);
	struct fl_error err = {};
	struct fault f;
	json_t *o;
	char **target;
	int r = fault_init(&f, NULL, plan->ops->name, &err);

	if (!r) {
		params_free(&f.params);
		r = params_copy(&f.params, &plan->params, &err);
	}
	for (target = plan->targets; !r && target && *target; target++)
		r = fault_add_targets(&f, *target, &pick, &err);
	o = r ? json_pack("{s:s, s:s}", "kind", plan->ops->name, "error", err.message)
	      : preview_of(&f, plan->duration_ns ? plan->duration_ns : x->duration_ns);
	fault_free(&f);
	return o;
}

json_t *run_preview(const struct experiment *x, uint64_t seed)
{
	json_t *all = json_array();
	uint32_t i;

	for (i = 0; i < x->n_faults; i++)
		json_array_append_new(all, preview_plan(x, &x->faults[i], seed));
	return all;
}
