// SPDX-License-Identifier: GPL-2.0-only
/* run_files.c - see run_files.h */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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
