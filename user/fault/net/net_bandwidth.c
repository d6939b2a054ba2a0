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

struct bandwidth_params {
	struct net_own net;
	uint64_t rate_bps, burst_bytes, queue_ns;
};

/* clang-format off */
static const struct param params[] = {
	{ PARAM_FIELD(struct bandwidth_params, rate_bps), .name = "rate", .type = PARAM_RATE, .def = "!", .live = true,
	  .from = "32kbit", .to = "1gbit", .help = "of the line" },
	{ PARAM_FIELD(struct bandwidth_params, burst_bytes), .name = "burst", .type = PARAM_BYTES, .def = "16k",
	  .live = true, .help = "how much may go at once after a pause" },
	{ PARAM_FIELD(struct bandwidth_params, queue_ns), .name = "queue", .type = PARAM_DURATION, .def = "500ms",
	  .live = true, .help = "the longest that a packet waits; beyond it is dropped" },
	NET_PARAM_DIRECTION("from"),
	NET_PARAM_BACKEND,
	{},
};
/* clang-format on */

static int compile(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct bandwidth_params *own = p->own;

	rule->kind = FL_KIND_RATE;
	rule->departs = net_is_edt(p);
	rule->rate = (struct fl_rate){
		.rate_bps = own->rate_bps,
		.burst_bytes = own->burst_bytes,
		.queue_ns = own->queue_ns,
	};
	return net_match(p, rule, err);
}

static int validate(const struct params *p, struct fl_error *err)
{
	const struct bandwidth_params *own = p->own;
	int r = net_validate(p, err);

	/* 0 would mean the kernel side's own default; a line without any queue passes nothing. */
	if (!r && !own->queue_ns)
		r = error_usage(err, "bandwidth: queue must be longer than 0");
	if (!r && own->burst_bytes > 1u << 30)
		r = error_usage(err, "bandwidth: burst can be at most 1 GiB");
	return r ? r : net_check_edt(p, "bandwidth", own->queue_ns, err);
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
