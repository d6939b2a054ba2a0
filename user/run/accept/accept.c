// SPDX-License-Identifier: GPL-2.0-only
/* accept.c - see accept.h: the run itself and its files. The documents are in accept_documents.c. */
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/accept/accept_private.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"
#include "util/text/utf8.h"

void accept_add(struct judge *j, bool pattern, enum accept_answer answer, const char *what, const char *fmt, ...)
{
	struct accept_line *line = &j->v[j->n];
	va_list ap;

	if (j->n == ACCEPT_MAX)
		return;
	j->n++;
	*line = (struct accept_line){ .pattern = pattern, .answer = answer };
	snprintf(line->what, sizeof(line->what), "%s", what);
	va_start(ap, fmt);
	vsnprintf(line->place, sizeof(line->place), fmt, ap);
	va_end(ap);
	utf8_mend(line->place);
}

static enum accept_answer yes_if(bool yes)
{
	return yes ? ACCEPT_YES : ACCEPT_NO;
}

/* --- the experiment file ---------------------------------------------------------------------- */

/* The first finding whose rule is in the list, NULL-terminated; errors count always. */
static const struct finding *find(const struct judge *j, const char *const *rules)
{
	uint32_t i;
	size_t k;

	for (i = 0; i < j->n_findings; i++) {
		if (j->findings[i].error && !rules[0])
			return &j->findings[i];
		for (k = 0; rules[k]; k++)
			if (!strcmp(rules[k], j->findings[i].rule))
				return &j->findings[i];
	}
	return NULL;
}

static void judge_file(struct judge *j)
{
	static const char what[] = "experiments.yaml has 10 entries, each with hypothesis, blast_radius, rollback, "
				   "measurement and ground_truth";
	static const char *const missing[] = { "invented-duration", "invented-rollback", "invented-window",
					       "invented-truth",    "invented-target",   NULL };
	static const char *const errors[] = { NULL };
	const struct finding *f;

	if (!j->s) {
		accept_add(j, false, ACCEPT_UNKNOWN, what, "%s cannot be read (%.150s); --file FILE names it", j->file,
			   j->why.message);
		return;
	}
	f = find(j, errors);
	f = f ? f : find(j, missing);
	if (f)
		accept_add(j, false, ACCEPT_NO, what, "%s:%d: [%s] %.180s", j->file, f->line, f->rule, f->text);
	else
		accept_add(j, false, yes_if(j->s->n >= 10), what, "%s: %u entries", j->file, j->s->n);
}

static void judge_runner(struct judge *j)
{
	static const char what[] = "the runner runs, and hard-codes no experiment";
	const char *sha = json_string_value(json_path(j->f.manifest, "config.sha256"));
	bool ended = json_object_get(j->f.manifest, "ended") != NULL;

	if (!sha)
		accept_add(j, false, j->f.n ? ACCEPT_UNKNOWN : ACCEPT_NO, what,
			   j->f.n ? "no run.json: it was not faultline that ran this; look at the runner"
				  : "nothing was run into this folder");
	else if (j->s && strcmp(j->s->sha256, sha) != 0)
		accept_add(j, false, ACCEPT_NO, what, "run.json: config.sha256 %.12s is not that of %s (%.12s)", sha,
			   j->file, j->s->sha256);
	else
		accept_add(j, false, yes_if(ended), what, "run.json: faultline read %s (sha256 %.12s)%s", j->file, sha,
			   ended ? "" : ", and the run has no end");
}

/* --- results and probe ------------------------------------------------------------------------ */

static void judge_results(struct judge *j)
{
	accept_add(j, false, yes_if(j->f.n >= 10), "chaos_results.json has 10 entries",
		   j->f.n ? "%s/chaos_results.json: %u entries"
			  : "%s/chaos_results.json: %u entries; faultline run FILE --out DIR "
			    "makes them",
		   j->f.path, j->f.n);
}

static double earliest(const struct folder *f, double *ret_last)
{
	double first = INFINITY, last = -INFINITY;
	uint32_t i;

	for (i = 0; i < f->n; i++) {
		const struct result *r = &f->results[i];
		double from = r->baseline_start > 0 ? r->baseline_start : r->inject;
		double to = r->window_end > 0 ? r->window_end : r->inject;

		first = from > 0 && from < first ? from : first;
		last = to > 0 && to > last ? to : last;
	}
	*ret_last = last;
	return first;
}

