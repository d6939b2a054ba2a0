// SPDX-License-Identifier: GPL-2.0-only
/*
 * clock_jump.c - `time_jump`: the target's wall clock jumps while it runs, once or again and again.
 * A jump comes with the owner's periodic work, so within 100 ms of its time.
 */
#include <errno.h>

#include "fault/clock/clock.h"
#include "util/clock.h"

static const struct param params[] = {
	{ .name = "forward", .type = PARAM_DURATION, .help = "how far each jump goes ahead: 1h" },
	{ .name = "backward", .type = PARAM_DURATION, .help = "how far each jump goes back: 10min" },
	{ .name = "after",
	  .type = PARAM_DURATION,
	  .def = "0",
	  .help = "when the first jump comes, from the begin of the fault" },
	{ .name = "every",
	  .type = PARAM_DURATION,
	  .help = "jump again after this long, and again; each adds to the one before" },
	{}
};

static int validate(const struct params *p, struct fl_error *err)
{
	bool forward = params_has(p, "forward"), backward = params_has(p, "backward");
	uint64_t by = params_u64(p, forward ? "forward" : "backward");

	if (forward == backward) {
		error_usage(err, "time_jump: %s",
			    forward ? "it cannot go forward and backward" : "neither forward nor backward is given");
		error_hint(err, "give one of them: forward: 1h");
		return -EINVAL;
	}
	if (!by || by > CLOCK_OFFSET_MAX_NS)
		return error_usage(err, "time_jump: a jump is longer than 0 and at most 100 years");
	if (params_has(p, "every") && params_u64(p, "every") < NS_PER_SEC)
		return error_usage(err, "time_jump: every is less than a second");
	return 0;
}

/* How many jumps are due @elapsed ns after the begin. */
static uint64_t jumps_due(const struct params *p, uint64_t elapsed)
{
	uint64_t after = params_u64(p, "after"), every = params_u64(p, "every");

	if (elapsed < after)
		return 0;
	return 1 + (every ? (elapsed - after) / every : 0);
}

/* Many jumps stop where the clock would leave what 64 bits of ns hold. */
static struct vdso_slot slot_after(const struct params *p, uint64_t jumps)
{
	bool forward = params_has(p, "forward");
	__int128 by = (__int128)params_u64(p, forward ? "forward" : "backward") * jumps;

	if (by > CLOCK_OFFSET_MAX_NS)
		by = CLOCK_OFFSET_MAX_NS;
	return (struct vdso_slot){ .offset_ns = forward ? (int64_t)by : -(int64_t)by };
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	struct vdso_slot slot = slot_after(&f->params, jumps_due(&f->params, 0));

	return clock_activate(f, on ? &slot : NULL, err);
}

static int tick(struct fault *f, struct fl_error *err)
{
	struct vdso_slot slot = slot_after(&f->params, jumps_due(&f->params, clock_mono_ns() - f->active_ns));

	clock_follow(f);
	if (slot.offset_ns == clock_slot(f).offset_ns)
		return 0;
	return clock_change(f, &slot, err);
}

const struct fault_ops fault_time_jump = {
	.name = "time_jump",
	.summary = "Let the wall clock of the target's processes jump while they run",
	.class = FAULT_STATE,
	.params = params,
	.need_process = true,
	.supported = clock_supported,
	.validate = validate,
	.arm = clock_arm,
	.activate = activate,
	.tick = tick,
	.proof = clock_proof,
	.disarm = clock_disarm,
};
