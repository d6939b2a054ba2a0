// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracee.c - stop a process by ptrace without it noticing.
 *
 * PTRACE_SEIZE and PTRACE_INTERRUPT leave no signal behind, interrupt no system call visibly (the
 * kernel restarts it) and keep a stopped process stopped. A signal that was on its way at the stop is
 * delivered at the end.
 *
 * It all happens in a thread of its own. A tracee can only be let go while it is stopped, so one that
 * did not stop in time would stop later with nobody to wake it; but the kernel lets go of
 * everything that a thread traces when that thread ends, however it ends.
 *
 * Nobody is single-stepped: a vDSO reads its clock under a sequence count that moves with
 * every tick, and a thread that takes longer than a tick to go round never gets out.
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#include "fault/process/tracee.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/proc.h"
#include "util/text/units.h"

#define STOP_TIMEOUT_NS (300 * NS_PER_MSEC)
#define STACK_WORDS     2048 /* what a signal frame with all of AVX-512 takes, and some calls */
#define THREADS_MAX     32768

struct thread {
	pid_t tid;
	bool ended;
	int signal; /* was being delivered when it stopped; 0 none */
};

struct tracee {
	pid_t pid;
	uint64_t start; /* 0: any */
	int (*work)(struct tracee *t, void *arg, struct fl_error *err);
	void *arg;
	struct fl_error *err;
	int result;
	uint64_t deadline_ns;
	uint32_t n;
	struct thread *threads;
};

/* A stop takes microseconds when the thread runs on another processor; then be quick. */
static void nap(unsigned int tries)
{
	struct timespec ts = { .tv_nsec = 20 * NS_PER_USEC };

	if (tries < 20)
		sched_yield();
	else
		clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

/* Wait until the thread stops. -ESRCH: it has ended. */
static int wait_stop(const struct tracee *t, pid_t tid, int *ret_status)
{
	unsigned int tries = 0;

	for (;;) {
		pid_t got = waitpid(tid, ret_status, __WALL | __WNOTHREAD | WNOHANG);

		if (got == tid)
			return WIFSTOPPED(*ret_status) ? 0 : -ESRCH;
		if (got < 0 && errno != EINTR)
			return -ESRCH;
		if (clock_mono_ns() > t->deadline_ns)
			return error_env(t->err, ETIMEDOUT, "thread %d of process %d does not stop within %llu ms",
					 (int)tid, (int)t->pid, STOP_TIMEOUT_NS / NS_PER_MSEC);
		nap(tries++);
	}
}

/* A thread that is a zombie has no address space to be in. */
static bool ended(pid_t pid, pid_t tid)
{
	char path[64], line[512];
	_cleanup_file_ FILE *f = NULL;
	const char *p;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid, (int)tid);
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f))
		return true;
	p = strrchr(line, ')');
	return !p || p[1] != ' ' || p[2] == 'Z' || p[2] == 'X';
}

/* Ask a thread to stop, and do not wait: they all come to a halt side by side. */
static int seize(struct tracee *t, pid_t tid)
{
	struct thread *grown;
	int r;

	if (ptrace(PTRACE_SEIZE, tid, 0, 0)) {
		r = errno;
		if (r == ESRCH || ended(t->pid, tid))
			return 0;
		return error_env(t->err, r,
				 r == EPERM ? "process %d is being traced by another" : "process %d cannot be traced",
				 (int)t->pid);
	}
	grown = reallocarray(t->threads, t->n + 1, sizeof(*grown));
	if (!grown)
		return error_sys(t->err, ENOMEM, "process %d: out of memory", (int)t->pid);
	t->threads = grown;
	grown[t->n++] = (struct thread){ .tid = tid };
	ptrace(PTRACE_INTERRUPT, tid, 0, 0);
	return 0;
}

/* Wait for those from @first on; one that ended instead is left behind in the list. */
static int await(struct tracee *t, uint32_t first)
{
	uint32_t i;

	for (i = first; i < t->n; i++) {
		int status, r = wait_stop(t, t->threads[i].tid, &status);

		if (r == -ESRCH)
			t->threads[i].ended = true;
		else if (r)
			return r;
		else if (!(status >> 16)) /* no ptrace event, no group stop: a signal */
			t->threads[i].signal = WSTOPSIG(status);
	}
	return 0;
}

