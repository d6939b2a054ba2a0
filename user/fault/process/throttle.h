/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * throttle.h - a limit of the target's own control group, lowered and put back: what the kinds that do so share.
 *
 * The kernel enforces a limit exactly; no stressor competes with the target, and no other group is affected. What was
 * there is written down before, and put back as it was, unless somebody else has changed it meanwhile.
 *
 * Limits: a target without a group of its own is refused, and so is a limit that would be no lower. One fault at a
 * time on one limit. A stranger who joins the group meanwhile has the limit for a tenth of a second at most.
 */
#ifndef FL_THROTTLE_H
#define FL_THROTTLE_H

#include "fault/fault.h"
#include "target/process/cgroup.h"

#define THROTTLE_VALUE      128
#define THROTTLE_KEY        24
#define THROTTLE_MAX_LIMITS 4

/* One value: a file of the group, or the line of it that begins with a key. */
struct throttle_limit {
	const char *file;
	char key[THROTTLE_KEY]; /* "254:0"; empty: the file is one value */
	unsigned int entry;     /* of the journal; 0: not lowered */
	/* As the kernel's file has them, without key and newline. */
	char before[THROTTLE_VALUE], now[THROTTLE_VALUE];
};

/* What is kept for each target. */
struct throttle_unit {
	char dir[384]; /* its group; empty: nothing is lowered */
	uint64_t ino;  /* of it */
	bool v2;
	uint32_t n_limits;
	struct throttle_limit limits[THROTTLE_MAX_LIMITS];
	uint64_t count; /* of the kernel, when it was looked at last */
	uint64_t met;   /* how much it has grown while the limit was lowered */
	double cpus;    /* that it could keep busy before */
	uint64_t base;  /* the kind's own: what its goal is a share of; 0: not looked at yet */
};

/* What the kinds differ in: fault_ops.family. */
struct throttle_kind {
	const char *v2_file, *v1_file;          /* NULL: not in that generation */
	const char *controller, *v1_controller; /* v1_controller NULL: the same */
	const char *count_file, *count_key;     /* how often it was met */
	/* Where a group has no such file, count_file counts in the group of who met it, which may be one below. NULL:
	 * it counts in the limit's own. */
	const char *count_below;
	/* How often it was met, where no file says so; instead of count_file. */
	uint64_t (*count)(const struct fault *f, const struct throttle_unit *u);
	bool late; /* what met it is counted when it is let go, which may be when the limit is back already */
	/* Asked once, when it is armed: may @t have it, whatever its groups are? May be NULL. */
	int (*check)(const struct fault *f, const struct target *t, struct fl_error *err);
	/* Add the limits that the parameters ask for to u->limits, file and key, if they are not there yet (u->dir and
	 * u->v2 are). NULL: one, the file above. */
	int (*choose)(const struct fault *f, struct throttle_unit *u, const struct target *t, struct fl_error *err);
	/* What is to be written, from what is there. -ERANGE: that is no lower. */
	int (*goal)(const struct fault *f, struct throttle_unit *u, const struct throttle_limit *l, char *ret,
		    struct fl_error *err);
	const char *met_words;
};

/* Of a kind's fault_ops; a kind may wrap them. */
int throttle_arm(struct fault *f, struct fl_error *err);
int throttle_activate(struct fault *f, bool on, struct fl_error *err);
int throttle_update(struct fault *f, struct fl_error *err);
int throttle_tick(struct fault *f, struct fl_error *err);
int throttle_proof(struct fault *f, struct fault_proof *ret, struct fl_error *err);
int throttle_disarm(struct fault *f, struct fl_error *err);

#define THROTTLE_OPS                                                                                       \
	.class = FAULT_RESOURCE, .need_process = true, .arm = throttle_arm, .activate = throttle_activate, \
	.update = throttle_update, .tick = throttle_tick, .proof = throttle_proof, .disarm = throttle_disarm

/* Is @controller in the v2 tree? */
bool throttle_in_v2(const char *controller);
/* fault_ops.supported: does the v2 tree have @controller, or a v1 hierarchy @v1 (NULL: that does not do)? */
void throttle_supported(const char *controller, const char *v1, struct fault_support *ret);

/* The limit @l, or its value in @dir when nothing is lowered yet: @ret has THROTTLE_VALUE bytes. */
int throttle_read(const char *dir, const char *file, const char *key, char *ret);

/* "max" of v2 and "-1" of v1 are none: UINT64_MAX. */
uint64_t throttle_number(const char *text);

/* The refusal of a goal that is no lower than what is there. */
int throttle_no_lower(const struct fault *f, const struct throttle_limit *l, const char *goal, struct fl_error *err);

#endif
