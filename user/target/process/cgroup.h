/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cgroup.h - the control groups of a target, in the v2 tree and in every v1 hierarchy, so that a
 * fault asks "how much memory may it use" and not which generation of cgroups the host booted.
 *
 * A target's own cgroups only. A group that also holds processes which are not the target's is left
 * out, and so is the root of a hierarchy: what is done there would be done to them too.
 */
#ifndef FL_CGROUP_H
#define FL_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "os/cgroup_mount.h"
#include "target/target.h"
#include "util/error.h"

#define CGROUP_MAX_DIRS 16

/* A target's place in one hierarchy. */
struct cgroup_dir {
	char controllers[64]; /* of a v1 hierarchy: "cpu,cpuacct", "name=systemd"; empty: v2 */
	char mount[128];      /* where the hierarchy is mounted; path begins with it */
	char path[384];
	/* Where a process joins it: the group of the target's main process, `path` or one below it. A v2
	 * group with controllers enabled for its children takes no process itself (EBUSY). */
	char join[384];
	uint64_t dev, ino; /* identity of the directory `path` */
	/* To be in it is what makes a process the target's. Otherwise it has held nobody else when it was
	 * looked at, which can change: cgroup_members_only(). */
	bool defines;
};

struct cgroup_set {
	uint32_t n;
	struct cgroup_dir dirs[CGROUP_MAX_DIRS];
};

/* Does the group hold no process but @t's members, now? */
bool cgroup_members_only(const struct cgroup_dir *d, const struct target *t);

/* Which of two groups of one hierarchy a process joins that shall count as the target's: @main, that of
 * the target's main process (NULL: unknown), if it is @place or below it; else @place. */
const char *cgroup_join_place(const char *place, const char *main);

/* The target's own cgroups. An empty set is no error. */
int cgroup_find(const struct target *t, struct cgroup_set *ret, struct fl_error *err);

/* Call @visit on the directory @from of @d's hierarchy and on its ancestors below the root, upwards. */
void cgroup_ancestors(const struct cgroup_dir *d, const char *from, void (*visit)(const char *dir, void *ctx),
		      void *ctx);

/* Is the v1 hierarchy of @controller mounted on this host? Empty: the v2 tree. */
bool cgroup_mounted(const char *controller);

/* The v2 directory; the v1 directory that carries @controller. NULL: none. */
const struct cgroup_dir *cgroup_v2(const struct cgroup_set *s);
const struct cgroup_dir *cgroup_v1(const struct cgroup_set *s, const char *controller);

/* Depth of the directory @path below the root of its v2 tree; -1 when it is in none. */
int cgroup_level(const char *path);

/* Is @path still the directory it was (device and inode)? -ENOENT: it is gone, or another one; any
 * other error: that cannot be told. */
int cgroup_look(const char *path, uint64_t dev, uint64_t ino);

/* Processes of @dir and of the cgroups below it. *ret is the caller's to free. */
int cgroup_pids(const char *dir, pid_t **ret, uint32_t *ret_n);

/* Is it frozen, or about to be, in either freezer? What is started in it would not run. */
bool cgroup_frozen(const struct cgroup_set *s);

/* CPU time used by the set's processes since its cgroup was made, ns. -ENODATA: not accounted. */
int cgroup_cpu_used_ns(const struct cgroup_set *s, uint64_t *ret);

/* How many CPUs a process that joins may keep busy: the least of quota (that of the group it joins and
 * of all above), cpuset and the host's online ones. */
double cgroup_cpu_allowance(const struct cgroup_set *s);

/* Of the group in which a process that joins meets a limit first: the target's own, whose limit is the
 * least of its own and its ancestors', or one below it that leaves less room. */
struct cgroup_memory {
	uint64_t limit; /* CGROUP_UNLIMITED: none */
	uint64_t used;  /* working set: without page cache that can be dropped at once */
};
int cgroup_memory(const struct cgroup_set *s, struct cgroup_memory *ret, struct fl_error *err);

/* How many processes the OOM killer has ended in it; 0 when the kernel does not say. */
uint64_t cgroup_oom_kills(const struct cgroup_set *s);

#endif
