/* SPDX-License-Identifier: GPL-2.0-only */
/* abi_throttle.h - whose block I/O is counted when the kernel holds it back. Shared by both sides. */
#ifndef FL_ABI_THROTTLE_H
#define FL_ABI_THROTTLE_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define FL_THROTTLE_MAX 256 /* keys at a time */

/* Example: {4711, 254, 0, 1}: what the control group 4711 (the inode of its directory), or one below it, writes to the
 * disk 254:0. The value of the map is a __u64, how often such I/O was held back. */
struct fl_throttle_key {
	__u64 cgroup;
	__u32 major, minor; /* of the whole disk */
	__u32 write;        /* 0: what it reads */
	__u32 pad;
};
_Static_assert(sizeof(struct fl_throttle_key) == 24, "fl_throttle_key");

#endif
