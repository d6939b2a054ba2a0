// SPDX-License-Identifier: GPL-2.0-only
/*
 * fan.c - see fan.h. A permission event that nobody answers holds its caller for ever, so each try is a process
 * of its own that an alarm ends: with its group gone the kernel lets the caller go.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/fan.h"

#define TRY_S 3
#define PLACE "/proc" /* a directory that is everywhere; mounted upon in the private namespace only */

int fan_open(void)
{
	/* O_NONBLOCK: an event on a FIFO is opened too. */
	int fd = fanotify_init(FAN_CLASS_PRE_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE |
				       FAN_UNLIMITED_MARKS,
			       O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

/* The caller whose call is denied: 0 it was not, or the errno. */
static _Noreturn void call(const char *file)
{
	char byte;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	_exit(fd < 0 || read(fd, &byte, 1) < 0 ? errno : 0);
}

static void deny(int fan, int code)
{
	struct pollfd wait = { .fd = fan, .events = POLLIN };
	struct fanotify_event_metadata events[8]; /* room for the range that comes with FAN_PRE_ACCESS */
	struct fanotify_response r = { .response = FAN_DENY | FAN_ERRNO(code) };
	ssize_t len = poll(&wait, 1, TRY_S * 1000) > 0 ? read(fan, events, sizeof(events)) : -1;

	if (!FAN_EVENT_OK(events, len))
		return;
	r.fd = events[0].fd;
	if (write(fan, &r, sizeof(r)) == sizeof(r))
		return;
	r.response = FAN_DENY; /* it takes no errno */
	if (write(fan, &r, sizeof(r)) < 0)
		close(fan);
}

/* In the private namespace. Exit status: 0..127 what the caller saw, from 128 on why it cannot be tried. */
static int try_inside(uint64_t mask, int code)
{
	bool own = !(mask & FAN_PRE_ACCESS);
	const char *file = own ? PLACE "/probe" : PLACE "/etc/passwd";
	int fan, status = 0, fd = -1;
	pid_t caller;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    (own ? mount("tmpfs", PLACE, "tmpfs", 0, "size=64k") : mount("/", PLACE, NULL, MS_BIND, NULL)))
		return -errno;
	if (own && ((fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) < 0 || write(fd, "probe", 5) != 5))
		return -errno;
	if (fd >= 0)
		close(fd);
	fan = fan_open();
	if (fan < 0)
		return fan;
	if (fanotify_mark(fan, FAN_MARK_ADD | FAN_MARK_MOUNT, mask, AT_FDCWD, PLACE))
		return -errno;
	caller = fork();
	if (caller < 0)
		return -errno;
	if (!caller) {
		close(fan);
		call(file);
	}
	deny(fan, code);
	close(fan);
	return waitpid(caller, &status, 0) == caller && WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

static _Noreturn void try_alone(uint64_t mask, int code)
{
	sigset_t none;
	int r;

	signal(SIGALRM, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(TRY_S);
	r = try_inside(mask, code);
	_exit(r < 0 ? 128 + (-r & 127) : r);
}

int fan_try(uint64_t mask, int code)
{
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return -errno;
	if (!pid)
		try_alone(mask, code);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ETIMEDOUT;
	status = WEXITSTATUS(status);
	return status < 128 ? status : -(status - 128);
}
