/* SPDX-License-Identifier: GPL-2.0-only */
/* follow.h - a target whose main process is replaced while a fault is on. */
#ifndef FL_FOLLOW_H
#define FL_FOLLOW_H

#include "target/target.h"

/*
 * Make *t current: when its main process has gone, resolve its name again. 0: it has a live main
 * process (*t is replaced when it is a new one, and *ret_new, which may be NULL, says so);
 * -ESRCH: there is none at the moment, *t is as it was.
 */
int follow_target(struct target *t, bool *ret_new);

#endif
