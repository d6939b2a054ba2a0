// SPDX-License-Identifier: GPL-2.0-only
/* effects.c - see effects.h */
#include <math.h>
#include <string.h>

#include "score/effects.h"
#include "util/json/json_path.h"

static void figure(const char *before, const json_t *f, double scale, const char *unit, struct text *out)
{
	double difference = json_number_of(f, "difference") * scale, low = json_number_of(f, "low") * scale,
	       high = json_number_of(f, "high") * scale;

	if (!isfinite(difference))
		return;
	text_append(out, "%s%+.3g%s", before, difference, unit);
	if (isfinite(low) && isfinite(high))
		text_append(out, " [%.3g .. %.3g]", low, high);
	else
		text_append(out, " (too few flows for an interval)");
}

/* (What is printed is made safe at the output: util/text/printable.h.) */
static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key)) ?: "";
}

bool effects_tries(const json_t *edge, double *ret_treated, double *ret_control)
{
	*ret_treated = json_number_of(json_object_get(edge, "treated"), "tries");
	*ret_control = json_number_of(json_object_get(edge, "control"), "tries");
	return *ret_treated > 0 && *ret_control > 0;
}

void effects_figures(const json_t *edge, struct text *out)
{
	const json_t *latency = json_object_get(edge, "latency_ms");

	figure("latency ", json_object_get(latency, "mean"), 1, " ms", out);
	figure(", p50 ", json_object_get(latency, "p50"), 1, "", out);
	figure(", p95 ", json_object_get(latency, "p95"), 1, "", out);
	figure(", p99 ", json_object_get(latency, "p99"), 1, "", out);
	figure(", errors ", json_object_get(edge, "error_rate"), 100, " points", out);
}

const json_t *effects_find(const struct result *r, uint32_t i)
{
	const json_t *fault, *edge;
	double treated, control;
	size_t k, m;

	/* (All clients of the service beside the one that there is would be the same twice.) */
	json_array_foreach(json_object_get(r->detail, "control_group"), k, fault)
		json_array_foreach(json_object_get(fault, "edges"), m, edge)
			if (json_object_get(edge, "client") && effects_tries(edge, &treated, &control) && !i--)
				return edge;
	return NULL;
}

static void begin(const struct result *r, bool *begun, struct text *out)
{
	text_append(out, "%s- %s", *begun ? "" : "\nControl group, treated - control [95 %]:\n", r->id ?: "");
	*begun = true;
}

static void print(const struct result *r, bool *begun, struct text *out)
{
	const json_t *edge, *fault;
	double treated, control;
	const char *why;
	uint32_t i;
	size_t k;

	for (i = 0; (edge = effects_find(r, i)); i++) {
		begin(r, begun, out);
		text_append(out, ", %s > %s: ", text_of(edge, "client"), text_of(edge, "service"));
		effects_figures(edge, out);
		effects_tries(edge, &treated, &control);
		text_append(out, "; of %.0f treated and %.0f control tries\n", treated, control);
	}
	json_array_foreach(json_object_get(r->detail, "control_group"), k, fault) {
		why = json_string_value(json_object_get(fault, "why"));
		if (!why)
			continue;
		begin(r, begun, out);
		text_append(out, ": none, %s\n", why);
	}
}

void effects_print(const struct result *results, uint32_t n, struct text *out)
{
	bool begun = false;
	uint32_t i;

	for (i = 0; i < n; i++)
		print(&results[i], &begun, out);
}
