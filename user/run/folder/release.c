// SPDX-License-Identifier: GPL-2.0-only
/* release.c - free what the loader made, whole or half-made. */
#include "suite/load.h"

void experiment_release(struct experiment *x)
{
	uint32_t i;

	free(x->id);
	free(x->name);
	free(x->description);
	words_free(x->tags);
	free(x->hypothesis);
	free(x->clauses);
	free(x->sweep.param);
	free(x->sweep.from);
	free(x->sweep.to);
	words_free(x->targets);
	free(x->target_text);
	words_free(x->steady_state);
	free(x->traffic_text);
	expr_free(x->when);
	free(x->after);
	expr_free(x->trigger_when);
	free(x->rollback_method);
	words_free(x->metrics);
	for (i = 0; x->aborts && x->aborts[i]; i++)
		expr_free(x->aborts[i]);
	free(x->aborts);
	words_free(x->abort_texts);
	for (i = 0; i < x->n_faults; i++) {
		params_free(&x->faults[i].params);
		words_free(x->faults[i].targets);
	}
	free(x->faults);
	words_free(x->truth.root_services);
	words_free(x->truth.not_services);
	free(x->truth.symptom);
	free(x->truth.reason);
	memset(x, 0, sizeof(*x));
}

void suite_free(struct suite *s)
{
	uint32_t i;

	if (!s)
		return;
	for (i = 0; i < s->n; i++)
		experiment_release(&s->experiments[i]);
	free(s->experiments);
	free(s->path);
	free(s->name);
	free(s->description);
	free(s->stack);
	json_decref(s->versions);
	free(s->probe.url);
	free(s->probe.body_regex);
	free(s->probe.json_path);
	free(s->probe.json_value);
	free(s->pipeline.url);
	free(s->pipeline.adapter);
	free(s->pipeline.alerts_path);
	free(s->pipeline.forget_path);
	free(s->pipeline.correlate_path);
	free(s->pipeline.rca_path);
	json_decref(s->pipeline.fields);
	free(s->pipeline.learned);
	free(s->prometheus_url);
	json_decref(s->metrics);
	json_decref(s->graph);
	json_decref(s->described);
	free(s->services);
	words_free(s->accept);
	words_free(s->mentioned);
	free(s->findings);
	free(s);
}
