// SPDX-License-Identifier: GPL-2.0-only
/* effects.c - see effects.h */
#include <math.h>
#include <string.h>

#include "score/effects.h"

static double number(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

static void figure(const char *before, const json_t *f, double scale, const char *unit, struct text *out)
{
	double difference = number(f, "difference") * scale, low = number(f, "low") * scale,
	       high = number(f, "high") * scale;

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

void effects_edge(const json_t *edge, struct text *out)
{
	const json_t *latency = json_object_get(edge, "latency_ms");
	double treated = number(json_object_get(edge, "treated"), "tries"),
	       control = number(json_object_get(edge, "control"), "tries");

	if (!(treated > 0) || !(control > 0))
		return;
	if (json_object_get(edge, "client"))
		text_append(out, "%s > ", text_of(edge, "client"));
	else
		text_append(out, "all > ");
	text_append(out, "%s: ", text_of(edge, "service"));
	figure("latency ", json_object_get(latency, "mean"), 1, " ms", out);
	figure(", p50 ", json_object_get(latency, "p50"), 1, "", out);
	figure(", p95 ", json_object_get(latency, "p95"), 1, "", out);
	figure(", p99 ", json_object_get(latency, "p99"), 1, "", out);
	figure(", errors ", json_object_get(edge, "error_rate"), 100, " points", out);
	text_append(out, "; of %.0f treated and %.0f control tries", treated, control);
}

static void print_fault(const struct result *r, const json_t *fault, bool *begun, struct text *out)
{
	const char *why = json_string_value(json_object_get(fault, "why"));
	struct text line = {};
	const json_t *edge;
	size_t i;

	json_array_foreach(json_object_get(fault, "edges"), i, edge) {
		/* "all" beside the one client that there is would be the same twice. */
		if (!json_object_get(edge, "client"))
			continue;
		effects_edge(edge, &line);
		if (line.len)
			text_append(out, "%s- %s, %s\n", *begun ? "" : "\nControl group, treated - control [95 %]:\n",
				    r->id ?: "", line.s);
		*begun |= line.len > 0;
		text_free(&line);
	}
	if (!why)
		return;
	text_append(out, "%s- %s: none, %s\n", *begun ? "" : "\nControl group, treated - control [95 %]:\n",
		    r->id ?: "", why);
	*begun = true;
}

void effects_print(const struct result *results, uint32_t n, struct text *out)
{
	const json_t *fault;
	bool begun = false;
	uint32_t i;
	size_t k;

	for (i = 0; i < n; i++)
		json_array_foreach(json_object_get(results[i].detail, "control_group"), k, fault)
			print_fault(&results[i], fault, &begun, out);
}
