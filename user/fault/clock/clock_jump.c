// SPDX-License-Identifier: GPL-2.0-only
/*
 * clock_jump.c - `time_jump`: the target's wall clock jumps while it runs, once or again and again.
 * A jump comes with the owner's periodic work, so within 100 ms of its time.
 */
#include <errno.h>

#include "fault/clock/clock.h"
#include "util/clock.h"

struct time_jump_params {
	struct param_optional forward_ns, backward_ns;
	uint64_t after_ns;
	struct param_optional every_ns;
};

/* clang-format off */
#define FIELD(member) PARAM_FIELD(struct time_jump_params, member)

static const struct param params[] = {
	{ FIELD(forward_ns), .name = "forward", .type = PARAM_DURATION, .help = "how far each jump goes ahead: 1h" },
	{ FIELD(backward_ns), .name = "backward", .type = PARAM_DURATION, .help = "how far each jump goes back: 10min" },
	{ FIELD(after_ns), .name = "after", .type = PARAM_DURATION, .def = "0",
	  .help = "when the first jump comes, from the begin of the fault" },
	{ FIELD(every_ns), .name = "every", .type = PARAM_DURATION,
	  .help = "jump again after this long, and again; each adds to the one before" },
	{}
};
/* clang-format on */

static int validate(const struct params *p, struct fl_error *err)
{
	const struct time_jump_params *own = p->own;
	uint64_t by = own->forward_ns.set ? own->forward_ns.u64 : own->backward_ns.u64;

	if (own->forward_ns.set == own->backward_ns.set) {
		error_usage(err, "time_jump: %s",
			    own->forward_ns.set ? "it cannot go forward and backward"
						: "neither forward nor backward is given");
		error_hint(err, "give one of them: forward: 1h");
		return -EINVAL;
	}
	if (!by || by > CLOCK_OFFSET_MAX_NS)
		return error_usage(err, "time_jump: a jump is longer than 0 and at most 100 years");
	if (own->every_ns.set && own->every_ns.u64 < NS_PER_SEC)
		return error_usage(err, "time_jump: every is less than a second");
	return 0;
}

/* How many jumps are due @elapsed ns after the begin. */
static uint64_t jumps_due(const struct time_jump_params *p, uint64_t elapsed)
{
	uint64_t after = p->after_ns, every = p->every_ns.u64;

	if (elapsed < after)
		return 0;
	return 1 + (every ? (elapsed - after) / every : 0);
}

/* Many jumps stop where the clock would leave what 64 bits of ns hold. */
static struct vdso_slot slot_after(const struct time_jump_params *p, uint64_t jumps)
{
	bool forward = p->forward_ns.set;
	__int128 by = (__int128)(forward ? p->forward_ns.u64 : p->backward_ns.u64) * jumps;

	if (by > CLOCK_OFFSET_MAX_NS)
		by = CLOCK_OFFSET_MAX_NS;
	return (struct vdso_slot){ .offset_ns = forward ? (int64_t)by : -(int64_t)by };
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	struct vdso_slot slot = slot_after(f->params.own, jumps_due(f->params.own, 0));

	return clock_activate(f, on ? &slot : NULL, err);
}

static int tick(struct fault *f, struct fl_error *err)
{
	struct vdso_slot slot = slot_after(f->params.own, jumps_due(f->params.own, clock_mono_ns() - f->active_ns));

	clock_follow(f);
	if (slot.offset_ns == clock_slot(f).offset_ns)
		return 0;
	return clock_change(f, &slot, err);
}

const struct fault_ops fault_time_jump = {
	.name = "time_jump",
	.summary = "Let the wall clock of the target's processes jump while they run",
	CLOCK_OPS,
	.params = params,
	.validate = validate,
	.activate = activate,
	.tick = tick,
};
