// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_pipeline.c - the pipeline's view, asked on a thread. Alerts are polled every second
 * from the baseline on, because a pipeline may forget an alert once it is resolved; clusters and
 * causes are asked for once, when the window is over. What cannot be reached is recorded.
 */
#include <errno.h>
#include <math.h>

#include "run/run_private.h"
#include "score/pipeline/pipeline.h"
#include "score/score.h"
#include "util/clock.h"
#include "util/loop/loop_time.h"
#include "util/text/text.h"

#define MAX_CLUSTERS 16

/* --- alerts ---------------------------------------------------------------------------------- */

static void poll_work(struct loop_work *work)
{
	struct run *r = ((struct job *)work)->run;

	r->poll_rc = pipeline_alerts(&r->suite->pipeline, r->poll_since_s, &r->polled, &r->poll_error);
}

/* Take over what a poll brought. */
static void keep_alerts(struct result *result, struct alerts *polled)
{
	double seen_s = clock_wall_s();
	uint32_t i;

	for (i = 0; i < polled->n; i++) {
		polled->v[i].seen_s = seen_s;
		alerts_add(&result->alerts, &polled->v[i]);
	}
	if (polled->malformed > result->alerts.malformed)
		result->alerts.malformed = polled->malformed;
	alerts_free(polled);
	alerts_unique(&result->alerts);
}

static void note_reachability(struct run *r, int rc, const struct fl_error *err)
{
	struct turn *t = &r->turn;
	struct result *result = &t->result;
	bool during = t->inject_ns != 0;
	bool *reachable = during ? &result->pipeline_reachable_during : &result->pipeline_reachable_before;

	t->polls++;
	r->pipeline_dead = rc && pipeline_is_dead(err);
	if (r->pipeline_dead)
		r->dead_error = *err;
	if (!rc)
		return;
	t->polls_failed++;
	t->polls_unread += rc == -EBADMSG;
	if (pipeline_unreachable(rc)) {
		if (*reachable)
			run_report_progress(r, false, "the pipeline cannot be reached");
		*reachable = false;
	}
	free(result->pipeline_error);
	result->pipeline_error = strdup(err->message);
	events_write(r->events, "pipeline-error", t->x->id,
		     json_pack("{s:s, s:b}", "error", err->message, "unreachable", pipeline_unreachable(rc)));
}

static void poll_done(struct loop_work *work)
{
	LOOP_CALLBACK();
	struct job *job = (struct job *)work;
	struct run *r = job->run;

	job->busy = false;
	if (r->turn.x) {
		uint32_t before = r->turn.result.alerts.n, i;
		struct alerts *alerts = &r->turn.result.alerts;

		note_reachability(r, r->poll_rc, &r->poll_error);
		keep_alerts(&r->turn.result, &r->polled);
		for (i = before; i < alerts->n; i++)
			events_write(r->events, "alert", r->turn.x->id,
				     json_pack("{s:s, s:s, s:o}", "service", alerts->v[i].service, "name",
					       alerts->v[i].name, "time_s",
					       isfinite(alerts->v[i].time_s) ? json_real(alerts->v[i].time_s)
									     : json_null()));
	}
	alerts_free(&r->polled);
	run_tick(r);
}

/* Late rather than never: without a thread the loop waits. */
static void begin(struct run *r, struct job *job, void (*work)(struct loop_work *), void (*done)(struct loop_work *))
{
	*job = (struct job){ .work = { .run = work, .done = done }, .run = r, .busy = true };
	if (loop_work_start(&r->loop, &job->work)) {
		work(&job->work);
		done(&job->work);
	}
}

void run_poll_alerts(struct run *r)
{
	if (!r->suite->pipeline.url || r->alerts_job.busy || r->score_job.busy)
		return;
	error_clear(&r->poll_error);
	memset(&r->polled, 0, sizeof(r->polled));
	r->poll_since_s = floor(r->turn.result.baseline_start);
	begin(r, &r->alerts_job, poll_work, poll_done);
}

/* --- clusters and causes --------------------------------------------------------------------- */

/* How many alerts a cluster holds, as far as it says. */
static double cluster_size(const json_t *cluster)
{
	static const char *const keys[] = { "alerts", "alert_ids", "members",     "events",
					    "size",   "count",     "alert_count", NULL };
	const char *const *k;

	for (k = keys; *k; k++) {
		const json_t *v = json_object_get(cluster, *k);

		if (json_is_array(v))
			return (double)json_array_size(v);
		if (json_is_number(v))
			return json_number_value(v);
	}
	return json_is_array(cluster) ? (double)json_array_size(cluster) : 0;
}

