// SPDX-License-Identifier: GPL-2.0-only
/* follow.c - see follow.h */
#include <errno.h>

#include "fault/follow.h"
#include "kern/process.h"

int follow_target(struct target *t, bool *ret_new)
{
	/* It passed these checks when it was first named. */
	const struct target_options options = { .allow_host_interface = true };
	struct process_id old = { t->pid, t->pid_start };
	struct target now;

	if (ret_new)
		*ret_new = false;
	if (old.pid && !process_dead(old))
		return 0;
	if (target_resolve(t->spec, &options, &now, NULL))
		return -ESRCH;
	if (!now.pid || (now.pid == old.pid && now.pid_start == old.start)) {
		target_free(&now);
		return -ESRCH;
	}
	target_free(t);
	*t = now;
	if (ret_new)
		*ret_new = true;
	return 0;
}
