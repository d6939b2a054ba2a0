// SPDX-License-Identifier: GPL-2.0-only
/*
 * recover.c - faultline recover: clean up after sessions whose owner is dead and whose guardian
 * did not get to it (killed as well, or the machine went down). Done twice, the second time
 * does nothing.
 */
#include <argp.h>
#include <errno.h>

#include "cmd/cmd.h"
#include "session/session.h"
#include "util/cleanup.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	bool *json = state->input;

	if (key != 'o')
		return key == ARGP_KEY_ARG ? (argp_error(state, "recover takes no argument"), EINVAL)
					   : ARGP_ERR_UNKNOWN;
	*json = cmd_output_json(arg, state);
	return 0;
}

static const struct argp_option option_table[] = { { "output", 'o', "json", 0, "Print JSON", 0 }, {} };

const struct argp cmd_recover_argp = {
	option_table,
	parse,
	NULL,
	"Undo what dead faultline processes left behind. Living sessions are not touched.\v"
	"What cannot be undone now (a process is being traced, a store does not answer) stays in the journal "
	"and is tried again by the next recover; the exit status is 0 only when nothing is left.",
	NULL,
	NULL,
	NULL
};

/* One dead session; what happened is appended to @report. */
static int recover_one(const struct session_info *s, json_t *report, struct fl_error *first)
{
	struct fl_error err = {};
	struct undo_count count;
	int r = session_recover(s->name, &count, &err);

	json_array_append_new(report,
			      json_pack("{s:s, s:s, s:i, s:i, s:i, s:o, s:o}", "session", s->name, "purpose",
					s->purpose, "undone", (int)count.done, "not_needed", (int)count.not_needed,
					"open", (int)count.open, "error", r ? json_string(err.message) : json_null(),
					"remark", !r && err.message[0] ? json_string(err.message) : json_null()));
	if (r && !first->exit)
		*first = err;
	return r;
}

static int number(const json_t *one, const char *key)
{
	return (int)json_integer_value(json_object_get(one, key));
}

static void print(const json_t *report)
{
	const json_t *one;
	size_t i;

	if (!json_array_size(report))
		puts("nothing to recover");
	for (i = 0; i < json_array_size(report); i++) {
		one = json_array_get(report, i);
		printf("%s %s: %d undone", json_string_value(json_object_get(one, "session")),
		       json_is_null(json_object_get(one, "error")) ? "recovered" : "FAILED", number(one, "undone"));
		if (number(one, "not_needed"))
			printf(", %d not needed any more", number(one, "not_needed"));
		if (number(one, "open"))
			printf(", %d still open", number(one, "open"));
		putchar('\n');
		if (json_is_string(json_object_get(one, "remark")))
			printf("  %s\n", json_string_value(json_object_get(one, "remark")));
		if (json_is_string(json_object_get(one, "error")))
			printf("  %s\n", json_string_value(json_object_get(one, "error")));
	}
}

int cmd_recover(int argc, char **argv)
{
	_cleanup_free_ struct session_info *all = NULL;
	json_t *report = json_array();
	struct fl_error err = {};
	bool json = false;
	uint32_t n = 0, i;
	int r;

	cmd_parse(&cmd_recover_argp, argc, argv, &json);
	r = session_list(&all, &n, &err);
	for (i = 0; i < n; i++)
		if (!all[i].alive && recover_one(&all[i], report, &err))
			r = -EIO;
	if (json)
		cmd_print_json(json_pack("{s:O, s:o}", "recovered", report, "error", cmd_error_json(&err)));
	else
		print(report);
	json_decref(report);
	return r ? cmd_fail(&err) : FL_EXIT_OK;
}
