/* SPDX-License-Identifier: GPL-2.0-only */
/* exercise_maker.h - an entry as the class's template has it, edited and read: what the tests of user/suite/exercise/ share. */
#ifndef FL_TESTS_EXERCISE_MAKER_H
#define FL_TESTS_EXERCISE_MAKER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "suite/exercise/entry.h"
#include "suite/exercise/phrase.h"
#include "model/experiment.h"
#include "fault/fault.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define MAYBE_UNUSED __attribute__((unused))

static const struct param net[] = { { .name = "peer", .type = PARAM_PEERS },
				    { .name = "share", .type = PARAM_PERCENT, .def = "100%" },
				    {} };
static const struct param delay[] = { { .name = "delay", .type = PARAM_DURATION, .def = "!" },
				      { .name = "jitter", .type = PARAM_DURATION },
				      {} };
static const struct param percent[] = { { .name = "percent", .type = PARAM_PERCENT, .def = "!" },
					{ .name = "status", .type = PARAM_INT, .max = 999 },
					{ .name = "bytes", .type = PARAM_BYTES },
					{ .name = "path", .type = PARAM_STRING },
					{ .name = "mode", .type = PARAM_STRING },
					{} };
static const struct param every[] = { { .name = "every", .type = PARAM_DURATION },
				      { .name = "signal", .type = PARAM_STRING },
				      {} };
static const struct param load_of[] = { { .name = "load", .type = PARAM_PERCENT },
					{ .name = "workers", .type = PARAM_INT, .min = 1, .max = 99 },
					{} };
static const struct param offset[] = { { .name = "offset", .type = PARAM_OFFSET }, {} };
static const char *const retry_alias[] = { "cascade_retry", NULL };
static const struct fault_ops ops[] = {
	{ .name = "latency", .params = delay, .common = net },
	{ .name = "network_loss", .params = percent, .common = net },
	{ .name = "availability", .params = every },
	{ .name = "cpu_saturation", .params = load_of },
	{ .name = "memory", .params = percent },
	{ .name = "disk_fill", .params = percent },
	{ .name = "time_skew", .params = offset },
	{ .name = "network_partition", .common = net },
	{ .name = "dns_latency", .params = delay, .common = net },
	{ .name = "http_error", .aliases = retry_alias, .params = percent, .common = net },
};
static const struct fault_ops *const table[] MAYBE_UNUSED = { &ops[0], &ops[1], &ops[2], &ops[3], &ops[4], &ops[5],
							      &ops[6], &ops[7], &ops[8], &ops[9], NULL };

/* One entry as the template has them, in our own words. */
static const char entry[] MAYBE_UNUSED = "experiments:\n"
					 "- id: 1\n"
					 "  name: slow_pay\n"
					 "  fault_type: latency\n"
					 "  target: payment-svc\n"
					 "  hypothesis: probe pass-rate >= 97%, and no order hangs\n"
					 "  blast_radius:\n"
					 "    target: 1 instance of payment-svc\n"
					 "    duration_seconds: 45\n"
					 "    traffic_percent: 100\n"
					 "  rollback:\n"
					 "    automatic: true\n"
					 "    trigger_when: probe_pass_rate < 40% for 15s\n"
					 "    method: tc qdisc del\n"
					 "  measurement:\n"
					 "    metrics: [probe_pass_rate, p99_latency]\n"
					 "    capture_window_seconds: 240\n"
					 "  ground_truth:\n"
					 "    expected_root_service: payment-svc\n"
					 "    expected_fault_class: latency\n";

/* @from replaced by @to in the entry; a second pair may follow. */
MAYBE_UNUSED static char *edit(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	struct text t = {};

	if (!at)
		fail_msg("no '%s' in the entry", from);
	text_append(&t, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return t.s;
}

/* The suite and its completed text. */
MAYBE_UNUSED static struct suite *read_text(const char *text, struct text *completed)
{
	struct finding *findings = NULL;
	struct fl_error err = {};
	struct suite *s = NULL;
	uint32_t n;

	if (suite_read_text("w3.yaml", text, strlen(text), table, &s, &err))
		fail_msg("%s:%d: %s\n%s", err.file, err.line, err.message, text);
	if (suite_complete("w3.yaml", text, strlen(text), table, completed, &findings, &n, &err))
		text_append(completed, "REFUSED %s", err.message);
	free(findings);
	return s;
}

MAYBE_UNUSED static bool said(const struct suite *s, const char *rule)
{
	uint32_t i;

	for (i = 0; i < s->n_findings; i++)
		if (!strcmp(s->findings[i].rule, rule))
			return true;
	return false;
}

MAYBE_UNUSED static void print_findings(const struct suite *s)
{
	uint32_t i;

	for (i = 0; i < s->n_findings; i++)
		print_message("%d: [%s] %s\n", s->findings[i].line, s->findings[i].rule, s->findings[i].text);
}

#endif