/* Longer than this and nobody looked: the probe's rhythm is the middle of its gaps. */
static double widest_gap(const struct folder *f, double *ret_usual)
{
	double widest = 0, sum = 0;
	uint32_t i;

	for (i = 1; i < f->n_probe; i++) {
		double gap = f->probe[i].wall_s - f->probe[i - 1].wall_s;

		sum += gap;
		widest = gap > widest ? gap : widest;
	}
	*ret_usual = f->n_probe > 1 ? sum / (f->n_probe - 1) : 0;
	return widest;
}

static void judge_probe(struct judge *j)
{
	static const char what[] = "probe.log runs through all experiments";
	double last, first = earliest(&j->f, &last), usual, widest = widest_gap(&j->f, &usual);
	double allowed = fmax(15, 4 * usual), begin, end;

	if (!j->f.n_probe) {
		accept_add(j, false, ACCEPT_NO, what, "%s/probe.log: no line of a probe", j->f.path);
		return;
	}
	begin = j->f.probe[0].wall_s;
	end = j->f.probe[j->f.n_probe - 1].wall_s;
	if (!isfinite(first) || !isfinite(last)) {
		accept_add(j, false, ACCEPT_UNKNOWN, what,
			   "%s/probe.log: %u tries; the results say not when anything was", j->f.path, j->f.n_probe);
		return;
	}
	accept_add(
		j, false, yes_if(begin <= first + allowed && end >= last - allowed && widest <= allowed), what,
		"%s/probe.log: %u tries from %.0f to %.0f, longest gap %.0f s; the experiments are from %.0f to %.0f",
		j->f.path, j->f.n_probe, begin, end, widest, first, last);
}

static void judge_score(struct judge *j)
{
	static const char what[] = "detected >= 7/10, RCA correct >= 70 % of the detected, false alarms <= 1";
	const struct score *s = &j->f.score;
	bool recorded = true;
	uint32_t i;

	for (i = 0; i < j->f.n; i++)
		recorded &= !json_is_false(json_object_get(j->f.results[i].detail, "false_alarms_recorded"));
	accept_add(j, false,
		   s->accepted && recorded ? ACCEPT_YES
		   : s->accepted           ? ACCEPT_UNKNOWN
					   : ACCEPT_NO,
		   what, "%s/chaos_results.json: detected %u/%u, RCA correct %u/%u, false alarms %u%s", j->f.path,
		   s->tp, s->total, s->rca_correct, s->rca_asked, s->false_alarms,
		   recorded ? "" : " (alerts before a fault are not recorded)");
}

/* --- anti-patterns ---------------------------------------------------------------------------- */

/* What stands in the place when the file is not there to be looked at. */
static const char *unread(const struct judge *j, const char *otherwise)
{
	return j->s ? otherwise : "cannot be read; --file FILE names it";
}

static void judge_hypotheses(struct judge *j)
{
	static const char *const rules[] = { "no-hypothesis", "untestable-hypothesis", "invented-hypothesis", NULL };
	static const char what[] = "a fault without a hypothesis";
	const struct finding *f = find(j, rules);

	if (f)
		accept_add(j, true, ACCEPT_NO, what, "%s:%d: [%s] %.180s", j->file, f->line, f->rule, f->text);
	else
		accept_add(j, true, j->s ? ACCEPT_YES : ACCEPT_UNKNOWN, what, "%s: %s", j->file,
			   unread(j, "each has a clause that can be measured"));
}

static void judge_stages(struct judge *j)
{
	const struct result *forced = NULL;
	bool known = false;
	uint32_t i;

	for (i = 0; i < j->f.n; i++) {
		known |= json_object_get(j->f.results[i].detail, "stage") != NULL;
		if (json_is_true(json_object_get(j->f.results[i].detail, "stage_forced")))
			forced = &j->f.results[i];
	}
	accept_add(j, true, !known ? ACCEPT_UNKNOWN : yes_if(!forced),
		   "production before staging has passed; a skipped stage",
		   !known   ? "%s/chaos_results.json%s records no stage"
		   : forced ? "%s/chaos_results.json: %s was forced past its stage"
			    : "%s/chaos_results.json: no stage was skipped%s",
		   j->f.path, forced ? forced->id : "");
}

/* Every fault that was switched on was switched off. */
static void judge_rollback(struct judge *j)
{
	const char *stuck = NULL;
	uint32_t i, faults = 0;
	json_t *proof;
	size_t k;

	for (i = 0; i < j->f.n; i++)
		json_array_foreach(json_object_get(j->f.results[i].detail, "proof"), k, proof) {
			if (!json_is_number(json_object_get(proof, "on")))
				continue;
			faults++;
			if (!json_is_number(json_object_get(proof, "off")))
				stuck = j->f.results[i].id;
		}
	accept_add(j, true, !faults ? ACCEPT_UNKNOWN : yes_if(!stuck), "no rollback",
		   stuck ? "%s/chaos_results.json: a fault of %s has no end" : "%s/chaos_results.json: %s", j->f.path,
		   stuck    ? stuck
		   : faults ? "every fault that was on is off (proof[].off)"
			    : "when a fault ended is not recorded");
}

