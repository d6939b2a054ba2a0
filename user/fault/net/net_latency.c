// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_latency.c - latency: packets wait in a delay line (net/hold/hold.h). Without jitter the order of
 * packets is kept; with jitter each packet draws for itself and may overtake, as with netem. Or, on
 * request, in an fq qdisc (net_edt.c).
 */
#include <errno.h>

#include "fault/net/net.h"

static const char *const aliases[] = { "delay", NULL };
/* By enum fl_distribution. */
static const char *const distributions[] = { "uniform", "normal", "pareto", "paretonormal", NULL };

/* clang-format off */
static const struct param params[] = {
	{ .name = "delay", .type = PARAM_DURATION, .def = "!", .live = true, .from = "1ms", .to = "2s",
	  .help = "how long each packet waits" },
	{ .name = "jitter", .type = PARAM_DURATION, .def = "0", .live = true,
	  .help = "spread around it: half width (uniform) or standard deviation (the others)" },
	{ .name = "distribution", .type = PARAM_ENUM, .def = "uniform", .choices = distributions,
	  .live = true, .help = "how the jitter is distributed" },
	{ .name = "correlation", .type = PARAM_PERCENT, .def = "0%", .live = true,
	  .help = "of the delays of one packet and the next" },
	NET_PARAM_PERCENT("100%", "the matching packets that wait"),
	NET_PARAM_DIRECTION("from"),
	NET_PARAM_BACKEND,
	{},
};
/* clang-format on */

static int compile(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	int r = net_match(p, rule, err);

	rule->kind = FL_KIND_DELAY;
	rule->departs = net_is_edt(p);
	rule->probability_ppm = (__u32)params_u64(p, "percent");
	return r ? r : net_delay(p, &rule->delay, err);
}

static int validate(const struct params *p, struct fl_error *err)
{
	int r = net_validate(p, err);

	if (!r && !params_u64(p, "jitter") && params_u64(p, "correlation")) {
		r = error_usage(err, "latency: correlation without jitter has no meaning");
		error_hint(err, "give --jitter, or leave out --correlation");
	}
	if (!r && params_u64(p, "correlation") == FL_PPM)
		r = error_usage(err, "latency: correlation must be below 100%%");
	return r ? r : net_check_edt(p, "latency", params_u64(p, "delay") + params_u64(p, "jitter"), err);
}

static int arm(struct fault *f, struct fl_error *err)
{
	return net_arm_hold(f, 0, err);
}

#define SUMMARY "Make packets late"

static void supported(struct fault_support *ret)
{
	net_supported_edt(ret, SUMMARY);
}

const struct fault_ops fault_latency = {
	NET_PACKET_OPS,
	.class = FAULT_NETWORK,
	.name = "latency",
	.aliases = aliases,
	.summary = SUMMARY,
	.params = params,
	.supported = supported,
	.validate = validate,
	.arm = arm,
	.compile = compile,
	.hints = {
		.skipped = "They could not be sent into the delay line; 'faultline doctor' says what it "
			"needs.",
	},
};
