// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_close.c - half_open, slow_close: how a TCP connection ends. The other end is never told, or late.
 *
 * Limits: what waits with slow_close is the packet with the FIN; data in it waits as well. half_open takes
 * the FIN out of such a packet and lets the data pass.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "fault/net/net.h"

static int compile(const struct params *p, struct fl_rule *rule, enum fl_kind kind, __u8 flags, struct fl_error *err)
{
	int r = net_match(p, rule, err);

	rule->kind = (__u8)kind;
	rule->protocol = IPPROTO_TCP;
	rule->more.asked = 1;
	rule->more.tcp = 1;
	rule->more.tcp_any = flags;
	return r;
}

static int validate(const struct params *p, const char *kind, struct fl_error *err)
{
	static const char *const own[] = { "packet-state", "packet-size", NULL };
	int r = net_validate_tcp(p, err);

	return r ? r : net_refuse(p, kind, own, err);
}

#define CLOSES(def_)                                                                               \
	{                                                                                          \
		.name = "direction", .type = PARAM_ENUM, .def = (def_), .choices = net_directions, \
		.help = "what the target closes, what is closed to it, or both"                    \
	}

#define NOT_CLOSED "No connection was closed that its match is about. Is --direction the right way round?"

/* --- half_open ----------------------------------------------------------------------------- */

static const char *const flag_names[] = { "both", "fin", "rst", NULL };

/* clang-format off */
static const struct param half_params[] = {
	{ .name = "flags", .type = PARAM_ENUM, .def = "both", .choices = flag_names,
	  .help = "what never arrives: the orderly end, the reset, or both" },
	CLOSES("from"),
	{},
};
/* clang-format on */

static int compile_half(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	static const __u8 flags[] = { TH_FIN | TH_RST, TH_FIN, TH_RST };

	return compile(p, rule, FL_KIND_UNCLOSED, flags[params_u64(p, "flags")], err);
}

static int validate_half(const struct params *p, struct fl_error *err)
{
	return validate(p, "half_open", err);
}

const struct fault_ops fault_half_open = {
	NET_PACKET_OPS,
	.class = FAULT_NETWORK,
	.name = "half_open",
	.summary = "Leave the other end of closed TCP connections open",
	.params = half_params,
	.supported = net_supported,
	.validate = validate_half,
	.arm = net_arm_plain,
	.compile = compile_half,
	.hints = {
		.unmatched = NOT_CLOSED,
		.skipped = "The kernel could not change them.",
	},
};

/* --- slow_close ---------------------------------------------------------------------------- */

/* clang-format off */
static const struct param slow_params[] = {
	{ .name = "delay", .type = PARAM_DURATION, .def = "!", .live = true, .help = "how much later the end arrives" },
	{ .name = "jitter", .type = PARAM_DURATION, .def = "0", .live = true, .help = "up to so much more or less, evenly" },
	CLOSES("from"),
	{},
};
/* clang-format on */

static int compile_slow(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	int r = compile(p, rule, FL_KIND_DELAY, TH_FIN, err);

	return r ? r : net_delay(p, &rule->delay, err);
}

static int validate_slow(const struct params *p, struct fl_error *err)
{
	struct fl_rule rule = {};
	int r = validate(p, "slow_close", err);

	if (!r && !params_u64(p, "delay") && !params_u64(p, "jitter"))
		r = error_usage(err, "slow_close: a delay of 0 is none");
	return r ? r : compile_slow(p, &rule, err);
}

static int arm_slow(struct fault *f, struct fl_error *err)
{
	return net_arm_hold(f, 0, err);
}

const struct fault_ops fault_slow_close = {
	NET_PACKET_OPS,
	.class = FAULT_NETWORK,
	.name = "slow_close",
	.summary = "Make the end of TCP connections arrive late",
	.params = slow_params,
	.supported = net_supported_hold,
	.validate = validate_slow,
	.arm = arm_slow,
	.compile = compile_slow,
	.hints = {
		.unmatched = NOT_CLOSED,
		.skipped = "They could not be sent into the delay line; 'faultline doctor' says what it needs.",
	},
};