static bool known(const struct tracee *t, pid_t tid)
{
	uint32_t i;

	for (i = 0; i < t->n; i++)
		if (t->threads[i].tid == tid)
			return true;
	return false;
}

/* One pass over the threads; *ret_new counts those that were not known yet. */
static int seize_all(struct tracee *t, uint32_t *ret_new)
{
	char path[64];
	uint32_t before = t->n;
	struct dirent *e;
	DIR *dir;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)t->pid);
	dir = opendir(path);
	if (!dir)
		return error_env(t->err, ESRCH, "process %d is gone", (int)t->pid);
	while (!r && (e = readdir(dir))) {
		int64_t tid;

		if (units_int(e->d_name, 1, INT32_MAX, &tid, NULL) || known(t, (pid_t)tid) || ended(t->pid, (pid_t)tid))
			continue;
		if (t->n >= THREADS_MAX)
			r = error_env(t->err, E2BIG, "process %d has too many threads", (int)t->pid);
		else
			r = seize(t, (pid_t)tid);
	}
	closedir(dir);
	*ret_new = t->n - before;
	return r ? r : await(t, before);
}

static bool any_in(const uint64_t *words, size_t n, uint64_t start, uint64_t end)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (words[i] >= start && words[i] < end)
			return true;
	return false;
}

static bool thread_touches(const struct thread *th, int mem, uint64_t start, uint64_t end)
{
	union {
		struct user_regs_struct named;
		uint64_t words[sizeof(struct user_regs_struct) / 8];
	} regs = {};
	struct iovec iov = { &regs, sizeof(regs) };
	uint64_t stack[STACK_WORDS];
	ssize_t n;

	/* One that cannot be looked at has been killed, and never comes back to anything. */
	if (ptrace(PTRACE_GETREGSET, th->tid, NT_PRSTATUS, &iov))
		return false;
	if (any_in(regs.words, ARRAY_SIZE(regs.words), start, end))
		return true;
#if defined(__x86_64__)
	n = pread(mem, stack, sizeof(stack), (off_t)(regs.named.rsp & ~7ull));
#elif defined(__aarch64__)
	n = pread(mem, stack, sizeof(stack), (off_t)(regs.named.sp & ~7ull));
#else
#error "tracee.c: which register is the stack pointer?"
#endif
	return n > 0 && any_in(stack, (size_t)n / 8, start, end);
}

bool tracee_touches(const struct tracee *t, int mem, uint64_t start, uint64_t end)
{
	uint32_t i;

	for (i = 0; i < t->n; i++)
		if (!t->threads[i].ended && thread_touches(&t->threads[i], mem, start, end))
			return true;
	return false;
}

static void *hold(void *arg)
{
	struct tracee *t = arg;
	uint32_t i, more, alive = 0;
	int r;

	/* Only a thread that still ran can have made another: a pass without a new one is the end. */
	do
		r = seize_all(t, &more);
	while (!r && more);
	for (i = 0; i < t->n; i++)
		alive += !t->threads[i].ended;
	/* Told only now that it is held: a process that we trace keeps its number. */
	if (!r && (!alive || (t->start && !proc_same(t->pid, t->start))))
		r = error_env(t->err, ESRCH, "process %d is gone", (int)t->pid);
	if (!r)
		r = t->work(t, t->arg, t->err);
	for (i = 0; i < t->n; i++)
		if (!t->threads[i].ended)
			ptrace(PTRACE_DETACH, t->threads[i].tid, 0, (void *)(uintptr_t)t->threads[i].signal);
	t->result = r;
	return NULL;
}

int tracee_hold(struct process_id id, int (*work)(struct tracee *t, void *arg, struct fl_error *err), void *arg,
		struct fl_error *err)
{
	struct tracee t = { .pid = id.pid,
			    .start = id.start,
			    .work = work,
			    .arg = arg,
			    .err = err,
			    .deadline_ns = clock_mono_ns() + STOP_TIMEOUT_NS };
	sigset_t all, old;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread, NULL, hold, &t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r)
		return error_sys(err, r, "cannot start a thread: %s", strerror(r));
	pthread_join(thread, NULL);
	free(t.threads);
	return t.result;
}