static void judge_measurement(struct judge *j)
{
	static const char *const rules[] = { "up-only-measurement", "invented-metrics", NULL };
	static const char what[] = "measuring only that the system is up";
	const struct finding *f = find(j, rules);

	if (f || !j->f.n_probe)
		accept_add(j, true, ACCEPT_NO, what, "%s:%d: %.200s", j->file, f ? f->line : 0,
			   f ? f->text : "no probe from outside (probe.log is empty)");
	else
		accept_add(j, true, j->s ? ACCEPT_YES : ACCEPT_UNKNOWN, what, "%s: %s", j->file,
			   unread(j, "errors or latency in each measurement, and a probe from outside"));
}

static void judge_combination(struct judge *j)
{
	static const char what[] = "one service at a time, never a combination";
	uint32_t i, combined = 0;

	for (i = 0; j->s && i < j->s->n; i++)
		combined += j->s->experiments[i].n_faults > 1;
	if (!j->s)
		accept_add(j, true, ACCEPT_UNKNOWN, what, "%s: %s", j->file, unread(j, ""));
	else
		accept_add(j, true, yes_if(combined), what, "%s: %u experiment%s with several faults (`faults:`)",
			   j->file, combined, combined == 1 ? "" : "s");
}

static void judge_version(struct judge *j)
{
	const char *commit = json_string_value(json_path(j->f.manifest, "config.commit"));
	bool dirty = json_is_true(json_path(j->f.manifest, "config.dirty"));

	if (!j->f.manifest)
		accept_add(j, true, ACCEPT_UNKNOWN, "an experiment file without a version", "no run.json in %s",
			   j->f.path);
	else
		accept_add(j, true, yes_if(commit && !dirty), "an experiment file without a version",
			   "%s/run.json: config.commit is %.12s%s", j->f.path, commit ? commit : "null",
			   dirty ? ", and the file differs from it" : "");
}

static void judge_patterns(struct judge *j)
{
	judge_hypotheses(j);
	judge_stages(j);
	judge_rollback(j);
	judge_measurement(j);
	accept_add(j, true, ACCEPT_UNKNOWN, "chaos once a month instead of always",
		   "one folder is one run: faultline run --every 24h, and faultline history, compare several");
	judge_combination(j);
	judge_version(j);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void find_file(struct judge *j, const char *file)
{
	char recorded[256];
	_cleanup_free_ char *beside = text_format("%s/experiments.yaml", j->f.path);

	folder_manifest(&j->f, "config.path", recorded, sizeof(recorded));
	snprintf(j->file, sizeof(j->file), "%.250s",
		 file                                                ? file
		 : beside && (!access(beside, R_OK) || !recorded[0]) ? beside
								     : recorded);
}

/* A folder in which nothing was run yet is a list of what is missing, no error. *ret_run: there are results. */
static int open_folder(struct judge *j, const char *dir, bool *ret_run, struct fl_error *err)
{
	_cleanup_free_ char *results = text_format("%s/chaos_results.json", dir);
	struct stat st;

	*ret_run = stat(dir, &st) || !S_ISDIR(st.st_mode) || !results || !access(results, F_OK);
	if (*ret_run)
		return folder_open(&j->f, dir, err);
	j->f.path = strdup(dir);
	return j->f.path ? 0 : error_sys(err, ENOMEM, "out of memory");
}

int accept_judge(const char *dir, const char *file, const struct words *w, const struct fault_ops *const *table,
		 struct accept_line ret[ACCEPT_MAX], uint32_t *ret_n, struct fl_error *err)
{
	struct judge j = { .v = ret };
	bool run;
	int r = open_folder(&j, dir, &run, err);

	if (!r)
		find_file(&j, file);
	if (!r && !suite_read(j.file, table, &j.s, &j.why))
		r = suite_check(j.s, &j.findings, &j.n_findings, err);
	if (!r && run)
		r = accept_write_documents(&j, w, err);
	if (!r) {
		judge_file(&j);
		judge_runner(&j);
		judge_results(&j);
		judge_probe(&j);
		accept_scoreboard(&j);
		judge_score(&j);
		accept_documents(&j);
		judge_patterns(&j);
	}
	*ret_n = j.n;
	free(j.findings);
	suite_free(j.s);
	folder_close(&j.f);
	return r;
}
