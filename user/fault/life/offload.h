/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * offload.h - work of an event loop that may block, one piece after the other on a thread (loop_work.h).
 *
 * What a fault does may take as long as its target does (thaw a group, fill a disk, ask an agent), and the
 * loop that carries the heartbeat has to turn meanwhile. So every call into a fault that happens while the
 * loop runs is a job here. Jobs of one queue keep their order and never overlap: a fault, its session, the
 * engine and the journal need no locks. A job's `done` runs on the loop before the next job begins; so what
 * a job wrote may be read there, and the last job of a fault may free it there.
 */
#ifndef FL_OFFLOAD_H
#define FL_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "util/loop/loop_work.h"

typedef void (*offload_fn)(void *arg);

/* The caller's; must stay, and not be queued again, until `done` has been called. */
struct offload_job {
	offload_fn work; /* on a thread */
	offload_fn done; /* on the loop; may be NULL */
	void *arg;
	STAILQ_ENTRY(offload_job) link;
	bool queued; /* or running */
};

struct offload {
	uv_loop_t *loop;
	struct loop_work request;
	struct offload_job *running;
	uint64_t since_ns; /* the running one, CLOCK_MONOTONIC */
	bool finishing;    /* in a done() */
	offload_fn idle;   /* nothing is queued any more: @q may be freed there */
	void *idle_arg;
	STAILQ_HEAD(, offload_job) waiting;
};

/* @idle may be NULL. */
void offload_init(struct offload *q, uv_loop_t *loop, offload_fn idle, void *idle_arg);
/* Only from the loop's thread. */
void offload_do(struct offload *q, struct offload_job *job);
bool offload_idle(const struct offload *q);
/* For how long the running job has run, in ns; 0: none does. */
uint64_t offload_age_ns(const struct offload *q);

#endif
