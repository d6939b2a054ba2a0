/* SPDX-License-Identifier: GPL-2.0-only */
/* abi_exec.h - whose execs are reported; see exec.bpf.c. Shared by both sides. */
#ifndef FL_ABI_EXEC_H
#define FL_ABI_EXEC_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define FL_EXEC_MAX_TARGETS 16

/* Example: {cgroup_id 4711, level 2} is a v2 cgroup two below the root, with all that is below it;
 * {0, 0, pidns_inode 4026532201} a pid namespace, without those nested in it. */
struct fl_exec_target {
	__u64 cgroup_id; /* v2; 0: by pid namespace */
	__u32 cgroup_level; /* its depth, the root is 0 */
	__u32 pidns_inode;
};
_Static_assert(sizeof(struct fl_exec_target) == 16, "fl_exec_target");

#endif
