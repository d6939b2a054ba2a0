// SPDX-License-Identifier: GPL-2.0-only
/* sweep.c - faultline sweep FILE: from which size of a fault on do users feel it, and from which on does the pipeline see it? */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/suite/run_files.h"
#include "cmd/suite/suite_file.h"
#include "cmd/suite/sweep_show.h"
#include "report/words/words.h"
#include "run/sweep/sweep_run.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json/json_path.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define BUDGET_NS  (15 * 60 * NS_PER_SEC)
#define TRIALS_MIN 8 /* fewer say nothing of any limit */

struct options {
	struct run_words words;
	struct sweep_wish wish;
	int *only;
	uint32_t n_only;
	double scale;
	bool all, without_pipeline, quiet;
};

enum {
	OPT_ONLY = 256,
	OPT_ALL,
	OPT_PARAM,
	OPT_FROM,
	OPT_TO,
	OPT_BUDGET,
	OPT_WIDTH,
	OPT_NO_PIPELINE,
	OPT_SCALE,
};

static const struct argp_option option_table[] = {
	{ "only", OPT_ONLY, "N,..", 0, "Sweep these experiments, by number", 0 },
	{ "all", OPT_ALL, NULL, 0, "Sweep every experiment that has a size", 0 },
	{ "param", OPT_PARAM, "NAME", 0, "Which parameter is the size, instead of the file's", 0 },
	{ "from", OPT_FROM, "SIZE", 0, "The smallest one that is tried", 0 },
	{ "to", OPT_TO, "SIZE", 0, "The largest one that is tried", 0 },
	{ "budget", OPT_BUDGET, "TIME", 0, "Time for each sweep (15min)", 0 },
	{ "width", OPT_WIDTH, "PERCENT", 0, "Stop when the limit is known to within so much on both sides (20%)", 0 },
	{ "no-pipeline", OPT_NO_PIPELINE, NULL, 0, "Only from which size on users feel it", 0 },
	{ "scale", OPT_SCALE, "N", 0, "All windows N times as long: 0.1 for a tenth", 0 },
	{ "quiet", 'q', NULL, 0, "No progress", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static int parse_width(struct options *o, const char *arg, const struct argp_state *state)
{
	uint32_t ppm;

	if (units_percent_ppm(arg, &ppm, &o->words.err))
		return EINVAL;
	if (ppm < 10000)
		argp_error(state, "--width: less than 1%% would take days");
	o->wish.precision = ppm / 1e6;
	return 0;
}

static void check_options(const struct options *o, const struct argp_state *state)
{
	const struct sweep_choice *c = &o->wish.choice;

	if (o->all && o->only)
		argp_error(state, "--all and --only: one of the two");
	if (o->all && (c->param || c->from || c->to))
		argp_error(state, "--param, --from and --to are of one experiment, --all sweeps several");
	if (o->without_pipeline && o->words.addresses.pipeline)
		argp_error(state, "--pipeline and --no-pipeline: one of the two");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &o->words; return 0;
	case OPT_NO_PIPELINE: o->without_pipeline = true; return 0;
	case OPT_ONLY: return run_parse_only(arg, &o->only, &o->n_only, &o->words.err) ? EINVAL : 0;
	case OPT_ALL: o->all = true; return 0;
	case OPT_PARAM: o->wish.choice.param = arg; return 0;
	case OPT_FROM: o->wish.choice.from = arg; return 0;
	case OPT_TO: o->wish.choice.to = arg; return 0;
	case OPT_BUDGET: return units_duration_ns(arg, &o->wish.budget_ns, &o->words.err) ? EINVAL : 0;
	case OPT_WIDTH: return parse_width(o, arg, state);
	case OPT_SCALE: o->scale = run_parse_scale(arg, state); return 0;
	case 'q': o->quiet = true; return 0;
	case ARGP_KEY_END: check_options(o, state); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_sweep_argp = {
	option_table,
	parse,
	"FILE",
	"Find out from which size of a fault on users feel it, and from which on the pipeline reports it: trials of "
	"sizes that "
	"are chosen by the answers so far, each with a baseline, the fault, and a recovery; one in six without a "
	"fault.\v"
	"Swept are the experiments that have a block `sweep:`, or the only one of FILE. SIGINT and SIGTERM roll "
	"everything back at once and leave a valid "
	"result of the trials so far. Exit status 0: each limit is found, or lies outside of the range that was tried; "
	"1: one is still open; 2: bad "
	"usage or file; 3: this host lacks something; 5: ended by a signal.",
	run_words_child,
	NULL,
	NULL
};

/* --- what is to be swept ---------------------------------------------------------------------- */

struct chosen {
	const struct experiment **v;
	int *numbers;
	uint32_t n;
};

static bool is_chosen(const struct options *o, const struct suite *s, const struct experiment *x)
{
	const struct run_options by_number = { .only = o->only, .n_only = o->n_only };
	struct sweep_size size;
	struct fl_error why = {};

	if (o->only)
		return run_is_selected(&by_number, x);
	if (!o->all)
		return x->sweep.given || s->n == 1;
	if (!sweep_size_find(s, x, &o->wish.choice, &size, &why))
		return true;
	if (!o->quiet)
		fprintf(stderr, "%s is left out: %s\n", x->name, why.message);
	return false;
}

static int choose(const struct options *o, const struct suite *s, struct chosen *c, struct fl_error *err)
{
	uint32_t i;

	c->v = calloc(s->n + 1, sizeof(*c->v));
	c->numbers = calloc(s->n + 1, sizeof(*c->numbers));
	if (!c->v || !c->numbers)
		return error_sys(err, ENOMEM, "out of memory");
	for (i = 0; i < s->n; i++)
		if (is_chosen(o, s, &s->experiments[i])) {
			c->numbers[c->n] = s->experiments[i].number;
			c->v[c->n++] = &s->experiments[i];
		}
	if (c->n > 1 && (o->wish.choice.param || o->wish.choice.from || o->wish.choice.to)) {
		error_usage(err, "--param, --from and --to are of one experiment, and %u of %s are to be swept", c->n,
			    s->path);
		return error_hint(err, "choose it: --only N"), -EINVAL;
	}
	if (c->n)
		return 0;
	if (o->only)
		return error_usage(err, "--only names no experiment of %s, which has 1 to %u", s->path, s->n);
	error_usage(err, "%s has %u experiments, and none says that it is to be swept", s->path, s->n);
	error_hint(
		err,
		o->all ? "none of them has a size that can be changed while it is on"
		       : "choose with --only N or --all, or write sweep: { param: delay, from: 5ms, to: 1s } into one");
	return -EINVAL;
}

static int load(const struct options *o, struct suite **ret, struct fl_error *err)
{
	const char *skip[] = { o->words.addresses.probe || o->words.addresses.lab ? "invented-probe" : "",
			       o->words.addresses.pipeline || o->words.addresses.lab || o->without_pipeline
				       ? "invented-pipeline"
				       : "",
			       NULL };
	int r = suite_file_read(o->words.file, false, skip, &o->words.addresses, ret, err);

	if (!r && o->scale > 0)
		r = suite_scale(*ret, o->scale, err);
	if (!r && o->without_pipeline) {
		free((*ret)->pipeline.url);
		(*ret)->pipeline.url = NULL;
	}
	if (!r && !o->without_pipeline && !(*ret)->pipeline.url) {
		error_usage(err, "%s names no pipeline, and a sweep is about what one sees", o->words.file);
		error_hint(err, "--pipeline URL, --lab, or --no-pipeline: only from which size on users feel it");
		return -EINVAL;
	}
	if (!r)
		suite_know_services(*ret);
	return r;
}

/* Is there time enough for an answer? */
static int check_budget(const struct options *o, const struct suite *s, const struct chosen *c, struct fl_error *err)
{
	char least[32], budget[32];
	uint32_t i;

	for (i = 0; i < c->n; i++) {
		double trial_s = sweep_trial_s(s, c->v[i]), budget_s = (double)o->wish.budget_ns / 1e9;

		if (trial_s * TRIALS_MIN <= budget_s)
			continue;
		error_usage(err, "%s: a trial takes %s, so %s are %.0f of them, and fewer than %d say nothing",
			    c->v[i]->name, sweep_show_time(trial_s, least, sizeof(least)),
			    sweep_show_time(budget_s, budget, sizeof(budget)), floor(budget_s / trial_s), TRIALS_MIN);
		error_hint(err,
			   "30 to 40 are usual: a larger --budget, shorter baseline, duration, grace and cooldown, or "
			   "--scale 0.1");
		return -EINVAL;
	}
	return 0;
}

/* --- the run ---------------------------------------------------------------------------------- */

static int verdict(const struct sweeps *s)
{
	uint32_t i, c;

	for (i = 0; i < s->n; i++)
		for (c = 0; c < SWEEP_ROOT; c++) {
			struct limit l;

			sweep_limit(&s->v[i].sweep, c, false, &l);
			if (sweep_asks(&s->v[i].sweep, c) && l.state != LIMIT_FOUND && l.state != LIMIT_ABOVE &&
			    l.state != LIMIT_BELOW)
				return FL_EXIT_FAILED;
		}
	return FL_EXIT_OK;
}

/* sweep.json once more, with what is worked out at the end; the run itself has saved it after each trial. */
static json_t *save(const struct sweeps *s, const char *dir)
{
	json_t *doc = sweeps_json(s, true);
	_cleanup_free_ char *text = json_dumps(doc, JSON_INDENT(1) | JSON_REAL_PRECISION(16));
	_cleanup_free_ char *path = text_format("%s/sweep.json", dir);
	struct fl_error err = {};

	if (!text || !path || file_write(path, text, strlen(text), 0644, &err))
		error_print(&err, stderr);
	return doc;
}

static int tell(const struct options *o, const struct sweeps *s, const struct run_report *report, const char *dir)
{
	int status = report->aborted ? FL_EXIT_ABORTED : report->stopped ? FL_EXIT_FAILED : verdict(s);
	json_t *doc = save(s, dir);

	run_write_reports(dir, o->words.lang, NULL, NULL);
	if (o->words.json) {
		json_object_set_new(doc, "folder", json_foreign(dir));
		json_object_set_new(doc, "exit_status", json_integer(status));
		cmd_print_json(doc);
	} else {
		sweep_show_found(s);
		if (report->stopped)
			printf("Ended: the steady state was lost\n");
		if (report->aborted)
			printf("Ended: %s\n", report->ended[0] ? report->ended : "by a signal");
		printf("Results: %s\n", dir);
		json_decref(doc);
	}
	if (report->unfinished) {
		fflush(NULL);
		_exit(status);
	}
	return status;
}

static int run_sweeps(const struct options *o, struct suite *s, const struct chosen *c, struct sweeps *sweeps,
		      struct fl_error *err)
{
	_cleanup_free_ char *dir = run_folder(o->words.out, 0);
	struct sweep_show show;
	struct run_trials trials;
	const struct run_options options = { .only = c->numbers,
					     .n_only = c->n,
					     .dir = dir,
					     .force_stage = o->words.force_stage,
					     .seed = o->wish.seed,
					     .trials = &trials,
					     .progress = sweep_show_progress,
					     .ctx = &show };
	struct run_report report;
	int r = dir ? 0 : error_sys(err, ENOMEM, "out of memory"), status;

	sweep_show_init(&show, sweeps, o->quiet);
	sweeps_trials(sweeps, &trials);
	if (!r)
		r = run_preflight(s, &options, err);
	if (!r && s->pipeline.url)
		r = run_learn(s, false, o->quiet, err);
	if (r)
		return r;
	sweep_show_begin(&show);
	r = suite_run(s, &options, &report, err);
	if (r)
		return r;
	status = tell(o, sweeps, &report, dir);
	run_report_free(&report);
	return status;
}

static int sweep(struct options *o, struct suite **s, struct fl_error *err)
{
	struct sweeps sweeps = {};
	struct chosen c = {};
	int r = load(o, s, err);

	o->wish.seed = o->words.seed;
	if (!r && !o->wish.seed && getrandom(&o->wish.seed, sizeof(o->wish.seed), 0) != sizeof(o->wish.seed))
		r = error_sys(err, EIO, "no random numbers");
	o->wish.seed &= 0x1fffffffffffffull; /* exact in every reader of JSON */
	if (!r)
		r = choose(o, *s, &c, err);
	if (!r)
		r = sweeps_open(&sweeps, *s, c.v, c.n, &o->wish, err);
	if (!r)
		r = check_budget(o, *s, &c, err);
	if (!r)
		r = run_sweeps(o, *s, &c, &sweeps, err);
	sweeps_free(&sweeps);
	free(c.v);
	free(c.numbers);
	return r;
}

int cmd_sweep(int argc, char **argv)
{
	struct options o = { .words.lang = "en", .wish = { .precision = 0.2, .budget_ns = BUDGET_NS } };
	struct fl_error err = {};
	struct suite *s = NULL;
	int r;

	if (cmd_parse(&cmd_sweep_argp, argc, argv, &o)) {
		free(o.only);
		return o.words.err.exit ? cmd_fail(&o.words.err) : FL_EXIT_USAGE;
	}
	r = sweep(&o, &s, &err);
	free(o.only);
	suite_free(s);
	return r < 0 ? cmd_fail(&err) : r;
}
