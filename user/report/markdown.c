// SPDX-License-Identifier: GPL-2.0-only
/* markdown.c - chaos_report.md: the five sections of the task. See report.h. */
#include <math.h>
#include <string.h>

#include "report/paragraph/course.h"
#include "report/report.h"
#include "report/sweep/sweep_report.h"
#include "report/weakness.h"
#include "score/evidence.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"

static void item(struct text *out, const char *label, const char *value)
{
	text_append(out, "- **%s:** ", label);
	markdown_escape(out, value);
	text_append(out, "\n");
}

/* A version and a commit of run.json, e.g. of "stack", or that they are not recorded. */
static void versions(const struct folder *f, const struct words *w, const char *label, const char *key,
		     const char *url_key, struct text *out)
{
	char version[128], commit[128], url[256], path[64];
	struct text where = {};

	snprintf(path, sizeof(path), "%s.version", key);
	folder_manifest(f, path, version, sizeof(version));
	snprintf(path, sizeof(path), "%s.commit", key);
	folder_manifest(f, path, commit, sizeof(commit));
	folder_manifest(f, url_key, url, sizeof(url));
	text_append(&where, "%s%s%s", version, *version && *commit ? " " : "", commit);
	if (!where.len)
		text_append(&where, "%s", w->not_recorded);
	if (*url) {
		text_append(&where, ", ");
		words_fill(&where, w->by_hand, "url", url, WORDS_END);
	}
	item(out, label, where.s ? where.s : "");
	text_free(&where);
}

static void setup_config(const struct folder *f, const struct words *w, struct text *out)
{
	char path[256], sha[80], commit[64], dirty[8], line[512];

	folder_manifest(f, "config.path", path, sizeof(path));
	folder_manifest(f, "config.sha256", sha, sizeof(sha));
	folder_manifest(f, "config.commit", commit, sizeof(commit));
	folder_manifest(f, "config.dirty", dirty, sizeof(dirty));
	snprintf(line, sizeof(line), "%s%s%.12s%s%.12s%s", path, *sha ? ", SHA-256 " : "", sha,
		 *commit ? ", commit " : "", commit, !strcmp(dirty, "true") ? " (dirty)" : "");
	item(out, w->config, *path || *sha ? line : w->not_recorded);
}

/* From the first start to the last end of the baselines; of the exercise's script, how long it looked, and when. */
static void setup_baseline(const struct folder *f, const struct words *w, struct text *out)
{
	const char *captured = json_string_value(json_object_get(f->baseline, "captured_at"));
	double from = INFINITY, to = -INFINITY,
	       seconds = json_number_value(json_object_get(f->baseline, "duration_seconds"));
	char a[32], b[32], line[96];
	uint32_t i;

	for (i = 0; i < f->n; i++) {
		if (!(f->results[i].baseline_end > f->results[i].baseline_start))
			continue;
		from = fmin(from, f->results[i].baseline_start);
		to = fmax(to, f->results[i].baseline_end);
	}
	if (isfinite(from) && isfinite(to))
		snprintf(line, sizeof(line), "%s → %s", report_time(from, a, sizeof(a)), report_time(to, b, sizeof(b)));
	else if (captured && seconds > 0)
		snprintf(line, sizeof(line), "%s, captured_at %.40s", score_seconds(seconds, a, sizeof(a)), captured);
	else
		snprintf(line, sizeof(line), "%s", w->not_recorded);
	item(out, w->baseline, line);
}

static void setup_files(const struct folder *f, const struct words *w, struct text *out)
{
	struct probe_summary sum;
	char n[16], rate[32];

	probe_summarise_samples(f->probe, f->n_probe, 0, UINT64_MAX, &sum);
	snprintf(n, sizeof(n), "%u", f->n_probe);
	text_append(out, "- ");
	words_fill(out, f->n_probe ? w->probe_log : w->no_probe_log, "n", n, "rate",
		   report_percent(sum.pass_rate, rate, sizeof(rate)), WORDS_END);
	snprintf(n, sizeof(n), "%u", f->probe_malformed);
	if (f->probe_malformed) {
		text_append(out, "; ");
		words_fill(out, w->torn, "n", n, WORDS_END);
	}
	snprintf(n, sizeof(n), "%u", f->n_events);
	text_append(out, "\n- ");
	words_fill(out, w->events, "n", n, WORDS_END);
	snprintf(n, sizeof(n), "%u", f->events_malformed);
	if (f->events_malformed) {
		text_append(out, "; ");
		words_fill(out, w->torn, "n", n, WORDS_END);
	}
	text_append(out, "\n");
}

