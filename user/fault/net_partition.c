// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_partition.c - network_partition: nothing passes between the target and its peers (services,
 * addresses, CIDRs, ports); without any of them the target is alone. ARP and neighbour discovery
 * of IPv4 still pass, so both ends believe that the wire is well, as behind a broken switch.
 */
#include "fault/net.h"

static const char *const aliases[] = { "partition", NULL };

static const struct param params[] = {
	NET_PARAM_DIRECTION("both"),
	{},
};

static int compile(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	(void)p;
	(void)err;
	rule->kind = FL_KIND_PARTITION;
	return 0;
}

static int arm(struct fault *f, struct fl_error *err)
{
	return net_arm(f, compile, 0, err);
}

const struct fault_ops fault_network_partition = {
	.name = "network_partition",
	.aliases = aliases,
	.summary = "no packet passes between the target and its peers",
	.class = FAULT_NETWORK,
	.params = params,
	.common = net_match_params,
	.need_veth = true,
	.supported = net_supported,
	.validate = net_validate,
	.arm = arm,
	.activate = net_activate,
	.update = net_update,
	.proof = net_proof,
	.disarm = net_disarm,
};
