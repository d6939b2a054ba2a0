// SPDX-License-Identifier: GPL-2.0-only
/* run_files.c - see run_files.h */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/suite/run_files.h"
#include "report/export.h"
#include "report/junit.h"
#include "report/report.h"
#include "score/pipeline/pipeline.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"
#include "util/text/url.h"

enum {
	OPT_PIPELINE = 512, /* above those of the parents */
	OPT_ADAPTER,
	OPT_ROOT_LABEL,
	OPT_PROBE,
	OPT_LAB,
	OPT_OUT,
	OPT_LANG,
	OPT_SEED,
	OPT_FORCE,
};

static const struct argp_option words_options[] = {
	{ "out", OPT_OUT, "DIR", 0, "Where the results go (./faultline-results/DATE-TIME)", 0 },
	{ "pipeline", OPT_PIPELINE, "URL", 0, "The AIOps pipeline, instead of the suite's", 0 },
	{ "adapter", OPT_ADAPTER, SUITE_ADAPTERS, 0, "What kind of pipeline it is", 0 },
	{ "root-label", OPT_ROOT_LABEL, "LABEL", 0, "The label of the pipeline's alerts that names the root cause", 0 },
	{ "probe", OPT_PROBE, "URL", 0, "What the probe calls, instead of the suite's", 0 },
	{ "lab", OPT_LAB, NULL, 0, "Probe and pipeline of the running lab, as `stack: lab` says", 0 },
	{ "seed", OPT_SEED, "N", 0, "Seed of all random choices", 0 },
	{ "force-stage", OPT_FORCE, NULL, 0, "Run although the stage before was not passed", 0 },
	{ "lang", OPT_LANG, "vi|en", 0, "Language of the reports (en)", 0 },
	{ "output", 'o', "json", 0, "Print JSON", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static int parse_seed(struct run_words *w, const char *arg)
{
	int64_t seed;

	if (units_int(arg, 1, INT64_MAX >> 11, &seed, &w->err))
		return EINVAL;
	w->seed = (uint64_t)seed;
	return 0;
}

static error_t parse_words(int key, char *arg, struct argp_state *state)
{
	struct run_words *w = state->input;

	switch (key) {
	case OPT_PIPELINE: w->addresses.pipeline = arg; return 0;
	case OPT_ADAPTER: w->addresses.adapter = suite_file_adapter(arg, state); return 0;
	case OPT_ROOT_LABEL: w->addresses.root_label = arg; return 0;
	case OPT_PROBE: w->addresses.probe = arg; return 0;
	case OPT_LAB: w->addresses.lab = true; return 0;
	case OPT_OUT:
		w->out = arg;
		if (!*arg)
			argp_error(state, "--out: which folder?");
		return 0;
	case OPT_LANG:
		w->lang = arg;
		if (!words_find(arg))
			argp_error(state, "--lang knows vi and en, not '%s'", arg);
		return 0;
	case OPT_SEED: return parse_seed(w, arg);
	case OPT_FORCE: w->force_stage = true; return 0;
	case 'o': w->json = cmd_output_json(arg, state); return 0;
	case ARGP_KEY_ARG:
		if (w->file)
			argp_error(state, "one FILE at a time");
		w->file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!w->file)
			argp_error(state, "which FILE?");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp words_argp = { .options = words_options, .parser = parse_words };

const struct argp_child run_words_child[] = { { &words_argp, 0, NULL, 0 }, {} };

double run_parse_scale(const char *arg, const struct argp_state *state)
{
	double scale = 0;

	if (units_double(arg, &scale, NULL) || scale < 0.001 || scale > 100)
		argp_error(state, "--scale: a number from 0.001 to 100, not '%s'", arg);
	return scale;
}

int run_parse_only(const char *arg, int **only, uint32_t *n_only, struct fl_error *err)
{
	_cleanup_free_ char *words = strdup(arg);
	char *rest = words, *word;
	int64_t n;

	while (rest && (word = strsep(&rest, ","))) {
		int *grown = reallocarray(*only, *n_only + 1, sizeof(*grown));

		if (!grown)
			return error_sys(err, ENOMEM, "out of memory");
		*only = grown;
		if (units_int(word, 1, 100000, &n, NULL)) {
			error_usage(err, "--only: '%.60s' is no list of experiments", arg);
			error_hint(err, "their numbers, with commas between them: --only 1,4,9");
			return -EINVAL;
		}
		grown[(*n_only)++] = (int)n;
	}
	return 0;
}

char *run_folder(const char *out, int64_t n)
{
	char stamp[32];
	time_t now = time(NULL);
	struct tm tm;

	if (out && n)
		return text_format("%s/%03lld", out, (long long)n);
	if (out)
		return strdup(out);
	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	return n ? text_format("faultline-results/%s-%03lld", stamp, (long long)n)
		 : text_format("faultline-results/%s", stamp);
}

/* One of the files; what became of it is told. */
static bool is_written(struct fl_error *err)
{
	bool written = !err->exit;

	if (!written)
		error_print(err, stderr);
	error_clear(err);
	return written;
}

bool run_write_reports(const char *dir, const char *lang, const char *journal, const char *junit)
{
	const char *name[REPORT_FILES];
	bool kept[REPORT_FILES], whole;
	struct fl_error err = {};
	struct folder f;

	folder_open(&f, dir, &err);
	whole = is_written(&err);
	if (whole)
		report_write(&f, words_find(lang), false, name, kept, &err);
	is_written(&err);
	if (whole && journal)
		export_journal(&f, journal, &err);
	whole &= is_written(&err);
	if (f.results && junit)
		junit_write(&f, junit, &err);
	whole &= is_written(&err);
	folder_close(&f);
	return whole || (!journal && !junit);
}

static void on_interrupt(int number)
{
	static const char text[] = "faultline: ended by a signal while the pipeline was asked; nothing was injected\n";

	(void)number;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(FL_EXIT_ABORTED);
	_exit(FL_EXIT_ABORTED);
}

int run_learn(struct suite *s, bool may_be_down, bool quiet, struct fl_error *err)
{
	struct sigaction ending = { .sa_handler = on_interrupt }, was[2];
	_cleanup_free_ char *line = NULL;
	struct fl_error why = {};
	int r;

	if (!quiet)
		fprintf(stderr, "asking the pipeline what it takes (%d s at most) ...\n",
			(int)(PIPELINE_LEARN_NS / NS_PER_SEC));
	sigaction(SIGINT, &ending, &was[0]);
	sigaction(SIGTERM, &ending, &was[1]);
	r = pipeline_learn(&s->pipeline, &why);
	sigaction(SIGINT, &was[0], NULL);
	sigaction(SIGTERM, &was[1], NULL);
	if (pipeline_unreachable(r) && may_be_down)
		r = 0;
	else if (pipeline_is_dead(&why))
		r = pipeline_refuse_dead(&why, err);
	else if (r)
		*err = why;
	if (r || quiet)
		return r;
	line = text_format("pipeline %s: %s\n", s->pipeline.url, s->pipeline.learned->said);
	if (!line)
		return error_sys(err, ENOMEM, "out of memory");
	url_mask(line);
	fputs(line, stderr);
	return 0;
}
