/* SPDX-License-Identifier: GPL-2.0-only */
/* proc.h - which process a pid was: the start time tells it from one that got the number later. And how one ends. */
#ifndef LAB_PROC_H
#define LAB_PROC_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Field 22 of /proc/PID/stat; 0 when there is no such process, or only its zombie. */
static inline uint64_t proc_start(pid_t pid)
{
	char path[32], buf[1024], state = 'Z';
	unsigned long long start = 0;
	const char *behind;
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0) {
		n = read(fd, buf, sizeof(buf) - 1);
		close(fd);
	}
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	behind = strrchr(buf, ')'); /* the name before it may hold anything */
	if (!behind ||
	    sscanf(behind + 1,
		   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
		   "%*d %*d %llu",
		   &state, &start) != 2 ||
	    state == 'Z')
		return 0;
	return start;
}

/* Block what ends a program, for its sigwait(): before the first thread, so that all inherit it. SIGPIPE is ignored. */
static inline void proc_hold_stop(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGINT);
	sigprocmask(SIG_BLOCK, ret, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static inline bool proc_same(pid_t pid, uint64_t start)
{
	return start && proc_start(pid) == start;
}

#endif
