// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_partition.c - network_partition: nothing passes between the target and its peers (services,
 * addresses, CIDRs, ports); without any of them the target is alone. ARP and neighbour discovery
 * of IPv4 still pass, so both ends believe that the wire is well, as behind a broken switch.
 */
#include "fault/net/net.h"

static const char *const aliases[] = { "partition", NULL };

static const struct param params[] = {
	NET_PARAM_DIRECTION("both"),
	{},
};

static int compile(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	rule->kind = FL_KIND_PARTITION;
	return net_match(p, rule, err);
}

const struct fault_ops fault_network_partition = {
	NET_PACKET_OPS,
	.class = FAULT_NETWORK,
	.name = "network_partition",
	.aliases = aliases,
	.summary = "Let nothing pass between the target and its peers",
	.params = params,
	.supported = net_supported,
	.validate = net_validate,
	.arm = net_arm_plain,
	.compile = compile,
};
