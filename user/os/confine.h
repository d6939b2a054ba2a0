/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * confine.h - how a process gives up what it does not need: its root, its user, every capability and most
 * system calls. For stressors (fault/stress/jail.h) and for the process that speaks HTTP (serve/front.h).
 *
 * confine_root() and confine_close() run in a forked child of a process with threads, too: system calls only.
 */
#ifndef FL_CONFINE_H
#define FL_CONFINE_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct confine {
	uint64_t last_cap;
	struct sock_fprog filter; /* system calls; owned */
};

/*
 * Only the @n system calls of @names will exist (ENOSYS for every other one); a name that this architecture has not
 * is passed over. @may_fork: clone() as well, without new namespaces; false: no memory becomes executable either, and
 * mmap() and mprotect() are not to be in @names. Negative errno; then *ret needs no release.
 */
int confine_prepare(const char *const *names, size_t n, bool may_fork, struct confine *ret);
void confine_release(struct confine *c);

/* The working directory, a mount point of a mount namespace of one's own, becomes the root, and nothing else is left. */
int confine_root(void);

/* Become @uid and @gid for good: no groups, no capabilities and no way to any, not dumpable, the filter on. */
int confine_close(const struct confine *c, uid_t uid, gid_t gid);

#endif
