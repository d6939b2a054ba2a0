/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * net_guard.h - what network faults of this process spare: the person's own connection (policy/seat.h),
 * protected networks and ports (policy/protect.h).
 */
#ifndef FL_NET_GUARD_H
#define FL_NET_GUARD_H

#include "fault/fault.h"
#include "session/guard.h"

/* Put together what is protected now. *ret is the caller's to free; NULL when nothing is. */
int net_guard_make(struct guard **ret, struct fl_error *err);

/* The same for a session, before its engine is opened; afterwards, as net_guard_current(). */
int net_guard_session(struct session *s, struct fl_error *err);

/* Are the protected networks and ports still those that the session's engine knows? -EPERM: there are more. */
int net_guard_current(const struct session *s, struct fl_error *err);

/* Lines that name the person's connections that @f would hit were they not spared: an array of
 * strings, new reference. */
json_t *net_guard_named(const struct fault *f);

/* Put what was spared so far into a proof, as a number and in words. */
void net_guard_tell(const struct session *s, struct fault_proof *proof);

#endif
