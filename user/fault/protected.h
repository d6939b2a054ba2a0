/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * protected.h - is a target protected (policy/protect.h)? By its own name, by that of a container or a
 * label, by its cgroup; and whatever it is called, when one of the processes that a fault would touch
 * is in a protected cgroup, container, network namespace or service of the lab. Faults of the network touch all that share its namespace.
 */
#ifndef FL_PROTECTED_H
#define FL_PROTECTED_H

#include "fault/life/changes.h"
#include "fault/fault.h"

/* 0, or -EPERM and an error that names what protects it, file and line; other errors: it cannot be told,
 * which refuses it as well. */
int protected_check(const struct fault_ops *ops, const struct target *t, struct fl_error *err);

/* The same for a target of which only the address is wanted, as a peer: @word is how it was named. */
int protected_peer(const char *word, const struct target *t, struct fl_error *err);

/* The same for all that a fault is on: its targets, its peers, and the protected networks and ports, which an
 * engine knows only from before it was opened. For what was written into the folder meanwhile. */
int protected_again(const struct fault *f, struct fl_error *err);

/*
 * Look whether the folder has changed since the faults at @v were last found not to be protected, and end
 * those that are now: a change "protected", told by @fn. What cannot be told ends a fault when it stays like that
 * for some seconds, since *@unsure_ns: whoever edits a file may be in the middle of it.
 */
void protected_watch(struct fault *const *v, uint32_t n, uint64_t *unsure_ns, changes_fn fn, void *ctx,
		     struct fl_error *err);

#endif
