/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * loop_work.h - work of an event loop that may block, on a thread; and the end of a loop.
 *
 * As uv_queue_work(), but that the loop never waits for a thread: uv_queue_work() signals a condition variable, and in
 * glibc whoever signals waits for an earlier waiter that was woken and has had no CPU since, 26 to 137 ms on a host whose
 * CPUs are long in demand (perf record -e sched:sched_switch -g, 2026-12-01, Linux 6.18). Here each side tells the
 * other through an eventfd. Threads are kept for the next piece of work and never end: what they have started may
 * depend on them (PR_SET_PDEATHSIG).
 */
#ifndef FL_LOOP_WORK_H
#define FL_LOOP_WORK_H

#include <uv.h>

/* The caller's; must stay, and not be started again, until `done` is called. */
struct loop_work {
	void (*run)(struct loop_work *w);  /* on the thread */
	void (*done)(struct loop_work *w); /* on the loop, which lives until then; may start or free @w */
	/* Of loop_work.c. */
	struct worker *worker;
	uv_loop_t *loop;
	uv_poll_t poll;
};

/* From the loop's thread. -errno: nothing was started (no thread, no descriptor). */
int loop_work_start(uv_loop_t *loop, struct loop_work *w);

/* Close what is open in @loop, without its callbacks, but see work to its end; then close the loop. */
void loop_end(uv_loop_t *loop);

#endif
