/* SPDX-License-Identifier: GPL-2.0-only */
/* cgroup_mount.h - the hierarchies of control groups that are mounted on this host. */
#ifndef FL_CGROUP_MOUNT_H
#define FL_CGROUP_MOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

#define CGROUP_UNLIMITED UINT64_MAX

/* "/sys/fs/cgroup", or ".../unified" beside v1 hierarchies; empty when it is not mounted. */
void cgroup_v2_root(char *buf, size_t size);

/* Call @visit for each mounted hierarchy; @controllers is empty for the v2 tree. */
int cgroup_hierarchies(void (*visit)(const char *mount, const char *controllers, void *ctx), void *ctx,
		       struct fl_error *err);

/* Move this process out of whatever unit, session or container started it, to the root of each hierarchy
 * through which a group is killed or frozen as a whole. Best effort: it stays where that is not allowed. */
void cgroup_leave(void);

/* One number in a file of @dir ("max" is CGROUP_UNLIMITED); with @key, the one behind that word.
 * Negative errno when there is no such file or word. */
int cgroup_read(const char *dir, const char *file, const char *key, uint64_t *ret);
/* Write @text into a file of @dir. */
int cgroup_write(const char *dir, const char *file, const char *text, struct fl_error *err);

#endif
