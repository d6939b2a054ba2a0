/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watch.h - what becomes of targets that somebody supervises (Docker) while faults are on them: a
 * container that is restarted, made again, connected to another network, that ends.
 *
 * One thread for the process, from the first target on, hears of it and resolves the target again;
 * the event loop takes what is ready and never waits. It also looks whether the main processes
 * live, so that an event that was lost is made good.
 */
#ifndef FL_WATCH_H
#define FL_WATCH_H

#include "target/target.h"

/*
 * Watch @t from now on: sets t->watch, or leaves it 0 where nobody supervises this kind of target.
 * @group: whose target it is (a fault); a set's member that has gone is replaced by one that is not
 * in the group yet.
 */
int target_watch_begin(struct target *t, const void *group, struct fl_error *err);
/* No more of any target of @group. */
void target_watch_end(const void *group);

enum target_news {
	TARGET_SAME, /* as it was when it was last taken */
	TARGET_DOWN, /* it does not run; for the first time or still */
	TARGET_NEW,  /* *ret is what it is now: the caller's to release */
};

/* Never blocks. *ret_since_ns (wall clock): when the supervisor says that this began; 0 unknown. */
enum target_news target_watch_take(uint32_t watch, struct target *ret, uint64_t *ret_since_ns);

/* The same without taking it. */
enum target_news target_watch_peek(uint32_t watch, uint64_t *ret_since_ns);

/*
 * One that has joined a set of which @group takes all: to *ret, which is the caller's; it is watched
 * from then on. False: none has. Never blocks.
 */
bool target_watch_joined(const void *group, struct target *ret);

/* How it stands with the supervisor itself. */
struct target_watch_status {
	bool lost;                /* it cannot be reached now */
	uint32_t losses;          /* how often that began */
	uint64_t changed_wall_ns; /* since when it is so */
	char why[200];
};
void target_watch_status(struct target_watch_status *ret);

#endif