static json_t *causes_json(const struct cause *v, uint32_t n)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:o, s:i}", "service", v[i].service, "confidence",
						isfinite(v[i].confidence) ? json_real(v[i].confidence) : json_null(),
						"n_evidence", (int)v[i].n_evidence));
	return list;
}

static bool has_alerted(const struct result *result)
{
	uint32_t i;

	for (i = 0; i < result->alerts.n; i++)
		if (alert_place(result, &result->alerts.v[i]) == ALERT_IN_FAULT)
			return true;
	return false;
}

/* Ask for the causes of each cluster; those of the largest one (the first of equals) are scored. */
static int ask_rca(struct run *r, struct pipeline_window *w, json_t *clusters)
{
	struct result *result = &r->turn.result;
	double largest = -1;
	json_t *cluster;
	size_t i;

	json_array_foreach(clusters, i, cluster) {
		struct cause *causes = NULL;
		json_t *evidence = NULL;
		uint32_t n = 0;
		int rc;

		if (i >= MAX_CLUSTERS)
			break;
		w->cluster = cluster;
		rc = pipeline_rca(&r->suite->pipeline, w, &causes, &n, &evidence, &r->poll_error);
		if (rc)
			return rc;
		json_array_append_new(r->turn.rca, json_pack("{s:i, s:f, s:o, s:O?}", "cluster", (int)i, "alerts",
							     cluster_size(cluster), "causes", causes_json(causes, n),
							     "evidence", evidence));
		if (cluster_size(cluster) > largest) {
			largest = cluster_size(cluster);
			free(result->causes);
			json_decref(result->evidence);
			result->causes = causes;
			result->n_causes = n;
			result->evidence = evidence;
			continue;
		}
		free(causes);
		json_decref(evidence);
	}
	return 0;
}

/* Without a correlator the fault window is the cluster, with its alerts. */
static json_t *window_cluster(const struct result *result, const struct pipeline_window *w)
{
	json_t *alerts = json_array();
	uint32_t i;

	for (i = 0; i < result->alerts.n; i++)
		if (alert_place(result, &result->alerts.v[i]) == ALERT_IN_FAULT)
			json_array_append(alerts, result->alerts.v[i].raw);
	return json_pack("[{s:I, s:I, s:o}]", "start", (json_int_t)floor(w->start_s), "end", (json_int_t)ceil(w->end_s),
			 "alerts", alerts);
}

/* Clusters, and a cause of each; of the window where nothing correlates. */
static int ask_causes(struct run *r)
{
	struct result *result = &r->turn.result;
	const struct pipeline_config *c = &r->suite->pipeline;
	struct pipeline_window w = { .start_s = result->inject,
				     .end_s = isfinite(result->window_end) ? result->window_end : clock_wall_s(),
				     .alerted = has_alerted(result) };
	struct fl_error why = {};
	json_t *clusters;
	int rc = pipeline_correlate(c, &result->alerts, w.start_s, w.end_s, &result->clusters, &why), rca;
	bool whole = (rc && !pipeline_unreachable(rc)) || pipeline_rca_by_window(c);

	r->turn.rca = json_array();
	if (pipeline_unreachable(rc)) {
		r->poll_error = why;
		return rc;
	}
	clusters = whole ? window_cluster(result, &w) : json_incref(result->clusters);
	rca = ask_rca(r, &w, clusters);
	json_decref(clusters);
	if (rca || rc == -ENOENT)
		return rca;
	if (rc)
		r->poll_error = why; /* a correlator that could not be understood */
	return rc;
}

static void ask_work(struct loop_work *work)
{
	struct run *r = ((struct job *)work)->run;

	r->poll_rc = pipeline_alerts(&r->suite->pipeline, r->poll_since_s, &r->polled, &r->poll_error);
	if (!r->poll_rc)
		r->poll_rc = ask_causes(r);
}

static void ask_done(struct loop_work *work)
{
	LOOP_CALLBACK();
	struct job *job = (struct job *)work;
	struct run *r = job->run;

	job->busy = false;
	note_reachability(r, r->poll_rc, &r->poll_error);
	keep_alerts(&r->turn.result, &r->polled);
	r->turn.scored = true;
	run_tick(r);
}

void run_ask_causes(struct run *r)
{
	error_clear(&r->poll_error);
	memset(&r->polled, 0, sizeof(r->polled));
	r->poll_since_s = floor(r->turn.result.baseline_start);
	begin(r, &r->score_job, ask_work, ask_done);
}
