// SPDX-License-Identifier: GPL-2.0-only
/*
 * offload.c - see offload.h
 *
 * Limits: uv_queue_work() signals a condition variable, and in glibc whoever signals waits for an earlier waiter that
 * was woken and has had no CPU since (__condvar_quiesce_and_switch_g1). On a host whose CPUs are long in demand the
 * loop sleeps there, for as long as the thread of the pool waits for its turn: up to 137 ms at a load of 60 to 150 on
 * two CPUs (perf record -e sched:sched_switch -g, 2026-12-01, Linux 6.18).
 */
#include <assert.h>

#include "fault/life/offload.h"
#include "util/clock.h"
#include "util/loop_time.h"

static void next(struct offload *q);

static void run(uv_work_t *request)
{
	struct offload *q = request->data;

	q->running->work(q->running->arg);
}

static void finished(uv_work_t *request, int status)
{
	LOOP_CALLBACK();
	struct offload *q = request->data;
	struct offload_job *job = q->running;
	offload_fn done = job->done;

	(void)status;
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
	q->request.data = q;
	uv_queue_work(q->loop, &q->request, run, finished);
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
