/* SPDX-License-Identifier: GPL-2.0-only */
/* syscall_modes.h - variants of other kinds that are failing calls; see syscall_modes.c */
#ifndef FL_SYSCALL_MODES_H
#define FL_SYSCALL_MODES_H

#include "fault/fault.h"

/* Choices of a parameter `mode`, by this enum. */
extern const char *const fault_modes[];
enum fault_mode { FAULT_MODE_REAL, FAULT_MODE_KERNEL };

/* What such a variant reads is also the kind's own. */
struct disk_fill_params {
	enum fault_mode mode;
	const char *path;
	struct param_optional percent_ppm, bytes;
	bool allow_host_root;
};

struct ending_params {
	const char *signal;
	uint32_t which;
};

struct crash_params {
	struct ending_params ending;
	const char *syscall;
	uint64_t nth;
};

extern const struct fault_ops fault_fd_exhaustion_kernel, fault_disk_fill_kernel, fault_crash_call;

#endif
