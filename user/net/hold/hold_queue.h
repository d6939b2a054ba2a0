/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hold_queue.h - packets that wait for their time: a heap by (due, arrival) and the bounded memory
 * they lie in. Pure: knows neither TAPs nor threads.
 */
#ifndef FL_HOLD_QUEUE_H
#define FL_HOLD_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A packet as it was read, and where in it begins what is written back. */
struct hold_packet {
	struct hold_packet *next; /* in a free list */
	uint32_t room;            /* bytes of data[] */
	uint32_t start, len;      /* what is to be written: data[start .. start + len) */
	uint8_t data[];
};

/*
 * Memory of at most @limit bytes, in blocks of a few sizes. Freed blocks are kept for the next
 * packet of that size: under a steady load nothing is allocated.
 */
#define HOLD_CLASSES 3
struct hold_pool {
	struct hold_packet *free[HOLD_CLASSES];
	size_t limit, allocated; /* bytes, headers included */
};

/* A block with room for @size bytes; NULL when the limit is reached or @size is over 64 KiB + 512. */
struct hold_packet *hold_pool_get(struct hold_pool *p, size_t size);
void hold_pool_put(struct hold_pool *p, struct hold_packet *packet);
/* Give back what is not in use. */
void hold_pool_trim(struct hold_pool *p);

struct hold_entry {
	uint64_t due_ns;
	uint64_t seq; /* keeps packets that are due at the same time in order */
	struct hold_packet *packet;
};

/*
 * The latest due time given to a flow, so that a packet that must stay in order is never due
 * before an earlier one of its flow. Flows share slots by hash: a collision only means that one
 * flow waits for another now and then, by no more than their delays differ.
 */
#define HOLD_FLOW_SLOTS 4096

struct hold_queue {
	struct hold_entry *heap;
	uint32_t n, room;
	uint64_t seq;
	uint64_t flow_due_ns[HOLD_FLOW_SLOTS];
};

/* Put in. With @ordered the due time is raised to that of earlier packets of the flow.
 * 0 or -ENOMEM (the packet stays the caller's). */
int hold_queue_push(struct hold_queue *q, uint64_t due_ns, uint32_t flow_hash, bool ordered,
		    struct hold_packet *packet);

/* When the first is due; UINT64_MAX when it is empty. */
uint64_t hold_queue_due(const struct hold_queue *q);

/* Take out the first one. The queue must not be empty. */
struct hold_entry hold_queue_pop(struct hold_queue *q);

void hold_queue_free(struct hold_queue *q, struct hold_pool *p);

#endif
