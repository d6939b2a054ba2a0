// SPDX-License-Identifier: GPL-2.0-only
/* allow.c - faultline allow: the end of `faultline halt`. */
#include <argp.h>
#include <errno.h>

#include "cmd/cmd.h"
#include "policy/gate.h"
#include "policy/halt.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	bool *json = state->input;

	if (key != 'o')
		return key == ARGP_KEY_ARG ? (argp_error(state, "allow takes no argument"), EINVAL) : ARGP_ERR_UNKNOWN;
	*json = cmd_output_json(arg, state);
	return 0;
}

static const struct argp_option option_table[] = { { "output", 'o', "json", 0, "Print JSON", 0 }, {} };

const struct argp cmd_allow_argp = {
	option_table, parse,
	NULL,         "Allow faults again after `faultline halt`. Begins none: those that were ended stay ended.",
	NULL,         NULL,
	NULL
};

int cmd_allow(int argc, char **argv)
{
	struct fl_error err = {}, closed = {};
	struct halt before;
	bool json = false, was;
	char text[400];

	cmd_parse(&cmd_allow_argp, argc, argv, &json);
	halt_read(&before);
	was = before.on;
	if (was && halt_clear(&err))
		return cmd_fail(&err);
	gate_check(&closed);
	if (json) {
		cmd_print_json(json_pack("{s:o, s:o}", "was", halt_json(&before), "still_refused",
					 closed.exit ? json_string(closed.message) : json_null()));
		return FL_EXIT_OK;
	}
	if (was)
		printf("faults are allowed again; this host was %s\n", halt_text(&before, text, sizeof(text)));
	else
		puts("this host is not halted");
	if (closed.exit)
		printf("still %s\n", closed.message);
	return FL_EXIT_OK;
}
