// SPDX-License-Identifier: GPL-2.0-only
/* calls_queue.c - see calls_queue.h */
#include <stdlib.h>

#include "fault/file/calls_queue.h"

bool calls_queue_add(struct calls_queue *q, struct waiting_call call)
{
	uint32_t i = q->n;

	if (q->n == q->size) {
		uint32_t size = q->size ? 2 * q->size : 256;
		struct waiting_call *grown = reallocarray(q->v, size, sizeof(*grown));

		if (!grown)
			return false;
		q->v = grown;
		q->size = size;
	}
	q->n++;
	for (; i && q->v[(i - 1) / 2].due_ns > call.due_ns; i = (i - 1) / 2)
		q->v[i] = q->v[(i - 1) / 2];
	q->v[i] = call;
	return true;
}

bool calls_queue_take(struct calls_queue *q, uint64_t now_ns, struct waiting_call *ret)
{
	struct waiting_call last;
	uint32_t i = 0, child;

	if (calls_queue_next_ns(q) > now_ns || !q->n)
		return false;
	*ret = q->v[0];
	last = q->v[--q->n];
	for (; (child = 2 * i + 1) < q->n; i = child) {
		if (child + 1 < q->n && q->v[child + 1].due_ns < q->v[child].due_ns)
			child++;
		if (last.due_ns <= q->v[child].due_ns)
			break;
		q->v[i] = q->v[child];
	}
	q->v[i] = last;
	return true;
}

uint64_t calls_queue_next_ns(const struct calls_queue *q)
{
	return q->n ? q->v[0].due_ns : UINT64_MAX;
}

void calls_queue_free(struct calls_queue *q)
{
	free(q->v);
	*q = (struct calls_queue){};
}
