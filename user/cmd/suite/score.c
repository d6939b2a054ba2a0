// SPDX-License-Identifier: GPL-2.0-only
/* score.c - faultline score DIR: the scoreboard of a finished run, from its results alone. */
#include <argp.h>
#include <math.h>
#include <string.h>

#include "cmd/cmd.h"
#include "report/folder.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

const struct argp cmd_score_argp = {
	NULL,
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
	struct cmd_folder o = {};
	struct fl_error err = {};
	struct text out = {};
	struct folder f;
	int status;

	if (cmd_parse(&cmd_score_argp, argc, argv, &o))
		return FL_EXIT_USAGE;
	if (folder_open(&f, o.path, &err)) {
		folder_close(&f);
		return cmd_fail(&err);
	}
	if (o.json) {
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
