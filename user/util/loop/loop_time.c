// SPDX-License-Identifier: GPL-2.0-only
/* loop_time.c - see loop_time.h. One loop a process, so one thread at a time is measured. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/loop/loop_time.h"

static const char *log_path(void)
{
	static const char *path;
	static bool asked;

	if (!asked) {
		path = getenv("FAULTLINE_LOOP_LOG");
		asked = true;
	}
	return path;
}

/* For how long this thread has been ready to run and did not, in ns. */
static uint64_t ready_ns(void)
{
	static _Thread_local int fd = -1;
	uint64_t on_cpu, ready;
	char text[80];
	ssize_t n;

	if (fd < 0)
		fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return sscanf(text, "%" SCNu64 " %" SCNu64, &on_cpu, &ready) == 2 ? ready : 0;
}

/* How often it has slept, and how often it had to wait for the disk to bring a page of memory. */
static void count_sleeps(uint64_t *ret_sleeps, uint64_t *ret_faults)
{
	struct rusage u = {};

	getrusage(RUSAGE_THREAD, &u);
	*ret_sleeps = (uint64_t)u.ru_nvcsw;
	*ret_faults = (uint64_t)u.ru_majflt;
}

struct loop_time loop_time_begin(const char *file, const char *name)
{
	struct loop_time t = { .file = file, .name = log_path() ? name : NULL };

	if (t.name) {
		t.waited_ns = ready_ns();
		t.cpu_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
		count_sleeps(&t.sleeps, &t.faults);
		t.begin_ns = clock_mono_ns();
	}
	return t;
}

void loop_time_end(const struct loop_time *t)
{
	uint64_t elapsed, waited, cpu, sleeps, faults;
	int fd;

	if (!t->name)
		return;
	elapsed = clock_mono_ns() - t->begin_ns;
	if (elapsed <= LOOP_LIMIT_NS)
		return;
	waited = ready_ns() - t->waited_ns;
	cpu = clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - t->cpu_ns;
	count_sleeps(&sleeps, &faults);
	sleeps -= t->sleeps;
	/* A thread that is ready and has no CPU holds nothing up by what it does: only that is taken off. */
	if (elapsed - waited <= LOOP_LIMIT_NS)
		return;
	fd = open(log_path(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		abort(); /* the assertion cannot be made */
	dprintf(fd,
		"%s: %s(): %.1f ms, %.1f of them ready to run, %.1f on a CPU; slept %" PRIu64 " times, %" PRIu64
		" of them for a page from the disk\n",
		t->file, t->name, elapsed / 1e6, waited / 1e6, cpu / 1e6, sleeps, faults - t->faults);
	close(fd);
}
