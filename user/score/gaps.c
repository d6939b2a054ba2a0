// SPDX-License-Identifier: GPL-2.0-only
/*
 * gaps.c - where the pipeline failed, and which of five known failure modes fits the data.
 *
 *   7.1  the anomaly drowned in the noise floor     7.4  confidence without evidence
 *   7.2  independent faults in one cluster          7.5  the pipeline went blind with the fault
 *   7.3  the loudest service blamed, not the root
 *
 * The numbers are those of docs/scoring.md. A rule speaks only when the data it asks for are in the
 * result; a failure that none explains is listed as such. It is never guessed.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "score/evidence.h"
#include "score/graph.h"
#include "score/pipeline/answers.h"
#include "score/score.h"
#include "util/text/text.h"
#include "util/text/utf8.h"

#define NAMES_MAX       64
#define UNGROUNDED_FROM 0.8 /* confidence */

struct finder {
	const struct graph *graph;
	struct gap *gaps;
	uint32_t n, size;
	bool failed;
};

static struct gap *add(struct finder *f, const struct result *r, const char *mode, json_t *evidence)
{
	struct gap *g;

	if (f->n == f->size) {
		uint32_t size = f->size ? f->size * 2 : 16;

		g = reallocarray(f->gaps, size, sizeof(*g));
		if (!g) {
			json_decref(evidence);
			f->failed = true;
			return NULL;
		}
		f->gaps = g;
		f->size = size;
	}
	g = &f->gaps[f->n++];
	memset(g, 0, sizeof(*g));
	text_copy(g->experiment, sizeof(g->experiment), r->id ? r->id : "");
	text_copy(g->mode, sizeof(g->mode), mode);
	g->evidence = evidence;
	return g;
}

#define say(g, field, ...)                                             \
	do {                                                           \
		snprintf((g)->field, sizeof((g)->field), __VA_ARGS__); \
		utf8_mend((g)->field);                                 \
	} while (0)

/* A rule that cannot be added for want of memory still fits: f->failed ends the search. */
static bool blind(struct finder *f, const struct result *r)
{
	struct gap *g;

	/* Once it has alerted and named a cause it was not blind, only wrong. */
	if (!r->pipeline_reachable_before || r->pipeline_reachable_during || (r->detected && r->rca_service))
		return false;
	g = add(f, r, "7.5",
		json_pack("{s:b, s:b, s:s}", "reachable_before", 1, "reachable_during", 0, "error",
			  r->pipeline_error ? r->pipeline_error : ""));
	if (!g)
		return true;
	say(g, symptom, "the pipeline stopped answering with the fault on %s (%.100s)", r->target ? r->target : "?",
	    r->pipeline_error ? r->pipeline_error : "no answer");
	say(g, cause, "monitoring depends on what it monitors (7.5)");
	return true;
}

/* It never answered, so the fault did not do that to it, and nobody knows what it would have seen. */
static bool down(struct finder *f, const struct result *r)
{
	const char *error = r->pipeline_error ? r->pipeline_error : "no answer";
	char within[48] = "no alert";
	struct gap *g;

	if (r->pipeline_reachable_before || r->pipeline_reachable_during || r->detected)
		return false;
	g = add(f, r, "-", json_pack("{s:s}", "answers", error));
	if (!g)
		return true;
	if (r->window_end > r->inject)
		snprintf(within, sizeof(within), "no alert within %.0f s of the fault", r->window_end - r->inject);
	say(g, symptom, "%s: the pipeline could not be reached, before it or during it (%.100s)", within, error);
	say(g, cause, "it does not run, or its address is wrong: no rule of 7.1-7.5 judges it");
	return true;
}

static json_t *shift_json(const struct shift *s)
{
	json_t *o = json_pack("{s:s, s:b, s:f, s:f, s:f, s:f}", "what", s->what, "by_kernel", s->by_kernel, "before",
			      s->before, "during", s->during, "spread", s->spread, "spreads", s->spreads);

	if (!isnan(s->p))
		json_object_update_new(o, json_pack("{s:f, s:f, s:i, s:i, s:i}", "p", s->p, "lasted_s", s->lasted_s,
						    "looked_at", (int)s->looked_at, "baseline_tried", (int)s->tried,
						    "baseline_spoke", (int)s->spoke));
	return o;
}