/* Under which terms the figures stand, where they are not those of the file alone. */
static void setup_terms(const struct folder *f, const struct words *w, struct text *out)
{
	const json_t *scale = json_object_get(f->manifest, "scale");
	size_t invented = json_array_size(json_object_get(f->manifest, "invented"));
	const char *takes = json_string_value(json_object_get(f->manifest, "pipeline_takes"));
	struct text safe = {};
	char n[32];

	if (json_is_number(scale)) {
		snprintf(n, sizeof(n), "%g", json_number_value(scale));
		text_append(out, "- ");
		words_fill(out, w->scale, "n", n, WORDS_END);
		text_append(out, "\n");
	}
	if (invented) {
		snprintf(n, sizeof(n), "%zu", invented);
		text_append(out, "- ");
		words_fill(out, w->invented, "n", n, WORDS_END);
		text_append(out, "\n");
	}
	if (takes) {
		markdown_escape(&safe, takes);
		text_append(out, "- ");
		words_fill(out, w->takes, "text", safe.s ? safe.s : "", WORDS_END);
		text_append(out, "\n");
	}
	text_free(&safe);
}

/* "10", or with how many of them never came to their fault: "10 (2 skipped, 1 failed)". */
static void setup_total(const struct folder *f, const struct words *w, struct text *out)
{
	uint32_t by_status[RESULT_SKIPPED + 1] = {}, i, s;
	struct text line = {};
	bool any = false;

	for (i = 0; i < f->n; i++)
		by_status[f->results[i].status]++;
	text_append(&line, "%u", f->n);
	for (s = RESULT_OK + 1; s <= RESULT_SKIPPED; s++) {
		if (!by_status[s])
			continue;
		text_append(&line, "%s%u %s", any ? ", " : " (", by_status[s],
			    result_status_text((enum result_status)s));
		any = true;
	}
	text_append(&line, "%s", any ? ")" : "");
	item(out, w->total, line.s ? line.s : "");
	text_free(&line);
}

static void section_setup(const struct folder *f, const struct words *w, struct text *out)
{
	char a[160], b[160], line[400];

	text_append(out, "## %s\n\n", w->setup);
	versions(f, w, w->stack, "stack", "probe_url", out);
	versions(f, w, w->pipeline, "pipeline", "pipeline_url", out);
	setup_baseline(f, w, out);
	setup_total(f, w, out);
	setup_config(f, w, out);
	folder_manifest(f, "faultline", a, sizeof(a));
	item(out, w->tool, *a ? a : w->not_recorded);
	folder_manifest(f, "host.name", a, sizeof(a));
	folder_manifest(f, "host.kernel", b, sizeof(b));
	snprintf(line, sizeof(line), "%s%s%s", a, *a && *b ? ", Linux " : "", b);
	item(out, w->host, *line ? line : w->not_recorded);
	report_time(json_number_value(json_object_get(f->manifest, "started")), a, sizeof(a));
	report_time(json_number_value(json_object_get(f->manifest, "ended")), b, sizeof(b));
	snprintf(line, sizeof(line), "%s → %s", a, b);
	item(out, w->ran, line);
	setup_terms(f, w, out);
	setup_files(f, w, out);
}

static void left_out(const struct folder *f, const struct words *w, struct text *out)
{
	struct text list = {};
	char why[512];
	uint32_t i;

	for (i = 0; i < f->n; i++) {
		if (result_counts(&f->results[i]))
			continue;
		if (list.len)
			text_append(&list, ", ");
		evidence_unscored(&f->results[i], why, sizeof(why));
		markdown_escape(&list, f->results[i].id);
		text_append(&list, " (");
		markdown_escape(&list, why);
		text_append(&list, ")");
	}
	if (list.len) {
		text_append(out, "\n");
		words_fill(out, w->not_scored, "list", list.s, WORDS_END);
		text_append(out, "\n");
	}
	text_free(&list);
}

