// SPDX-License-Identifier: GPL-2.0-only
/* compare.c - faultline compare DIR_A DIR_B: what differs between two runs, and whether chance explains it. */
#include <argp.h>
#include <errno.h>
#include <math.h>

#include "cmd/cmd.h"
#include "report/history.h"
#include "report/report.h"
#include "score/compare/compare.h"
#include "util/json/json_path.h"

struct options {
	const char *run[2];
	int n;
	bool json, force;
};

static const struct argp_option option_table[] = {
	{ "force", 'f', NULL, 0, "Runs of two suites too: the experiments that they have in common, by their ids", 0 },
	{ "output", 'o', "json", 0, "Print JSON", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'f': o->force = true; return 0;
	case 'o': o->json = cmd_output_json(arg, state); return 0;
	case ARGP_KEY_ARG:
		if (o->n == 2)
			argp_error(state, "two runs at a time; `faultline history` takes several");
		else
			o->run[o->n++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (o->n < 2)
			argp_error(state, "which two runs? Two folders (or results files), A and B");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_compare_argp = {
	option_table,
	parse,
	"DIR_A DIR_B",
	"Compare two runs of a suite, experiment by experiment: two pipelines, or one before (A) and after (B) a "
	"change. "
	"McNemar's exact test for what is yes or no, Wilcoxon's signed ranks for the delays, intervals of 95 %.\v"
	"Exit status 1 when B is worse than chance explains (p below 0.05, two-sided) in what was scored, detection, "
	"root causes, false alarms or delay, or when nothing was scored in both; else 0. A single experiment that got "
	"worse does not fail it: `faultline history` is the gate for that. Runs of two suites are refused, with exit "
	"status 2.",
	NULL,
	NULL,
	NULL
};

static void print_run(const struct folder *f, char letter)
{
	char suite[128], when[32];

	folder_manifest(f, "suite", suite, sizeof(suite));
	printf("%c: %s\n   %s%sstarted %s, scored %u of %u\n", letter, f->path, suite, suite[0] ? ", " : "",
	       report_time(folder_started(f), when, sizeof(when)), f->score.total, f->score.listed);
}

static json_t *run_json(const struct folder *f)
{
	double started = folder_started(f);
	char suite[128];

	folder_manifest(f, "suite", suite, sizeof(suite));
	return json_pack("{s:o, s:o, s:o, s:i, s:i}", "folder", json_foreign(f->path), "suite",
			 suite[0] ? json_string(suite) : json_null(), "started",
			 isfinite(started) ? json_real(started) : json_null(), "total", (int)f->score.listed, "scored",
			 (int)f->score.total);
}

static void print_text(const struct folder *runs, const struct comparison *c, const json_t *notes)
{
	struct text out = {};
	const json_t *note;
	size_t i;

	print_run(&runs[0], 'A');
	print_run(&runs[1], 'B');
	json_array_foreach(notes, i, note) {
		fputs("note: ", stdout);
		cmd_print_wrapped(json_string_value(note), 6, 80);
	}
	comparison_print(c, &out);
	fputs(out.s ? out.s : "", stdout);
	text_free(&out);
}

static void print_json(const struct folder *runs, const struct comparison *c, json_t *notes)
{
	json_t *o = comparison_json(c);

	json_object_set_new(o, "a", run_json(&runs[0]));
	json_object_set_new(o, "b", run_json(&runs[1]));
	json_object_set(o, "notes", notes);
	cmd_print_json(o);
}

static int show(const struct folder *runs, const struct options *o, struct fl_error *err)
{
	json_t *notes = json_array();
	struct comparison c = {};
	int rc;

	if (o->force)
		json_array_append_new(notes, json_string("whatever their suites, experiments are paired by their ids"));
	rc = o->force ? 0 : history_same_suite(runs, 2, RUN_LETTERS, notes, err);
	if (!rc && comparison_make(runs[0].results, runs[0].n, runs[1].results, runs[1].n, &c))
		rc = error_sys(err, ENOMEM, "cannot compare the runs: out of memory");
	if (!rc && o->json)
		print_json(runs, &c, notes);
	else if (!rc)
		print_text(runs, &c, notes);
	if (!rc)
		rc = comparison_regressed(&c) || !c.scored ? FL_EXIT_FAILED : FL_EXIT_OK;
	comparison_free(&c);
	json_decref(notes);
	return rc;
}

int cmd_compare(int argc, char **argv)
{
	struct folder runs[2] = {};
	struct fl_error err = {};
	struct options o = {};
	int rc = 0, i;

	if (cmd_parse(&cmd_compare_argp, argc, argv, &o))
		return FL_EXIT_USAGE;
	for (i = 0; !rc && i < 2; i++)
		rc = folder_open(&runs[i], o.run[i], &err);
	if (!rc)
		rc = show(runs, &o, &err);
	for (i = 0; i < 2; i++)
		folder_close(&runs[i]);
	return rc < 0 ? cmd_fail(&err) : rc;
}
