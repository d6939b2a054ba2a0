// SPDX-License-Identifier: GPL-2.0-only
/* pid.c - pid:N, a process with its descendants, its namespaces and its cgroup. */
#include <errno.h>

#include "target/provider.h"
#include "util/units.h"

static int resolve(const char *name, struct target *t, struct fl_error *err)
{
	int64_t pid;
	int r;

	if (units_int(name, 1, INT32_MAX, &pid, NULL))
		return error_usage(err, "'%.60s' is no process number", name);
	if (pid == 1) /* before anything of it is read, which may not be allowed */
		return error_usage(err, "refused: init: %s is init", t->spec);
	t->members = TARGET_BY_TREE;
	r = target_use_pid(t, (pid_t)pid, err);
	return r ? r : target_add_pids(t, err);
}

const struct target_provider target_pid = { .name = "pid", .resolve = resolve };
