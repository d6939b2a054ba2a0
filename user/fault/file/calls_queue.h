/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * calls_queue.h - file calls that wait, by the time at which each goes on. A binary heap: of any number of calls
 * the next one is known at once, so one timer serves them all.
 */
#ifndef FL_CALLS_QUEUE_H
#define FL_CALLS_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct waiting_call {
	uint64_t due_ns, since_ns; /* CLOCK_MONOTONIC */
	int fd;                    /* of the kernel's event, by which it is answered */
};

/* Zero-initialise. */
struct calls_queue {
	struct waiting_call *v;
	uint32_t n, size;
};

/* False: out of memory, and nothing has changed. */
bool calls_queue_add(struct calls_queue *q, struct waiting_call call);
/* Take the first one if it is due at @now_ns. */
bool calls_queue_take(struct calls_queue *q, uint64_t now_ns, struct waiting_call *ret);
/* When the first one is due; UINT64_MAX: none waits. */
uint64_t calls_queue_next_ns(const struct calls_queue *q);
void calls_queue_free(struct calls_queue *q);

#endif
