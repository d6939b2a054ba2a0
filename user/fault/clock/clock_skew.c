// SPDX-License-Identifier: GPL-2.0-only
/*
 * clock_skew.c - `time_skew`: the target's wall clock is wrong by an offset, and by more as time goes
 * on when it drifts. Both can be changed live; what has drifted so far stays.
 */
#include <errno.h>

#include "fault/clock/clock.h"
#include "util/clock.h"

struct time_skew_params {
	struct param_optional offset_ns, drift_ns; /* each second */
};

/* clang-format off */
static const struct param params[] = {
	{ PARAM_FIELD(struct time_skew_params, offset_ns), .name = "offset", .type = PARAM_OFFSET, .live = true,
	  .from = "100ms", .to = "1h", .help = "how far the wall clock is moved: 60s, -5min" },
	{ PARAM_FIELD(struct time_skew_params, drift_ns), .name = "drift", .type = PARAM_OFFSET, .live = true,
	  .help = "what it gains (or loses, negative) each second: 10ms, -500us" },
	{}
};
/* clang-format on */

static const char *const aliases[] = { "clock_skew", NULL };

static int validate(const struct params *p, struct fl_error *err)
{
	const struct time_skew_params *own = p->own;
	int64_t offset = own->offset_ns.i64, drift = own->drift_ns.i64;

	if (!own->offset_ns.set && !own->drift_ns.set) {
		error_usage(err, "time_skew: neither offset nor drift is given");
		error_hint(err, "give one: offset: 60s");
		return -EINVAL;
	}
	if (!offset && !drift && !params_scheduled(p)) /* a schedule may begin there */
		return error_usage(err, "time_skew: offset and drift are 0, that moves nothing");
	if (offset > CLOCK_OFFSET_MAX_NS || offset < -CLOCK_OFFSET_MAX_NS)
		return error_usage(err, "time_skew: offset is more than 100 years");
	if (drift > VDSO_DRIFT_MAX || drift < -VDSO_DRIFT_MAX)
		return error_usage(err, "time_skew: drift is more than a second a second");
	return 0;
}

/* Nanoseconds a second are parts per billion. */
static struct vdso_slot slot_of(const struct time_skew_params *p)
{
	return (struct vdso_slot){ .offset_ns = p->offset_ns.i64,
				   .drift_ppb = p->drift_ns.i64,
				   .base_ns = (int64_t)clock_wall_ns() };
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	struct vdso_slot slot = slot_of(f->params.own);

	if (on)
		*clock_drifted(f) = 0;
	return clock_activate(f, on ? &slot : NULL, err);
}

static int update(struct fault *f, struct fl_error *err)
{
	struct vdso_slot old = clock_slot(f), slot = slot_of(f->params.own);

	/* What the drifts before have come to is kept, or the clock would jump back by it. */
	if (f->active) {
		*clock_drifted(f) += clock_shift_now(&old) - old.offset_ns;
		slot.offset_ns += *clock_drifted(f);
	}
	return clock_change(f, &slot, err);
}

static int tick(struct fault *f, struct fl_error *err)
{
	(void)err;
	clock_follow(f);
	return 0;
}

const struct fault_ops fault_time_skew = {
	.name = "time_skew",
	.aliases = aliases,
	.summary = "Move the wall clock of the target's processes, or let it drift",
	CLOCK_OPS,
	.params = params,
	.validate = validate,
	.activate = activate,
	.update = update,
	.tick = tick,
};