/* What the run judged itself (measure/visible/anomaly.h), with the rule's own false rate. */
static void say_visible(struct gap *g, const struct shift *s)
{
	char tried[64] = "the baseline was too short to try the same rule on";

	say(g, symptom,
	    "no alert while the kernel saw %.100s go from %.4g to %.4g%s%.16s for %.3g s, %.1f times the "
	    "spread of its baseline",
	    s->what, s->before, s->during, *s->unit ? " " : "", s->unit, s->lasted_s, s->spreads);
	if (s->tried)
		snprintf(tried, sizeof(tried), "the same rule spoke in %u of %u baseline windows", s->spoke, s->tried);
	say(g, cause,
	    "detector: its threshold lies above a visible anomaly, the noise floor is too wide (7.1); p %.2g over "
	    "%u figures, %s",
	    s->p, s->looked_at, tried);
}

/* What users felt is a visible anomaly too, by a test that chance passes one time in a thousand. */
#define FELT_VISIBLE_P 1e-3

static const json_t *felt_test_of(const struct result *r)
{
	const char *by = json_string_value(json_object_get(r->detail, "felt_by"));
	json_t *test;
	size_t i;

	json_array_foreach(json_object_get(r->detail, "felt_tests"), i, test) {
		const char *what = json_string_value(json_object_get(test, "what"));
		const json_t *chance = json_object_get(test, "p"); /* null: it was not tested */

		if (by && what && !strcmp(by, what) && json_is_number(chance) &&
		    json_number_value(chance) < FELT_VISIBLE_P)
			return test;
	}
	return NULL;
}

static bool felt(struct finder *f, const struct result *r)
{
	const json_t *test = r->detected || !r->pipeline_reachable_during ? NULL : felt_test_of(r);
	struct shift s = { .unit = "", .p = NAN };
	struct gap *g;

	if (!test)
		return false;
	snprintf(s.what, sizeof(s.what), "%.115s", json_string_value(json_object_get(test, "what")));
	s.before = json_number_value(json_object_get(test, "before"));
	s.during = json_number_value(json_object_get(test, "during"));
	g = add(f, r, "7.1",
		json_pack("{s:s, s:b, s:b, s:f, s:f, s:f}", "what", s.what, "by_kernel", 0, "felt", 1, "before",
			  s.before, "during", s.during, "p", json_number_value(json_object_get(test, "p"))));
	if (!g)
		return true;
	say(g, symptom, "no alert while users felt it: %.100s went from %.4g to %.4g (p %.2g)", s.what, s.before,
	    s.during, json_number_value(json_object_get(test, "p")));
	say(g, cause, "detector: its threshold lies above what users feel, the noise floor is too wide (7.1)");
	return true;
}

static bool noise_floor(struct finder *f, const struct result *r)
{
	struct shift s;
	struct gap *g;

	if (r->detected || !r->pipeline_reachable_during)
		return false;
	/* Where the run has judged what there was to see, a change that chance explains is no anomaly. */
	if (json_object_get(r->detail, "anomaly") && (!evidence_shift(r, &s) || s.usual || isnan(s.p)))
		return felt(f, r);
	if (!evidence_shift(r, &s))
		return false;
	g = add(f, r, "7.1", shift_json(&s));
	if (!g)
		return true;
	if (!isnan(s.p)) {
		say_visible(g, &s);
		return true;
	}
	say(g, symptom,
	    "no alert while %s saw %.100s go from %.4g to %.4g%s%.16s, %.1f times the spread of its baseline",
	    s.by_kernel ? "the kernel" : "the runner", s.what, s.before, s.during, *s.unit ? " " : "", s.unit,
	    s.spreads);
	if (s.spreads >= GAP_VISIBLE_SPREADS)
		say(g, cause,
		    "detector: its threshold lies above a visible anomaly, the noise floor is too wide (7.1)");
	else
		say(g, cause, "detector: the anomaly stays inside the noise floor of a mean (7.1)");
	return true;
}

/* Two of the experiment's own fault targets that cannot cause one another, both in the cluster. */
static bool merges_targets(const struct finder *f, const struct result *r, char (*names)[128], uint32_t n,
			   const char **ret_a, const char **ret_b)
{
	const char *targets[NAMES_MAX];
	uint32_t count = evidence_targets(r, targets, NAMES_MAX), i, j, a, b;

	for (i = 0; i < count; i++)
		for (j = i + 1; j < count; j++) {
			*ret_a = targets[i];
			*ret_b = targets[j];
			if (!graph_independent(f->graph, *ret_a, *ret_b))
				continue;
			for (a = 0; a < n && strcasecmp(names[a], *ret_a); a++)
				;
			for (b = 0; b < n && strcasecmp(names[b], *ret_b); b++)
				;
			if (a < n && b < n)
				return true;
		}
	return false;
}

