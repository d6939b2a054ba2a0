// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold.c - see hold.h
 *
 * The thread waits in ppoll() for packets on any TAP or for the next due time, whichever is first,
 * with the kernel's full timer resolution: it runs at SCHED_FIFO where that is allowed and with a
 * timer slack of 1 ns in any case. Reading goes in batches, and what is due meanwhile goes out
 * between two batches, so that a flood of arrivals does not make departures late.
 *
 * The list of lines is changed under a lock by whoever arms and disarms faults; the packets belong
 * to the thread alone.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

#include "net/hold/hold.h"
#include "net/hold/hold_queue.h"
#include "net/hold/hold_tap.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define HOLD_MAX_LINES 256
#define READ_BATCH     32 /* packets read from one TAP before looking at the clock again */
#define FLUSH_MAX_NS   (200 * NS_PER_MSEC)
#define RT_PRIORITY    10 /* over every normal task, under the kernel's own threads (50 and up) */

struct hold_line {
	int tap;
	bool closing; /* flush, then leave the list */
	struct hold_queue queue;
};

/* The arguments of hold_release(). */
struct release {
	struct hold_line **lines;
	uint32_t n;
	void (*end)(void *arg);
	void *arg;
};

struct hold {
	struct hold_pool pool;     /* the thread's */
	struct hold_packet *spare; /* the thread's: the block the next packet is read into */
	pthread_t thread;
	bool running;
	int wake;                                 /* eventfd: the list has changed, or it is time to stop */
	struct hold_line *polled[HOLD_MAX_LINES]; /* the thread's copy of the list, for poll() */
	struct pollfd fds[HOLD_MAX_LINES + 1];

	pthread_mutex_t lock;  /* of what follows */
	pthread_cond_t served; /* a line has left the list, or a release is done */
	bool stop;
	struct release *release; /* asked for; NULL once it is done */
	uint32_t n_lines;
	struct hold_line *lines[HOLD_MAX_LINES];

	/* Written by the thread, read by anybody. */
	_Atomic uint64_t held_now, held_bytes, taken, returned, overflow, malformed, failed;
	_Atomic uint64_t late_max_ns;
	_Atomic bool realtime;
};

