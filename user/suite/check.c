// SPDX-License-Identifier: GPL-2.0-only
/*
 * check.c - judge a suite by the rules that need no host: testable hypotheses, metrics that can be
 * resolved, rollback, stages and their traffic, measurement beyond "it is up", combinations.
 * Stages passed before and the version of the file are the host's: stage.c, version.c.
 */
#include <errno.h>
#include <stdarg.h>

#include "measure/metric_name.h"
#include "suite/check_private.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"
#include "util/schedule/schedule.h"
#include "util/text/text.h"
#include "util/text/units.h"
#include "util/text/utf8.h"

/* Has the conversion of an exercise's file said it, at the place and in the words of the author? */
static bool is_said(const struct suite *s, const char *rule, const struct experiment *x)
{
	static const char *const same[][2] = { { "no-fault", "no-fault" },
					       { "untestable-hypothesis", "no-hypothesis" } };
	uint32_t i;
	size_t k;

	for (k = 0; x && k < sizeof(same) / sizeof(same[0]); k++)
		for (i = 0; !strcmp(same[k][0], rule) && i < s->n_findings; i++)
			if (s->findings[i].experiment == x->number && !strcmp(s->findings[i].rule, same[k][1]))
				return true;
	return false;
}

void check_add(struct report *r, bool error, const char *rule, const struct experiment *x, const char *fmt, ...)
{
	struct finding *grown, *f;
	va_list ap;

	if ((!error && suite_accepts(r->suite, rule)) || is_said(r->suite, rule, x))
		return;
	grown = reallocarray(r->v, r->n + 1, sizeof(*grown));
	if (!grown) {
		r->failed = true;
		return;
	}
	r->v = grown;
	f = &grown[r->n++];
	memset(f, 0, sizeof(*f));
	f->error = error;
	text_copy(f->rule, sizeof(f->rule), rule);
	if (x) {
		f->experiment = x->number;
		f->line = x->line;
		f->column = x->column;
	}
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	utf8_mend(f->text);
}

/* Can it be measured? Otherwise a finding that says why and what to do. */
static bool known(struct report *r, const struct experiment *x, bool error, const char *where, const char *metric)
{
	struct metric_source source;
	struct fl_error err = {};

	if (!metric_resolve(r->suite, metric, &source, &err))
		return true;
	check_add(r, error, "unresolvable-metric", x, "%s: %s; %s", where, err.message, err.hint);
	return false;
}

/* The probe gives up after its timeout, so no answer of it is later. Is @c decided by that, whatever happens? */
static bool is_beyond_timeout(const struct report *r, const struct expr_clause *c, bool *ret_true)
{
	double limit = (double)r->suite->probe.timeout_ns / 1e9;
	struct metric_source source;
	char name[EXPR_NAME_MAX];

	if (metric_resolve(r->suite, expr_clause_name(c, name, sizeof(name)), &source, NULL) ||
	    source.kind != METRIC_PROBE_LATENCY || !(limit > 0))
		return false;
	*ret_true = c->op == EXPR_LT || c->op == EXPR_LE;
	return (*ret_true || c->op == EXPR_GT || c->op == EXPR_GE) &&
	       (c->op == EXPR_LT || c->op == EXPR_GE ? c->value > limit : c->value >= limit);
}

static void check_timeout(struct report *r, const struct experiment *x, const char *where, const struct expr_clause *c)
{
	bool always;

	if (is_beyond_timeout(r, c, &always))
		check_add(r, false, always ? "always-true" : "never-true", x,
			  "%s: '%.80s' can %s: the probe gives up after %.4g s; "
			  "set suite.probe.timeout above the limit, or the limit below it",
			  where, c->text, always ? "only be true" : "never be true",
			  (double)r->suite->probe.timeout_ns / 1e9);
}

static void check_hypothesis(struct report *r, const struct experiment *x)
{
	uint32_t i, measurable = 0;
	struct metric_source source;
	char name[EXPR_NAME_MAX];

	if (!x->n_clauses) {
		check_add(r, true, "untestable-hypothesis", x,
			  "'%.120s' says nothing that can be measured: it needs a clause 'metric op number', "
			  "for example 'success_rate >= 99.5%%' or 'p99 latency <= 800ms'",
			  x->hypothesis);
		return;
	}
	for (i = 0; i < x->n_clauses; i++)
		measurable +=
			!metric_resolve(r->suite, expr_clause_name(&x->clauses[i], name, sizeof(name)), &source, NULL);
	/* A clause that cannot be measured is reported so; a hypothesis of such clauses only is none. */
	for (i = 0; i < x->n_clauses; i++) {
		known(r, x, !measurable, "hypothesis", expr_clause_name(&x->clauses[i], name, sizeof(name)));
		check_timeout(r, x, "hypothesis", &x->clauses[i]);
	}
}

