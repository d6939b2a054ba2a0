// SPDX-License-Identifier: GPL-2.0-only
/* offload.c - see offload.h */
#include <assert.h>
#include <stddef.h>

#include "fault/life/offload.h"
#include "util/clock.h"
#include "util/loop/loop_time.h"

static void next(struct offload *q);

static struct offload *queue_of(struct loop_work *request)
{
	return (struct offload *)((uintptr_t)request - offsetof(struct offload, request));
}

static void run(struct loop_work *request)
{
	struct offload *q = queue_of(request);

	q->running->work(q->running->arg);
}

static void finished(struct loop_work *request)
{
	LOOP_CALLBACK();
	struct offload *q = queue_of(request);
	struct offload_job *job = q->running;
	offload_fn done = job->done;

	q->running = NULL;
	job->queued = false; /* it may be gone, or queued again, when done() returns */
	q->finishing = true;
	if (done)
		done(job->arg);
	q->finishing = false;
	next(q);
	if (q->idle && offload_idle(q))
		q->idle(q->idle_arg);
}

static void next(struct offload *q)
{
	struct offload_job *job = STAILQ_FIRST(&q->waiting);

	if (q->running || q->finishing || !job)
		return;
	STAILQ_REMOVE_HEAD(&q->waiting, link);
	q->running = job;
	q->since_ns = clock_mono_ns();
	q->request = (struct loop_work){ .run = run, .done = finished };
	/* Late rather than never. */
	if (loop_work_start(q->loop, &q->request)) {
		run(&q->request);
		finished(&q->request);
	}
}

void offload_init(struct offload *q, uv_loop_t *loop, offload_fn idle, void *idle_arg)
{
	*q = (struct offload){ .loop = loop, .idle = idle, .idle_arg = idle_arg };
	STAILQ_INIT(&q->waiting);
}

void offload_do(struct offload *q, struct offload_job *job)
{
	assert(!job->queued);
	job->queued = true;
	STAILQ_INSERT_TAIL(&q->waiting, job, link);
	next(q);
}

bool offload_idle(const struct offload *q)
{
	return !q->running && STAILQ_EMPTY(&q->waiting);
}

uint64_t offload_age_ns(const struct offload *q)
{
	return q->running ? clock_mono_ns() - q->since_ns : 0;
}
