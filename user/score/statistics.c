// SPDX-License-Identifier: GPL-2.0-only
/* statistics.c - scores beyond the scoreboard. See more.h and docs/scoring.md. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "score/evidence.h"
#include "score/graph.h"
#include "score/roots.h"
#include "score/statistics.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"
#include "util/percentile.h"

/* OpenRCA counts a predicted time as right within a minute of the true one. */
#define TUPLE_TIME_S 60.0

/* A mean that grows. */
struct sum {
	double total;
	uint32_t n;
};

static void sum_add(struct sum *s, double v)
{
	if (!isfinite(v))
		return;
	s->total += v;
	s->n++;
}

static double sum_mean(const struct sum *s)
{
	return s->n ? s->total / s->n : NAN;
}

struct estimate estimate_of(const double *values, uint32_t n)
{
	struct estimate e = { .mean = NAN, .se = NAN };
	double sum = 0, squares = 0;
	uint32_t i;

	for (i = 0; i < n; i++)
		if (!isnan(values[i])) {
			sum += values[i];
			e.n++;
		}
	if (!e.n)
		return e;
	e.mean = sum / e.n;
	for (i = 0; i < n; i++)
		if (!isnan(values[i]))
			squares += (values[i] - e.mean) * (values[i] - e.mean);
	if (e.n > 1)
		e.se = sqrt(squares / (e.n - 1) / e.n);
	return e;
}

static bool in_array(const json_t *list, const char *service)
{
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (json_is_string(v) && !strcasecmp(json_string_value(v), service))
			return true;
	return false;
}

uint32_t result_root_rank(const struct result *r)
{
	const json_t *roots = json_path(r->detail, "ground_truth.root_services");
	const json_t *nots = json_path(r->detail, "ground_truth.not_services");
	bool any_root = json_array_size(roots) > 0;
	uint32_t i;

	if (!any_root && !json_array_size(nots))
		return 0;
	for (i = 0; i < r->n_causes; i++) {
		const char *service = r->causes[i].service;

		if (!in_array(nots, service) && (!any_root || in_array(roots, service)))
			return i + 1;
	}
	return 0;
}

static void rank_causes(const struct result *results, uint32_t n, struct more_scores *ret)
{
	uint32_t within[6] = {}, i, k;
	double reciprocal = 0;

	for (i = 0; i < n; i++) {
		uint32_t rank;

		if (!result_counts(&results[i]) || !results[i].detected || !result_rca_asked(&results[i]))
			continue;
		ret->ranked++;
		rank = result_root_rank(&results[i]);
		if (rank)
			reciprocal += 1.0 / rank;
		for (k = 1; k <= 5; k++)
			within[k] += rank && rank <= k;
	}
	ret->ac1 = score_ratio(within[1], ret->ranked);
	ret->ac3 = score_ratio(within[3], ret->ranked);
	ret->ac5 = score_ratio(within[5], ret->ranked);
	ret->avg5 = score_ratio(within[1] + within[2] + within[3] + within[4] + within[5], 5.0 * ret->ranked);
	ret->mrr = score_ratio(reciprocal, ret->ranked);
}

static void whole_lists(const struct result *results, uint32_t n, const json_t *graph, struct more_scores *ret)
{
	struct graph *g = malloc(sizeof(*g));
	struct sum precision = {}, recall = {}, f1 = {}, proximity = {}, ntam = {}, any = {}, all = {};
	struct root_lists lists;
	struct root_scores s;
	uint32_t i;

	if (g)
		graph_init(g, graph);
	for (i = 0; g && i < n; i++) {
		if (!result_counts(&results[i]) || !results[i].detected || !result_rca_asked(&results[i]))
			continue;
		root_lists_of(&results[i], &lists);
		if (!lists.n_truth)
			continue;
		root_scores_compute(&lists, g, &s);
		sum_add(&precision, s.precision);
		sum_add(&recall, s.recall);
		sum_add(&f1, s.f1);
		sum_add(&proximity, s.proximity);
		sum_add(&ntam, s.ntam);
		sum_add(&any, s.any);
		sum_add(&all, s.all);
	}
	free(g);
	ret->rooted = precision.n;
	ret->set_precision = sum_mean(&precision);
	ret->set_recall = sum_mean(&recall);
	ret->set_f1 = sum_mean(&f1);
	ret->proximity = sum_mean(&proximity);
	ret->ntam = sum_mean(&ntam);
	ret->any_root = sum_mean(&any);
	ret->all_roots = sum_mean(&all);
}

