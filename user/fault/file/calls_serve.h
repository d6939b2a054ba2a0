/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * calls_serve.h - the process that answers a target's file calls. While it is asked (fanotify permission events)
 * a call waits for the answer, so it is a process of its own that does nothing else: it is not held up by
 * what its owner does, and lets everybody go when its owner is gone, or shows no sign of life for a second.
 *
 *   owner                      server
 *   marks the mounts           reads events, asks who it is, answers at once or when the delay is over
 *   renews the lease           lets all go at once when the lease has run out
 *   dies, however              is killed with it; the kernel closes the group, and with that frees everybody
 *   sees that it has died      closes the group: the same
 *
 * Limits: a call that the server holds takes one of its descriptors: the 60,000th is let go at once, and counted.
 */
#ifndef FL_CALLS_SERVE_H
#define FL_CALLS_SERVE_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "fault/fault.h"
#include "fault/file/calls_place.h"

/* What owner and server have in common: one shared page. */
struct calls_page {
	/* of the owner */
	_Atomic bool on;
	_Atomic uint64_t expires_ns; /* CLOCK_MONOTONIC; 0: with the lease */
	_Atomic uint64_t delay_ns, jitter_ns, seed, max_hits;
	_Atomic uint32_t probability_ppm, nth;
	_Atomic uint32_t error; /* a call that is hit fails with it, not late; 0: late */
	_Atomic bool no_errno;  /* the kernel takes no errno: EPERM it is */
	/* of the server */
	_Atomic uint64_t matched, injected, skipped, held;
	_Atomic uint64_t first_hit_ns, last_hit_ns;
	_Atomic uint64_t waited, waited_ns, late_max_ns;   /* calls that have gone on again; over what was asked for */
	_Atomic uint64_t others, others_ns, others_max_ns; /* who is no member, or means no such file: let go at once */
	_Atomic uint64_t beat_ns;
};

struct calls_server {
	pid_t pid; /* 0: none runs */
	int fan;   /* the group; -1 */
	int wake;  /* eventfd; -1 */
	int lease; /* a map, as all leases are; -1 */
	const struct fl_lease *lease_page;
	struct calls_page *page; /* stays until calls_server_free() */
};

#define CALLS_SERVER_NONE ((struct calls_server){ .fan = -1, .wake = -1, .lease = -1 })

/* Start one for @f's targets as they are now; @places has as many. Nothing is asked of anybody yet. */
int calls_server_start(struct calls_server *s, const struct fault *f, const struct calls_place *places,
		       struct fl_error *err);
/* The page has changed: let it look. */
void calls_server_wake(const struct calls_server *s);
/* No marks any more, and all who waited go on; waits for that, half a second at most. */
void calls_server_release(const struct calls_server *s);
/* Does it run, and has it shown that within two seconds? */
bool calls_server_alive(struct calls_server *s);
/* End it; whoever waited goes on. The page stays. */
void calls_server_stop(struct calls_server *s);
void calls_server_free(struct calls_server *s, const struct fault *f);

#endif