/* Scores beyond the scoreboard; docs/scoring.md defines them, their names are the same everywhere. */
static void more_table(const struct more_scores *m, struct text *out)
{
	const struct {
		const char *name;
		double value;
		const char *unit;
	} rows[] = {
		{ "AC@1", m->ac1, "" },
		{ "AC@3", m->ac3, "" },
		{ "AC@5", m->ac5, "" },
		{ "Avg@5", m->avg5, "" },
		{ "MRR", m->mrr, "" },
		{ "root set F1", m->set_f1, "" },
		{ "root proximity", m->proximity, "" },
		{ "NTAM", m->ntam, "" },
		{ "all roots named", m->all_roots, "" },
		{ "hop distance", m->hops_mean, "" },
		{ "OpenRCA tuple, exact", m->tuple_exact, "" },
		{ "OpenRCA tuple, partial", m->tuple_partial, "" },
		{ "detection delay p50 (missed = infinite)", m->delay_p50_s, " s" },
		{ "injection to first hit", m->to_hit_s, " s" },
		{ "first hit to first symptom", m->to_symptom_s, " s" },
		{ "first symptom to first alert", m->to_alert_s, " s" },
		{ "alerts per detected fault", m->alerts_per_fault, "" },
		{ "clearance", m->clearance_s, " s" },
		{ "recall over what users felt", m->felt_recall, "" },
		{ "seen before users felt it", m->felt ? (double)m->seen_before_felt / m->felt : NAN, " of the felt" },
		{ "false alarms per hour of baseline", m->false_alarms_per_hour, "" },
	};
	char v[32];
	size_t i;

	text_append(out, "\n| score | value |\n|---|---|\n");
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		text_append(out, "| %s | %s%s |\n", rows[i].name, report_ratio(rows[i].value, v, sizeof(v)),
			    isfinite(rows[i].value) ? rows[i].unit : "");
}

/* What repeating the suite showed: mean and standard error. */
static void repeat_table(const struct more_scores *m, struct text *out)
{
	const struct {
		const char *name;
		const struct estimate *e;
	} rows[] = { { "recall", &m->recall }, { "RCA accuracy", &m->rca_accuracy }, { "MTTD, s", &m->mttd_s } };
	char mean[32], se[32];
	size_t i;

	if (m->recall.n < 2)
		return;
	text_append(out, "\n| repeats | n | mean | ± SE |\n|---|---|---|---|\n");
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		text_append(out, "| %s | %u | %s | %s |\n", rows[i].name, rows[i].e->n,
			    report_ratio(rows[i].e->mean, mean, sizeof(mean)),
			    report_ratio(rows[i].e->se, se, sizeof(se)));
}

static void section_results(const struct folder *f, const struct words *w, struct text *out)
{
	const struct score *s = &f->score;
	char tp[16], fn[16], fp[16], tn[16], f1[16], rca[16], mttd[16];

	text_append(out, "\n## %s\n\n```text\n", w->results);
	scoreboard_print(f->results, f->n, s, f->gaps, f->n_gaps, out);
	text_append(out, "```\n\n");
	snprintf(tp, sizeof(tp), "%u", s->tp);
	snprintf(fn, sizeof(fn), "%u", s->fn);
	snprintf(fp, sizeof(fp), "%u", s->fp);
	snprintf(tn, sizeof(tn), "%u", s->tn);
	words_fill(out, w->matrix, "tp", tp, "fn", fn, "fp", fp, "tn", tn, "f1", report_ratio(s->f1, f1, sizeof(f1)),
		   "rca", report_ratio(s->rca_accuracy, rca, sizeof(rca)), "mttd",
		   score_seconds(s->mttd_mean_s, mttd, sizeof(mttd)), WORDS_END);
	snprintf(tp, sizeof(tp), "%u", s->rca_correct);
	snprintf(fn, sizeof(fn), "%u", s->rca_wrong);
	snprintf(fp, sizeof(fp), "%u", s->rca_none);
	text_append(out, " ");
	words_fill(out, s->tp && !s->rca_asked ? w->rca_not_asked : w->more, "right", tp, "wrong", fn, "none", fp,
		   WORDS_END);
	text_append(out, "\n\n%s\n",
		    !s->total      ? w->unscored
		    : !s->accepted ? w->rejected
		    : s->rca_asked ? w->accepted
				   : w->accepted_no_rca);
	left_out(f, w, out);
	more_table(&f->more, out);
	repeat_table(&f->more, out);
}

