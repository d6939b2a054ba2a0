/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stress.h - what cpu_saturation, memory and disk_io share: one stressor in each target, forked
 * at arm, let go at activate, started again when it died, killed at the end, and measured.
 */
#ifndef FL_STRESS_H
#define FL_STRESS_H

#include "fault/stress/scratch.h"
#include "fault/stress/stressor.h"
#include "fault/units.h"
#include "util/text/text.h"

/* One target's share of a stress fault. */
struct stress_unit {
	struct target *target; /* of the fault; followed when its main process changes */
	struct cgroup_set cgroups;
	struct stressor stressor;
	struct stressor_usage usage, past; /* at the last look; of stressors that died */
	uint64_t active_ns;                /* how long it has been on, in earlier activations */
	uint64_t retry_ns;                 /* no new stressor before that */
	struct process_id main;            /* of the target, as last seen alive */
	uint32_t deaths;                   /* of the target's main process, while the fault was on */
	unsigned int start_entry;          /* of the journal: start the target again; 0: it need not be */
	bool started_again;
	uint32_t started, died;
	uint32_t crowded;   /* how often a stranger joined its cgroups, and the stressor was ended */
	uint32_t n_cgroups; /* that were its own at arm */
	char why[128];      /* the last one died */
	char words[4][24];  /* room for arguments made from numbers */
	/* of one kind */
	double cpus;                /* cpu: how many it may keep busy */
	uint64_t cpu_before_ns;     /* cpu: its cgroup's CPU time before */
	uint64_t cgroup_cpu_ns;     /* cpu: and used since */
	uint64_t reached;           /* memory: most bytes of its cgroup */
	uint64_t ooms_before, ooms; /* memory: processes killed in it */
	int path_fd;                /* disk_io: the directory at the path */
	struct scratch scratch;     /* disk_io: its own directory there */
	int work_fd;                /* disk_io: that, cut off from all around it */
};

/* How a kind differs: fault_ops.family. Each but args may be NULL. */
struct stress_kind {
	bool fatal; /* a target that dies meanwhile has died of it (of memory, by the OOM killer) */
	/* Is this target fit? Reads, changes nothing. */
	int (*check)(struct fault *f, struct stress_unit *u, struct fl_error *err);
	/* Arguments of stress-ng behind the common ones, to @argv (room for 16 and a NULL). */
	void (*args)(struct fault *f, struct stress_unit *u, const char **argv);
	/* The user and group that stress-ng runs as. NULL: nobody. */
	int (*user)(struct fault *f, struct stress_unit *u, uid_t *ret_uid, gid_t *ret_gid, struct fl_error *err);
	/* Just before it is let go; @word replaces the argument "?". */
	int (*begin)(struct fault *f, struct stress_unit *u, char *word, size_t size, struct fl_error *err);
	/* A look at what it does, while it runs. */
	void (*look)(struct stress_unit *u);
	/* After it was killed. More than once, in any state. */
	int (*end)(struct fault *f, struct stress_unit *u, struct fl_error *err);
	/* Append to the effect text, add to @bytes; returns whether it really had one. */
	bool (*effect)(const struct stress_unit *u, double seconds, struct text *text, uint64_t *bytes);
};

/* What all of them have in common in their descriptor. */
#define STRESS_OPS                                                                         \
	.class = FAULT_RESOURCE, .family = &kind, .need_process = true, .arm = stress_arm, \
	.activate = stress_activate, .tick = stress_tick, .proof = stress_proof, .disarm = stress_disarm

void stress_supported(struct fault_support *ret);
int stress_arm(struct fault *f, struct fl_error *err);
/* What arm would refuse of these targets, where their check opens nothing: for fault_ops.ready. */
int stress_ready(const struct fault *f, struct fl_error *err);
int stress_activate(struct fault *f, bool on, struct fl_error *err);
int stress_tick(struct fault *f, struct fl_error *err);
int stress_proof(struct fault *f, struct fault_proof *ret, struct fl_error *err);
int stress_disarm(struct fault *f, struct fl_error *err);

/* Write down, once, that the target has to be started again when it does not run at the end; nothing, where
 * nobody supervises it. */
int stress_journal_start(struct fault *f, struct stress_unit *u, struct fl_error *err);

/* Its cgroups must be its own, or the whole host would feel it. */
int stress_need_cgroup(const struct fault *f, const struct stress_unit *u, const char *controller,
		       struct fl_error *err);

#endif
