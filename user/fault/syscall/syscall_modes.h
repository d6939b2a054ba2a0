/* SPDX-License-Identifier: GPL-2.0-only */
/* syscall_modes.h - variants of other kinds that are failing calls; see syscall_modes.c */
#ifndef FL_SYSCALL_MODES_H
#define FL_SYSCALL_MODES_H

#include "fault/fault.h"

/* Choices of a parameter `mode`, by this enum. */
extern const char *const fault_modes[];
enum fault_mode { FAULT_MODE_REAL, FAULT_MODE_KERNEL };

extern const struct fault_ops fault_fd_exhaustion_kernel, fault_disk_fill_kernel, fault_crash_call;

#endif
