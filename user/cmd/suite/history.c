// SPDX-License-Identifier: GPL-2.0-only
/* history.c - faultline history DIR...: the scores of several runs, and what regressed. */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "cmd/cmd.h"
#include "report/history.h"
#include "report/report.h"
#include "util/json/json_path.h"

struct options {
	char **folders; /* of argv */
	int n;
	bool json, any_suite;
};

enum { OPT_ANY_SUITE = 256 };

static const struct argp_option option_table[] = {
	{ "any-suite", OPT_ANY_SUITE, NULL, 0, "Runs of different suites too: what they have in common, by id", 0 },
	{ "output", 'o', "json", 0, "Print JSON", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPT_ANY_SUITE: o->any_suite = true; return 0;
	case 'o': o->json = cmd_output_json(arg, state); return 0;
	case ARGP_KEY_ARGS:
		o->folders = state->argv + state->next;
		o->n = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS: argp_error(state, "which folders?"); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_history_argp = {
	option_table,
	parse,
	"DIR...",
	"Compare finished runs, oldest first: their scores, and per experiment what got worse.\v"
	"Exit status 1 when the last run regressed: it is not accepted and the one before was; an experiment was "
	"carried out before and now it was aborted, failed, hit nothing or did not recover; a hypothesis that "
	"held was refuted; an experiment missed or blamed wrongly that was right, or detected at least half as long "
	"again and 5 s later; `faultline compare` says of two runs what chance explains. Runs of two suites are "
	"refused, with exit status 2.",
	NULL,
	NULL,
	NULL
};

static void print_table(const struct folder *runs, uint32_t n)
{
	char when[32], recall[16], precision[16], rca[16], p50[16], verdict[160];
	bool accepted;
	uint32_t i;

	printf("| run | started              | detected | recall | precision | rca_acc | mttd_p50 | "
	       "false_alarms | accepted |\n"
	       "|-----|----------------------|----------|--------|-----------|---------|----------|-"
	       "-------------|----------|\n");
	for (i = 0; i < n; i++) {
		const struct score *s = &runs[i].score;

		history_verdict(&runs[i], &accepted, verdict, sizeof(verdict));
		printf("| %-3u | %-20s | %3u/%-4u | %-6s | %-9s | %-7s | %-8s | %-12u | %-8s |\n", i + 1,
		       report_time(folder_started(&runs[i]), when, sizeof(when)), s->tp, s->total,
		       report_ratio(s->recall, recall, sizeof(recall)),
		       report_ratio(s->precision, precision, sizeof(precision)),
		       report_ratio(s->rca_accuracy, rca, sizeof(rca)), score_seconds(s->mttd_p50_s, p50, sizeof(p50)),
		       s->false_alarms, accepted ? "Y" : "N");
	}
	puts("");
	for (i = 0; i < n; i++)
		printf("run %u: %s (%s)\n", i + 1, runs[i].path,
		       history_verdict(&runs[i], &accepted, verdict, sizeof(verdict)));
}

static void print_trends(const struct folder *runs, uint32_t n)
{
	struct text out = {};

	history_trends_print(runs, n, &out);
	fputs(out.s ? out.s : "", stdout);
	text_free(&out);
}

static void print_notes(const json_t *notes)
{
	const json_t *note;
	size_t i;

	json_array_foreach(notes, i, note)
		printf("note: %s\n", json_string_value(note));
}

static void print_changes(const struct change *v, uint32_t n)
{
	char line[400];
	uint32_t i;

	puts("\nRegressions:");
	for (i = 0; i < n; i++)
		printf("- run %u, %s\n", v[i].run + 1, change_text(&v[i], line, sizeof(line)));
	if (!n)
		puts("- none");
}

static json_t *estimate_json(const double *v, uint32_t n)
{
	struct estimate e = estimate_of(v, n);

	return json_pack("{s:i, s:o, s:o}", "n", (int)e.n, "mean", isfinite(e.mean) ? json_real(e.mean) : json_null(),
			 "se", isfinite(e.se) ? json_real(e.se) : json_null());
}

/* Mean and standard error over the runs. */
static json_t *spread(const struct folder *runs, uint32_t n)
{
	double *v = calloc(3 * (size_t)n, sizeof(*v));
	json_t *o;
	uint32_t i;

	for (i = 0; v && i < n; i++) {
		v[i] = runs[i].score.recall;
		v[n + i] = runs[i].score.rca_accuracy;
		v[2 * n + i] = runs[i].score.mttd_mean_s;
	}
	if (!v)
		return json_null();
	o = json_pack("{s:o, s:o, s:o}", "recall", estimate_json(v, n), "rca_accuracy", estimate_json(v + n, n),
		      "mttd_mean_s", estimate_json(v + 2 * (size_t)n, n));
	free(v);
	return o;
}

static json_t *run_json(const struct folder *f)
{
	double started = folder_started(f);
	char verdict[160], suite[128];
	json_t *run = score_json(&f->score);
	bool accepted;

	history_verdict(f, &accepted, verdict, sizeof(verdict));
	json_object_set_new(run, "accepted", json_boolean(accepted));
	json_object_set_new(run, "verdict", json_string(verdict));
	json_object_set_new(run, "folder", json_foreign(f->path));
	folder_manifest(f, "suite", suite, sizeof(suite));
	json_object_set_new(run, "suite", suite[0] ? json_string(suite) : json_null());
	json_object_set_new(run, "started", isfinite(started) ? json_real(started) : json_null());
	return run;
}

static void print_json(const struct folder *runs, uint32_t n, json_t *notes, const struct change *v, uint32_t n_v)
{
	json_t *list = json_array(), *changes = json_array();
	char line[400];
	uint32_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(list, run_json(&runs[i]));
	for (i = 0; i < n_v; i++)
		json_array_append_new(changes,
				      json_pack("{s:i, s:s, s:o, s:s}", "run", (int)v[i].run + 1, "kind",
						regression_text(v[i].kind), "experiment",
						v[i].experiment[0] ? json_string(v[i].experiment) : json_null(), "text",
						change_text(&v[i], line, sizeof(line))));
	cmd_print_json(json_pack("{s:o, s:o, s:o, s:O, s:o}", "runs", list, "spread", spread(runs, n), "trends",
				 history_trends_json(runs, n), "notes", notes, "regressions", changes));
}

static int show(struct folder *runs, uint32_t n, const struct options *o, struct fl_error *err)
{
	json_t *notes = json_array();
	struct change *v = NULL;
	uint32_t n_v = 0, i;
	int worse = FL_EXIT_OK, rc;

	history_sort(runs, n);
	if (o->any_suite)
		json_array_append_new(notes,
				      json_string("whatever their suites, experiments are compared by their ids"));
	rc = o->any_suite ? 0 : history_same_suite(runs, n, RUN_NUMBERS, notes, err);
	if (!rc)
		rc = history_compare(runs, n, &v, &n_v, err);
	if (!rc && o->json) {
		print_json(runs, n, notes, v, n_v);
	} else if (!rc) {
		print_table(runs, n);
		print_trends(runs, n);
		print_notes(notes);
		print_changes(v, n_v);
	}
	for (i = 0; i < n_v; i++)
		if (v[i].run == n - 1)
			worse = FL_EXIT_FAILED;
	free(v);
	json_decref(notes);
	return rc ? rc : worse;
}

int cmd_history(int argc, char **argv)
{
	struct options o = {};
	struct fl_error err = {};
	struct folder *runs;
	int rc = 0, i;

	cmd_parse(&cmd_history_argp, argc, argv, &o);
	runs = calloc((size_t)o.n, sizeof(*runs));
	if (!runs)
		rc = error_sys(&err, ENOMEM, "cannot compare the runs: out of memory");
	for (i = 0; !rc && i < o.n; i++)
		rc = folder_open(&runs[i], o.folders[i], &err);
	if (!rc)
		rc = show(runs, (uint32_t)o.n, &o, &err);
	for (i = 0; runs && i < o.n; i++)
		folder_close(&runs[i]);
	free(runs);
	return rc < 0 ? cmd_fail(&err) : rc;
}
