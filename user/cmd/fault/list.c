// SPDX-License-Identifier: GPL-2.0-only
/* list.c - faultline list: the faults of all sessions on this host (fault/life/live.h). */
#include <argp.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "fault/life/live.h"
#include "policy/halt.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	bool *json = state->input;

	if (key != 'o')
		return key == ARGP_KEY_ARG ? (argp_error(state, "list takes no argument"), EINVAL) : ARGP_ERR_UNKNOWN;
	*json = cmd_output_json(arg, state);
	return 0;
}

static const struct argp_option option_table[] = { { "output", 'o', "json", 0, "Print JSON", 0 }, {} };

const struct argp cmd_list_argp = {
	option_table, parse, NULL, "List the faults of all sessions on this host, with what they have hit so far.",
	NULL,         NULL,  NULL
};

/* The last thing that became of its targets, and when. */
static void print_change(const json_t *r)
{
	const json_t *changes = json_object_get(r, "changes"), *last;
	time_t t;
	struct tm tm;
	char at[16] = "";

	if (!json_array_size(changes))
		return;
	last = json_array_get(changes, json_array_size(changes) - 1);
	t = (time_t)json_number_value(json_object_get(last, "t"));
	if (localtime_r(&t, &tm))
		strftime(at, sizeof(at), "%T", &tm);
	printf("%10s %s: %s\n", "", at, json_string_value(json_object_get(last, "text")) ?: "");
}

/* What follows a schedule, or did until somebody ended that. */
static void print_courses(const json_t *r)
{
	const json_t *c;
	size_t i;

	json_array_foreach(json_object_get(r, "courses"), i, c) {
		_cleanup_free_ char *text = live_course_text(c);

		printf("%10s %s\n", "", text ?: "");
	}
}

/* Whose it is, since when and for which run. */
static void print_owner(const json_t *r)
{
	const char *run = json_string_value(json_object_get(r, "run"));
	char owner[200];

	printf("%10s %s%s%s\n", "", live_owner_text(r, true, owner, sizeof(owner)), run ? ", run " : "", run ?: "");
}

/* What it left behind when it ended. */
static void print_open(const json_t *open)
{
	const char *hint = json_string_value(json_object_get(open, "hint"));
	time_t t = (time_t)json_number_value(json_object_get(open, "since_wall"));
	struct tm tm;
	char at[16] = "";

	if (!json_is_object(open))
		return;
	if (localtime_r(&t, &tm))
		strftime(at, sizeof(at), "%T", &tm);
	printf("%10s %s: not undone: %s\n", "", at, json_string_value(json_object_get(open, "message")));
	if (hint)
		printf("%10s hint: %s\n", "", hint);
}

/* Of one whose owner has gone, also "active" says only what it was. */
static const char *state_of(const json_t *r)
{
	if (json_is_object(json_object_get(r, "open")))
		return "not undone: recover";
	if (!json_is_true(json_object_get(r, "owner_alive")))
		return "owner is dead: recover";
	return json_is_true(json_object_get(r, "active")) ? "active" : "armed";
}

static void print_row(const json_t *r)
{
	const json_t *expires = json_object_get(r, "expires_in_s");
	_cleanup_free_ char *targets = json_joined(json_object_get(r, "targets"));
	char left[24] = "-";

	if (json_is_number(expires))
		snprintf(left, sizeof(left), "%.0f s", json_number_value(expires));
	printf("%-10s %-18s %-22s %-10s %12" JSON_INTEGER_FORMAT " %12" JSON_INTEGER_FORMAT " %8s  %s\n",
	       json_string_value(json_object_get(r, "id")), json_string_value(json_object_get(r, "kind")),
	       targets ?: "", json_string_value(json_object_get(r, "backend")),
	       json_integer_value(json_object_get(r, "matched")), json_integer_value(json_object_get(r, "injected")),
	       left, state_of(r));
	print_owner(r);
	print_courses(r);
	print_open(json_object_get(r, "open"));
	print_change(r);
}

int cmd_list(int argc, char **argv)
{
	json_t *rows = NULL, *r;
	struct fl_error err = {};
	struct halt halt;
	bool json = false;
	char text[400];
	size_t i;

	cmd_parse(&cmd_list_argp, argc, argv, &json);
	if (live_faults(&rows, &err))
		return cmd_fail(&err);
	halt_read(&halt);
	if (halt.on)
		fprintf(json ? stderr : stdout, "%s; faultline allow lifts it\n", halt_text(&halt, text, sizeof(text)));
	if (json) {
		cmd_print_json(rows);
		return FL_EXIT_OK;
	}
	if (!json_array_size(rows))
		puts("no faults");
	else
		printf("%-10s %-18s %-22s %-10s %12s %12s %8s  %s\n", "id", "kind", "target", "backend", "matched",
		       "injected", "left", "state");
	json_array_foreach(rows, i, r) {
		print_row(r);
	}
	json_decref(rows);
	return FL_EXIT_OK;
}
