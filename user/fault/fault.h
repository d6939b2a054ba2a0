/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fault.h - what a kind of fault is. One const descriptor per kind, listed in table.c; a kind that
 * this kernel cannot do stays in the table, and its reason is what `doctor` prints.
 *
 * Life of a fault:  init -> (params set) -> arm -> activate(true) -> proof ... -> activate(false)
 * -> disarm -> free. `arm` does all that takes time (load, attach, start helpers stopped) and
 * leaves the target as it was; `activate` is quick and stamped, so that load cost never pollutes a
 * measurement. `disarm` undoes everything arm and activate did, in any state, more than once.
 * What the kernel does not undo by itself goes through session->journal before it is done.
 */
#ifndef FL_FAULT_H
#define FL_FAULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/param.h"
#include "target/expand.h"
#include "target/target.h"
#include "util/error.h"
#include "util/text/text.h"

struct session;
struct fault;
struct fl_rule; /* bpf/abi/abi.h */

enum fault_class {
	FAULT_NETWORK,
	FAULT_RESOURCE,
	FAULT_APPLICATION,
	FAULT_STATE,
	FAULT_KERNEL,
};

/* Can it be done here? */
struct fault_support {
	bool supported;
	char backend[32]; /* the one that would be chosen: "hold", "edt", "cgroup", "stress-ng" */
	char reason[256]; /* why not, or what is limited; may be empty when supported */
};

/* What a fault did, added over its rules and targets. Times are 0 while there was no hit. */
struct fault_proof {
	uint64_t matched, injected, skipped, bytes;
	uint64_t spared; /* wanted by a rule of its session, and protected (net_guard.h) */
	uint32_t died;   /* targets that ran before, and do not run any more; unless that is what it is for */
	uint64_t first_hit_ns, last_hit_ns;           /* CLOCK_MONOTONIC */
	uint64_t first_hit_wall_ns, last_hit_wall_ns; /* the same on the wall clock */
	char effect[256]; /* for kinds that hit no packets: what was done ("412 MiB filled") */
};

/* When nothing was hit: what to look at, for people, a sentence or two each. NULL: what goes for all. */
struct fault_hints {
	const char *unmatched; /* nothing met the match */
	const char *spared;    /* what met it was not to be hit */
	const char *skipped;   /* what was to be hit could not be */
};

struct fault_ops {
	const char *name;           /* fault_type in YAML, KIND on the command line */
	const char *const *aliases; /* other accepted names, NULL-terminated; or NULL */
	const char *summary;        /* one line for --help and doctor */
	const char *undone_by;      /* where it is neither the kernel nor the journal's undoing; NULL */
	enum fault_class class;
	const struct param *params;   /* its own; ends with a NULL name */
	const struct param *common;   /* shared by a family (match parameters), or NULL */
	const void *family;           /* what those that it shares code with want to know of it; NULL: nothing */
	bool need_veth, need_process; /* what its targets must have */
	bool ends_targets;            /* that they die is what it is for */
	struct fault_hints hints;
	/* What is particular to these targets, behind hints.unmatched. May be NULL. */
	void (*look)(const struct fault *f, struct text *to);

	/* Probe, cheaply and without leaving anything behind. */
	void (*supported)(struct fault_support *ret);
	/* Check what no single parameter can tell ("jitter needs delay"). Needs neither root nor a target. May be NULL. */
	int (*validate)(const struct params *p, struct fl_error *err);
	/* Another descriptor for these parameters (a mode that works quite differently), same name,
	 * same parameters; NULL: this one. fault_arm() asks. May be NULL. */
	const struct fault_ops *(*variant)(const struct params *p);
	/* What arm would refuse of these targets, found out without touching them. May be NULL. */
	int (*ready)(const struct fault *f, struct fl_error *err);
	int (*arm)(struct fault *f, struct fl_error *err);
	int (*activate)(struct fault *f, bool on, struct fl_error *err);
	/* Parameters marked live have changed (f->params holds the new ones). May be NULL. */
	int (*update)(struct fault *f, struct fl_error *err);
	/* Periodic work while active (kill every N s, a stressor that died): the owner calls it every
	 * 100 ms, off its loop; other faults of the session wait meanwhile. May be NULL. */
	int (*tick)(struct fault *f, struct fl_error *err);
	/*
	 * The i-th target has been replaced while armed (it has another process or other interfaces), or was added at the
	 * end: move to it. f->targets may have been reallocated, so a kind that has this keeps no pointer into it. NULL:
	 * the kind follows its targets itself (follow.h), or stays where it was armed.
	 */
	int (*moved)(struct fault *f, uint32_t i, struct fl_error *err);
	int (*proof)(struct fault *f, struct fault_proof *ret, struct fl_error *err);
	int (*disarm)(struct fault *f, struct fl_error *err);

