// SPDX-License-Identifier: GPL-2.0-only
/* wait.c - a command that looks at something for a while. */
#include <signal.h>
#include <time.h>

#include "cmd/cmd.h"
#include "util/clock.h"

bool cmd_wait_ns(uint64_t ns)
{
	const struct timespec ts = { .tv_sec = (time_t)(ns / NS_PER_SEC), .tv_nsec = (long)(ns % NS_PER_SEC) };
	sigset_t set, old;
	bool ended;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &old);
	ended = sigtimedwait(&set, NULL, &ts) > 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	return !ended;
}
