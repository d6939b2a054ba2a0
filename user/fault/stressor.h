/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stressor.h - one stress-ng run inside a target: a member of the target's own cgroups, in a pid
 * namespace of its own below the target's.
 *
 * It is forked in arm and waits at a gate (a pipe); activate sends one word and it becomes
 * stress-ng. The nested pid namespace makes its end certain: when its first process dies, the
 * kernel kills all the others; and that one dies with faultline (parent-death signal), with the
 * target (whose namespace is above), and by the journal.
 *
 * The program is the host's own, run from the host's mount namespace: nothing is installed in
 * the target. Only cgroups, pid namespace and working directory are the target's.
 */
#ifndef FL_STRESSOR_H
#define FL_STRESSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/cgroup.h"
#include "kern/process.h"
#include "kern/session.h"
#include "util/error.h"

#define STRESSOR_MAX_ARGS 24

struct stressor_spec {
	const struct target *target;
	const struct cgroup_set *cgroups;
	/* Of stress-ng, without its name, NULL-terminated. An argument that is "?" is replaced by
	 * the word that stressor_go() sends. */
	const char *argv[STRESSOR_MAX_ARGS];
	int cwd_fd; /* its working directory; -1: the session's */
};

struct stressor {
	struct process_id id; /* its first process; pid 0: there is none */
	uint64_t pidns;	      /* inode of its pid namespace */
	unsigned int entry;   /* of the journal */
	int gate;	      /* write end; -1 once it runs */
	int log;	      /* what it printed */
};

struct stressor_usage {
	uint64_t cpu_ns, rss_bytes;
	uint64_t read_bytes, write_bytes; /* by system calls */
	uint64_t device_bytes;		  /* of both, what went to a device */
	uint32_t processes;
};

/* The host's stress-ng; false: not installed. */
bool stressor_program(char *ret, size_t size);

/* Fork it, stopped at its gate. On failure *ret is as after stressor_init(). */
int stressor_spawn(struct session *s, const struct stressor_spec *spec, struct stressor *ret,
		   struct fl_error *err);
void stressor_init(struct stressor *st);

/* Let it run. */
int stressor_go(struct stressor *st, const char *word, struct fl_error *err);

/* True while it is there; when it is not, @why gets the last line it printed. Reaps it. */
bool stressor_alive(struct stressor *st, char *why, size_t size);

/* Kill it with all its processes and wait until they are gone. Any state, more than once. */
int stressor_stop(struct session *s, struct stressor *st, struct fl_error *err);

void stressor_usage(const struct stressor *st, struct stressor_usage *ret);

#endif
