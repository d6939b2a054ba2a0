// SPDX-License-Identifier: GPL-2.0-only
/* effect.c - what the control group says of an experiment: a paragraph an edge (score/effects.h). */
#include "report/report.h"
#include "score/effects.h"

static void name_of(const json_t *edge, const char *key, struct text *out)
{
	markdown_escape(out, json_string_value(json_object_get(edge, key)) ?: "");
}

void report_effects(const struct result *r, const struct words *w, struct text *out)
{
	const json_t *edge;
	uint32_t i;

	for (i = 0; (edge = effects_find(r, i)); i++) {
		struct text client = {}, service = {}, figures = {};
		char hit[24], spared[24];
		double treated, control;

		name_of(edge, "client", &client);
		name_of(edge, "service", &service);
		effects_figures(edge, &figures);
		effects_tries(edge, &treated, &control);
		snprintf(hit, sizeof(hit), "%.0f", treated);
		snprintf(spared, sizeof(spared), "%.0f", control);
		text_append(out, "\n\n");
		words_fill(out, w->effect, "client", client.s ? client.s : "", "service", service.s ? service.s : "",
			   "figures", figures.s ? figures.s : "", "treated", hit, "control", spared, WORDS_END);
		text_append(out, "\n");
		text_free(&client);
		text_free(&service);
		text_free(&figures);
	}
}
