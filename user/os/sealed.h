/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sealed.h - processes that even root may not look into: the init of some guests, whatever a security
 * module shields. What cannot be looked into cannot be changed by a fault either; so an undo that goes
 * through all processes may pass by those that were sealed before the fault began, and by no other.
 */
#ifndef FL_SEALED_H
#define FL_SEALED_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

/* Those of now, for the arguments of an undo: [[pid, start], ...]; mostly empty. NULL: /proc cannot be
 * read, or no memory. */
json_t *sealed_now(void);

/* Was the process that has @pid (a name in /proc) now among them? @sealed may be NULL: nobody was. */
bool sealed_had(const json_t *sealed, const char *pid);

/* Does @code (positive) say that one may not look, not that nobody is there? */
bool sealed_errno(int code);

#endif
