// SPDX-License-Identifier: GPL-2.0-only
/* score.c - faultline score DIR: the scoreboard of a finished run, from its results alone. */
#include <argp.h>
#include <math.h>
#include <string.h>

#include "cmd/cmd.h"
#include "report/folder.h"
#include "report/junit.h"

struct options {
	struct cmd_folder folder;
	const char *junit;
};

enum { OPT_JUNIT = 256 };

static const struct argp_option option_table[] = {
	{ "junit", OPT_JUNIT, "FILE", 0, "Write JUnit XML for CI, too: a case an experiment", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPT_JUNIT: o->junit = arg; return 0;
	case ARGP_KEY_INIT: state->child_inputs[0] = &o->folder; return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_score_argp = {
	option_table,
	parse,
	"DIR|FILE",
	"Compute the scores of the run in DIR from its chaos_results.json and print the scoreboard. Results of the "
	"chaos "
	"exercise's own runner are read as well.\v"
	"Exit status 1 when the run fails the acceptance: at least 70 % detected, RCA right for at "
	"least 70 % of the detected, at most one false alarm.",
	cmd_folder_child,
	NULL,
	NULL
};

static void print_json(const struct folder *f)
{
	json_t *out = score_json(&f->score), *gaps = json_array();
	uint32_t i;

	for (i = 0; i < f->n_gaps; i++)
		json_array_append_new(gaps, gap_json(&f->gaps[i]));
	json_object_set_new(out, "more", more_json(&f->more));
	json_object_set_new(out, "gaps", gaps);
	cmd_print_json(out);
}

int cmd_score(int argc, char **argv)
{
	struct options o = {};
	struct fl_error err = {};
	struct text out = {};
	struct folder f;
	int status;

	if (cmd_parse(&cmd_score_argp, argc, argv, &o))
		return FL_EXIT_USAGE;
	if (folder_open(&f, o.folder.path, &err) || (o.junit && junit_write(&f, o.junit, &err))) {
		folder_close(&f);
		return cmd_fail(&err);
	}
	if (o.folder.json) {
		print_json(&f);
	} else {
		scoreboard_print(f.results, f.n, &f.score, f.gaps, f.n_gaps, &out);
		felt_print(&f.more, &f.score, &out);
		cmd_print_board(out.s ? out.s : "");
		text_free(&out);
	}
	status = f.score.accepted ? FL_EXIT_OK : FL_EXIT_FAILED;
	folder_close(&f);
	return status;
}
