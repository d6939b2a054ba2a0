// SPDX-License-Identifier: GPL-2.0-only
/* import_json.c - an import as JSON: which fault hits whom, and what could not be carried over. */
#include "import/import.h"

static json_t *text_or_null(const char *s)
{
	return s ? json_string(s) : json_null();
}

static json_t *fault_json(const struct import_experiment *x, const struct import_fault *f)
{
	uint64_t duration_ns = f->duration_ns ? f->duration_ns : x->duration_ns;

	if (!f->duration_ns && f->offset_ns < duration_ns)
		duration_ns -= f->offset_ns; /* it ends with the experiment */
	return json_pack("{s:s, s:[s], s:o, s:f, s:f}", "kind", f->ops->name, "targets",
			 f->target ? f->target : x->target, "params", params_json(&f->params), "offset_s",
			 (double)f->offset_ns / 1e9, "duration_s", (double)duration_ns / 1e9);
}

static json_t *experiment_json(const struct import_experiment *x)
{
	json_t *faults = json_array();
	uint32_t i;

	for (i = 0; i < x->n_faults; i++)
		json_array_append_new(faults, fault_json(x, x->faults[i]));
	return json_pack("{s:s, s:o, s:[s], s:f, s:o}", "name", x->name, "description", text_or_null(x->description),
			 "targets", x->target, "duration_s", (double)x->duration_ns / 1e9, "faults", faults);
}

void import_json(const struct import *im, bool whole, json_t *json)
{
	json_t *experiments = json_array(), *lost = json_array();
	uint32_t i;

	for (i = 0; whole && i < im->n; i++)
		json_array_append_new(experiments, experiment_json(im->v[i]));
	for (i = 0; i < im->n_losses; i++) {
		const struct import_loss *l = &im->losses[i];

		json_array_append_new(lost, json_pack("{s:o, s:o, s:o, s:o}", "where", text_or_null(l->where), "path",
						      text_or_null(l->path), "value", text_or_null(l->value), "why",
						      text_or_null(l->why)));
	}
	json_object_set_new(json, "experiments", experiments);
	json_object_set_new(json, "lost", lost);
}
