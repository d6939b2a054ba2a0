// SPDX-License-Identifier: GPL-2.0-only
/* output.c - what the commands share in printing. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

void cmd_print_json(json_t *o)
{
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	putchar('\n');
	fflush(stdout);
	json_decref(o);
}

bool cmd_output_json(const char *arg, const struct argp_state *state)
{
	if (strcmp(arg, "json"))
		argp_error(state, "-o knows only json, not '%s'", arg);
	return true;
}

void cmd_print_wrapped(const char *text, int from, int width)
{
	int column = from;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (column > from && column + 1 + len > width) {
			printf("\n%*s", from, "");
			column = from;
		} else if (column > from) {
			putchar(' ');
			column++;
		}
		printf("%.*s", len, text);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}
