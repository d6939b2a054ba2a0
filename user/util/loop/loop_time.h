/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * loop_time.h - how long a callback keeps the event loop that carries the heartbeat.
 *
 * No callback may take longer than LOOP_LIMIT_NS. Tests name a file in FAULTLINE_LOOP_LOG; then every
 * callback is measured, and one that took longer adds a line to that file, whose being empty is the
 * assertion. What counts is the time on a CPU and the time asleep; the time in which the thread was
 * ready to run and another task had the CPU (the second figure of /proc/thread-self/schedstat) does not,
 * so a busy machine alone makes no callback slow. Where the kernel does not count that
 * (CONFIG_SCHED_INFO) the elapsed time counts, and so does what a hypervisor takes.
 *
 * Without the variable a callback costs one test of a flag more.
 */
#ifndef FL_LOOP_TIME_H
#define FL_LOOP_TIME_H

#include <stdint.h>

#define LOOP_LIMIT_NS 20000000ull

struct loop_time {
	const char *file, *name; /* NULL: not measured */
	uint64_t begin_ns, waited_ns, cpu_ns;
	uint64_t sleeps, faults; /* voluntary switches, and major page faults */
};

struct loop_time loop_time_begin(const char *file, const char *name);
void loop_time_end(const struct loop_time *t);

/* The first line of every function that the loop calls; tests/lab/57-loop.sh looks for it. */
#define LOOP_CALLBACK()                                                               \
	__attribute__((cleanup(loop_time_end), unused)) struct loop_time loop_time_ = \
		loop_time_begin(__FILE__, __func__)

#endif