	/*
	 * Kinds that act by rules in the session's pinned maps have these two, so that another
	 * process (`list`, `set`, `stop`) can read and change them without the owner; else NULL.
	 */
	/* The rules of an armed fault: at most @max indexes to @ret; returns how many. */
	uint32_t (*rules)(const struct fault *f, uint32_t *ret, uint32_t max);
	/* Write what the parameters mean into *rule, and leave the rest of it (seed, expiry,
	 * enabled) as it is. Touches nothing else. */
	int (*compile)(const struct params *p, struct fl_rule *rule, struct fl_error *err);
};

struct fl_proof;

/* What the kernel has counted, as a proof without words. */
void fault_proof_from(struct fault_proof *ret, const struct fl_proof *sum);

/* One fault on one or more targets. */
struct fault {
	const struct fault_ops *ops;
	struct session *session; /* not owned */
	char id[32];             /* SESSION.N, set by fault_init() */
	unsigned int number;     /* N, from 1, within the session */
	struct params params;
	struct target *targets; /* resolved; owned */
	uint32_t n_targets;
	bool allow_host_interface;
	uint64_t protect_stamp; /* of what was protected when the targets were found not to be */
	bool armed, active;
	bool held_back;   /* active, but off while a stranger is in a target's network namespace */
	uint64_t look_ns; /* when to look for one again */
	uint64_t armed_ns, active_ns, inactive_ns; /* CLOCK_MONOTONIC stamps; 0 not yet */
	uint32_t n_died;          /* targets that ran when it was switched on, and not when it was off */
	uint64_t expires_ns;      /* the kernel's own end of it, set before activate; 0: lease only */
	char backend[32];         /* chosen by arm */
	struct fault_proof fresh; /* as of the last faults.json */
	struct fault_proof shown; /* the same, for the owner's loop to read at any time */
	json_t *changes;          /* of its targets, see changes.h; NULL: none */
	uint32_t n_changes;       /* of them all, also of those that are too many to keep */
	json_t *courses;          /* of what follows a schedule, see course.h; NULL: nothing does */
	bool supervisor_lost;
	void *priv;  /* the kind's own */
	void *units; /* units.h: what it keeps for each target; NULL: nothing */
	uint32_t n_units, unit_size;
};

/* All kinds of this build, ended by NULL (table.c). */
extern const struct fault_ops *const fault_table[];

/*
 * Find a kind by name or alias in a table; '-' and '_' are the same. NULL and an error with the
 * nearest known name when there is none. Pure (find.c): works on any table.
 */
const struct fault_ops *fault_find(const struct fault_ops *const *table, const char *name, struct fl_error *err);

/* Find @kind and fill the defaults. Error: unknown kind, with the nearest. @session may be NULL
 * until the fault is armed: parameters and targets are checked before anything is made. */
int fault_init(struct fault *f, struct session *session, const char *kind, struct fl_error *err);

/* Give a fault that has none its session and its id. */
void fault_attach_session(struct fault *f, struct session *session);

/* What the kind itself has to say to parameters that are complete, wherever their schedules take them. Pure (valid.c). */
int fault_validate_params(const struct fault_ops *ops, const struct params *p, struct fl_error *err);

/* Check parameters as far as is possible without a target. */
int fault_validate(const struct fault *f, struct fl_error *err);

/* Resolve and append one target. */
int fault_add_target(struct fault *f, const char *spec, struct fl_error *err);

/* The same for all that @spec means, as far as @pick takes them (target/expand.h; NULL: all). */
int fault_add_targets(struct fault *f, const char *spec, const struct target_pick *pick, struct fl_error *err);

/* Would its targets let it be armed, as far as that can be seen without touching them? */
int fault_ready(const struct fault *f, struct fl_error *err);

/* These wrap the ops: state checks, stamps, targets still alive. */
int fault_arm(struct fault *f, struct fl_error *err);
int fault_activate(struct fault *f, bool on, struct fl_error *err);
/* Take over @wanted (copied), whose live parameters differ; keeps the old ones on failure. */
int fault_update(struct fault *f, const struct params *wanted, struct fl_error *err);
/* Periodic work, and following targets that were replaced. */
int fault_tick(struct fault *f, struct fl_error *err);
int fault_proof(struct fault *f, struct fault_proof *ret, struct fl_error *err);
int fault_disarm(struct fault *f, struct fl_error *err);
void fault_free(struct fault *f);

#endif
