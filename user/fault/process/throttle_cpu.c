// SPDX-License-Identifier: GPL-2.0-only
/*
 * throttle_cpu.c - cpu_throttle: cpu.max, or cpu.cfs_quota_us of v1, of the target's own control group; it runs for a
 * share of each period, and waits.
 *
 * The proof is nr_throttled of cpu.stat. A target that never wanted more than it was left was not hit.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fault/process/throttle.h"

#define QUOTA_LEAST_US 1000 /* the kernel takes no less */

struct cpu_throttle_params {
	uint32_t share_ppm;
};

static const struct param cpu_params[] = {
	{ PARAM_FIELD(struct cpu_throttle_params, share_ppm), .name = "share", .type = PARAM_PERCENT, .def = "!",
	  .live = true, .help = "how much is left of the CPU time that it may use" },
	{},
};

static int cpu_period(const struct throttle_unit *u, const struct throttle_limit *l, uint64_t *ret)
{
	unsigned long long period;

	if (!u->v2)
		return cgroup_read(u->dir, "cpu.cfs_period_us", NULL, ret);
	if (sscanf(l->before, "%*s %llu", &period) != 1)
		return -EBADMSG;
	*ret = period;
	return 0;
}

static int cpu_goal(const struct fault *f, struct throttle_unit *u, const struct throttle_limit *l, char *ret,
		    struct fl_error *err)
{
	const struct cpu_throttle_params *p = f->params.own;
	double share = (double)p->share_ppm / 1e6;
	uint64_t period = 0, quota;
	int r = cpu_period(u, l, &period);

	if (r)
		return error_env(err, -r, "read the CPU period of %s: %s", u->dir, strerror(-r));
	quota = (uint64_t)(u->cpus * share * (double)period);
	if (quota < QUOTA_LEAST_US)
		quota = QUOTA_LEAST_US;
	if (u->v2)
		snprintf(ret, THROTTLE_VALUE, "%llu %llu", (unsigned long long)quota, (unsigned long long)period);
	else
		snprintf(ret, THROTTLE_VALUE, "%llu", (unsigned long long)quota);
	return quota < throttle_number(l->before) ? 0 : throttle_no_lower(f, l, ret, err);
}

static int cpu_validate(const struct params *p, struct fl_error *err)
{
	const struct cpu_throttle_params *own = p->own;

	if (own->share_ppm && own->share_ppm < 1000000)
		return 0;
	return error_usage(err, "cpu_throttle: a share of %s is no throttle: more than 0%% and less than 100%%",
			   params_text(p, "share"));
}

static void cpu_supported(struct fault_support *ret)
{
	throttle_supported("cpu", "cpu", ret);
}

static const struct throttle_kind cpu = {
	.v2_file = "cpu.max",
	.v1_file = "cpu.cfs_quota_us",
	.controller = "cpu",
	.count_file = "cpu.stat",
	.count_key = "nr_throttled",
	.goal = cpu_goal,
	.met_words = "throttled",
};

const struct fault_ops fault_cpu_throttle = {
	THROTTLE_OPS,
	.name = "cpu_throttle",
	.family = &cpu,
	.summary = "Leave the target a share of its CPU time",
	.hints.unmatched = "It never wanted more CPU time than it was left: give it work, or a smaller --share.",
	.params = cpu_params,
	.supported = cpu_supported,
	.validate = cpu_validate,
};
