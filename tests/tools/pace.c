// SPDX-License-Identifier: GPL-2.0-only
/*
 * pace.c - what this machine takes now, emulated or busy, for two things that tests wait for:
 *
 *   pace exec   microseconds to start a program and see it end, the mean over 300 ms
 *   pace wake   microseconds by which a sleeping process is woken too late, the median of 100
 */
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "util/clock.h"

#define EXEC_NS  (300 * NS_PER_MSEC)
#define N_WAKES  100
#define SLEEP_NS (2 * NS_PER_MSEC)

extern char **environ;

static uint64_t exec_ns(void)
{
	char name[] = "/bin/true", *argv[] = { name, NULL };
	uint64_t start = clock_mono_ns(), n = 0, now;
	pid_t pid;

	do {
		if (posix_spawn(&pid, name, NULL, NULL, argv, environ) || waitpid(pid, NULL, 0) != pid) {
			fprintf(stderr, "pace: %s: %s\n", name, strerror(errno));
			exit(2);
		}
		n++;
		now = clock_mono_ns();
	} while (now - start < EXEC_NS);
	return (now - start) / n;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static uint64_t wake_ns(void)
{
	uint64_t late[N_WAKES];
	int i;

	for (i = 0; i < N_WAKES; i++) {
		uint64_t due = clock_mono_ns() + SLEEP_NS;
		struct timespec ts = { .tv_sec = (time_t)(due / NS_PER_SEC), .tv_nsec = (long)(due % NS_PER_SEC) };

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		late[i] = clock_mono_ns() - due;
	}
	qsort(late, N_WAKES, sizeof(*late), by_value);
	return late[N_WAKES / 2];
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "exec"))
		printf("%" PRIu64 "\n", (uint64_t)(exec_ns() / NS_PER_USEC));
	else if (argc == 2 && !strcmp(argv[1], "wake"))
		printf("%" PRIu64 "\n", (uint64_t)(wake_ns() / NS_PER_USEC));
	else
		return fputs("usage: pace exec|wake\n", stderr), 2;
	return 0;
}
