// SPDX-License-Identifier: GPL-2.0-only
/*
 * cgroup_leave.c - cgroup_leave() of cgroup.h.
 *
 * The root of a hierarchy belongs to no unit. It cannot be frozen, has no limit and no cgroup.kill, and,
 * unlike a group of our own, nothing has to remove it afterwards. Groups are killed and frozen through
 * the v2 tree, v1's freezer and, where systemd uses it, the v1 hierarchy name=systemd; in the other v1
 * hierarchies, which only account and limit, the process stays where it is.
 */
#include <string.h>

#include "kern/cgroup.h"

static void visit_leave(const char *mount, const char *controllers, void *ctx)
{
	(void)ctx;
	if (!*controllers || !strcmp(controllers, "name=systemd") || !strcmp(controllers, "freezer"))
		cgroup_write(mount, "cgroup.procs", "0", NULL);
}

void cgroup_leave(void)
{
	cgroup_hierarchies(visit_leave, NULL, NULL);
}
