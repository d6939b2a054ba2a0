/* SPDX-License-Identifier: GPL-2.0-only */
/* cgroup_oom.h - what else ends when the kernel's OOM killer takes one process of a target. */
#ifndef FL_CGROUP_OOM_H
#define FL_CGROUP_OOM_H

#include <stdbool.h>
#include <stddef.h>

#include "target/process/cgroup.h"

/*
 * Would an OOM kill in @s end all of a group, and not one process? @why says by whom and which:
 * memory.oom.group of a cgroup, or OOMPolicy of the systemd unit. What cannot be asked counts as yes.
 * Only the v2 tree knows either.
 */
bool cgroup_oom_takes_all(const struct cgroup_set *s, char *why, size_t size);

/* The unit of the host's systemd that the place @path of a hierarchy belongs to ("docker-1.scope"); false:
 * none. @ret_user: that unit is a user's systemd with a unit of its own below it. */
bool cgroup_unit(const char *path, char *ret, size_t size, bool *ret_user);

#endif
