// SPDX-License-Identifier: GPL-2.0-only
/*
 * throttle_memory.c - memory_pressure: memory.high of the target's own control group. Above it the kernel takes pages back
 * from the target, and makes who asks for more wait; nobody is killed.
 *
 * The proof is `high` of memory.events: how often a process met the limit, took pages back or waited. A target that never
 * had more was not hit.
 *
 * cgroup v2 only. What v1 has instead does something else: its soft limit counts only when the host itself is short of
 * memory, and at its hard limit the target's processes are killed.
 *
 * Limits: what is taken back is page cache, and anonymous memory as far as there is swap; without swap, a target that
 * has little page cache is only made to wait, up to two seconds for each return from the kernel with more. To take
 * back what is there when the fault begins is the kernel's work within that one write, and takes its time.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fault/process/throttle.h"
#include "util/text/text.h"

#define LEAST (1u << 20)

struct memory_pressure_params {
	struct param_optional percent_ppm, bytes;
};

/* clang-format off */
static const struct param params[] = {
	{ PARAM_FIELD(struct memory_pressure_params, percent_ppm), .name = "percent", .type = PARAM_PERCENT, .live = true,
	  .help = "how much it may have of what it uses when the fault begins" },
	{ PARAM_FIELD(struct memory_pressure_params, bytes), .name = "bytes", .type = PARAM_BYTES, .live = true,
	  .help = "or: how much it may have" },
	{},
};
/* clang-format on */

static int validate(const struct params *p, struct fl_error *err)
{
	const struct memory_pressure_params *own = p->own;

	if (own->percent_ppm.set == own->bytes.set) {
		error_usage(err, "memory_pressure: give either percent or bytes");
		error_hint(err, "percent: 80%% of what it uses now, or bytes: 200MiB");
		return -EINVAL;
	}
	if (own->bytes.set && own->bytes.u64 < LEAST)
		return error_usage(err, "memory_pressure: bytes of %s is less than 1MiB", params_text(p, "bytes"));
	if (own->percent_ppm.set && !own->percent_ppm.u64)
		return error_usage(err, "memory_pressure: a percent of %s leaves it nothing",
				   params_text(p, "percent"));
	return 0;
}

static int goal(const struct fault *f, struct throttle_unit *u, const struct throttle_limit *l, char *ret,
		struct fl_error *err)
{
	const struct memory_pressure_params *p = f->params.own;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), bytes = p->bytes.u64;
	int r = u->base ? 0 : cgroup_read(u->dir, "memory.current", NULL, &u->base);

	if (r)
		return error_env(err, -r, "read %s/memory.current: %s", u->dir, strerror(-r));
	if (p->percent_ppm.set)
		bytes = (uint64_t)((double)u->base * ((double)p->percent_ppm.u64 / 1e6));
	if (bytes < LEAST)
		bytes = LEAST;
	bytes -= bytes % page; /* as the kernel has it */
	snprintf(ret, THROTTLE_VALUE, "%llu", (unsigned long long)bytes);
	return bytes < throttle_number(l->before) ? 0 : throttle_no_lower(f, l, ret, err);
}

static void supported(struct fault_support *ret)
{
	throttle_supported("memory", NULL, ret);
	if (!ret->supported && cgroup_mounted("memory"))
		text_copy(
			ret->reason, sizeof(ret->reason),
			"memory.high is of cgroup v2, and here memory is a v1 controller: its soft limit holds nobody "
			"back, and at its hard limit processes are killed");
}

static const struct throttle_kind kind = {
	.v2_file = "memory.high",
	.controller = "memory",
	.count_file = "memory.events.local", /* the other one counts the limits of groups below, too */
	.count_key = "high",
	.goal = goal,
	.met_words = "met",
};

const struct fault_ops fault_memory_pressure = {
	THROTTLE_OPS,
	.name = "memory_pressure",
	.family = &kind,
	.summary = "Let the target have only so much memory, without killing it",
	.hints.unmatched = "It never had more memory than it was left: a smaller --percent or --bytes.",
	.params = params,
	.supported = supported,
	.validate = validate,
};
