/* SPDX-License-Identifier: GPL-2.0-only */
/* abi_task.h - which processes a program of the tracing family means. Shared by both sides. */
#ifndef FL_ABI_TASK_H
#define FL_ABI_TASK_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define FL_TASK_MAX_TARGETS 16

/* Example: {cgroup_id 4711, level 2} is a v2 cgroup two below the root, with all that is below it;
 * {0, 0, pidns_inode 4026532201} a pid namespace, without those nested in it; {0, 0, 0, netns_inode
 * 4026532300} a network namespace. The first that is not 0 counts. */
struct fl_task_target {
	__u64 cgroup_id;    /* v2 */
	__u32 cgroup_level; /* its depth, the root is 0 */
	__u32 pidns_inode;
	__u32 netns_inode;
	__u32 pad;
};
_Static_assert(sizeof(struct fl_task_target) == 24, "fl_task_target");

#endif
