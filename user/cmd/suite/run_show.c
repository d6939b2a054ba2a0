// SPDX-License-Identifier: GPL-2.0-only
/* run_show.c - see run_show.h */
#include <math.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/fault/preview_show.h"
#include "cmd/suite/run_show.h"
#include "fault/fault.h"
#include "score/evidence.h"
#include "score/statistics.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json/json_path.h"
#include "util/text/printable.h"
#include "util/text/units.h"
#include "util/text/url.h"

void run_show_init(struct run_show *s)
{
	struct winsize size;

	s->live = isatty(STDERR_FILENO);
	s->width = !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}

/* "45 s", "3 min", "1 h 32 min" */
static const char *about(double seconds, char *buf, size_t size)
{
	int minutes = (int)(seconds / 60 + 0.5);

	if (seconds < 100)
		snprintf(buf, size, "%.0f s", ceil(seconds));
	else if (minutes < 100)
		snprintf(buf, size, "%d min", minutes);
	else
		snprintf(buf, size, "%d h %d min", minutes / 60, minutes % 60);
	return buf;
}

void run_show_begin(struct run_show *s, const struct suite *suite, const struct run_options *o)
{
	double seconds = suite_estimate_s(suite, o);
	char took[32], until[32] = "";
	time_t end = time(NULL) + (time_t)seconds;
	uint32_t i, n = 0;
	struct tm tm;

	s->ends = clock_wall_s() + seconds;
	for (i = 0; i < suite->n; i++)
		n += run_is_selected(o, &suite->experiments[i]);
	if (localtime_r(&end, &tm))
		strftime(until, sizeof(until), ", until %H:%M", &tm);
	if (!s->quiet)
		fprintf(stderr, "%u experiment%s, %s %s%s\n", n, n == 1 ? "" : "s", o->resume ? "at most" : "about",
			about(seconds, took, sizeof(took)), until);
}

/* --- progress -------------------------------------------------------------------------------- */

static void wipe(struct run_show *s)
{
	if (s->drawn)
		printable_control(stderr, "\r\033[K");
	s->drawn = false;
}

static const char *state_words(enum run_state state)
{
	static const char *const words[RUN_STATES] = {
		[RUN_IDLE] = "next",
		[RUN_RESOLVE] = "finding targets",
		[RUN_ARM] = "arming",
		[RUN_STEADY] = "waiting for steady state",
		[RUN_BASELINE] = "baseline",
		[RUN_INJECT] = "FAULT ON",
		[RUN_ROLLBACK] = "rolling back",
		[RUN_RECOVER] = "recovering",
		[RUN_SCORE] = "asking for causes",
		[RUN_COOLDOWN] = "cooling down",
		[RUN_DONE] = "done",
	};

	return words[state];
}

static void format_state(const struct run_show *s, const struct run_progress *p, struct text *t)
{
	double left_s = s->ends - clock_wall_s();
	char all[32];

	text_append(t, "[%u/%u] %s: %s", p->index, p->total, p->x ? p->x->name : "", state_words(p->state));
	if (isfinite(p->left_s))
		text_append(t, ", %.0f s left", ceil(p->left_s));
	if (s->live && s->ends > 0 && left_s > 0)
		text_append(t, " (all: %s)", about(left_s, all, sizeof(all)));
	if (isfinite(p->pass_rate))
		text_append(t, " | probe %.0f %%", 100 * p->pass_rate);
	if (p->state >= RUN_INJECT && p->state <= RUN_SCORE)
		text_append(t, " | %llu hit%s", (unsigned long long)p->hits, p->hits == 1 ? "" : "s");
	if (p->asked && p->state >= RUN_BASELINE && p->state <= RUN_SCORE)
		text_append(t, " | %u alert%s", p->alerts, p->alerts == 1 ? "" : "s");
}

static const char *hypothesis_of(const struct result *r)
{
	const char *verdict = json_string_value(json_object_get(json_object_get(r->detail, "hypothesis"), "verdict"));

	return verdict ? verdict : "not judged";
}