static void add(_Atomic uint64_t *counter, uint64_t n)
{
	/* One writer: no locked instruction needed. */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

/* Write the first packet of a line back into its TAP. */
static void give_back(struct hold *h, struct hold_line *line, uint64_t now_ns)
{
	struct hold_entry e = hold_queue_pop(&line->queue);
	struct hold_packet *p = e.packet;

	if (now_ns > e.due_ns && now_ns - e.due_ns > atomic_load_explicit(&h->late_max_ns, memory_order_relaxed))
		atomic_store_explicit(&h->late_max_ns, now_ns - e.due_ns, memory_order_relaxed);
	if (write(line->tap, p->data + p->start, p->len) < 0)
		add(&h->failed, 1);
	else
		add(&h->returned, 1);
	add(&h->held_now, (uint64_t)-1);
	add(&h->held_bytes, -(uint64_t)p->room);
	hold_pool_put(&h->pool, p);
}

static void give_back_due(struct hold *h, struct hold_line *line)
{
	uint64_t now_ns = clock_mono_ns();

	while (hold_queue_due(&line->queue) <= now_ns) {
		give_back(h, line, now_ns);
		now_ns = clock_mono_ns();
	}
}

/* The packet of @n bytes that was read into h->spare: a small one is copied into a block of its
 * size, a large one takes the block along. NULL: no memory left. */
static struct hold_packet *from_spare(struct hold *h, size_t n)
{
	bool large = n > h->spare->room / 8;
	struct hold_packet *p = hold_pool_get(&h->pool, large ? h->spare->room : n);

	if (p && large) {
		struct hold_packet *full = h->spare;

		h->spare = p;
		return full;
	}
	if (p)
		memcpy(p->data, h->spare->data, n);
	return p;
}

/* Keep a packet of @n bytes, or drop and count it. */
static void keep(struct hold *h, struct hold_line *line, size_t n)
{
	struct hold_packet *p = from_spare(h, n);
	struct hold_order order;

	if (!p) {
		add(&h->overflow, 1);
		return;
	}
	if (!hold_tap_decode(p, (uint32_t)n, &order)) {
		add(&h->malformed, 1);
		hold_pool_put(&h->pool, p);
		return;
	}
	if (hold_queue_push(&line->queue, order.due_ns, order.flow_hash, order.ordered, p)) {
		add(&h->overflow, 1);
		hold_pool_put(&h->pool, p);
		return;
	}
	add(&h->taken, 1);
	add(&h->held_now, 1);
	add(&h->held_bytes, p->room);
}

/* True when there may be more to read. */
static bool take_batch(struct hold *h, struct hold_line *line)
{
	int i;

	for (i = 0; i < READ_BATCH; i++) {
		ssize_t n = read(line->tap, h->spare->data, h->spare->room);

		if (n <= 0)
			return false;
		keep(h, line, (size_t)n);
	}
	return true;
}

/* Everything out, in order, without waiting for its time. While that goes on more comes in: fewer
 * in each round, until there is none; unless more comes than can be given back at all. */
static void flush(struct hold *h, struct hold_line *line)
{
	uint64_t end_ns = clock_mono_ns() + FLUSH_MAX_NS;

	do {
		while (take_batch(h, line) && clock_mono_ns() < end_ns)
			;
		while (line->queue.n)
			give_back(h, line, 0);
		take_batch(h, line);
	} while (line->queue.n && clock_mono_ns() < end_ns);
}

static void serve_release(struct hold *h)
{
	struct release *r = h->release;
	uint32_t i;

	for (i = 0; i < r->n; i++)
		flush(h, r->lines[i]);
	r->end(r->arg);
	for (i = 0; i < r->n; i++)
		flush(h, r->lines[i]);
	h->release = NULL;
	pthread_cond_broadcast(&h->served);
}

/* Serve closing lines and list the others for poll(). Returns how many there are; -1: stop. */
static int list_lines(struct hold *h)
{
	uint32_t i, n = 0;
	int ret;

	pthread_mutex_lock(&h->lock);
	if (h->release)
		serve_release(h);
	for (i = 0; i < h->n_lines; i++) {
		struct hold_line *line = h->lines[i];

		if (line->closing) {
			flush(h, line);
			hold_queue_free(&line->queue, &h->pool);
			pthread_cond_broadcast(&h->served);
			continue;
		}
		h->lines[n] = line;
		h->polled[n] = line;
		h->fds[n++] = (struct pollfd){ .fd = line->tap, .events = POLLIN };
	}
	if (!n)
		hold_pool_trim(&h->pool);
	h->n_lines = n;
	ret = h->stop ? -1 : (int)n;
	pthread_mutex_unlock(&h->lock);
	return ret;
}

/* Until the next packet is due; NULL when there is none. */
static struct timespec *time_left(struct hold *h, int n, struct timespec *ts)
{
	uint64_t due_ns = UINT64_MAX, now_ns;
	int i;

	for (i = 0; i < n; i++)
		if (hold_queue_due(&h->polled[i]->queue) < due_ns)
			due_ns = hold_queue_due(&h->polled[i]->queue);
	if (due_ns == UINT64_MAX)
		return NULL;
	now_ns = clock_mono_ns();
	due_ns = due_ns > now_ns ? due_ns - now_ns : 0;
	*ts = (struct timespec){ .tv_sec = (time_t)(due_ns / NS_PER_SEC), .tv_nsec = (long)(due_ns % NS_PER_SEC) };
	return ts;
}

static void *hold_thread(void *arg)
{
	struct sched_param fifo = { .sched_priority = RT_PRIORITY };
	struct hold *h = arg;
	struct timespec ts;
	int i, n;

	prctl(PR_SET_NAME, "fl-hold");
	prctl(PR_SET_TIMERSLACK, 1);
	atomic_store(&h->realtime, !pthread_setschedparam(pthread_self(), SCHED_FIFO, &fifo));

	n = list_lines(h);
	while (n >= 0) {
		h->fds[n] = (struct pollfd){ .fd = h->wake, .events = POLLIN };
		if (ppoll(h->fds, (nfds_t)n + 1, time_left(h, n, &ts), NULL) < 0 && errno != EINTR)
			break;
		for (i = 0; i < n; i++) {
			give_back_due(h, h->polled[i]);
			if (h->fds[i].revents & POLLIN)
				take_batch(h, h->polled[i]);
		}
		if (h->fds[n].revents & POLLIN) {
			eventfd_t x;

			eventfd_read(h->wake, &x);
			n = list_lines(h);
		}
	}
	return NULL;
}

/* The thread takes no signals: they are for the event loop of the process. */
static int start_thread(struct hold *h, struct fl_error *err)
{
	sigset_t all, old;
	int r;

	if (h->running)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&h->thread, NULL, hold_thread, h);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r)
		return error_sys(err, r, "delay line: start its thread: %s", strerror(r));
	h->running = true;
	return 0;
}

