// SPDX-License-Identifier: GPL-2.0-only
/*
 * guardian.c - see guardian.h. Owner and guardian share one anonymous page (the time of the
 * last sign of life) and one pipe: a byte in it dismisses the guardian or hands over to it, and nothing
 * else does.
 * The end of the pipe is no proof that the owner died (a child of it may still hold the other
 * end); the pidfd is.
 *
 * It leaves the owner's control groups (cgroup_leave()), so that neither `systemctl kill` of the owner's
 * unit nor a freeze of its group reaches it.
 *
 * Limits: SIGKILL of the guardian leaves the cleaning to `faultline recover`. An owner that is
 * stopped (SIGSTOP, a debugger) for GUARDIAN_HUNG_NS counts as hung.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/cgroup_mount.h"
#include "session/guardian.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define CHECK_MS      500 /* how often the age of the last sign of life is looked at */
#define CLEAN_TRIES   20  /* at CLEAN_WAIT_MS: a busy cgroup or mount may need a moment */
#define CLEAN_WAIT_MS 100

/* What the owner may say. */
#define WORD_DISMISSED '\0'
#define WORD_TAKE_OVER 't'

struct beat {
	_Atomic uint64_t mono_ns;
};

struct guardian {
	pid_t pid;
	int dismiss_fd; /* write end */
	struct beat *beat;
};

/* What the guardian process has. */
struct watch {
	const char *session;
	int (*clean)(const char *session);
	const struct beat *beat;
	int owner_fd; /* pidfd */
	int dismiss_fd;
	int ready_fd;
};

static void sleep_ns(uint64_t ns)
{
	struct timespec ts = { .tv_sec = (time_t)(ns / NS_PER_SEC), .tv_nsec = (long)(ns % NS_PER_SEC) };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

static void ignore_signals(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		if (sig != SIGCHLD)
			signal(sig, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* undo operations wait for children */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Keep three descriptors (as 3, 4, 5) and nothing else of the owner's: an inherited BPF link or
 * pipe end would outlive the owner in here. */
static int keep_descriptors(struct watch *w)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), i;
	int *const kept[] = { &w->owner_fd, &w->dismiss_fd, &w->ready_fd };

	if (null < 0)
		return -errno;
	for (i = 0; i < 3; i++)
		if (dup2(null, i) < 0)
			return -errno;
	/* First out of the way of the low numbers, then down to them. */
	for (i = 0; i < 3; i++)
		if ((*kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, 16)) < 0)
			return -errno;
	for (i = 0; i < 3; i++) {
		if (dup3(*kept[i], 3 + i, O_CLOEXEC) < 0)
			return -errno;
		*kept[i] = 3 + i;
	}
	return syscall(SYS_close_range, 6u, ~0u, 0u) ? -errno : 0;
}

/* Best effort: a guardian that the memory fault it guards gets killed is of little use. */
static void survive_oom(void)
{
	_cleanup_fd_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "-1000", 5) < 0)
		return;
}

static bool hung(const struct watch *w)
{
	uint64_t last = atomic_load(&w->beat->mono_ns), now = clock_mono_ns();

	return now > last && now - last > GUARDIAN_HUNG_NS;
}

/* Of what the owner called standard error: the guardian has only /dev/null. A reader that is late is not waited for. */
static void tell(int fd, const char *session)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	char text[200];
	int n = snprintf(
		text, sizeof(text),
		"faultline: session %s gave no sign of life for %llu s (stopped, or stuck): its guardian has ended "
		"it and undoes what it did\n",
		session, GUARDIAN_HUNG_NS / NS_PER_SEC);

	if (fd >= 0 && poll(&p, 1, 0) == 1 && p.revents & POLLOUT && write(fd, text, (size_t)n) < 0)
		return;
}

static void end_owner(const struct watch *w)
{
	_cleanup_fd_ int its_stderr = (int)syscall(SYS_pidfd_getfd, w->owner_fd, 2, 0);

	if (!syscall(SYS_pidfd_send_signal, w->owner_fd, SIGKILL, NULL, 0))
		tell(its_stderr, w->session);
}

