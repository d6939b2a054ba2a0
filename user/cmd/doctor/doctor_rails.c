// SPDX-License-Identifier: GPL-2.0-only
/* doctor_rails.c - what is not allowed on this host: halted, forbidden windows, maxima, what is protected,
 * the connection that no fault of this terminal touches. */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/doctor/doctor.h"
#include "policy/gate.h"
#include "policy/halt.h"
#include "policy/policy.h"
#include "policy/protect.h"
#include "policy/seat.h"

static json_t *error_json(const struct fl_error *err)
{
	if (!err->exit)
		return json_null();
	if (!err->file[0] || !err->line)
		return json_string(err->message);
	return json_sprintf("%s:%d:%d: %s", err->file, err->line, err->column, err->message);
}

static json_t *policy_json(void)
{
	struct fl_error err = {};
	struct policy p;
	json_t *windows = json_array(), *maxima = json_object();
	char text[300];
	uint32_t i;

	if (policy_load(&p, &err))
		return json_pack("{s:o, s:o, s:o}", "windows", windows, "maxima", maxima, "error", error_json(&err));
	for (i = 0; i < p.n_windows; i++)
		json_array_append_new(windows, json_string(window_text(&p.windows[i], text, sizeof(text))));
	json_object_set_new(maxima, "for", json_integer((json_int_t)(p.for_ns / 1000000000)));
	json_object_set_new(maxima, "forever", json_boolean(p.forever));
	for (i = 0; i < p.n_maxima; i++)
		json_object_set_new(maxima, p.maxima[i].name, json_string(p.maxima[i].text));
	policy_free(&p);
	return json_pack("{s:o, s:o, s:o}", "windows", windows, "maxima", maxima, "error", json_null());
}

static json_t *seats_json(struct fl_error *err)
{
	struct seat seats[SEAT_MAX];
	json_t *all = json_array();
	char text[300];
	uint32_t n = 0, i;

	seat_find(seats, &n, err);
	for (i = 0; i < n; i++)
		json_array_append_new(all, json_string(seat_text(&seats[i], text, sizeof(text))));
	return all;
}

json_t *doctor_rails(void)
{
	struct fl_error closed = {}, bad = {}, blind = {};
	struct protect protect;
	struct halt halt;
	json_t *seats = seats_json(&blind), *all;

	halt_read(&halt);
	gate_check(&closed);
	protect_load(&protect, &bad);
	all = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "halt", halt_json(&halt), "refused", error_json(&closed),
			"policy", policy_json(), "protected", protect_json(&protect), "protected_error",
			error_json(&bad), "spared", seats, "spared_error", error_json(&blind));
	protect_free(&protect);
	return all;
}

static void print_error(const char *name, const json_t *error)
{
	if (json_is_string(error))
		printf("  NO   %-19s%s\n", name, json_string_value(error));
}

void doctor_print_rails(const json_t *rails)
{
	const json_t *policy = json_object_get(rails, "policy"), *maxima, *v;
	const char *key;
	size_t i;

	puts("\nrails");
	if (json_is_string(json_object_get(rails, "refused")))
		print_error("faults", json_object_get(rails, "refused"));
	else
		puts("  yes  faults             allowed now; faultline halt ends and forbids them");
	print_error("policy", json_object_get(policy, "error"));
	json_array_foreach(json_object_get(policy, "windows"), i, v) {
		printf("       %-19s%s\n", "forbidden window", json_string_value(v));
	}
	maxima = json_object_get(policy, "maxima");
	json_object_foreach((json_t *)(uintptr_t)maxima, key, v) {
		if (json_is_string(v))
			printf("       %-19s%s: %s\n", "maximum", key, json_string_value(v));
	}
	print_error("protected", json_object_get(rails, "protected_error"));
	json_array_foreach(json_object_get(rails, "protected"), i, v) {
		printf("       %-19s%s: %s (%s:%d)\n", "protected", json_string_value(json_object_get(v, "kind")),
		       json_string_value(json_object_get(v, "text")), json_string_value(json_object_get(v, "file")),
		       (int)json_integer_value(json_object_get(v, "line")));
	}
	print_error("spared", json_object_get(rails, "spared_error"));
	json_array_foreach(json_object_get(rails, "spared"), i, v) {
		printf("       %-19s%s\n", "spared", json_string_value(v));
	}
}
