/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exec_watch.h - a thread that looks at targets again whenever one of their processes has begun a new
 * program, and now and then besides. For faults that live in an address space.
 */
#ifndef FL_EXEC_WATCH_H
#define FL_EXEC_WATCH_H

#include <stdbool.h>

#include "target/process/cgroup.h"
#include "target/target.h"
#include "util/error.h"

struct exec_watch;

/* One target: who belongs to it. */
struct exec_watch_target {
	const struct target *target;
	const struct cgroup_set *cgroups;
};

/*
 * Start; @look is called in the thread (signals blocked), first on the next event. Where the kernel does
 * not report execs (no BPF, no BTF) it is called every 50 ms instead.
 */
int exec_watch_open(const struct exec_watch_target *targets, uint32_t n, void (*look)(void *arg), void *arg,
		    struct exec_watch **ret, struct fl_error *err);

/* Does the kernel report execs? */
bool exec_watch_is_told(const struct exec_watch *w);

/* How many programs have begun in the targets since it was opened. False: the kernel does not count them, or
 * not those of the targets alone. */
bool exec_watch_begun(const struct exec_watch *w, uint64_t *ret);

/* Ends when a running @look has ended. NULL: nothing. */
void exec_watch_close(struct exec_watch *w);

#endif
