/* SPDX-License-Identifier: GPL-2.0-only */
/* lease.h - the time until which a session's rules may act, in a map that its programs read. */
#ifndef FL_LEASE_H
#define FL_LEASE_H

#include "util/error.h"

/* Extend the lease in @map_fd to FL_LEASE_NS from now. 0 or a negative errno. */
int lease_refresh(int map_fd);

struct session;

/* All of the session's: the engine's, and those that were added. From any thread. */
void lease_refresh_all(struct session *s);

#endif
