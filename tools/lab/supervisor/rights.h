/* SPDX-License-Identifier: GPL-2.0-only */
/* rights.h - what the lab's programs may do: nothing that a user of no account may not. */
#ifndef LAB_RIGHTS_H
#define LAB_RIGHTS_H

#include <sys/types.h>

/*
 * Become @uid (and the group of the same number), for good: no supplementary groups, no new privileges,
 * and of the capabilities only CAP_DAC_OVERRIDE, which execve() takes away. It is for execve() that it
 * is kept: the programs may lie in a folder that is closed to others. Negative errno.
 */
int rights_drop(uid_t uid);

/* Give up that one as well, in a process that runs no other program. */
int rights_drop_all(void);

#endif
