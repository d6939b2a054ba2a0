/* SPDX-License-Identifier: GPL-2.0-only */
/* net_hooks.h - where a network fault is: for net.c and net_hooks.c. */
#ifndef FL_FAULT_NET_HOOKS_H
#define FL_FAULT_NET_HOOKS_H

#include "fault/net/net.h"

/* A rule on one side of one interface of a target. */
struct net_hook {
	uint32_t rule, target;   /* target: index in the fault */
	struct target_veth veth; /* its descriptor is not ours */
	enum fl_direction direction;
};

struct net_fault {
	unsigned int flags;
	uint32_t n_rules;
	uint32_t shared; /* of the rules, the one of all veths that are a target's alone */
	bool has_shared;
	uint32_t rules[2 * TARGET_MAX_VETHS * 16];
	struct engine_peer *peers;
	uint32_t n_peers;
	struct net_hook *hooks;
	uint32_t n_hooks;
	uint64_t reaped_ns; /* when connections that are over were last taken out (net_conn.c) */
};

/* @rule on all hooks of all targets. */
int net_hooks_arm(struct fault *f, const struct fl_rule *rule, struct fl_error *err);

#endif
