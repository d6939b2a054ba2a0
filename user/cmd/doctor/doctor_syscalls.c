// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor_syscalls.c - `doctor --syscalls`: for each syscall that can be made to fail, the backend
 * that serves it here, and why the others do not. Answers come from loading, as for the fault.
 */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/doctor/doctor.h"
#include "fault/syscall/syscall.h"

static const enum syscall_backend backends[] = { BACKEND_OVERRIDE, BACKEND_MODRET, BACKEND_CGROUP };

static json_t *examine(const struct syscall_row *row)
{
	json_t *reasons = json_object();
	const char *chosen = NULL;
	char why[200];
	size_t i;

	for (i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		const char *name = syscall_backend_name(backends[i]);

		if (syscall_backend_serves(backends[i], row, 0, why, sizeof(why)))
			chosen = chosen ? chosen : name;
		else
			json_object_set_new(reasons, name, json_string(why));
	}
	return json_pack("{s:s, s:s, s:b, s:s?, s:o, s:s?}", "name", row->name, "family", row->family, "supported",
			 chosen != NULL, "backend", chosen, "reasons", reasons, "note", row->note);
}

json_t *doctor_syscalls(void)
{
	json_t *list = json_array();
	const struct syscall_row *row;

	for (row = syscall_rows; row->name; row++)
		if (row->number >= 0)
			json_array_append_new(list, examine(row));
	return list;
}

/* Most rows share a reason: it is told once, where it first appears. */
static bool told(const json_t *list, size_t upto, const char *backend, const char *why)
{
	size_t i;

	for (i = 0; i < upto; i++) {
		const char *before = json_string_value(
			json_object_get(json_object_get(json_array_get(list, i), "reasons"), backend));

		if (before && !strcmp(before, why))
			return true;
	}
	return false;
}

void doctor_print_syscalls(json_t *list)
{
	json_t *row, *value;
	const char *backend;
	size_t i;

	puts("syscall          family         backend");
	json_array_foreach(list, i, row) {
		const char *by = json_string_value(json_object_get(row, "backend"));

		printf("%-16s %-14s %s\n", json_string_value(json_object_get(row, "name")),
		       json_string_value(json_object_get(row, "family")), by ? by : "none");
		json_object_foreach(json_object_get(row, "reasons"), backend, value) {
			const char *why = json_string_value(value);

			if (!told(list, i, backend, why))
				printf("%32snot by %s: %s\n", "", backend, why);
		}
	}
}
