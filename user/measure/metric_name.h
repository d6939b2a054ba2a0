/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * metric_name.h - what the name of a metric stands for. In this order: an entry of the suite's
 * `metrics` map, a built-in name, a metric of the kernel (kernel_metric.h). Pure: nothing is asked,
 * nothing measured.
 *
 *     success_rate, pass_rate, probe_success_rate     share of passed probes, 0..1
 *     fail_rate, probe_fail_rate                      1 - that
 *     probe_p50 probe_p95 probe_p99, p50.., p50_latency..  latency of the probe, seconds
 *     slo_breach        clauses of the hypothesis that do not hold now
 *                       ("any SLO breach beyond budget": the hypothesis is the objective, the
 *                       distance to its number the budget)
 *     alerts_firing{level=L}  alerts since injection, of that level; detector_alerts: all of them
 *     rca_root_service        what the pipeline named; in the results, no number
 *     retry_count             requests at the target since injection beyond the rate before it
 *
 * '-' and '_', upper and lower case are the same in built-in names: "pass-rate".
 */
#ifndef FL_METRIC_NAME_H
#define FL_METRIC_NAME_H

#include "model/experiment.h"
#include "measure/kernel_metric.h"

enum metric_kind {
	METRIC_SUCCESS_RATE,
	METRIC_FAIL_RATE,
	METRIC_PROBE_LATENCY,
	METRIC_SLO_BREACH,
	METRIC_ALERTS,
	METRIC_RCA,
	METRIC_RETRIES,
	METRIC_PROMETHEUS,
	METRIC_KERNEL,
};

struct metric_source {
	enum metric_kind kind;
	double quantile;   /* METRIC_PROBE_LATENCY: 0..1 */
	const char *query; /* METRIC_PROMETHEUS: PromQL; the suite's */
	struct kernel_metric kernel;
};

/*
 * @name may have labels: "error_rate{service=payment-svc}". -ENOENT and an error that lists the
 * nearest name when nothing is known under it.
 */
int metric_resolve(const struct suite *s, const char *name, struct metric_source *ret, struct fl_error *err);

/*
 * The services that a metric of the suite may be about: its targets, those of its graph and those
 * that run here (suite.services). NULL-terminated; the caller frees the array, the names are the
 * suite's. *ret_all: the whole stack is known, there are no others.
 */
const char **metric_services(const struct suite *s, bool *ret_all);

/*
 * The path prefixes that the suite's kernel metrics name (path=...): in its map, in hypotheses, triggers,
 * abort conditions, measurements. -EINVAL: more of them than a meter tells apart; *ret_where is whose
 * is one too many, NULL: the map's.
 */
int metric_paths(const struct suite *s, struct meter_paths *ret, const struct experiment **ret_where,
		 struct fl_error *err);

/* Does a metric of this name tell an error or a latency, beyond "it is up"? */
bool metric_is_telling(const struct suite *s, const char *name);

/* Does an alert of @severity belong to @level ("tier-1", "critical", "page")? */
bool alert_level_is(const char *severity, const char *level);

#endif
