/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stressor.h - one stress-ng run that counts as the target's: a member of the target's own cgroups, and
 * nothing else of the target's. It sees and is seen by none of its processes.
 *
 * Its first process is a guard of ours, forked in arm, that waits at a gate; activate sends one word
 * and it starts stress-ng below itself. The guard is the first process of a pid namespace: when it
 * ends, the kernel ends all the others. It ends with stress-ng, with the target's main process, with
 * faultline, and by the journal. Guard and stress-ng are jailed (jail.h).
 *
 * The program is the host's own: nothing is installed in the target.
 */
#ifndef FL_STRESSOR_H
#define FL_STRESSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "target/process/cgroup.h"
#include "target/process/process.h"
#include "session/session.h"
#include "util/error.h"

#define STRESSOR_MAX_ARGS 24
#define STRESSOR_NOBODY   65534 /* user and group */

struct stressor_spec {
	const struct target *target;
	const struct cgroup_set *cgroups;
	/* Of stress-ng, without its name, NULL-terminated. An argument that is "?" is replaced by
	 * the word that stressor_go() sends. */
	const char *argv[STRESSOR_MAX_ARGS];
	/* Whom it runs as; nobody who matters, unless it is to write files of the target. */
	uid_t uid;
	gid_t gid;
};

struct stressor {
	struct process_id id; /* its first process; pid 0: there is none */
	uint64_t pidns;       /* inode of its pid namespace */
	unsigned int entry;   /* of the journal */
	int gate;             /* write end; -1 once it runs */
	int log;              /* what it printed */
	int target;           /* pidfd of the target's main process; -1: it has none */
};

struct stressor_usage {
	uint64_t cpu_ns, rss_bytes;
	uint64_t read_bytes, write_bytes; /* by system calls */
	uint64_t device_bytes;            /* of both, what went to a device */
	uint32_t processes;
};

/* The host's stress-ng; false: not installed. */
bool stressor_program(char *ret, size_t size);

/* Fork it, stopped at its gate. On failure *ret is as after stressor_init(). */
int stressor_spawn(struct session *s, const struct stressor_spec *spec, struct stressor *ret, struct fl_error *err);
void stressor_init(struct stressor *st);

/* Let it run, in the working directory @cwd_fd (-1: an empty one). */
int stressor_go(struct stressor *st, const char *word, int cwd_fd, struct fl_error *err);

/* True while it is there; when it is not, @why gets the last line it printed. Reaps it. */
bool stressor_alive(struct stressor *st, char *why, size_t size);

/* Kill it with all its processes and wait until they are gone. Any state, more than once. */
int stressor_stop(struct session *s, struct stressor *st, struct fl_error *err);

void stressor_usage(const struct stressor *st, struct stressor_usage *ret);

#endif