static void section_analysis(const struct folder *f, const struct words *w, struct text *out)
{
	uint32_t i;

	text_append(out, "\n## %s\n", w->analysis);
	for (i = 0; i < f->n; i++) {
		text_append(out, "\n### %d. ", f->results[i].number);
		markdown_escape(out, f->results[i].name);
		text_append(out, "\n\n");
		report_analysis(f, &f->results[i], w, out);
		report_courses(&f->results[i], w, out);
		report_effects(&f->results[i], w, out);
	}
}

/* "payment_loss, gateway_cpu": the experiments with a gap of this mode, each once. How many? */
static uint32_t affected(const struct folder *f, const char *mode, struct text *out)
{
	uint32_t i, j, n = 0;

	for (i = 0; i < f->n_gaps; i++) {
		if (strcmp(f->gaps[i].mode, mode) != 0)
			continue;
		for (j = 0; j < i; j++)
			if (!strcmp(f->gaps[j].mode, mode) && !strcmp(f->gaps[j].experiment, f->gaps[i].experiment))
				break;
		if (j < i)
			continue;
		text_append(out, "%s", n++ ? ", " : "");
		markdown_escape(out, f->gaps[i].experiment);
	}
	return n;
}

static void weakness(const struct folder *f, const struct words *w, const struct weakness *k, int n, struct text *out)
{
	const struct mode_words *m = words_mode(w, k->mode);
	char count[16], total[16];
	struct text list = {};
	uint32_t i;

	snprintf(count, sizeof(count), "%u", affected(f, k->mode, &list));
	snprintf(total, sizeof(total), "%u", f->score.total);
	text_append(out, "\n### %d. %s\n\n- **%s:** ", n, m->weakness, w->symptom);
	words_fill(out, w->affected, "n", count, "total", total, WORDS_END);
	text_append(out, " (%s).", list.s ? list.s : "");
	for (i = 0; i < f->n_gaps; i++) {
		struct text symptom = {}, cause = {};

		if (strcmp(f->gaps[i].mode, k->mode) != 0)
			continue;
		text_append(out, " ");
		markdown_escape(out, f->gaps[i].experiment);
		text_append(out, ": ");
		report_gap(f, &f->gaps[i], w, &symptom, &cause);
		markdown_escape(out, symptom.s ? symptom.s : "");
		text_append(out, ".");
		text_free(&symptom);
		text_free(&cause);
	}
	text_append(out, "\n- **%s:** %s.\n- **%s:** %s.\n", w->cause, m->cause, w->fix, m->fix);
	text_free(&list);
}

static void section_gaps(const struct folder *f, const struct words *w, struct text *out)
{
	struct weakness v[WEAKNESSES_MAX];
	uint32_t n = weaknesses_rank(f, v), i;

	text_append(out, "\n## %s\n", w->gaps);
	for (i = 0; i < n && i < 3; i++)
		weakness(f, w, &v[i], (int)i + 1, out);
	if (!n) {
		text_append(out, "\n");
		report_no_gaps(f, w, out);
		text_append(out, "\n");
	} else if (n < 3) {
		text_append(out, "\n%s\n", w->fewer_gaps);
	}
}

