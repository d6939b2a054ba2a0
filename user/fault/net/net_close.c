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

#define CLOSES(def_) NET_PARAM_DIRECTION_OF(def_, "what the target closes, what is closed to it, or both")

#define NOT_CLOSED   "No connection was closed that its match is about. Is --direction the right way round?"

/* --- half_open ----------------------------------------------------------------------------- */

static const char *const flag_names[] = { "both", "fin", "rst", NULL };

struct half_open_params {
	struct net_own net;
	uint32_t flags; /* index in flag_names */
};

/* clang-format off */
static const struct param half_params[] = {
	{ PARAM_FIELD(struct half_open_params, flags), .name = "flags", .type = PARAM_ENUM, .def = "both", .choices = flag_names,
	  .help = "what never arrives: the orderly end, the reset, or both" },
	CLOSES("from"),
	{},
};
/* clang-format on */

static int compile_half(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	static const __u8 flags[] = { TH_FIN | TH_RST, TH_FIN, TH_RST };

	const struct half_open_params *own = p->own;

	return compile(p, rule, FL_KIND_UNCLOSED, flags[own->flags], err);
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
	{ PARAM_FIELD(struct net_late, wait.delay_ns), .name = "delay", .type = PARAM_DURATION, .def = "!", .live = true,
	  .help = "how much later the end arrives" },
	NET_PARAM_JITTER,
	CLOSES("from"),
	{},
};
/* clang-format on */

static int compile_slow(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct net_late *own = p->own;
	int r = compile(p, rule, FL_KIND_DELAY, TH_FIN, err);

	return r ? r : net_delay(&own->wait, &rule->delay, err);
}

static int validate_slow(const struct params *p, struct fl_error *err)
{
	const struct net_late *own = p->own;
	struct fl_rule rule = {};
	int r = validate(p, "slow_close", err);

	if (!r && !own->wait.delay_ns && !own->wait.jitter_ns)
		r = error_usage(err, "slow_close: a delay of 0 is none");
	return r ? r : compile_slow(p, &rule, err);
}

const struct fault_ops fault_slow_close = {
	NET_PACKET_OPS,
	.class = FAULT_NETWORK,
	.name = "slow_close",
	.summary = "Make the end of TCP connections arrive late",
	.params = slow_params,
	.supported = net_supported_hold,
	.validate = validate_slow,
	.arm = net_arm_hold_plain,
	.compile = compile_slow,
	.hints = {
		.unmatched = NOT_CLOSED,
		.skipped = "They could not be sent into the delay line; 'faultline doctor' says what it needs.",
	},
};
