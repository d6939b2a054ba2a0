/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * member.h - which processes are the target's. The provider decides what makes a process one of
 * them (enum target_by); whoever is about to touch a process asks here, and asks again next time,
 * because processes fork, exec, and move between cgroups and namespaces.
 */
#ifndef FL_TARGET_MEMBER_H
#define FL_TARGET_MEMBER_H

#include "target/target.h"

/*
 * Is process @pid, started at @start, one of @t's now? No when it is gone, when the number belongs to
 * another process by now, and when what has to be read to tell cannot be read. No for process 1.
 */
bool target_is_member(const struct target *t, pid_t pid, uint64_t start);

/* The same of a pid as it is now, and for process 1 too: to refuse a target that holds it. */
bool target_holds(const struct target *t, pid_t pid);

/*
 * Call @visit for every member, in no particular order, until it returns non-zero, which is then
 * returned. -errno: the processes could not be listed.
 */
int target_each_member(const struct target *t, int (*visit)(pid_t pid, uint64_t start, void *ctx), void *ctx);

/* A process that is no member and shares @t's network namespace; 0 none. */
pid_t target_stranger(const struct target *t);

/*
 * The same, once it has been one for half a second: `docker exec` and a health check are in the network
 * namespace for some milliseconds before they are in the container's cgroup. To be asked again and again.
 */
pid_t target_lasting_stranger(struct target *t);

/* An error, with the form of target that works, when @t is not alone in its network namespace: what is done
 * to its interfaces is done to all who use them. */
int target_refuse_strangers(struct target *t, const char *what, struct fl_error *err);

/* A process that is no member and lives in the pid namespace whose first process is @init, with which it would
 * die; 0 none, also when @init is no such process. */
pid_t target_dies_with(const struct target *t, pid_t init);

/* What members have in common, for messages: "the processes in network namespace x". */
void target_members_text(const struct target *t, char *ret, size_t size);

#endif