static void check_expr(struct report *r, const struct experiment *x, const char *where, const struct expr *e)
{
	const struct expr_clause *clauses[64];
	uint32_t i, n = e ? expr_clauses(e, clauses, ARRAY_SIZE(clauses)) : 0;
	char name[EXPR_NAME_MAX];

	for (i = 0; i < n; i++) {
		known(r, x, true, where, expr_clause_name(clauses[i], name, sizeof(name)));
		check_timeout(r, x, where, clauses[i]);
	}
}

/* Before the fault there is nothing yet of what counts from it on. */
static void check_when(struct report *r, const struct experiment *x)
{
	const struct expr_clause *clauses[64];
	uint32_t i, n = x->when ? expr_clauses(x->when, clauses, ARRAY_SIZE(clauses)) : 0;
	struct metric_source source;
	char name[EXPR_NAME_MAX];

	check_expr(r, x, "when", x->when);
	for (i = 0; i < n; i++)
		if (!metric_resolve(r->suite, expr_clause_name(clauses[i], name, sizeof(name)), &source, NULL) &&
		    (source.kind == METRIC_ALERTS || source.kind == METRIC_RCA || source.kind == METRIC_RETRIES))
			check_add(r, true, "when-too-early", x,
				  "when: '%.80s' counts from the injection on, and this is asked before it",
				  clauses[i]->text);
}

/* A day and a time that have been. */
static void check_at(struct report *r, const struct experiment *x)
{
	if (x->at.dated && moment_at(&x->at, 0) + x->within_ns / 1e9 < clock_wall_s())
		check_add(r, true, "gone-by", x, "at: %04d-%02d-%02d %02d:%02d:%02d has gone by", x->at.year,
			  x->at.month, x->at.day, x->at.hour, x->at.minute, x->at.second);
}

static void check_rollback(struct report *r, const struct experiment *x)
{
	size_t i;

	if (!x->rollback_automatic)
		check_add(r, true, "no-rollback", x,
			  "rollback.automatic is false: a fault that nobody takes "
			  "back stays after the experiment");
	if (!x->rollback_method[0])
		check_add(r, false, "no-rollback-method", x,
			  "rollback.method is empty: say how a person "
			  "would take the fault back without faultline");
	if (!x->trigger_when)
		check_add(r, false, "no-trigger", x,
			  "rollback.trigger_when never fires: the fault ends by its "
			  "duration only");
	check_expr(r, x, "trigger_when", x->trigger_when);
	for (i = 0; x->aborts && x->aborts[i]; i++)
		check_expr(r, x, "abort_conditions", x->aborts[i]);
}

/* A name that nothing is known of is only not measured; a source that cannot work is a mistake. */
static bool is_broken(const struct suite *s, const char *metric)
{
	struct metric_source source;
	int r = metric_resolve(s, metric, &source, NULL);

	return r && (r != -ENOENT || json_object_get(s->metrics, metric));
}

static void check_measurement(struct report *r, const struct experiment *x)
{
	bool telling = false;
	size_t i;

	for (i = 0; x->metrics && x->metrics[i]; i++) {
		known(r, x, is_broken(r->suite, x->metrics[i]), "measurement", x->metrics[i]);
		telling |= metric_is_telling(r->suite, x->metrics[i]);
	}
	if (!telling)
		check_add(r, false, "up-only-measurement", x,
			  "the metrics tell at most that the system is up: "
			  "add one of latency or errors, or a silent degradation passes unseen");
}

/* Seed section 5.2. */
static void check_stage(struct report *r, const struct experiment *x)
{
	static const struct {
		uint32_t min_ppm, max_ppm;
	} limits[] = {
		[STAGE_DEV] = { 0, 0 },
		[STAGE_STAGING] = { 0, 0 },
		[STAGE_CANARY] = { 10000, 100000 },
		[STAGE_REGION] = { 250000, 1000000 },
		[STAGE_GLOBAL] = { 1000000, 1000000 },
	};
	uint32_t real_ppm = x->synthetic ? 0 : x->traffic_ppm;
	char share[32];

	units_format_ppm(real_ppm, share, sizeof(share));
	if (!x->stage) {
		check_add(r, true, "stage-limit", x,
			  "%s of real traffic is no stage: 0 %% is dev or staging, "
			  "1-10 %% canary, 25-100 %% region, 100 %% global",
			  share);
		return;
	}
	if (real_ppm < limits[x->stage].min_ppm || real_ppm > limits[x->stage].max_ppm)
		check_add(r, true, "stage-limit", x, "%s of real traffic is outside stage %s", share,
			  stage_text(x->stage));
	if ((x->stage == STAGE_DEV || x->stage == STAGE_CANARY) && x->instances > 1)
		check_add(r, true, "stage-limit", x, "stage %s is one instance, not %u", stage_text(x->stage),
			  x->instances);
}

