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

#define WAITS(member) PARAM_FIELD(struct net_late, wait.member)

/* clang-format off */
static const struct param params[] = {
	{ WAITS(delay_ns), .name = "delay", .type = PARAM_DURATION, .def = "!", .live = true, .from = "1ms", .to = "2s",
	  .help = "how long each packet waits" },
	{ WAITS(jitter_ns), .name = "jitter", .type = PARAM_DURATION, .def = "0", .live = true,
	  .help = "spread around it: half width (uniform) or standard deviation (the others)" },
	{ WAITS(distribution), .name = "distribution", .type = PARAM_ENUM, .def = "uniform", .choices = distributions,
	  .live = true, .help = "how the jitter is distributed" },
	{ WAITS(correlation_ppm), .name = "correlation", .type = PARAM_PERCENT, .def = "0%", .live = true,
	  .help = "of the delays of one packet and the next" },
	NET_PARAM_PERCENT("100%", "the matching packets that wait"),
	NET_PARAM_DIRECTION("from"),
	NET_PARAM_BACKEND,
	{},
};
/* clang-format on */

static int compile(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct net_late *own = p->own;
	int r = net_match(p, rule, err);

	rule->kind = FL_KIND_DELAY;
	rule->departs = net_is_edt(p);
	rule->probability_ppm = own->net.percent_ppm;
	return r ? r : net_delay(&own->wait, &rule->delay, err);
}

static int validate(const struct params *p, struct fl_error *err)
{
	const struct net_late *own = p->own;
	int r = net_validate(p, err);

	/* (A schedule may have one of them at 0 for a while.) */
	if (!r && !own->wait.jitter_ns && own->wait.correlation_ppm && !params_scheduled(p)) {
		r = error_usage(err, "latency: correlation without jitter has no meaning");
		error_hint(err, "give --jitter, or leave out --correlation");
	}
	if (!r && own->wait.correlation_ppm == FL_PPM)
		r = error_usage(err, "latency: correlation must be below 100%%");
	return r ? r : net_check_edt(p, "latency", own->wait.delay_ns + own->wait.jitter_ns, err);
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
	.arm = net_arm_hold_plain,
	.compile = compile,
	.hints = {
		.skipped = "They could not be sent into the delay line; 'faultline doctor' says what it "
			"needs.",
	},
};
