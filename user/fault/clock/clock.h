/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clock.h - what time_skew and time_jump share: the wall clock of all processes of the targets is
 * moved by what a slot says, processes that start later included.
 */
#ifndef FL_FAULT_CLOCK_H
#define FL_FAULT_CLOCK_H

#include "fault/fault.h"
#include "fault/clock/vdso_patch.h"

/* Offsets stay where 64-bit nanoseconds do not overflow for a long time to come. */
#define CLOCK_OFFSET_MAX_NS (100ll * 365 * 86400 * 1000000000)

void clock_supported(struct fault_support *ret);
int clock_arm(struct fault *f, struct fl_error *err);
/* Begin with @slot in all processes; or undo (@slot is NULL). */
int clock_activate(struct fault *f, const struct vdso_slot *slot, struct fl_error *err);
/* Change it in all processes, while active. */
int clock_change(struct fault *f, const struct vdso_slot *slot, struct fl_error *err);
/* What they have now. */
struct vdso_slot clock_slot(const struct fault *f);
/* What earlier drifts of an armed fault have come to in all: its kind's to keep. */
int64_t *clock_drifted(struct fault *f);
/* A target that was started again is followed. Call it from tick. */
void clock_follow(struct fault *f);
int clock_proof(struct fault *f, struct fault_proof *ret, struct fl_error *err);
int clock_disarm(struct fault *f, struct fl_error *err);

/* What both have in common in their descriptor. */
#define CLOCK_OPS                                                                                   \
	.class = FAULT_STATE, .need_process = true, .supported = clock_supported, .arm = clock_arm, \
	.proof = clock_proof, .disarm = clock_disarm

/* How far @slot moves the clock now, ns. */
int64_t clock_shift_now(const struct vdso_slot *slot);

#endif