static void print_result(const struct run_progress *p)
{
	const struct result *r = p->result;
	char mttd[32], root[128];
	double on_s;
	bool early = evidence_ended_early(r, &on_s), judged = r->status == RESULT_OK || early;

	snprintf(root, sizeof(root), "%s", r->rca_service ? r->rca_service : "none");
	text_one_line(root);
	fprintf(stderr, "[%u/%u] %s: %s", p->index, p->total, r->name, result_status_text(r->status));
	if (early)
		fprintf(stderr, " by its own trigger after %.0f s", on_s);
	if (r->status == RESULT_OK && !result_pipeline_asked(r))
		fputs(", no pipeline was asked", stderr);
	else if (judged && result_is_control(r))
		fprintf(stderr, ", a control with %u false alarm%s", score_control_alerts(r),
			score_control_alerts(r) == 1 ? "" : "s");
	else if (judged && r->detected)
		fprintf(stderr, ", detected after %s", score_seconds(r->mttd_s, mttd, sizeof(mttd)));
	else if (judged)
		fputs(", not detected", stderr);
	if (judged && result_counts(r) && r->detected && result_rca_asked(r))
		fprintf(stderr, ", root cause %s%s", root,
			r->rca_correct   ? " (right)"
			: r->rca_service ? " (wrong)"
					 : "");
	if (isfinite(r->inject))
		fprintf(stderr, ", hypothesis %s", hypothesis_of(r));
	fputc('\n', stderr);
	if (p->note)
		fprintf(stderr, "  %s\n", p->note);
}

void run_show_progress(void *ctx, const struct run_progress *p)
{
	struct run_show *s = ctx;
	struct text line = {};

	if (p->result) {
		wipe(s);
		print_result(p);
		return;
	}
	if (s->quiet || !p->x)
		return;
	if (p->note) {
		wipe(s);
		if (p->total)
			fprintf(stderr, "[%u/%u] ", p->index, p->total);
		fprintf(stderr, "%s: %s\n", p->x->name, p->note);
	}
	if (!p->total) /* not begun */
		return;
	if (!s->live && !p->changed)
		return;
	format_state(s, p, &line);
	if (s->live && line.s) {
		wipe(s);
		fprintf(stderr, "%.*s", (int)s->width - 1, line.s);
		fflush(stderr);
		s->drawn = true;
	} else if (line.s && p->state != RUN_RESOLVE && p->state != RUN_SCORE) {
		fprintf(stderr, "%s\n", line.s);
	}
	text_free(&line);
}

/* --- the outcome ----------------------------------------------------------------------------- */

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *report_json(const struct run_report *r, const struct suite *s, const char *dir, int status,
			   const char *why)
{
	json_t *rows = json_array(), *gaps = json_array();
	uint32_t i;

	for (i = 0; i < r->n; i++) {
		const struct result *e = &r->results[i];

		json_array_append_new(rows,
				      json_pack("{s:i, s:s, s:s, s:b, s:o, s:s?, s:b, s:s}", "number", e->number,
						"name", e->name, "status", result_status_text(e->status), "detected",
						e->detected, "mttd_s", number(e->mttd_s), "rca_service", e->rca_service,
						"rca_correct", e->rca_correct, "hypothesis", hypothesis_of(e)));
	}
	for (i = 0; i < r->n_gaps; i++)
		json_array_append_new(gaps, gap_json(&r->gaps[i]));
	return json_pack("{s:o, s:f, s:i, s:s, s:i, s:o, s:o, s:o}", "folder", json_foreign(dir), "scale",
			 s->scale > 0 ? s->scale : 1.0, "exit_status", status, "verdict", why, "not_run",
			 (int)r->not_run, "score", score_json(&r->score), "experiments", rows, "gaps", gaps);
}

/* What the scoreboard does not say of itself. */
static void print_notes(const struct suite *s)
{
	uint32_t i, invented = 0;

	if (s->scale > 0)
		printf("Scale: %g: every window was %g times as long as the file says\n", s->scale, s->scale);
	for (i = 0; i < s->n_findings; i++)
		invented += s->findings[i].invented;
	if (invented)
		printf("Invented: %u value%s that the file does not say; faultline check names each\n", invented,
		       invented == 1 ? "" : "s");
}

