/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracee.h - hold a process still for a moment, and know where its threads are in their code.
 */
#ifndef FL_TRACEE_H
#define FL_TRACEE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/process/process.h"
#include "util/error.h"

struct tracee;

/*
 * Stop every thread of @id, call @work, and let all go on as if nothing had been. Returns what
 * @work returned. Errors of its own, @work not called: -ESRCH gone, also when its number is another
 * process's by now (with start 0 any process is meant that has it), -EPERM traced by somebody else, -ETIMEDOUT a thread does not stop (in an uninterruptible sleep, or in a frozen v1 cgroup).
 */
int tracee_hold(struct process_id id, int (*work)(struct tracee *t, void *arg, struct fl_error *err), void *arg,
		struct fl_error *err);

/*
 * For @work: is a thread at an address in [start, end), or will it come back to one? True when a
 * register or one of the words next on its stack (which hold return addresses, and where a signal
 * handler was called from) lies in there. It may be true by accident, of an old word on the stack.
 * @mem: /proc/PID/mem.
 */
bool tracee_touches(const struct tracee *t, int mem, uint64_t start, uint64_t end);

#endif
