// SPDX-License-Identifier: GPL-2.0-only
/* loop_work.c - see loop_work.h */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "util/loop/loop_time.h"
#include "util/loop/loop_work.h"

struct worker {
	int begin, end; /* eventfds */
	struct loop_work *work;
	struct worker *next; /* while it is idle */
};

/* The idle ones of this loop's thread. */
static _Thread_local struct worker *idle;

/* What uv_walk() tells work in progress by. */
static char in_progress;

static void *serve(void *arg)
{
	struct worker *k = arg;
	uint64_t n;

	for (;;) {
		if (read(k->begin, &n, sizeof(n)) != sizeof(n))
			continue;
		struct loop_work *w = __atomic_load_n(&k->work, __ATOMIC_ACQUIRE);

		w->run(w);
		n = 1;
		while (write(k->end, &n, sizeof(n)) < 0 && errno == EINTR)
			;
	}
	return NULL;
}

static int begin_thread(struct worker *k)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r = pthread_attr_init(&attr);

	if (r)
		return -r;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &attr, serve, k);
	pthread_attr_destroy(&attr);
	return -r;
}

static int worker_new(struct worker **ret)
{
	struct worker *k = calloc(1, sizeof(*k));
	int r = k ? 0 : -ENOMEM;

	if (r)
		return r;
	k->begin = eventfd(0, EFD_CLOEXEC);
	k->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = k->begin < 0 || k->end < 0 ? -errno : begin_thread(k);
	if (!r) {
		*ret = k;
		return 0;
	}
	if (k->begin >= 0)
		close(k->begin);
	if (k->end >= 0)
		close(k->end);
	free(k);
	return r;
}

static int worker_take(struct worker **ret)
{
	if (!idle)
		return worker_new(ret);
	*ret = idle;
	idle = idle->next;
	return 0;
}

static void worker_give_back(struct worker *k)
{
	k->work = NULL;
	k->next = idle;
	idle = k;
}

static struct loop_work *work_of(const void *poll)
{
	return (struct loop_work *)((uintptr_t)poll - offsetof(struct loop_work, poll));
}

static void on_closed(uv_handle_t *handle)
{
	LOOP_CALLBACK();
	struct loop_work *w = work_of(handle);

	worker_give_back(w->worker);
	w->worker = NULL;
	w->done(w);
}

static void on_end(uv_poll_t *poll, int status, int events)
{
	LOOP_CALLBACK();
	uint64_t n;
	(void)status;
	(void)events;

	if (read(work_of(poll)->worker->end, &n, sizeof(n)) == sizeof(n))
		uv_close((uv_handle_t *)poll, on_closed);
}

int loop_work_start(uv_loop_t *loop, struct loop_work *w)
{
	const uint64_t one = 1;
	int r = worker_take(&w->worker);

	if (r)
		return r;
	w->loop = loop;
	r = uv_poll_init(loop, &w->poll, w->worker->end);
	if (r) {
		worker_give_back(w->worker);
		return r;
	}
	w->poll.data = &in_progress;
	uv_poll_start(&w->poll, UV_READABLE, on_end);
	__atomic_store_n(&w->worker->work, w, __ATOMIC_RELEASE);
	while (write(w->worker->begin, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	return 0;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (handle->data != &in_progress && !uv_is_closing(handle))
		uv_close(handle, NULL);
}

void loop_end(uv_loop_t *loop)
{
	uv_walk(loop, close_handle, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	uv_loop_close(loop);
}
