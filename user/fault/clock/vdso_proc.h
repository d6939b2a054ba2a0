/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vdso_proc.h - put a vDSO patch into a process, change its slot, take it out again.
 */
#ifndef FL_VDSO_PROC_H
#define FL_VDSO_PROC_H

#include <jansson.h>
#include <sys/types.h>

#include "fault/clock/vdso_patch.h"
#include "target/process/process.h"
#include "util/error.h"

/* The plan for this host, from faultline's own vDSO: every 64-bit process has the same. */
int vdso_plan(const char *id, struct vdso_patch *ret, struct fl_error *err);

/*
 * Each finds the vDSO of @id, judges it by its bytes, and does its work while the process is held.
 * 1: done; 0: there was nothing to do (apply: is in already; set and revert: is not in; a process
 * that is gone, whose number is another's by now, or that has no vDSO). -EEXIST: its vDSO is not the kernel's and not ours, and was left
 * alone. Others: those of tracee_hold(). Needs CAP_SYS_PTRACE.
 */
int vdso_apply(struct process_id id, const struct vdso_patch *p, const struct vdso_slot *slot, struct fl_error *err);
int vdso_set(struct process_id id, const struct vdso_patch *p, const struct vdso_slot *slot, struct fl_error *err);

/*
 * Undo, in two steps, each a call, as long as it returns 1. The first puts the functions back: from
 * then on the process has the true time. The second erases the stub; while a thread may still be in
 * it, it does nothing and returns -EAGAIN, unless @erase. With start 0 whoever has the pid is meant: what
 * is ours is told by its bytes.
 */
int vdso_revert(struct process_id id, const struct vdso_patch *p, bool erase, struct fl_error *err);

/* Only look. A process without a vDSO counts as VDSO_FOREIGN; -ESRCH: gone. */
int vdso_look(struct process_id id, const struct vdso_patch *p, enum vdso_state *ret, struct fl_error *err);

/*
 * Undo it in every process of the host that carries it; forked ones have it without ever having been
 * noted. *ret_count: how many got the true time back. Takes 20 ms, and up to VDSO_REVERT_NS where a thread
 * seems to linger in the stub or a process cannot be held (traced, in uninterruptible sleep). 0 means
 * that each process was looked into, or is one of @sealed (os/sealed.h); anything else is an error, which
 * names one that is not, or may not be, as it was.
 */
#define VDSO_REVERT_NS 500000000ull
int vdso_revert_all(const struct vdso_patch *p, const json_t *sealed, unsigned int *ret_count, struct fl_error *err);

#endif
