/* SPDX-License-Identifier: GPL-2.0-only */
/* result_maker.h - results for the tests of score/ and report/, built a field at a time. */
#ifndef FLTEST_RESULT_MAKER_H
#define FLTEST_RESULT_MAKER_H

#include <math.h>
#include <string.h>

#include "score/score.h"

/* Experiment @number: baseline 1000..1300, fault at 1300..1360, watched until 1390. Missed. */
static inline struct result make_result(int number, const char *id)
{
	return (struct result){
		.number = number,
		.id = strdup(id),
		.name = strdup(id),
		.target = strdup("payment-svc"),
		.fault_type = strdup("latency"),
		.status = RESULT_OK,
		.baseline_start = 1000,
		.baseline_end = 1300,
		.inject = 1300,
		.end = 1360,
		.window_end = 1390,
		.recovered = 1365,
		.mttd_s = NAN,
		.confidence = NAN,
		.pipeline_reachable_before = true,
		.pipeline_reachable_during = true,
		.detail = json_pack("{s:{s:[s]}}", "ground_truth", "root_services", "payment-svc"),
	};
}

static inline void make_alert(struct result *r, double time_s, const char *service)
{
	struct alert a = { .time_s = time_s };

	snprintf(a.service, sizeof(a.service), "%s", service);
	snprintf(a.name, sizeof(a.name), "latency_high");
	snprintf(a.id, sizeof(a.id), "%s-%g", service, time_s);
	alerts_add(&r->alerts, &a);
}

/* The pipeline blames @service. */
static inline void make_blame(struct result *r, const char *service, bool correct, double confidence)
{
	r->rca_service = strdup(service);
	r->rca_correct = correct;
	r->confidence = confidence;
	r->evidence = json_pack("[s]", "p99 of payment-svc 7x its baseline");
}

#endif
