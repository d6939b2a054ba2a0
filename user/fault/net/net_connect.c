// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_connect.c - connect_drop, connect_refused, connect_latency: only the handshake, as with a full queue of
 * SYNs, a full table of connections in between, a port that nobody listens on. Connections that stand are left
 * alone.
 *
 * What is hit is the SYN, on its way. Chance is drawn for an attempt, not for a packet: what TCP sends
 * again fares as the first one did, or a drop of 50 % would be a delay of a second.
 *
 * "direction" is that of the attempts: those that the target makes (from), that are made to it (to).
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "fault/net/net.h"

#define CONNECT_DIRECTION \
	NET_PARAM_DIRECTION_OF("both", "connections that the target makes, that are made to it, or both")

static int compile(const struct params *p, struct fl_rule *rule, enum fl_kind kind, struct fl_error *err)
{
	const struct net_own *own = p->own;
	int r = net_match(p, rule, err);

	rule->kind = (__u8)kind;
	rule->probability_ppm = own->percent_ppm;
	rule->protocol = IPPROTO_TCP;
	rule->more.asked = 1;
	rule->more.by_attempt = 1;
	rule->more.tcp = 1;
	rule->more.tcp_mask = TH_SYN | TH_ACK;
	rule->more.tcp_value = TH_SYN;
	return r;
}

static int validate(const struct params *p, const char *kind, struct fl_error *err)
{
	static const char *const own[] = { "packet-state", "packet-size", NULL };
	int r = net_validate_tcp(p, err);

	return r ? r : net_refuse(p, kind, own, err);
}

#define NOT_BEGUN                                                                                            \
	"No connection was begun that its match is about; those that stand are left alone. Is there a pool " \
	"that keeps them?"

/* --- connect_drop -------------------------------------------------------------------------- */

static const struct param drop_params[] = {
	NET_PARAM_PERCENT("100%", "the attempts that get no answer"),
	CONNECT_DIRECTION,
	{},
};

static int compile_drop(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	return compile(p, rule, FL_KIND_LOSS, err);
}

static int validate_drop(const struct params *p, struct fl_error *err)
{
	return validate(p, "connect_drop", err);
}

const struct fault_ops fault_connect_drop = {
	NET_PACKET_OPS,
	.class = FAULT_NETWORK,
	.name = "connect_drop",
	.summary = "Let no new TCP connection be made",
	.params = drop_params,
	.supported = net_supported,
	.validate = validate_drop,
	.arm = net_arm_plain,
	.compile = compile_drop,
	.hints = {
		.unmatched = NOT_BEGUN,
	},
};

/* --- connect_refused ----------------------------------------------------------------------- */

static const struct param refused_params[] = {
	NET_PARAM_PERCENT("100%", "the attempts that are refused"),
	CONNECT_DIRECTION,
	{},
};

static int compile_refused(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	return compile(p, rule, FL_KIND_REFUSE, err);
}

static int validate_refused(const struct params *p, struct fl_error *err)
{
	return validate(p, "connect_refused", err);
}

const struct fault_ops fault_connect_refused = {
	NET_PACKET_OPS,
	.class = FAULT_NETWORK,
	.name = "connect_refused",
	.summary = "Refuse new TCP connections, as a closed port does",
	.params = refused_params,
	.supported = net_supported,
	.validate = validate_refused,
	.arm = net_arm_plain,
	.compile = compile_refused,
	.hints = {
		.unmatched = NOT_BEGUN,
		.skipped = "The kernel could not make resets of them.",
	},
};

/* --- connect_latency ----------------------------------------------------------------------- */

/* clang-format off */
static const struct param latency_params[] = {
	{ PARAM_FIELD(struct net_late, wait.delay_ns), .name = "delay", .type = PARAM_DURATION, .def = "!", .live = true,
	  .help = "how much longer it takes to set up a connection" },
	NET_PARAM_JITTER,
	NET_PARAM_PERCENT("100%", "the attempts that take longer"),
	CONNECT_DIRECTION,
	{},
};
/* clang-format on */

static int compile_latency(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct net_late *own = p->own;
	int r = compile(p, rule, FL_KIND_DELAY, err);

	return r ? r : net_delay(&own->wait, &rule->delay, err);
}

static int validate_latency(const struct params *p, struct fl_error *err)
{
	const struct net_late *own = p->own;
	struct fl_rule rule = {};
	int r = validate(p, "connect_latency", err);

	if (!r && !own->wait.delay_ns && !own->wait.jitter_ns)
		r = error_usage(err, "connect_latency: a delay of 0 is none");
	return r ? r : compile_latency(p, &rule, err);
}

const struct fault_ops fault_connect_latency = {
	NET_PACKET_OPS,
	.class = FAULT_NETWORK,
	.name = "connect_latency",
	.summary = "Make new TCP connections slow to set up",
	.params = latency_params,
	.supported = net_supported_hold,
	.validate = validate_latency,
	.arm = net_arm_hold_plain,
	.compile = compile_latency,
	.hints = {
		.unmatched = NOT_BEGUN,
		.skipped = "They could not be sent into the delay line; 'faultline doctor' says what it needs.",
	},
};
