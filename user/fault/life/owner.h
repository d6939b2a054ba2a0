/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * owner.h - what the owner of a session does for its faults as long as they live: the heartbeat,
 * their periodic work, faults.json, and orders from other processes over the Unix socket
 * SESSION_DIR/control (one JSON object a line, one answer a line):
 *
 *     {"op": "set", "id": "k3x9aa.1", "by": {...}, "params": {"delay": "300ms"}}   {"ok": true}
 *     {"op": "stop", "id": "k3x9aa.1", "by": {...}}           {"error": "...", "hint": ""}
 *
 * `by` is who asks (util/caller.h); it goes into the fault's changes.
 *
 * Only root can reach the socket: the run directory is 0700.
 *
 * The loop only beats and listens. Everything that is done to a fault is a job of the owner's queue
 * (offload.h): the periodic work, an order, and what the callers bring with owner_do().
 */
#ifndef FL_OWNER_H
#define FL_OWNER_H

#include <uv.h>

#include "fault/life/changes.h"
#include "fault/fault.h"
#include "fault/life/offload.h"
#include "policy/end.h"

struct owner;

/* Start on @loop for @s. */
int owner_start(uv_loop_t *loop, struct session *s, struct owner **ret, struct fl_error *err);

/* Look after @f from now on (armed or not); it must stay until a job is done that was queued after
 * owner_remove(). */
int owner_add(struct owner *o, struct fault *f, struct fl_error *err);
void owner_remove(struct owner *o, struct fault *f);

/* Call @fn for what becomes of the faults' targets from now on. */
void owner_on_change(struct owner *o, changes_fn fn, void *ctx);

/* Call @fn once when the faults must end: the host was halted, or a forbidden window has begun
 * (policy/gate.h). */
void owner_on_gate(struct owner *o, void (*fn)(void *ctx, const struct ended *why), void *ctx);

/* Have a job of the caller's done: whatever touches a fault while the loop turns. */
void owner_do(struct owner *o, struct offload_job *job);
bool owner_idle(const struct owner *o);
/* No periodic work any more. */
void owner_rest(struct owner *o);
/* The same, and turn the loop until the last job is done. */
void owner_settle(struct owner *o);

/* Have faults.json written soon; from the loop. */
void owner_changed(struct owner *o);

/* Write faults.json now, after (de)activating: in a job, or while the loop does not turn. */
int owner_publish(struct owner *o, struct fl_error *err);

/* The first error of periodic work so far; NULL. */
const struct fl_error *owner_trouble(const struct owner *o);

/* Close the handles; @o is freed by the loop's next turns. */
void owner_stop(struct owner *o);

/* From another process: send an order to session @name's owner, wait for its answer. */
int owner_order(const char *name, const json_t *order, struct fl_error *err);

#endif
