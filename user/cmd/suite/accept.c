// SPDX-License-Identifier: GPL-2.0-only
/* accept.c - faultline accept DIR: the exercise's acceptance checklist and anti-patterns, line by line. */
#include <argp.h>
#include <string.h>

#include "cmd/cmd.h"
#include "fault/fault.h"
#include "report/report.h"
#include "run/accept/accept.h"

struct options {
	struct cmd_folder folder;
	const char *file, *lang;
};

static const struct argp_option option_table[] = {
	{ "file", 'f', "FILE", 0, "The experiment file (that of run.json, else experiments.yaml in DIR)", 0 },
	{ "lang", 'l', "vi|en", 0, "Language of documents that are still to be written (en)", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &o->folder; return 0;
	case 'f': o->file = arg; return 0;
	case 'l':
		o->lang = arg;
		if (!words_find(arg))
			argp_error(state, "--lang knows vi and en, not '%s'", arg);
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_accept_argp = { option_table,
				      parse,
				      "DIR",
				      "Go through the acceptance checklist and the anti-patterns of the chaos exercise "
				      "for the run in DIR: yes, no or "
				      "not known, and the place. chaos_report.md and SUBMIT.md are written when they "
				      "are missing; what only their author "
				      "can say stays a marked question, and is counted.\v"
				      "Exit status 0: every line of the checklist is yes; 1: one is not.",
				      cmd_folder_child,
				      NULL,
				      NULL };

static void print_text(const struct accept_line *v, uint32_t n)
{
	static const char *const answers[] = { [ACCEPT_NO] = "no", [ACCEPT_YES] = "yes", [ACCEPT_UNKNOWN] = "?" };
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (!i || v[i].pattern != v[i - 1].pattern)
			printf("%s%s\n", i ? "\n" : "",
			       v[i].pattern ? "Anti-patterns (yes: avoided)" : "Acceptance checklist");
		printf("%-4s %s\n       %s\n", answers[v[i].answer], v[i].what, v[i].place);
	}
}

static void print_json(const struct accept_line *v, uint32_t n)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:o, s:s}", "list",
						v[i].pattern ? "anti-patterns" : "checklist", "line", v[i].what, "yes",
						v[i].answer == ACCEPT_UNKNOWN ? json_null()
									      : json_boolean(v[i].answer == ACCEPT_YES),
						"place", v[i].place));
	cmd_print_json(list);
}

int cmd_accept(int argc, char **argv)
{
	struct options o = { .lang = "en" };
	struct accept_line v[ACCEPT_MAX];
	struct fl_error err = {};
	bool all = true;
	uint32_t n = 0, i;
	int r;

	if (cmd_parse(&cmd_accept_argp, argc, argv, &o))
		return FL_EXIT_USAGE;
	r = accept_judge(o.folder.path, o.file, words_find(o.lang), fault_table, v, &n, &err);
	if (r)
		return cmd_fail(&err);
	for (i = 0; i < n; i++)
		all &= v[i].pattern || v[i].answer == ACCEPT_YES;
	if (o.folder.json)
		print_json(v, n);
	else
		print_text(v, n);
	return all ? FL_EXIT_OK : FL_EXIT_FAILED;
}
