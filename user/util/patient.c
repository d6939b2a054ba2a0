// SPDX-License-Identifier: GPL-2.0-only
/* patient.c - see patient.h. malloc() in the child of a process with threads is what glibc allows. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/clock.h"
#include "util/patient.h"

struct answer {
	int r;
	struct fl_error err;
};

/* The children there are: -1 one that is waited for; otherwise one that was killed and is not gone yet. */
static pid_t children[4 * PATIENT_MOST];
static pthread_mutex_t children_lock = PTHREAD_MUTEX_INITIALIZER;

/* A place for one more; NULL: none is free. */
static pid_t *take_place(void)
{
	pid_t *place = NULL;
	size_t i, left = 0;

	pthread_mutex_lock(&children_lock);
	for (i = 0; i < ARRAY_SIZE(children); i++) {
		if (children[i] > 0 && waitpid(children[i], NULL, WNOHANG) != 0)
			children[i] = 0;
		if (!children[i])
			place = &children[i];
		left += children[i] > 0;
	}
	if (left >= PATIENT_MOST)
		place = NULL;
	if (place)
		*place = -1;
	pthread_mutex_unlock(&children_lock);
	return place;
}

static void leave(pid_t *place, pid_t pid)
{
	pthread_mutex_lock(&children_lock);
	*place = pid;
	pthread_mutex_unlock(&children_lock);
}

/* An inherited descriptor would hold a lock, a pipe, or a file whose closing waits, as long as the child lives. */
static void close_others(int to, int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fd;
	unsigned int low = (unsigned int)(keep >= 0 && keep < to ? keep : to),
		     high = (unsigned int)(keep > to ? keep : to);

	for (fd = 0; null >= 0 && fd < 3; fd++)
		if (fd != to && fd != keep)
			dup2(null, fd);
	if (low > 3)
		close_range(3, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1 > 3 ? low + 1 : 3, high - 1, 0);
	close_range(high + 1 > 3 ? high + 1 : 3, ~0u, 0);
}

static pid_t begin(int to, int (*fn)(const void *arg, struct fl_error *err), const void *arg, int keep)
{
	struct answer a = {};
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close_others(to, keep);
		a.r = fn(arg, &a.err);
		_exit(send(to, &a, sizeof(a), MSG_NOSIGNAL) != sizeof(a));
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid < 0 ? -errno : pid;
}

/* False: not by then. */
static bool wait_for(int from, int ms)
{
	uint64_t until = clock_mono_ns() + (uint64_t)ms * NS_PER_MSEC, now;
	struct pollfd p = { .fd = from, .events = POLLIN };
	int r;

	do {
		now = clock_mono_ns();
		r = now < until ? poll(&p, 1, (int)((until - now) / NS_PER_MSEC) + 1) : 0;
	} while (r < 0 && errno == EINTR);
	return r > 0;
}

/* @pid is at its end, or is killed and may stay in *place. */
static int take_answer(int from, pid_t pid, int ms, pid_t *place, struct fl_error *err)
{
	struct answer a = {};

	if (!wait_for(from, ms)) {
		kill(pid, SIGKILL);
		leave(place, pid);
		return -ETIMEDOUT;
	}
	if (recv(from, &a, sizeof(a), 0) != sizeof(a)) {
		leave(place, pid);
		return error_sys(err, EIO, "a child that was to look after files ended without an answer");
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	leave(place, 0);
	if (err && a.err.message[0])
		*err = a.err;
	return a.r;
}

int patient_do(int (*fn)(const void *arg, struct fl_error *err), const void *arg, int keep, int ms,
	       struct fl_error *err)
{
	int pair[2], r;
	pid_t pid, *place;

	place = take_place();
	if (!place)
		return -ETIMEDOUT;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		leave(place, 0);
		return error_sys(err, errno, "out of descriptors");
	}
	pid = begin(pair[1], fn, arg, keep);
	close(pair[1]);
	if (pid < 0) {
		leave(place, 0);
		r = error_sys(err, -pid, "cannot start a child");
	} else {
		r = take_answer(pair[0], pid, ms, place, err);
	}
	close(pair[0]);
	return r;
}
