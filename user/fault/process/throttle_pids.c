// SPDX-License-Identifier: GPL-2.0-only
/*
 * throttle_pids.c - pids_limit: pids.max of the target's own control group; fork and clone answer EAGAIN.
 *
 * The proof is max of pids.events. A target that never asked for more than it was left was not hit.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fault/process/throttle.h"

struct pids_limit_params {
	uint64_t spare;
};

static const struct param pids_params[] = {
	{ PARAM_FIELD(struct pids_limit_params, spare), .name = "spare", .type = PARAM_INT, .def = "0", .min = 0,
	  .max = 1 << 20, .live = true, .help = "how many processes and threads it may have beyond those of now" },
	{},
};

static int pids_goal(const struct fault *f, struct throttle_unit *u, const struct throttle_limit *l, char *ret,
		     struct fl_error *err)
{
	const struct pids_limit_params *p = f->params.own;
	uint64_t now = 0;
	int r = cgroup_read(u->dir, "pids.current", NULL, &now);

	if (r)
		return error_env(err, -r, "read %s/pids.current: %s", u->dir, strerror(-r));
	snprintf(ret, THROTTLE_VALUE, "%llu", (unsigned long long)(now + p->spare));
	return now + p->spare < throttle_number(l->before) ? 0 : throttle_no_lower(f, l, ret, err);
}

static void pids_supported(struct fault_support *ret)
{
	throttle_supported("pids", "pids", ret);
}

static const struct throttle_kind pids = {
	.v2_file = "pids.max",
	.v1_file = "pids.max",
	.controller = "pids",
	.count_file = "pids.events",
	.count_below = "pids.events.local", /* of Linux 6.11 */
	.count_key = "max",
	.goal = pids_goal,
	.met_words = "refused",
};

const struct fault_ops fault_pids_limit = {
	THROTTLE_OPS,
	.name = "pids_limit",
	.family = &pids,
	.summary = "Let the target start no further process or thread (EAGAIN)",
	.params = pids_params,
	.supported = pids_supported,
	.hints.unmatched = "It started no more than it may: nothing asked for a further process or thread.",
};
