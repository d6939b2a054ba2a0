/* SPDX-License-Identifier: GPL-2.0-only */
/* syscall.h - the choice of a backend, for the fault itself and for doctor. */
#ifndef FL_SYSCALL_H
#define FL_SYSCALL_H

#include "fault/syscall_backend.h"

/*
 * The first backend that serves @row with @filters (mask of enum syscall_filter); @forced: only
 * this one ("auto" or NULL: any). BACKEND_NONE: none, and *ret_why holds every backend's reason.
 */
enum syscall_backend syscall_choose(const struct syscall_row *row, const char *forced, unsigned int filters,
				    char *ret_why, size_t why_size);

#endif
