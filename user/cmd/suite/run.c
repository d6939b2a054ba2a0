// SPDX-License-Identifier: GPL-2.0-only
/* run.c - faultline run FILE: carry out a suite, score the pipeline; once, N times, or every so often. */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <uv.h>

#include "cmd/cmd.h"
#include "cmd/suite/run_files.h"
#include "cmd/suite/run_show.h"
#include "cmd/suite/suite_file.h"
#include "fault/fault.h"
#include "policy/gate.h"
#include "report/report.h"
#include "run/run.h"
#include "score/pipeline/pipeline.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"

struct options {
	struct run_words words;
	const char *metrics, *journal, *junit;
	int *only;
	uint32_t n_only;
	int64_t repeat;
	double scale;
	uint64_t every_ns;
	bool resume, dry_run, may_be_down, quiet, strict;
};

enum {
	OPT_RESUME = 256,
	OPT_EVERY,
	OPT_REPEAT,
	OPT_ONLY,
	OPT_METRICS,
	OPT_JOURNAL,
	OPT_JUNIT,
	OPT_STRICT,
	OPT_SCALE,
	OPT_DOWN
};

static const struct argp_option option_table[] = {
	{ "only", OPT_ONLY, "N,..", 0, "Run these experiments, by number", 0 },
	{ "resume", OPT_RESUME, NULL, 0, "Go on with the run in --out", 0 },
	{ "dry-run", 'n', NULL, 0, "Check everything, find every target, touch nothing", 0 },
	{ "repeat", OPT_REPEAT, "N", 0, "N runs, one after the other", 0 },
	{ "every", OPT_EVERY, "TIME", 0, "A run every TIME, until a signal or --repeat ends it", 0 },
	{ "pipeline-may-be-down", OPT_DOWN, NULL, 0, "Run although nobody answers at the pipeline's URL", 0 },
	{ "metrics", OPT_METRICS, "[ADDR:]PORT", 0, "Serve /metrics meanwhile (127.0.0.1)", 0 },
	{ "journal", OPT_JOURNAL, "FILE", 0, "Write a journal as Chaos Toolkit does, too", 0 },
	{ "junit", OPT_JUNIT, "FILE", 0, "Write JUnit XML for CI, too: a case an experiment", 0 },
	{ "scale", OPT_SCALE, "N", 0, "All windows N times as long: 0.1 for a quick look; the result says so", 0 },
	{ "strict", OPT_STRICT, NULL, 0, "Run no file for which values had to be invented", 0 },
	{ "quiet", 'q', NULL, 0, "No progress, one line a result", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &o->words; return 0;
	case OPT_ONLY: return run_parse_only(arg, &o->only, &o->n_only, &o->words.err) ? EINVAL : 0;
	case OPT_METRICS: o->metrics = arg; return 0;
	case OPT_JOURNAL: o->journal = arg; return 0;
	case OPT_JUNIT: o->junit = arg; return 0;
	case OPT_RESUME: o->resume = true; return 0;
	case 'n': o->dry_run = true; return 0;
	case OPT_REPEAT: return units_int(arg, 1, 1000000, &o->repeat, &o->words.err) ? EINVAL : 0;
	case OPT_EVERY: return units_duration_ns(arg, &o->every_ns, &o->words.err) ? EINVAL : 0;
	case OPT_DOWN: o->may_be_down = true; return 0;
	case OPT_STRICT: o->strict = true; return 0;
	case OPT_SCALE: o->scale = run_parse_scale(arg, state); return 0;
	case 'q': o->quiet = true; return 0;
	case ARGP_KEY_END:
		if (o->resume && !o->words.out)
			argp_error(state, "--resume needs the folder: --out DIR");
		if (o->journal && (o->repeat || o->every_ns))
			argp_error(state, "--journal is of one run, not several");
		if (o->junit && (o->repeat || o->every_ns))
			argp_error(state,
				   "--junit is of one run, not several; `faultline score DIR --junit FILE` makes "
				   "it of each");
		if (o->resume && (o->repeat || o->every_ns))
			argp_error(state, "--resume goes on with one run, not several");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_run_argp = {
	option_table,
	parse,
	"FILE",
	"Carry out the experiments of FILE one after the other, measure what they do, ask the pipeline "
	"what it noticed, and print the scoreboard.\v"
	"SIGINT and SIGTERM roll everything back at once and still leave valid results; a second one "
	"does not wait for answers. Exit status 0: accepted; 1: acceptance or a hypothesis failed, or "
	"an experiment could not be carried out; 2: bad usage or file; 3: this host lacks something; "
	"5: ended by a signal.",
	run_words_child,
	NULL,
	NULL
};

static int load(const struct options *o, struct suite **ret, struct fl_error *err)
{
	const struct suite_addresses *a = &o->words.addresses;
	const char *skip[] = { a->probe || a->lab ? "invented-probe" : "",
			       a->pipeline || a->lab ? "invented-pipeline" : "", NULL };
	int r = suite_file_read(o->words.file, o->strict, skip, a, ret, err);

	if (!r && o->scale > 0)
		r = suite_scale(*ret, o->scale, err);
	return r;
}

static int run_once(const struct options *o, struct suite *s, int64_t n, bool *ret_aborted, struct fl_error *err)
{
	_cleanup_free_ char *dir = run_folder(o->words.out, o->repeat > 1 || o->every_ns ? n : 0);
	struct run_show show = { .quiet = o->quiet };
	struct run_options options = {
		.only = o->only,
		.n_only = o->n_only,
		.dir = dir,
		.resume = o->resume,
		.force_stage = o->words.force_stage,
		.pipeline_may_be_down = o->may_be_down,
		.seed = o->words.seed,
		.metrics = o->metrics,
		.progress = run_show_progress,
		.ctx = &show,
	};
	struct run_report report;
	int r, status;
	bool whole;

	if (!dir)
		return error_sys(err, ENOMEM, "out of memory");
	run_show_init(&show);
	r = run_preflight(s, &options, err);
	if (!r && o->dry_run) {
		run_show_plan(s, &options, o->words.json);
		return FL_EXIT_OK;
	}
	if (!r && s->pipeline.url && !s->pipeline.learned)
		r = run_learn(s, o->may_be_down, o->quiet, err);
	if (!r)
		run_show_begin(&show, s, &options);
	if (!r)
		r = suite_run(s, &options, &report, err);
	if (r)
		return r;
	whole = run_write_reports(dir, o->words.lang, o->journal, o->junit);
	status = run_show_report(&report, s, dir, o->words.json);
	if (!whole && !status)
		status = FL_EXIT_ENVIRONMENT;
	fflush(stdout); /* the next run may be a day away */
	if (report.unfinished) {
		fflush(NULL);
		_exit(status);
	}
	*ret_aborted = report.aborted;
	run_report_free(&report);
	return status;
}

struct wait {
	uv_timer_t timer;
	uv_signal_t sigint, sigterm;
	bool interrupted;
};

static void close_wait(struct wait *w)
{
	uv_close((uv_handle_t *)&w->timer, NULL);
	uv_close((uv_handle_t *)&w->sigint, NULL);
	uv_close((uv_handle_t *)&w->sigterm, NULL);
}

static void on_time(uv_timer_t *timer)
{
	close_wait(timer->data);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct wait *w = handle->data;

	(void)number;
	w->interrupted = true;
	close_wait(w);
}

/* With --every, a run that would begin in a forbidden window, or while the host is halted, is left out. */
static bool is_left_out(const struct options *o, int64_t n)
{
	struct fl_error closed = {};

	if (!o->every_ns || n == 1 || !gate_check(&closed))
		return false;
	error_print(&closed, stderr);
	return true;
}

/* Wait between two runs; false when a signal ended it. */
static bool wait_ns(uint64_t ns)
{
	struct wait w = {};
	uv_loop_t loop;

	uv_loop_init(&loop);
	uv_timer_init(&loop, &w.timer);
	uv_signal_init(&loop, &w.sigint);
	uv_signal_init(&loop, &w.sigterm);
	w.timer.data = w.sigint.data = w.sigterm.data = &w;
	uv_timer_start(&w.timer, on_time, ns / NS_PER_MSEC, 0);
	uv_signal_start(&w.sigint, on_signal, SIGINT);
	uv_signal_start(&w.sigterm, on_signal, SIGTERM);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	return !w.interrupted;
}

static int run_all(const struct options *o, struct suite *s, struct fl_error *err)
{
	int64_t n, times = o->repeat ? o->repeat : o->every_ns ? INT64_MAX : 1;
	bool aborted = false;
	int worst = 0, r;

	for (n = 1; n <= times; n++) {
		uint64_t began = clock_mono_ns(), took, pause;

		r = is_left_out(o, n) ? worst : run_once(o, s, n, &aborted, err);
		if (r == -EHOSTUNREACH && o->every_ns && n > 1) { /* the pipeline may be back the next time */
			error_print(err, stderr);
			error_clear(err);
			r = FL_EXIT_ENVIRONMENT;
		}
		if (r < 0 || aborted)
			return r;
		worst = r > worst ? r : worst;
		if (n == times || o->dry_run)
			break;
		took = clock_mono_ns() - began;
		pause = !o->every_ns ? s->cooldown_ns : o->every_ns > took ? o->every_ns - took : 0;
		if (!wait_ns(pause))
			return FL_EXIT_ABORTED;
	}
	return worst;
}

int cmd_run(int argc, char **argv)
{
	struct options o = { .words.lang = "en" };
	struct fl_error err = {};
	struct suite *s = NULL;
	int r;

	if (cmd_parse(&cmd_run_argp, argc, argv, &o)) {
		free(o.only);
		return o.words.err.exit ? cmd_fail(&o.words.err) : FL_EXIT_USAGE;
	}
	r = o.journal ? file_may_write(o.journal, &err) : 0;
	if (!r && o.junit)
		r = file_may_write(o.junit, &err);
	if (!r)
		r = load(&o, &s, &err);
	if (!r)
		r = run_all(&o, s, &err);
	free(o.only);
	suite_free(s);
	return r < 0 ? cmd_fail(&err) : r;
}
