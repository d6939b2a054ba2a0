// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_bandwidth.c - bandwidth: a slower line. What is too much for it waits in a delay line, in
 * order, and is dropped once it would wait longer than the queue is long. Each interface and
 * direction of each target is a line of its own.
 *
 * Counted are bytes on the wire, Ethernet header included: TCP with full segments sees 95.6 % of the
 * rate as payload.
 */
#include <errno.h>

#include "fault/net/net.h"

static const char *const aliases[] = { "rate", NULL };

static const struct param params[] = {
	{ .name = "rate",
	  .type = PARAM_RATE,
	  .def = "!",
	  .live = true,
	  .from = "32kbit",
	  .to = "1gbit",
	  .help = "of the line" },
	{ .name = "burst",
	  .type = PARAM_BYTES,
	  .def = "16k",
	  .live = true,
	  .help = "how much may go at once after a pause" },
	{ .name = "queue",
	  .type = PARAM_DURATION,
	  .def = "500ms",
	  .live = true,
	  .help = "the longest that a packet waits; beyond it is dropped" },
	NET_PARAM_DIRECTION("from"),
	NET_PARAM_BACKEND,
	{},
};

static int compile(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	rule->kind = FL_KIND_RATE;
	rule->departs = net_is_edt(p);
	rule->rate = (struct fl_rate){
		.rate_bps = params_u64(p, "rate"),
		.burst_bytes = params_u64(p, "burst"),
		.queue_ns = params_u64(p, "queue"),
	};
	return net_match(p, rule, err);
}

static int validate(const struct params *p, struct fl_error *err)
{
	int r = net_validate(p, err);

	/* 0 would mean the kernel side's own default; a line without any queue passes nothing. */
	if (!r && !params_u64(p, "queue"))
		r = error_usage(err, "bandwidth: queue must be longer than 0");
	if (!r && params_u64(p, "burst") > 1u << 30)
		r = error_usage(err, "bandwidth: burst can be at most 1 GiB");
	return r ? r : net_check_edt(p, "bandwidth", params_u64(p, "queue"), err);
}

static int arm(struct fault *f, struct fl_error *err)
{
	return net_arm_hold(f, NET_RULE_PER_HOOK, err);
}

#define SUMMARY "Make the line slow"

static void supported(struct fault_support *ret)
{
	net_supported_edt(ret, SUMMARY);
}

const struct fault_ops fault_bandwidth = {
	NET_PACKET_OPS,
	.class = FAULT_NETWORK,
	.name = "bandwidth",
	.aliases = aliases,
	.summary = SUMMARY,
	.params = params,
	.supported = supported,
	.validate = validate,
	.arm = arm,
	.compile = compile,
	.hints = {
		.spared = "None of them had to wait: the traffic stays below --rate, or fits in --burst. "
			"Less of these, or more traffic.",
		.skipped = "They could not be sent into the delay line; 'faultline doctor' says what it "
			"needs.",
	},
};
