/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * jail.h - what a stressor is allowed to be: an unprivileged process in an empty root.
 *
 * It runs in the target's cgroups, where it has its effect, and shares nothing else with the
 * target: its pid namespace is below faultline's, where the target cannot see it. Should it be seen
 * (a container that shares the host's pid namespace), there is nothing to gain from it: no
 * capability and no way to one, not dumpable, so that nobody without CAP_SYS_PTRACE on the host
 * looks into it, and a root in which there is the program, the system's libraries and the
 * description of the CPUs, all read-only.
 *
 * jail_build() and jail_close() run in a forked child of a process with threads: system calls only.
 */
#ifndef FL_JAIL_H
#define FL_JAIL_H

#include <sys/types.h>

#include "os/confine.h"
#include "util/error.h"

#define JAIL_PROGRAM "/stress-ng" /* where it is inside */

struct jail {
	struct confine confine;
	int program_fd;
};

/* @program is a path of the host. On failure *ret needs no release. */
int jail_prepare(const char *program, struct jail *ret, struct fl_error *err);
void jail_release(struct jail *j);

/* Give the calling process a mount namespace whose root is the jail, built on the directory @at. */
int jail_build(const struct jail *j, const char *at);

/* Become @uid and @gid for good, without capabilities, and with no more system calls than a stressor
 * needs. execve() of JAIL_PROGRAM is among them. */
int jail_close(const struct jail *j, uid_t uid, gid_t gid);

#endif
