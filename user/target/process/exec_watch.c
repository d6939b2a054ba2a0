// SPDX-License-Identifier: GPL-2.0-only
/*
 * exec_watch.c - a raw tracepoint behind every exec, filtered in the kernel by cgroup, network or pid
 * namespace (exec.bpf.c), and a thread on the ring buffer.
 *
 * Limits: a process that is moved into a target's cgroup without an exec is noticed within a second. A
 * target that is none of these (a process with its descendants) is told of every exec on the host.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

#include "bpf/abi/abi_task.h"
#include "bpf/exec.skel.h"
#include "bpf/exec_plain.skel.h"
#include "os/bpf_load.h"
#include "target/process/exec_watch.h"
#include "util/cleanup.h"

#define TOLD_MS   1000 /* between looks without an event, for what is no exec */
#define UNTOLD_MS 50

struct exec_watch {
	void (*look)(void *arg);
	void *arg;
	struct exec_bpf *skel; /* NULL: not told */
	struct ring_buffer *ring;
	int stop; /* eventfd */
	bool running;
	pthread_t thread;
};

/* The events only wake the thread up. */
static int on_event(void *ctx, void *data, size_t size)
{
	(void)ctx;
	(void)data;
	(void)size;
	return 0;
}

/* false: it can only be told by looking at every process. */
static bool filter(const struct exec_watch_target *from, struct fl_task_target *to)
{
	const struct cgroup_dir *d = cgroup_v2(from->cgroups);
	int level = d && d->defines ? cgroup_level(d->path) : -1;

	*to = (struct fl_task_target){};
	if (level >= 0) {
		to->cgroup_id = d->ino;
		to->cgroup_level = (uint32_t)level;
	} else if (from->target->members == TARGET_BY_NETNS) {
		to->netns_inode = (uint32_t)from->target->netns_inode;
	} else if (!(from->target->members & ~(unsigned int)TARGET_BY_CGROUP_V1)) {
		to->pidns_inode = (uint32_t)from->target->pidns_inode;
	}
	return to->cgroup_id || to->pidns_inode || to->netns_inode;
}

static struct exec_bpf *load(const struct exec_watch_target *targets, uint32_t n)
{
	struct exec_bpf *skel = bpf_load_open(exec);
	struct fl_task_target t[FL_TASK_MAX_TARGETS] = {};
	bool all = n > FL_TASK_MAX_TARGETS;
	uint32_t i;

	if (!skel)
		return NULL;
	for (i = 0; i < n && !all; i++)
		all = !filter(&targets[i], &t[i]);
	/* The skeleton types it as the program does, const; before loading it is there to be set. */
	memcpy((void *)(uintptr_t)skel->rodata->targets, t, sizeof(t));
	*(uint32_t *)(uintptr_t)&skel->rodata->n_targets = all ? 0 : n;
	if (exec_bpf__load(skel) || exec_bpf__attach(skel)) {
		exec_bpf__destroy(skel);
		return NULL;
	}
	return skel;
}

static void *loop(void *arg)
{
	struct exec_watch *w = arg;
	struct pollfd fds[2] = {
		{ .fd = w->stop, .events = POLLIN },
		{ .fd = w->ring ? ring_buffer__epoll_fd(w->ring) : -1, .events = POLLIN },
	};

	prctl(PR_SET_NAME, "fl-exec-watch");
	for (;;) {
		poll(fds, 2, w->ring ? TOLD_MS : UNTOLD_MS);
		if (fds[0].revents)
			return NULL;
		if (w->ring)
			ring_buffer__consume(w->ring);
		w->look(w->arg);
	}
}

static int start(struct exec_watch *w, struct fl_error *err)
{
	sigset_t all, old;
	int r;

	w->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->stop < 0)
		return error_sys(err, errno, "eventfd: %s", strerror(errno));
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&w->thread, NULL, loop, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r)
		return error_sys(err, r, "cannot start a thread: %s", strerror(r));
	w->running = true;
	return 0;
}

int exec_watch_open(const struct exec_watch_target *targets, uint32_t n, void (*look)(void *arg), void *arg,
		    struct exec_watch **ret, struct fl_error *err)
{
	struct exec_watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return error_sys(err, ENOMEM, "out of memory");
	w->look = look;
	w->arg = arg;
	w->stop = -1;
	w->skel = load(targets, n);
	if (w->skel)
		w->ring = ring_buffer__new(bpf_map__fd(w->skel->maps.execs), on_event, NULL, NULL);
	r = start(w, err);
	if (r) {
		exec_watch_close(w);
		return r;
	}
	*ret = w;
	return 0;
}

bool exec_watch_is_told(const struct exec_watch *w)
{
	return w->ring;
}

bool exec_watch_begun(const struct exec_watch *w, uint64_t *ret)
{
	if (!w || !w->skel || !w->skel->rodata->n_targets)
		return false;
	*ret = __atomic_load_n(&w->skel->bss->begun, __ATOMIC_RELAXED);
	return true;
}

void exec_watch_close(struct exec_watch *w)
{
	const uint64_t one = 1;

	if (!w)
		return;
	if (w->running && write(w->stop, &one, sizeof(one)) == sizeof(one))
		pthread_join(w->thread, NULL);
	if (w->stop >= 0)
		close(w->stop);
	ring_buffer__free(w->ring);
	exec_bpf__destroy(w->skel);
	free(w);
}
