// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_answers.c - metrics of an experiment that are no samples: what the pipeline answered
 * (detector_alerts, rca_root_service), and how many requests more than before the fault its target got
 * (retry_count).
 */
#include <errno.h>
#include <math.h>

#include "run/run_private.h"
#include "score/score.h"
#include "util/cleanup.h"
#include "util/text/text.h"

static double alerts_in(const struct turn *t, enum alert_place place)
{
	double n = 0;
	uint32_t i;

	for (i = 0; i < t->result.alerts.n; i++)
		n += alert_place(&t->result, &t->result.alerts.v[i]) == place;
	return n;
}

/* Requests a second at the experiment's first target, as the kernel saw them. */
static int request_rate(const struct run *r, const struct turn *t, uint64_t from_ns, uint64_t to_ns, double *ret)
{
	const char *target = t->x->targets ? t->x->targets[0] : NULL;
	const char *colon = target ? strchr(target, ':') : NULL;
	struct kernel_metric m = { .stat = KERNEL_RATE, .vantage = METER_AS_SERVER };
	uint32_t n;

	if (!target || !r->kernel.series || !from_ns || to_ns <= from_ns)
		return -ENODATA;
	text_copy(m.server, sizeof(m.server), colon ? colon + 1 : target);
	return kernel_metric_value(&m, r->kernel.series, from_ns, to_ns, ret, &n);
}

int run_retries(const struct run *r, const struct turn *t, uint64_t to_ns, double *ret)
{
	double before, during;

	if (request_rate(r, t, t->baseline_ns, t->inject_ns, &before) ||
	    request_rate(r, t, t->inject_ns, to_ns, &during))
		return -ENODATA;
	*ret = during > before ? (during - before) * (double)(to_ns - t->inject_ns) / 1e9 : 0;
	return 0;
}

int run_answer(const struct run *r, const struct turn *t, const char *name, const struct expr_clause *c, uint64_t to_ns,
	       double *ret)
{
	struct metric_source source;

	if (metric_resolve(r->suite, name, &source, NULL))
		return -ENODATA;
	if (source.kind == METRIC_RETRIES)
		return run_retries(r, t, to_ns, ret);
	if (source.kind != METRIC_ALERTS)
		return -ENODATA;
	*ret = run_alerts(t, c);
	return 0;
}

static json_t *count_or_null(double v)
{
	return isfinite(v) ? json_pack("{s:f}", "count", v) : json_null();
}

static json_t *answer_of(const struct run *r, const struct turn *t, const struct metric_source *source)
{
	const struct result *e = &t->result;
	double n;

	switch (source->kind) {
	case METRIC_ALERTS:
		return json_pack("{s:o, s:o}", "before", count_or_null(alerts_in(t, ALERT_IN_BASELINE)), "during",
				 count_or_null(alerts_in(t, ALERT_IN_FAULT)));
	case METRIC_RCA: return json_pack("{s:{s:s?}}", "during", "service", e->rca_service);
	case METRIC_RETRIES:
		return json_pack("{s:n, s:o}", "before", "during",
				 run_retries(r, t, t->end_ns, &n) ? json_null() : count_or_null(n));
	default: return NULL;
	}
}

void run_add_answers(const struct run *r, struct turn *t)
{
	json_t *all = json_object_get(t->result.detail, "metrics");
	struct metric_source source;
	char **m;

	for (m = t->x->metrics; m && *m; m++) {
		json_t *answer = metric_resolve(r->suite, *m, &source, NULL) ? NULL : answer_of(r, t, &source);

		if (answer && json_is_object(all))
			json_object_set_new(all, *m, answer);
		else
			json_decref(answer);
	}
}
