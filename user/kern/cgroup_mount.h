/* SPDX-License-Identifier: GPL-2.0-only */
/* cgroup_mount.h - where the cgroup v2 tree is. */
#ifndef FL_CGROUP_MOUNT_H
#define FL_CGROUP_MOUNT_H

#include <stddef.h>

/* "/sys/fs/cgroup", or ".../unified" beside v1 hierarchies; empty when it is not mounted. */
void cgroup_v2_root(char *buf, size_t size);

#endif