int run_show_report(const struct run_report *r, const struct suite *s, const char *dir, bool json)
{
	char why[500];
	int status = (int)run_verdict(r, why, sizeof(why));
	struct more_scores more;
	struct text out = {}, felt = {};

	if (json) {
		cmd_print_json(report_json(r, s, dir, status, why));
		return status;
	}
	scoreboard_print(r->results, r->n, &r->score, r->gaps, r->n_gaps, &out);
	cmd_print_board(out.s ? out.s : "");
	printf("\nAcceptance: %s\nVerdict: %s (exit status %d)\n", r->score.accepted ? "passed" : "failed", why,
	       status);
	more_compute(r->results, r->n, s->graph, NULL, 0, &more);
	felt_print(&more, &r->score, &felt);
	fputs(felt.s ? felt.s : "", stdout);
	text_free(&felt);
	print_notes(s);
	printf("Results: %s\n", dir);
	text_free(&out);
	return status;
}

/* --- the plan -------------------------------------------------------------------------------- */

/* ", 120s after NAME, when error_rate < 1% (within 300s)" */
static void append_begin(const struct experiment *x, struct text *t)
{
	char after[32], within[32];

	if (x->after)
		text_append(t, ", %s after %s", units_format_ns(x->after_ns, after, sizeof(after)), x->after);
	if (x->at.set && x->at.dated)
		text_append(t, ", at %04d-%02d-%02d", x->at.year, x->at.month, x->at.day);
	if (x->at.set)
		text_append(t, "%s %02d:%02d:%02d%s", x->at.dated ? "" : ", at", x->at.hour, x->at.minute, x->at.second,
			    x->at.utc ? " UTC" : "");
	if (x->when)
		text_append(t, ", when %s (within %s)", expr_text(x->when),
			    units_format_ns(x->within_ns, within, sizeof(within)));
}

static char *plan_of(const struct experiment *x)
{
	struct text t = {};
	char on[32], offset[32];
	uint32_t i;
	size_t k;

	if (x->control) {
		units_format_ns(x->duration_ns, on, sizeof(on));
		text_append(&t, "a control: nothing is injected for %s", on);
	}
	for (i = 0; i < x->n_faults; i++) {
		const struct fault_plan *f = &x->faults[i];

		text_append(&t, "%s%s", i ? " + " : "", f->ops->name);
		for (k = 0; f->targets && f->targets[k]; k++)
			text_append(&t, "%s%s", k ? ", " : " on ", f->targets[k]);
		units_format_ns(f->duration_ns ? f->duration_ns : x->duration_ns, on, sizeof(on));
		units_format_ns(f->offset_ns, offset, sizeof(offset));
		text_append(&t, " for %s", on);
		if (f->offset_ns)
			text_append(&t, " after %s", offset);
	}
	append_begin(x, &t);
	return t.s;
}

static void print_urls(const struct suite *suite)
{
	json_t *probe = url_masked_json(suite->probe.url), *pipeline = url_masked_json(suite->pipeline.url);

	printf("probe %s, pipeline %s\n", json_is_string(probe) ? json_string_value(probe) : "none",
	       json_is_string(pipeline) ? json_string_value(pipeline) : "none");
	json_decref(probe);
	json_decref(pipeline);
}

void run_show_plan(const struct suite *suite, const struct run_options *o, bool json)
{
	double seconds = suite_estimate_s(suite, o);
	json_t *list = json_array(), *faults, *fault;
	uint32_t i;
	size_t k;

	for (i = 0; i < suite->n; i++) {
		const struct experiment *x = &suite->experiments[i];
		_cleanup_free_ char *plan = run_is_selected(o, x) ? plan_of(x) : NULL;

		if (!plan)
			continue;
		faults = run_preview(x, o->seed);
		if (!json) {
			printf("%3d  %-24s %-8s %s\n", x->number, x->name, stage_text(x->stage), plan);
			json_array_foreach(faults, k, fault) {
				preview_print(fault);
			}
		}
		json_array_append_new(list,
				      json_pack("{s:i, s:s, s:s, s:s, s:o}", "number", x->number, "name", x->name,
						"plan", plan, "stage", stage_text(x->stage), "would_hit", faults));
	}
	if (json) {
		cmd_print_json(json_pack("{s:f, s:o, s:o, s:O?, s:O?, s:o}", "seconds", seconds, "probe",
					 url_masked_json(suite->probe.url), "pipeline",
					 url_masked_json(suite->pipeline.url), "graph", suite->graph, "versions",
					 suite->versions, "experiments", list));
		return;
	}
	json_decref(list);
	print_urls(suite);
	printf("about %.0f min %.0f s; nothing was touched\n", floor(seconds / 60), fmod(seconds, 60));
}
