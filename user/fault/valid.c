// SPDX-License-Identifier: GPL-2.0-only
/* valid.c - parameters by the word of their kind. Apart from fault.c for the same reason as find.c. */
#include <errno.h>

#include "bpf/abi/abi.h"
#include "fault/fault.h"

static int by_kind(const struct params *p, void *ctx, struct fl_error *err)
{
	const struct fault_ops *ops = ctx;

	struct fl_rule rule = {};
	int r = ops->validate ? ops->validate(p, err) : 0;

	/* What a rule cannot hold is refused now, not when the fault is armed. */
	return !r && ops->compile ? ops->compile(p, &rule, err) : r;
}

int fault_validate_params(const struct fault_ops *ops, const struct params *p, struct fl_error *err)
{
	const struct fault_ops *does = ops->variant ? ops->variant(p) ?: ops : ops;

	if (params_scheduled(p) && !does->update) {
		error_usage(err,
			    "%s: nothing of it can be changed while it is on like this, so nothing follows a schedule",
			    ops->name);
		return -EINVAL;
	}
	return params_check_range(p, by_kind, (void *)(uintptr_t)ops, err);
}
