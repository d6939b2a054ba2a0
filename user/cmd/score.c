// SPDX-License-Identifier: GPL-2.0-only
/* score.c - faultline score DIR: the scoreboard of a finished run, from its results alone. */
#include <argp.h>
#include <math.h>
#include <string.h>

#include "cmd/cmd.h"
#include "report/folder.h"

struct options {
	const char *folder;
	bool json;
};

static const struct argp_option option_table[] = {
	{ "output", 'o', "json", 0, "Scores and gaps as one JSON object", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o':
		o->json = cmd_output_json(arg, state);
		return 0;
	case ARGP_KEY_ARG:
		if (o->folder)
			argp_error(state, "one folder at a time; `faultline history` compares several");
		o->folder = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->folder)
			argp_error(state, "which folder?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	option_table, parse, "DIR|FILE",
	"Compute the scores of the run in DIR from its chaos_results.json and print the scoreboard. Results of the chaos "
	"exercise's own runner are read as well.\v"
	"Exit status 1 when the run fails the acceptance: at least 70 % detected, RCA right for at "
	"least 70 % of the detected, at most one false alarm.",
	NULL, NULL, NULL
};

static void print_json(const struct folder *f)
{
	json_t *out = score_json(&f->score), *gaps = json_array();
	uint32_t i;

	for (i = 0; i < f->n_gaps; i++)
		json_array_append_new(gaps, gap_json(&f->gaps[i]));
	json_object_set_new(out, "more", more_json(&f->more));
	json_object_set_new(out, "gaps", gaps);
	json_dumpf(out, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(out);
}

int cmd_score(int argc, char **argv)
{
	struct options o = {};
	struct fl_error err = {};
	struct text out = {};
	struct folder f;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (folder_open(&f, o.folder, &err)) {
		folder_close(&f);
		return cmd_fail(&err);
	}
	if (o.json) {
		print_json(&f);
	} else {
		scoreboard_print(f.results, f.n, &f.score, f.gaps, f.n_gaps, &out);
		fputs(out.s ? out.s : "", stdout);
		text_free(&out);
	}
	status = f.score.accepted ? FL_EXIT_OK : FL_EXIT_FAILED;
	folder_close(&f);
	return status;
}
