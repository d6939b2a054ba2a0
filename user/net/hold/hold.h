/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hold.h - delay lines: packets that BPF redirects into a TAP wait here until they are due and are
 * written back. Works on every kernel that has TAP devices, in both directions, needs no qdisc.
 *
 * One line per hook: a TAP in the namespace of the hook, with the packets behind it. One thread
 * for all lines of the process. A TAP is not persistent: with the process it is gone, whatever
 * ended the process.
 */
#ifndef FL_HOLD_H
#define FL_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

#define HOLD_MEMORY_DEFAULT (64ull << 20)

struct hold;
struct hold_line;

/* Counted over all lines since the first of those that are there was made. */
struct hold_stats {
	uint64_t held_now, held_now_bytes; /* waiting; bytes of memory */
	uint64_t taken, returned;          /* packets into and out of the lines */
	uint64_t overflow;                 /* dropped because the memory limit was reached */
	uint64_t malformed;                /* dropped: not what BPF sends into a line */
	uint64_t failed;                   /* dropped: the TAP did not take it back */
	uint64_t late_max_ns;              /* the longest that a packet was returned after it was due */
	bool realtime;                     /* the thread runs at SCHED_FIFO */
};

/* @memory_limit in bytes, for all packets that wait. The thread starts with the first line. */
int hold_start(uint64_t memory_limit, struct hold **ret, struct fl_error *err);
void hold_stop(struct hold *h);

/*
 * Make a line in the network namespace @netns_fd (-1: the caller's) behind a TAP called @ifname.
 * *ret_ifindex is that of the TAP, which is up.
 */
int hold_line_add(struct hold *h, int netns_fd, const char *ifname, struct hold_line **ret, uint32_t *ret_ifindex,
		  struct fl_error *err);

/*
 * Give all that waits in @lines back at once, in the order it was due; then call @end, which keeps
 * new packets out; then give back what came in between. It all happens on the delay lines' own
 * thread, which nothing interrupts, so the packets of those microseconds are few: what @end lets
 * pass beside the line hardly overtakes any. Returns when it is done. The lines go on.
 */
void hold_release(struct hold *h, struct hold_line **lines, uint32_t n, void (*end)(void *arg), void *arg);

/* Give all that still waits back at once, in the order it was due, and remove the TAP. The caller
 * has seen to it that nothing new comes in. */
void hold_line_remove(struct hold *h, struct hold_line *line);

void hold_stats(const struct hold *h, struct hold_stats *ret);

#endif
