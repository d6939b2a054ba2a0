/* SPDX-License-Identifier: GPL-2.0-only */
/* follow.h - a target whose main process is replaced while a fault is on. */
#ifndef FL_FOLLOW_H
#define FL_FOLLOW_H

#include "target/target.h"

/*
 * Make *t current: when its main process has gone, resolve its name again, or take what the watch
 * has found (then without waiting for anybody). 0: it has a live main process (*t is replaced when
 * it is a new one, and *ret_new, which may be NULL, says so); -ESRCH: there is none at the moment,
 * *t is as it was. t->moves counts the replacements; a watched target is also replaced when only
 * its networks have changed.
 */
int follow_target(struct target *t, bool *ret_new);

#endif
