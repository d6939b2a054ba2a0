// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_mtu.c - mtu_blackhole: IP packets of more than so many bytes vanish, and no ICMP tells anybody. What a
 * tunnel does whose routers drop "too big" messages: connections come about, small answers come, large ones
 * never do.
 *
 * Of a GSO super-packet a full segment is measured, as the wire would carry it.
 */
#include "fault/net/net.h"

struct mtu_blackhole_params {
	struct net_own net;
	uint32_t mtu;
};

/* clang-format off */
static const struct param params[] = {
	{ PARAM_FIELD(struct mtu_blackhole_params, mtu), .name = "mtu", .type = PARAM_INT, .def = "!", .min = 68, .max = 65535,
	  .live = true,
	  .help = "the largest packet that still passes, in bytes from the IP header on" },
	NET_PARAM_DIRECTION("both"),
	{},
};
/* clang-format on */

static int compile(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct mtu_blackhole_params *own = p->own;
	int r = net_match(p, rule, err);

	rule->kind = FL_KIND_LOSS;
	rule->more.asked = 1;
	rule->more.size_min = own->mtu + 1;
	return r;
}

static int validate(const struct params *p, struct fl_error *err)
{
	static const char *const own[] = { "packet-size", NULL };
	int r = net_validate(p, err);

	return r ? r : net_refuse(p, "mtu_blackhole", own, err);
}

const struct fault_ops fault_mtu_blackhole = {
	NET_PACKET_OPS,
	.class = FAULT_NETWORK,
	.name = "mtu_blackhole",
	.summary = "Silently lose packets that are too large",
	.params = params,
	.supported = net_supported,
	.validate = validate,
	.arm = net_arm_plain,
	.compile = compile,
	.hints = {
		.unmatched = "No packet was larger than --mtu: is anything long sent? The interface's own MTU may be "
			"smaller.",
	},
};