/* True: the owner is gone, or has given up. False: dismissed. */
static bool wait_for_owner(const struct watch *w)
{
	struct pollfd fds[] = {
		{ .fd = w->owner_fd, .events = POLLIN },
		{ .fd = w->dismiss_fd, .events = POLLIN },
	};

	bool ended = false;

	for (;;) {
		char byte;

		if (poll(fds, 2, CHECK_MS) < 0 && errno != EINTR)
			return true;
		if (fds[1].revents & POLLIN && read(w->dismiss_fd, &byte, 1) == 1)
			return byte == WORD_TAKE_OVER;
		if (fds[1].revents)
			fds[1].fd = -1; /* closed without a word */
		if (fds[0].revents)
			return true;
		if (!ended && hung(w)) {
			end_owner(w);
			ended = true;
		}
	}
}

/* Until it is done, however long that takes: a debugger may hold a process for an afternoon. */
static void clean_up(const struct watch *w)
{
	unsigned int tries = 0;

	while (w->clean(w->session))
		sleep_ns(tries++ < CLEAN_TRIES ? CLEAN_WAIT_MS * NS_PER_MSEC : GUARDIAN_RETRY_NS);
}

static _Noreturn void guard(struct watch *w)
{
	setsid();
	ignore_signals();
	prctl(PR_SET_NAME, "fl-guardian");
	survive_oom();
	cgroup_leave();
	if (keep_descriptors(w) || chdir("/") || write(w->ready_fd, "", 1) != 1)
		_exit(1);
	close(w->ready_fd);
	if (wait_for_owner(w))
		clean_up(w);
	_exit(0);
}

static int map_beat(struct beat **ret)
{
	void *page = mmap(NULL, sizeof(struct beat), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -errno;
	*ret = page;
	atomic_store(&(*ret)->mono_ns, clock_mono_ns());
	return 0;
}

static int start(struct guardian *g, const char *session, int (*clean)(const char *session))
{
	_cleanup_fd_ int owner = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int dismiss[2] = { -1, -1 }, ready[2] = { -1, -1 }, r = 0;
	char byte;

	if (owner < 0 || pipe2(dismiss, O_CLOEXEC) || pipe2(ready, O_CLOEXEC))
		r = -errno;
	if (!r && (g->pid = fork()) < 0)
		r = -errno;
	if (!r && !g->pid) {
		struct watch w = { session, clean, g->beat, owner, dismiss[0], ready[1] };

		guard(&w);
	}
	if (dismiss[0] >= 0)
		close(dismiss[0]);
	if (ready[1] >= 0)
		close(ready[1]);
	g->dismiss_fd = dismiss[1];
	if (!r && read(ready[0], &byte, 1) != 1)
		r = -ECHILD;
	if (ready[0] >= 0)
		close(ready[0]);
	return r;
}

int guardian_start(const char *session, int (*clean)(const char *session), struct guardian **ret, struct fl_error *err)
{
	struct guardian *g = calloc(1, sizeof(*g));
	int r = g ? map_beat(&g->beat) : -ENOMEM;

	if (!r) {
		g->dismiss_fd = -1;
		r = start(g, session, clean);
	}
	if (r) {
		guardian_dismiss(g);
		return error_sys(err, -r, "session %s: cannot start its guardian: %s", session, strerror(-r));
	}
	*ret = g;
	return 0;
}

void guardian_beat(struct guardian *g, uint64_t quiet_ns)
{
	atomic_store(&g->beat->mono_ns, clock_mono_ns() + quiet_ns);
}

/* False: it is dead. */
static bool say(struct guardian *g, char word)
{
	void (*old)(int) = signal(SIGPIPE, SIG_IGN);
	bool said = g->dismiss_fd >= 0 && write(g->dismiss_fd, &word, 1) == 1;

	signal(SIGPIPE, old);
	return said;
}

static void release(struct guardian *g)
{
	if (g->dismiss_fd >= 0)
		close(g->dismiss_fd);
	if (g->beat)
		munmap(g->beat, sizeof(*g->beat));
	free(g);
}

void guardian_hand_over(struct guardian *g)
{
	if (!g)
		return;
	say(g, WORD_TAKE_OVER);
	release(g);
}

void guardian_dismiss(struct guardian *g)
{
	if (!g)
		return;
	if (!say(g, WORD_DISMISSED) && g->pid > 0)
		kill(g->pid, SIGKILL);
	if (g->pid > 0)
		while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
			;
	release(g);
}