/* What would not be seen of a schedule, since the fault is over before. */
static void check_schedules(struct report *r, const struct experiment *x, const struct fault_plan *plan)
{
	uint64_t left = x->duration_ns - plan->offset_ns;
	uint64_t on = plan->duration_ns && plan->duration_ns < left ? plan->duration_ns : left;
	char needs[32], has[32];
	uint32_t i;

	for (i = 0; i < plan->params.n; i++) {
		const struct param_value *v = &plan->params.v[i];

		if (v->schedule && schedule_length_ns(v->schedule) > on)
			check_add(r, false, "clipped-schedule", x,
				  "the schedule of %s takes %s, and its fault is on for %s: the rest of it never comes",
				  v->param->name,
				  units_format_ns(schedule_length_ns(v->schedule), needs, sizeof(needs)),
				  units_format_ns(on, has, sizeof(has)));
	}
}

static void check_faults(struct report *r, const struct experiment *x)
{
	uint32_t i;

	if (!x->n_faults)
		check_add(r, true, "no-fault", x, "neither fault_type nor faults: nothing would be injected");
	for (i = 0; i < x->n_faults; i++)
		if (x->faults[i].offset_ns + x->faults[i].duration_ns > x->duration_ns)
			check_add(r, false, "clipped-fault", x,
				  "fault %u ends with the experiment, before its "
				  "own duration is over",
				  i + 1);
	for (i = 0; i < x->n_faults; i++)
		check_schedules(r, x, &x->faults[i]);
}

static void check_truth(struct report *r, const struct experiment *x)
{
	char **a, **b;

	if (x->truth.must_detect && !words_count(x->truth.root_services) && !words_count(x->truth.not_services))
		check_add(r, false, "no-ground-truth", x,
			  "ground_truth names no root_service: any root cause "
			  "would be right");
	for (a = x->truth.root_services; a && *a; a++)
		for (b = x->truth.not_services; b && *b; b++)
			if (!strcmp(*a, *b))
				check_add(r, true, "ground-truth", x,
					  "ground_truth: %s is both the root "
					  "cause and not",
					  *a);
}

/* Of an experiment that injects nothing only what it measures can be wrong. */
static void check_control(struct report *r, const struct experiment *x)
{
	size_t i;

	if (x->n_clauses)
		check_hypothesis(r, x);
	check_expr(r, x, "trigger_when", x->trigger_when);
	for (i = 0; x->aborts && x->aborts[i]; i++)
		check_expr(r, x, "abort_conditions", x->aborts[i]);
	for (i = 0; x->metrics && x->metrics[i]; i++)
		known(r, x, is_broken(r->suite, x->metrics[i]), "measurement", x->metrics[i]);
	check_names(r, x);
}

static void check_suite(struct report *r)
{
	const struct suite *s = r->suite;
	const struct experiment *where;
	struct meter_paths paths;
	struct fl_error err = {};
	bool combined = false;
	uint32_t i;

	/* An experiment that could not be read may be the one that combines. */
	for (i = 0; i < s->n_findings; i++)
		combined |= s->findings[i].error;

	for (i = 0; i < s->n; i++)
		combined |= s->experiments[i].n_faults > 1;
	if (metric_paths(s, &paths, &where, &err))
		check_add(r, true, "too-many-paths", where, "%s; %s", err.message, err.hint);
	if (!combined)
		check_add(r, false, "single-fault-suite", NULL,
			  "no experiment combines faults: real outages "
			  "mostly have several causes at once");
	if (!s->probe.url && !s->stack)
		check_add(r, false, "no-external-probe", NULL,
			  "the suite has no probe.url: without a probe "
			  "from outside, the steady state is what the system says of itself");
	if (!s->pipeline.url && !s->stack)
		check_add(r, false, "no-pipeline", NULL,
			  "the suite has no pipeline.url: nothing will be "
			  "detected and nothing scored");
}

int suite_check(const struct suite *s, struct finding **ret, uint32_t *ret_n, struct fl_error *err)
{
	struct report r = { .suite = s };
	uint32_t i;

	r.v = calloc(s->n_findings + 1, sizeof(*r.v));
	if (!r.v)
		return error_sys(err, ENOMEM, "check: out of memory");
	if (s->n_findings)
		memcpy(r.v, s->findings, s->n_findings * sizeof(*r.v));
	r.n = s->n_findings;
	for (i = 0; i < s->n; i++) {
		const struct experiment *x = &s->experiments[i];

		if (x->control) {
			check_control(&r, x);
			continue;
		}
		check_hypothesis(&r, x);
		check_when(&r, x);
		check_at(&r, x);
		check_faults(&r, x);
		check_rollback(&r, x);
		check_measurement(&r, x);
		check_stage(&r, x);
		check_truth(&r, x);
		check_names(&r, x);
	}
	check_suite(&r);
	if (r.failed) {
		free(r.v);
		return error_sys(err, ENOMEM, "check: out of memory");
	}
	*ret = r.v;
	*ret_n = r.n;
	return 0;
}