/* What stands between the two has to be mended before the pipeline can be judged. */
static void open_unread(const struct gap *gap, const char *id, const struct words *w, struct text *out)
{
	struct text symptom = {}, cause = {};

	markdown_escape(&symptom, gap->symptom);
	markdown_escape(&cause, gap->cause);
	words_fill(out, w->open_unread, "id", id, "symptom", symptom.s ? symptom.s : "", "cause",
		   cause.s ? cause.s : "", WORDS_END);
	text_free(&symptom);
	text_free(&cause);
}

/* What to try next about one gap that no rule explained. */
static void open_gap(const struct gap *gap, const struct result *r, const struct words *w, struct text *out)
{
	struct text id = {}, blamed = {}, truth = {};
	char n[16], plain[200];

	markdown_escape(&id, r->id);
	markdown_escape(&blamed, r->rca_service ? r->rca_service : "-");
	markdown_escape(&truth, evidence_truth_in(r, w->truth, plain, sizeof(plain)));
	snprintf(n, sizeof(n), "%u", r->false_alarms);
	text_append(out, "- ");
	if (json_object_get(gap->evidence, "alerts"))
		words_fill(out, w->open_false, "id", id.s, "n", n, WORDS_END);
	else if (json_object_get(gap->evidence, "answers"))
		open_unread(gap, id.s, w, out);
	else if (!r->detected)
		words_fill(out, w->open_missed, "id", id.s, WORDS_END);
	else
		words_fill(out, r->rca_service ? w->open_rca : w->open_no_rca, "id", id.s, "blamed", blamed.s, "truth",
			   truth.s, WORDS_END);
	text_append(out, "\n");
	text_free(&id);
	text_free(&blamed);
	text_free(&truth);
}

static bool open_of(const struct folder *f, const struct result *r, const struct words *w, struct text *out)
{
	const struct gap *gap;
	struct text id = {}, line = {};
	char why[512];
	bool any = false;
	uint32_t i = 0;

	markdown_escape(&id, r->id);
	while ((gap = folder_next_gap(f, r, &i))) {
		any = true;
		if (*gap->mode == '-') {
			open_gap(gap, r, w, out);
			continue;
		}
		words_fill(&line, words_mode(w, gap->mode)->confirm, "id", id.s, WORDS_END);
		text_append(out, "- ");
		words_fill(out, w->open_confirm, "id", id.s, "mode", gap->mode, "text", line.s, WORDS_END);
		text_append(out, "\n");
		text_free(&line);
	}
	if (!result_counts(r)) {
		any = true;
		evidence_unscored(r, why, sizeof(why));
		markdown_escape(&line, why);
		text_append(out, "- ");
		words_fill(out, result_pipeline_asked(r) ? w->open_left_out : w->open_not_asked, "id", id.s, "status",
			   line.s ? line.s : "", WORDS_END);
		text_append(out, "\n");
		text_free(&line);
	}
	text_free(&id);
	return any;
}

static void section_open(const struct folder *f, const struct words *w, struct text *out)
{
	bool any = false;
	uint32_t i;

	text_append(out, "\n## %s\n\n", w->open_gaps);
	for (i = 0; i < f->n; i++)
		any |= open_of(f, &f->results[i], w, out);
	if (!any)
		text_append(out, "%s\n", f->score.total ? w->nothing_open : w->open_unscored);
}

/* The exercise has a heading of its own, with its author; any other report is of a suite. */
static void heading(const struct folder *f, const struct words *w, struct text *out)
{
	char suite[128];

	folder_manifest(f, "suite", suite, sizeof(suite));
	if (folder_is_exercise(f) || !*suite) {
		text_append(out, "# %s — \\<%s\\>\n\n", w->title, w->author);
		return;
	}
	text_append(out, "# ");
	markdown_escape(out, suite);
	text_append(out, ": %s\n\n", w->own_title);
}

void report_markdown(const struct folder *f, const struct words *w, struct text *out)
{
	heading(f, w, out);
	section_setup(f, w, out);
	if (f->sweep) { /* its experiments are trials: the smaller ones are to be missed */
		sweep_markdown(f, w, out);
		return;
	}
	section_results(f, w, out);
	section_analysis(f, w, out);
	section_gaps(f, w, out);
	section_open(f, w, out);
}