/* Hops from the blamed service to the nearest root; -1: not known. */
static int hops_off(const struct graph *g, const struct result *r)
{
	int nearest = -1;
	size_t i;

	for (i = 0; r->rca_service && evidence_root(r, i); i++) {
		int hops = !strcasecmp(evidence_root(r, i), r->rca_service)
				   ? 0
				   : graph_hops(g, r->rca_service, evidence_root(r, i));

		if (hops >= 0 && (nearest < 0 || hops < nearest))
			nearest = hops;
	}
	return nearest;
}

static void hop_distance(const struct result *results, uint32_t n, const json_t *graph, struct more_scores *ret)
{
	struct graph *g = malloc(sizeof(*g));
	struct sum sum = {};
	uint32_t i;

	ret->hops_mean = NAN;
	if (!g)
		return;
	graph_init(g, graph);
	for (i = 0; i < n; i++) {
		int hops = hops_off(g, &results[i]);

		if (result_counts(&results[i]) && results[i].detected && hops >= 0)
			sum_add(&sum, hops);
	}
	free(g);
	ret->hops_known = sum.n;
	ret->hops_mean = sum_mean(&sum);
}

/* Of time, component and (where both sides name one) reason, which are right. */
static void tuple_scores(const struct result *results, uint32_t n, struct more_scores *ret)
{
	struct sum exact = {}, partial = {};
	uint32_t i;

	for (i = 0; i < n; i++) {
		const struct result *r = &results[i];
		const char *said = json_string_value(json_object_get(r->detail, "rca_reason"));
		const char *truth = json_string_value(json_path(r->detail, "ground_truth.reason"));
		int parts = 2, right;

		if (!result_counts(r) || !result_rca_asked(r) || result_is_control(r))
			continue;
		right = (r->detected && r->mttd_s <= TUPLE_TIME_S) + (r->detected && r->rca_correct);
		if (said && truth) {
			parts++;
			right += !strcasecmp(said, truth);
		}
		sum_add(&exact, right == parts);
		sum_add(&partial, (double)right / parts);
	}
	ret->tuple_exact = sum_mean(&exact);
	ret->tuple_partial = sum_mean(&partial);
}

static bool should_be_found(const struct result *r)
{
	return result_counts(r) && !json_is_false(json_path(r->detail, "ground_truth.must_detect"));
}

static void delays(const struct result *results, uint32_t n, struct more_scores *ret)
{
	_cleanup_free_ double *v = calloc(n + 1u, sizeof(*v));
	uint32_t i, m = 0;

	for (i = 0; v && i < n; i++)
		if (should_be_found(&results[i]))
			v[m++] = results[i].detected ? results[i].mttd_s : INFINITY;
	ret->delay_p50_s = v ? percentile(v, m, 0.50) : NAN;
	ret->delay_p95_s = v ? percentile(v, m, 0.95) : NAN;
}

/* Epoch seconds of the first failed try between @from and @to; NaN when there is none. */
static double first_failed_try(const struct probe_sample *v, uint32_t n, double from, double to)
{
	uint32_t i;

	/* probe.log has whole seconds: a try of the injection's own second may belong to it. */
	for (i = 0; i < n; i++)
		if (!v[i].pass && v[i].wall_s >= floor(from) && v[i].wall_s <= to)
			return fmax(v[i].wall_s, from);
	return NAN;
}

static void delay_split(const struct result *results, uint32_t n, const struct probe_sample *probe, uint32_t n_probe,
			struct more_scores *ret)
{
	struct sum to_hit = {}, to_symptom = {}, to_alert = {};
	uint32_t i;

	for (i = 0; i < n; i++) {
		const struct result *r = &results[i];
		double hit, symptom;
		char edge[160];

		if (!result_counts(r) || result_is_control(r))
			continue;
		hit = evidence_first_hit(r);
		symptom = evidence_first_symptom(r, edge, sizeof(edge));
		/* Where the kernel looked and claimed none, a failed try is none either. */
		if (isnan(symptom) && !json_is_object(json_object_get(r->detail, "anomaly")))
			symptom = first_failed_try(probe, n_probe, r->inject, r->window_end);
		sum_add(&to_hit, hit - r->inject);
		sum_add(&to_symptom, symptom - (isnan(hit) ? r->inject : hit));
		if (r->detected)
			sum_add(&to_alert, r->inject + r->mttd_s - symptom);
	}
	ret->to_hit_s = sum_mean(&to_hit);
	ret->to_symptom_s = sum_mean(&to_symptom);
	ret->to_alert_s = sum_mean(&to_alert);
}

