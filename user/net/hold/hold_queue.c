// SPDX-License-Identifier: GPL-2.0-only
/* hold_queue.c - see hold_queue.h */
#include <errno.h>
#include <stdlib.h>

#include "net/hold/hold_queue.h"

/* Room of the blocks: acknowledgements and small requests; a full Ethernet or jumbo-less frame;
 * the largest GSO packet with its headers. */
static const uint32_t class_room[HOLD_CLASSES] = { 256, 2048, 65536 + 512 };

static size_t block_size(int class)
{
	return sizeof(struct hold_packet) + class_room[class];
}

struct hold_packet *hold_pool_get(struct hold_pool *p, size_t size)
{
	struct hold_packet *packet;
	int class = 0;

	while (class < HOLD_CLASSES && class_room[class] < size)
		class ++;
	if (class == HOLD_CLASSES)
		return NULL;
	packet = p->free[class];
	if (packet) {
		p->free[class] = packet->next;
		return packet;
	}
	/* Blocks kept for other sizes must not starve this one. */
	if (p->allocated + block_size(class) > p->limit)
		hold_pool_trim(p);
	if (p->allocated + block_size(class) > p->limit)
		return NULL;
	packet = malloc(block_size(class));
	if (!packet)
		return NULL;
	p->allocated += block_size(class);
	packet->room = class_room[class];
	return packet;
}

void hold_pool_put(struct hold_pool *p, struct hold_packet *packet)
{
	int class = 0;

	while (class_room[class] != packet->room)
		class ++;
	packet->next = p->free[class];
	p->free[class] = packet;
}

void hold_pool_trim(struct hold_pool *p)
{
	int class;

	for (class = 0; class < HOLD_CLASSES; class ++)
		while (p->free[class]) {
			struct hold_packet *packet = p->free[class];

			p->free[class] = packet->next;
			p->allocated -= block_size(class);
			free(packet);
		}
}

static bool before(const struct hold_entry *a, const struct hold_entry *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->seq < b->seq;
}

int hold_queue_push(struct hold_queue *q, uint64_t due_ns, uint32_t flow_hash, bool ordered, struct hold_packet *packet)
{
	uint64_t *flow_due_ns = &q->flow_due_ns[flow_hash % HOLD_FLOW_SLOTS];
	struct hold_entry e;
	uint32_t i;

	if (q->n == q->room) {
		uint32_t room = q->room ? 2 * q->room : 256;
		struct hold_entry *heap = reallocarray(q->heap, room, sizeof(*heap));

		if (!heap)
			return -ENOMEM;
		q->heap = heap;
		q->room = room;
	}
	if (ordered && due_ns < *flow_due_ns)
		due_ns = *flow_due_ns;
	if (due_ns > *flow_due_ns)
		*flow_due_ns = due_ns;

	/* A line with one constant delay gets ever later packets: no step of this loop. */
	e = (struct hold_entry){ .due_ns = due_ns, .seq = q->seq++, .packet = packet };
	for (i = q->n++; i && before(&e, &q->heap[(i - 1) / 2]); i = (i - 1) / 2)
		q->heap[i] = q->heap[(i - 1) / 2];
	q->heap[i] = e;
	return 0;
}

uint64_t hold_queue_due(const struct hold_queue *q)
{
	return q->n ? q->heap[0].due_ns : UINT64_MAX;
}

struct hold_entry hold_queue_pop(struct hold_queue *q)
{
	struct hold_entry top = q->heap[0];
	struct hold_entry last = q->heap[--q->n];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < q->n) {
		if (child + 1 < q->n && before(&q->heap[child + 1], &q->heap[child]))
			child++;
		if (!before(&q->heap[child], &last))
			break;
		q->heap[i] = q->heap[child];
		i = child;
	}
	q->heap[i] = last;
	return top;
}

void hold_queue_free(struct hold_queue *q, struct hold_pool *p)
{
	while (q->n)
		hold_pool_put(p, hold_queue_pop(q).packet);
	free(q->heap);
	q->heap = NULL;
	q->room = 0;
}
