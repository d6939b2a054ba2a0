// SPDX-License-Identifier: GPL-2.0-only
/*
 * list.c - faultline list: the faults of all sessions on this host. Names and parameters are
 * what their owners wrote down, hits come from the pinned maps at this moment.
 */
#include <argp.h>
#include <inttypes.h>
#include <string.h>

#include "cmd/cmd.h"
#include "fault/record.h"
#include "kern/pins.h"
#include "kern/session.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	bool *json = state->input;

	if (key != 'o')
		return key == ARGP_KEY_ARG
			       ? (argp_error(state, "list takes no argument"), EINVAL)
			       : ARGP_ERR_UNKNOWN;
	*json = cmd_output_json(arg, state);
	return 0;
}

static const struct argp_option option_table[] = {
	{ "output", 'o', "json", 0, "Print JSON", 0 },
	{}
};

static const struct argp argp = {
	option_table,
	parse,
	NULL,
	"List the faults of all sessions on this host, with what they have hit so far.",
	NULL,
	NULL,
	NULL};

/* Hits at this moment where the kind has rules; the owner's last word otherwise. */
static void count_hits(const char *session, const json_t *fault, uint64_t *matched,
		       uint64_t *injected)
{
	json_t *rules = json_object_get(fault, "rules"), *rule;
	struct fl_proof sum = {};
	struct pins pins;
	size_t i;

	*matched = (uint64_t)json_integer_value(json_object_get(fault, "matched"));
	*injected = (uint64_t)json_integer_value(json_object_get(fault, "injected"));
	if (!json_array_size(rules) || pins_open(session, &pins, NULL))
		return;
	json_array_foreach(rules, i, rule) {
		pins_add_proof(&pins, (uint32_t)json_integer_value(rule), &sum, NULL);
	}
	pins_close(&pins);
	*matched = sum.matched;
	*injected = sum.injected;
}

/* "a, b" out of ["a", "b"]. */
static json_t *join(const json_t *names)
{
	struct text t = {};
	json_t *name, *joined;
	size_t i;

	for (i = 0; i < json_array_size(names); i++) {
		name = json_array_get(names, i);
		text_append(&t, "%s%s", i ? "," : "", json_string_value(name) ?: "");
	}
	joined = json_string(t.s ? t.s : "");
	text_free(&t);
	return joined;
}

static json_t *row(const struct session_info *s, const json_t *fault)
{
	json_t *expires = json_object_get(fault, "expires_wall");
	uint64_t matched, injected;
	double left = json_number_value(expires) - clock_wall_s();

	count_hits(s->name, fault, &matched, &injected);
	return json_pack("{s:O, s:O, s:o, s:O, s:O, s:I, s:I, s:o, s:O, s:s, s:i, s:b, s:O}", "id",
			 json_object_get(fault, "id"), "kind", json_object_get(fault, "kind"),
			 "target", join(json_object_get(fault, "targets")), "backend",
			 json_object_get(fault, "backend"), "params",
			 json_object_get(fault, "params"), "matched", (json_int_t)matched,
			 "injected", (json_int_t)injected, "expires_in_s",
			 json_is_number(expires) ? json_real(left > 0 ? left : 0) : json_null(),
			 "active", json_object_get(fault, "active"), "purpose", s->purpose,
			 "pid", (int)s->pid, "owner_alive", s->alive, "changes",
			 json_object_get(fault, "changes") ?: json_null());
}

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

static void print_row(const json_t *r)
{
	const json_t *expires = json_object_get(r, "expires_in_s");
	char left[24] = "-";

	if (json_is_number(expires))
		snprintf(left, sizeof(left), "%.0f s", json_number_value(expires));
	printf("%-10s %-18s %-22s %-10s %12" JSON_INTEGER_FORMAT " %12" JSON_INTEGER_FORMAT
	       " %8s  %s\n",
	       json_string_value(json_object_get(r, "id")),
	       json_string_value(json_object_get(r, "kind")),
	       json_string_value(json_object_get(r, "target")),
	       json_string_value(json_object_get(r, "backend")),
	       json_integer_value(json_object_get(r, "matched")),
	       json_integer_value(json_object_get(r, "injected")), left,
	       !json_is_true(json_object_get(r, "owner_alive")) ? "owner is dead: recover"
	       : json_is_true(json_object_get(r, "active"))     ? "active"
								: "armed");
	print_change(r);
}

static int collect(json_t *rows, struct fl_error *err)
{
	_cleanup_free_ struct session_info *sessions = NULL;
	uint32_t n = 0, i;
	int r = session_list(&sessions, &n, err);

	for (i = 0; !r && i < n; i++) {
		json_t *faults, *fault;
		size_t k;

		if (record_read(sessions[i].name, &faults, NULL))
			continue; /* it ended in between */
		json_array_foreach(faults, k, fault) {
			json_array_append_new(rows, row(&sessions[i], fault));
		}
		json_decref(faults);
	}
	return r;
}

int cmd_list(int argc, char **argv)
{
	json_t *rows = json_array(), *r;
	struct fl_error err = {};
	bool json = false;
	size_t i;

	argp_parse(&argp, argc, argv, 0, NULL, &json);
	if (collect(rows, &err)) {
		json_decref(rows);
		return cmd_fail(&err);
	}
	if (json) {
		cmd_print_json(rows);
		return FL_EXIT_OK;
	}
	if (!json_array_size(rows))
		puts("no faults");
	else
		printf("%-10s %-18s %-22s %-10s %12s %12s %8s  %s\n", "id", "kind", "target",
		       "backend", "matched", "injected", "left", "state");
	json_array_foreach(rows, i, r) {
		print_row(r);
	}
	json_decref(rows);
	return FL_EXIT_OK;
}