static void alert_noise(const struct result *results, uint32_t n, struct more_scores *ret)
{
	struct sum clearance = {}, alerts = {};
	double hours = 0;
	uint32_t i, j, false_alarms = 0;

	for (i = 0; i < n; i++) {
		const struct result *r = &results[i];
		double last = -INFINITY;
		uint32_t count = 0;

		if (!result_counts(r))
			continue;
		if (r->baseline_end > r->baseline_start)
			hours += (r->baseline_end - r->baseline_start) / 3600;
		if (result_is_control(r))
			hours += fmax(r->window_end - r->inject, 0) / 3600;
		false_alarms += r->false_alarms;
		for (j = 0; j < r->alerts.n; j++) {
			if (alert_place(r, &r->alerts.v[j]) != ALERT_IN_FAULT)
				continue;
			last = fmax(last, r->alerts.v[j].time_s);
			count++;
		}
		if (!r->detected)
			continue;
		sum_add(&alerts, count);
		sum_add(&clearance, fmax(last - r->end, 0));
	}
	ret->alerts_per_fault = sum_mean(&alerts);
	ret->clearance_s = sum_mean(&clearance);
	ret->false_alarms_per_hour = score_ratio(false_alarms, hours);
}

/* Which occurrence of its id (from 0) an entry is. */
static uint32_t occurrence(const struct result *results, uint32_t i)
{
	uint32_t j, count = 0;

	for (j = 0; j < i; j++)
		count += !strcmp(results[j].id, results[i].id);
	return count;
}

/* Scores of each repeat of the suite, and their spread. */
static void repeats(const struct result *results, uint32_t n, struct more_scores *ret)
{
	_cleanup_free_ struct result *one = calloc(n + 1u, sizeof(*one));
	_cleanup_free_ double *v = calloc(3 * (n + 1u), sizeof(*v));
	uint32_t i, m, round = 0;
	struct score s;

	if (!one || !v)
		return;
	for (;; round++) {
		/* Borrowed copies: nothing in them is freed. */
		for (i = 0, m = 0; i < n; i++)
			if (occurrence(results, i) == round)
				one[m++] = results[i];
		if (!m)
			break;
		score_compute(one, m, &s);
		v[round] = s.recall;
		v[n + 1 + round] = s.rca_accuracy;
		v[2 * (n + 1) + round] = s.mttd_mean_s;
	}
	ret->recall = estimate_of(v, round);
	ret->rca_accuracy = estimate_of(v + n + 1, round);
	ret->mttd_s = estimate_of(v + 2 * (n + 1), round);
}

/* Did the pipeline speak before users could notice? */
static bool is_before_felt(const struct result *r)
{
	const json_t *after = json_object_get(r->detail, "felt_after_s");

	return r->detected && json_is_number(after) && r->mttd_s < json_number_value(after);
}

static void felt_scores(const struct result *results, uint32_t n, struct more_scores *ret)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		const struct result *r = &results[i];
		const char *felt = json_string_value(json_object_get(r->detail, "felt"));

		if (!felt || !result_counts(r) || !result_must_detect(r))
			continue;
		ret->unfelt += !strcmp(felt, "no");
		ret->felt_unknown += !strcmp(felt, "unknown");
		if (strcmp(felt, "yes") != 0)
			continue;
		ret->felt++;
		ret->felt_detected += r->detected;
		ret->seen_before_felt += is_before_felt(r);
	}
	ret->felt_recall = score_ratio(ret->felt_detected, ret->felt);
}

void felt_print(const struct more_scores *m, const struct score *s, struct text *out)
{
	char recall[32] = "n/a";

	if (!m->felt && !(s->fn && m->unfelt))
		return;
	if (isfinite(m->felt_recall))
		snprintf(recall, sizeof(recall), "%.2f", m->felt_recall);
	text_append(out,
		    "Felt by users: %u of %u (%u not felt, %u unknown); detected of these: %u, recall %s; detected "
		    "before users "
		    "felt it: %u\n",
		    m->felt, m->felt + m->unfelt + m->felt_unknown, m->unfelt, m->felt_unknown, m->felt_detected,
		    recall, m->seen_before_felt);
}

void more_compute(const struct result *results, uint32_t n, const json_t *graph, const struct probe_sample *probe,
		  uint32_t n_probe, struct more_scores *ret)
{
	memset(ret, 0, sizeof(*ret));
	rank_causes(results, n, ret);
	whole_lists(results, n, graph, ret);
	hop_distance(results, n, graph, ret);
	tuple_scores(results, n, ret);
	delays(results, n, ret);
	delay_split(results, n, probe, n_probe, ret);
	alert_noise(results, n, ret);
	felt_scores(results, n, ret);
	repeats(results, n, ret);
}