int hold_start(uint64_t memory_limit, struct hold **ret, struct fl_error *err)
{
	struct hold *h = calloc(1, sizeof(*h));

	if (!h)
		return error_sys(err, ENOMEM, "delay line: out of memory");
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->served, NULL);
	h->pool.limit = memory_limit;
	h->spare = hold_pool_get(&h->pool, 65536);
	h->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!h->spare || h->wake < 0) {
		int code = h->spare ? errno : ENOMEM;

		hold_stop(h);
		return error_sys(err, code, "delay line: %s", strerror(code));
	}
	*ret = h;
	return 0;
}

void hold_stop(struct hold *h)
{
	if (!h)
		return;
	while (h->n_lines)
		hold_line_remove(h, h->lines[0]);
	if (h->running) {
		pthread_mutex_lock(&h->lock);
		h->stop = true;
		pthread_mutex_unlock(&h->lock);
		eventfd_write(h->wake, 1);
		pthread_join(h->thread, NULL);
	}
	if (h->wake >= 0)
		close(h->wake);
	free(h->spare);
	hold_pool_trim(&h->pool);
	pthread_cond_destroy(&h->served);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

static void count_anew(struct hold *h)
{
	h->taken = 0;
	h->returned = 0;
	h->overflow = 0;
	h->malformed = 0;
	h->failed = 0;
	h->late_max_ns = 0;
}

int hold_line_add(struct hold *h, int netns_fd, const char *ifname, struct hold_line **ret, uint32_t *ret_ifindex,
		  struct fl_error *err)
{
	struct hold_line *line;
	int r;

	if (h->n_lines == HOLD_MAX_LINES)
		return error_env(err, ENOSPC, "delay line: %d interfaces have one already", HOLD_MAX_LINES);
	r = start_thread(h, err);
	if (r)
		return r;
	line = calloc(1, sizeof(*line));
	if (!line)
		return error_sys(err, ENOMEM, "delay line: out of memory");
	line->tap = hold_tap_open(netns_fd, ifname, ret_ifindex, err);
	if (line->tap < 0) {
		r = line->tap;
		free(line);
		return r;
	}
	pthread_mutex_lock(&h->lock);
	if (!h->n_lines)
		count_anew(h); /* what the faults of the next experiment do is not what others did */
	h->lines[h->n_lines++] = line;
	pthread_mutex_unlock(&h->lock);
	eventfd_write(h->wake, 1);
	*ret = line;
	return 0;
}

void hold_release(struct hold *h, struct hold_line **lines, uint32_t n, void (*end)(void *arg), void *arg)
{
	struct release release = { lines, n, end, arg };

	pthread_mutex_lock(&h->lock);
	h->release = &release;
	eventfd_write(h->wake, 1);
	while (h->release)
		pthread_cond_wait(&h->served, &h->lock);
	pthread_mutex_unlock(&h->lock);
}

static bool listed(const struct hold *h, const struct hold_line *line)
{
	uint32_t i;

	for (i = 0; i < h->n_lines; i++)
		if (h->lines[i] == line)
			return true;
	return false;
}

void hold_line_remove(struct hold *h, struct hold_line *line)
{
	pthread_mutex_lock(&h->lock);
	line->closing = true;
	eventfd_write(h->wake, 1);
	while (listed(h, line))
		pthread_cond_wait(&h->served, &h->lock);
	pthread_mutex_unlock(&h->lock);
	close(line->tap);
	free(line);
}

void hold_stats(const struct hold *h, struct hold_stats *ret)
{
	*ret = (struct hold_stats){
		.held_now = h->held_now,
		.held_now_bytes = h->held_bytes,
		.taken = h->taken,
		.returned = h->returned,
		.overflow = h->overflow,
		.malformed = h->malformed,
		.failed = h->failed,
		.late_max_ns = h->late_max_ns,
		.realtime = h->realtime,
	};
}
