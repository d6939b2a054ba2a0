// SPDX-License-Identifier: GPL-2.0-only
/* inject_proof.c - what a fault did, for people and as JSON. A fault without a hit proves
 * nothing, so that is said first and with what to look at. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/fault/inject.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/units.h"

/* One that could not be undone goes on. */
static double active_s(const struct fault *f)
{
	uint64_t until = f->inactive_ns > f->active_ns ? f->inactive_ns : clock_mono_ns();

	return f->active_ns ? (double)(until - f->active_ns) / 1e9 : 0;
}

/* Seconds from activation to a hit; it can come before the command has the time of the first. */
static double after_s(const struct fault *f, uint64_t hit_ns)
{
	return hit_ns > f->active_ns ? (double)(hit_ns - f->active_ns) / 1e9 : 0;
}

/* A state (a clock, a file) is changed once, by activation itself; traffic is hit again and again. */
static void print_when(const struct fault *f, const struct fault_proof *p)
{
	time_t seconds = (time_t)(p->first_hit_wall_ns / NS_PER_SEC);
	struct tm local;
	char at[16];

	if (!p->first_hit_ns)
		return;
	if (p->last_hit_ns > f->active_ns) {
		printf("  hits      from %.3f s to %.3f s after it became active\n", after_s(f, p->first_hit_ns),
		       after_s(f, p->last_hit_ns));
		return;
	}
	if (localtime_r(&seconds, &local) && strftime(at, sizeof(at), "%T", &local))
		printf("  applied   once, at %s.%03u\n", at,
		       (unsigned int)(p->first_hit_wall_ns % NS_PER_SEC / NS_PER_MSEC));
}

static void print_died(const struct fault *f)
{
	const json_t *change;
	size_t i;

	json_array_foreach(f->changes, i, change) {
		if (!strcmp(json_string_value(json_object_get(change, "what")) ?: "", "died"))
			printf("  DIED      %s\n", json_string_value(json_object_get(change, "text")) ?: "");
	}
}

/* "delay     a ramp from 0s to 500ms in 600s, where it stays: 231.5ms at the end" */
static void print_courses(const struct fault *f)
{
	const json_t *c;
	size_t i;

	json_array_foreach(f->courses, i, c) {
		const char *by = json_string_value(json_object_get(c, "ended_by"));

		printf("  %-9s %s: %s%s%s%s\n", json_string_value(json_object_get(c, "param")),
		       json_string_value(json_object_get(c, "words")), json_string_value(json_object_get(c, "now")),
		       by ? " (ended by: " : " at the end", by ?: "", by ? ")" : "");
	}
}

void inject_print_proof(const struct inject *in, const struct fault_proof *p)
{
	const struct fault *f = &in->fault;
	char targets[256], bytes[32], ended[400];

	inject_targets(f, targets, sizeof(targets));
	printf("%s %s on %s (%s), active for %.1f s\n", f->id, f->ops->name, targets, f->backend, active_s(f));
	if (*ended_text(&in->ended, ended, sizeof(ended)))
		printf("  ended     %s\n", ended);
	if (p->effect[0])
		printf("  effect    %s\n", p->effect);
	print_courses(f);
	print_died(f);
	if (!p->injected) {
		if (!inject_hit_something(f->ops, p)) {
			printf("NOTHING WAS HIT in %.1f s, so nothing was tested.\n", active_s(f));
			inject_print_hint(f, p);
		}
		return;
	}
	printf("  matched   %" PRIu64 "\n  injected  %" PRIu64 "\n  skipped   %" PRIu64 "\n", p->matched, p->injected,
	       p->skipped);
	if (p->bytes)
		printf("  bytes     %s\n", units_format_bytes(p->bytes, bytes, sizeof(bytes)));
	print_when(f, p);
}

static json_t *wall_json(uint64_t ns)
{
	return ns ? json_real((double)ns / 1e9) : json_null();
}

json_t *inject_proof_json(const struct inject *in, const struct fault_proof *p, const struct fl_error *err)
{
	const struct fault *f = &in->fault;
	json_t *targets = json_array();
	uint32_t i;

	for (i = 0; i < f->n_targets; i++)
		json_array_append_new(targets, json_string(f->targets[i].name));
	return json_pack("{s:s, s:s, s:o, s:s, s:o, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:i, s:o, s:o, s:s, s:O?, s:o, "
			 "s:o, s:O*}",
			 "id", f->id, "kind", f->ops->name, "targets", targets, "backend", f->backend, "params",
			 params_json(&f->params), "active_s", active_s(f), "arm_to_active_s",
			 (double)(f->active_ns - f->armed_ns) / 1e9, "matched", (json_int_t)p->matched, "injected",
			 (json_int_t)p->injected, "skipped", (json_int_t)p->skipped, "spared", (json_int_t)p->spared,
			 "bytes", (json_int_t)p->bytes, "targets_died", (int)p->died, "first_hit_wall",
			 wall_json(p->first_hit_wall_ns), "last_hit_wall", wall_json(p->last_hit_wall_ns), "effect",
			 p->effect, "changes", f->changes, "ended_by", ended_json(&in->ended), "error",
			 cmd_error_json(err), "courses", f->courses);
}