/* A service of the cluster that no path joins with the root, directly or by way of others in it. */
static bool has_stranger(const struct finder *f, const struct result *r, char (*names)[128], uint32_t n,
			 const char **ret_a, const char **ret_b)
{
	bool joined[NAMES_MAX] = {}, grew = true, root_in = false;
	const char *root = evidence_root(r, 0);
	uint32_t i, j;

	for (i = 0; i < n; i++) {
		joined[i] = root && !strcasecmp(names[i], root);
		root_in |= joined[i];
	}
	while (root_in && grew) {
		grew = false;
		for (i = 0; i < n; i++)
			for (j = 0; j < n; j++) {
				if (!joined[i] || joined[j] || graph_independent(f->graph, names[i], names[j]))
					continue;
				joined[j] = grew = true;
			}
	}
	for (i = 0; root_in && i < n; i++) {
		if (joined[i])
			continue;
		*ret_a = root;
		*ret_b = names[i];
		return true;
	}
	return false;
}

static bool merged(struct finder *f, const struct result *r)
{
	const char *a = NULL, *b = NULL;
	char names[NAMES_MAX][128];
	json_t *cluster;
	struct gap *g;
	uint32_t n;
	size_t i;

	if (!r->detected)
		return false;
	json_array_foreach(r->clusters, i, cluster) {
		n = evidence_cluster(r, cluster, names, NAMES_MAX);
		if (!merges_targets(f, r, names, n, &a, &b) &&
		    (r->rca_correct || !has_stranger(f, r, names, n, &a, &b)))
			continue;
		g = add(f, r, "7.2",
			json_pack("{s:i, s:i, s:[s, s]}", "cluster", (int)i, "services_in_it", (int)n, "independent", a,
				  b));
		if (!g)
			return true;
		say(g, symptom, "cluster %zu of %zu holds %s and %s, which do not reach one another; RCA: %s", i + 1,
		    json_array_size(r->clusters), a, b, r->rca_service ? r->rca_service : "no output");
		say(g, cause, "correlator: groups by time, not by the dependency graph (7.2)");
		return true;
	}
	return false;
}

static bool loudest(struct finder *f, const struct result *r)
{
	const char *root = evidence_root(r, 0);
	struct loudness v[NAMES_MAX];
	uint32_t n, i, of_root = 0;
	struct gap *g;
	int calls;

	if (!r->detected || !r->rca_service || r->rca_correct)
		return false;
	n = evidence_loudness(r, v, NAMES_MAX);
	if (!n || strcasecmp(v[0].service, r->rca_service) || (n > 1 && v[0].alerts == v[1].alerts))
		return false;
	for (i = 0; root && i < n; i++)
		if (!strcasecmp(v[i].service, root))
			of_root = v[i].alerts;
	calls = root ? graph_calls(f->graph, r->rca_service, root) : -1;
	g = add(f, r, "7.3",
		json_pack("{s:s, s:i, s:s?, s:i, s:o}", "blamed", r->rca_service, "alerts_of_blamed", (int)v[0].alerts,
			  "root", root, "alerts_of_root", (int)of_root, "calls_from_blamed_to_root",
			  calls < 0 ? json_null() : json_integer(calls)));
	if (!g)
		return true;
	if (root)
		say(g, symptom, "RCA blamed %s with %u alert%s, the root %s had %u%s", r->rca_service, v[0].alerts,
		    v[0].alerts == 1 ? "" : "s", root, of_root, calls > 0 ? " and is called by it" : "");
	else
		say(g, symptom, "RCA blamed %s, the loudest with %u alert%s, which is not the root", r->rca_service,
		    v[0].alerts, v[0].alerts == 1 ? "" : "s");
	say(g, cause, "RCA: ranks by alert count, not by topology and time (7.3)");
	return true;
}

static bool ungrounded(struct finder *f, const struct result *r)
{
	struct gap *g;

	if (!r->detected || !r->rca_service || !(r->confidence >= UNGROUNDED_FROM) || json_array_size(r->evidence))
		return false;
	g = add(f, r, "7.4",
		json_pack("{s:s, s:f, s:i, s:b}", "blamed", r->rca_service, "confidence", r->confidence, "n_evidence",
			  0, "correct", r->rca_correct));
	if (!g)
		return true;
	say(g, symptom, "RCA names %s (%s) with confidence %.2f and an empty evidence list", r->rca_service,
	    r->rca_correct ? "right" : "wrong", r->confidence);
	say(g, cause, "RCA: confidence is not grounded in evidence (7.4)");
	return true;
}

