// SPDX-License-Identifier: GPL-2.0-only
/* preview_show.c - what --dry-run prints of a fault (fault/preview.h). */
#include <stdio.h>
#include <string.h>

#include "cmd/fault/preview_show.h"

#define SHOWN 12 /* of processes, and of flows; JSON has all */

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key)) ?: "";
}

static void print_processes(const json_t *list)
{
	size_t n = json_array_size(list), i;

	printf("    processes  %zu", n);
	for (i = 0; i < n && i < SHOWN; i++) {
		const json_t *p = json_array_get(list, i);

		printf("%s%d %s", i ? ", " : ": ", (int)json_integer_value(json_object_get(p, "pid")),
		       text_of(p, "command"));
	}
	puts(n > SHOWN ? ", ..." : "");
}

static void print_flows(const json_t *list)
{
	size_t n = json_array_size(list), i;

	printf("    flows      %zu TCP connection%s carried something in the last 10 s (UDP is not seen)\n", n,
	       n == 1 ? "" : "s");
	for (i = 0; i < n && i < SHOWN; i++) {
		const json_t *f = json_array_get(list, i);

		printf("               %s - %s, %.1f s ago%s%s\n", text_of(f, "local"), text_of(f, "peer"),
		       json_number_value(json_object_get(f, "idle_s")),
		       json_is_true(json_object_get(f, "closed")) ? ", closed" : "",
		       json_is_true(json_object_get(f, "spared")) ? ", protected: it is left out" : "");
	}
	if (n > SHOWN)
		puts("               ...");
}

static void print_target(const json_t *t)
{
	const json_t *interfaces = json_object_get(t, "interfaces");
	size_t i;

	printf("  %s", text_of(t, "name"));
	if (*text_of(t, "members"))
		printf(": %s", text_of(t, "members"));
	putchar('\n');
	if (*text_of(t, "container"))
		printf("    container  %.12s\n", text_of(t, "container"));
	print_processes(json_object_get(t, "processes"));
	if (json_is_array(json_object_get(t, "flows"))) {
		printf("    interfaces");
		for (i = 0; i < json_array_size(interfaces); i++)
			printf(" %s", json_string_value(json_array_get(interfaces, i)));
		putchar('\n');
		print_flows(json_object_get(t, "flows"));
	}
	if (*text_of(t, "note"))
		printf("    note       %s\n", text_of(t, "note"));
	if (*text_of(t, "error"))
		printf("    NOT KNOWN  %s\n", text_of(t, "error"));
}

static void print_lines(const char *what, const json_t *lines)
{
	size_t i;

	for (i = 0; i < json_array_size(lines); i++)
		printf("  %-12s%s\n", what, json_string_value(json_array_get(lines, i)));
}

void preview_print(const json_t *o)
{
	const json_t *stack = json_object_get(o, "stack"), *hit = json_object_get(stack, "hit");
	const json_t *targets = json_object_get(o, "targets"), *schedules = json_object_get(o, "schedules");
	size_t i;

	printf("%s would hit:\n", text_of(o, "kind"));
	for (i = 0; i < json_array_size(targets); i++)
		print_target(json_array_get(targets, i));
	printf("  share       %s\n", text_of(o, "share"));
	for (i = 0; i < json_array_size(schedules); i++) {
		const json_t *s = json_array_get(schedules, i);

		printf("  %-11s %s\n", text_of(s, "param"), text_of(s, "words"));
	}
	if (json_is_object(stack)) {
		printf("  stack       %zu of the %d services that are known here", json_array_size(hit),
		       (int)json_integer_value(json_object_get(stack, "services")));
		for (i = 0; i < json_array_size(hit); i++)
			printf("%s%s", i ? ", " : ": ", json_string_value(json_array_get(hit, i)));
		putchar('\n');
	}
	print_lines("left out", json_object_get(o, "spared"));
	print_lines("also on it", json_object_get(o, "also"));
	printf("  undone by   %s\n", text_of(o, "undone_by"));
}