/* What went wrong, in data, where no rule says why. */
static void unexplained(struct finder *f, const struct result *r)
{
	struct gap *g = add(f, r, "-", json_object());
	char truth[160];
	struct shift s;

	if (!g)
		return;
	evidence_truth_text(r, truth, sizeof(truth));
	if (!r->detected && !isfinite(r->window_end))
		say(g, symptom, "no alert");
	else if (!r->detected && evidence_shift(r, &s) && s.usual)
		say(g, symptom,
		    "no alert within %.0f s of the fault, and of %u figures that it can show on none left its "
		    "baseline",
		    r->window_end - r->inject, s.looked_at);
	else if (!r->detected)
		say(g, symptom, "no alert within %.0f s of the fault", r->window_end - r->inject);
	else if (!r->rca_service)
		say(g, symptom, "detected, but RCA gave no output; the truth is %s", truth);
	else
		say(g, symptom, "RCA blamed %s, the truth is %s", r->rca_service, truth);
	say(g, cause, "no rule of 7.1-7.5 fits the data");
}

/* What could not be read is nobody's weakness but that of the talk between the two. */
static bool unread(struct finder *f, const struct result *r)
{
	char symptom[256], cause[256];
	struct gap *g;

	if (!answers_explain(r, symptom, cause, sizeof(symptom)))
		return false;
	g = add(f, r, "-", json_pack("{s:s}", "answers", symptom));
	if (!g)
		return true;
	say(g, symptom, "%s", symptom);
	say(g, cause, "%s", cause);
	return true;
}

/* It did fire, behind the window: slow, or a window too short for it, and no threshold that nothing reached. */
static bool late(struct finder *f, const struct result *r)
{
	double first = INFINITY;
	struct gap *g;
	uint32_t i;

	for (i = 0; !r->detected && i < r->alerts.n; i++)
		if (alert_place(r, &r->alerts.v[i]) == ALERT_LATER && !alert_is_late_stamped(&r->alerts.v[i]))
			first = fmin(first, r->alerts.v[i].time_s);
	if (!isfinite(first) || !isfinite(r->window_end))
		return false;
	g = add(f, r, "-", json_pack("{s:f}", "late_s", first - r->window_end));
	if (!g)
		return true;
	say(g, symptom, "the first alert came %.1f s after the injection, %.1f s behind the window", first - r->inject,
	    first - r->window_end);
	say(g, cause,
	    "the detector needs longer than the fault and the grace behind it: a longer suite.grace, or a faster "
	    "detector");
	return true;
}

static void false_alarms(struct finder *f, const struct result *r)
{
	struct gap *g = add(f, r, "-", json_pack("{s:i}", "alerts", (int)r->false_alarms));

	if (!g)
		return;
	say(g, symptom, "%u alert%s %s", r->false_alarms, r->false_alarms == 1 ? "" : "s",
	    result_is_control(r) ? "in a control, in which nothing was injected"
				 : "in the baseline window, before any fault");
	say(g, cause, "detector fires without a fault; no rule of 7.1-7.5 fits the data");
}

static void examine(struct finder *f, const struct result *r)
{
	bool failed = r->detected ? result_rca_asked(r) && !r->rca_correct : result_must_detect(r);
	bool explained;

	explained = failed && (blind(f, r) || down(f, r) || unread(f, r) || late(f, r));
	if (!explained) {
		explained = failed && noise_floor(f, r);
		explained |= ungrounded(f, r);
		explained |= merged(f, r);
		explained |= loudest(f, r);
	}
	if (failed && !explained)
		unexplained(f, r);
	if (r->false_alarms)
		false_alarms(f, r);
}

int score_gaps(const struct result *results, uint32_t n, const json_t *graph, struct gap **ret, uint32_t *ret_n,
	       struct fl_error *err)
{
	struct graph *g = malloc(sizeof(*g));
	struct finder f = { .graph = g };
	uint32_t i;

	if (!g)
		return error_sys(err, ENOMEM, "cannot look for gaps: out of memory");
	graph_init(g, graph);
	for (i = 0; i < n; i++)
		if (result_counts(&results[i]))
			examine(&f, &results[i]);
	free(g);
	if (f.failed) {
		gaps_free(f.gaps, f.n);
		return error_sys(err, ENOMEM, "cannot look for gaps: out of memory");
	}
	*ret = f.gaps;
	*ret_n = f.n;
	return 0;
}

void gaps_free(struct gap *gaps, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		json_decref(gaps[i].evidence);
	free(gaps);
}
