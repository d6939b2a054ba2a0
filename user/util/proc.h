/* SPDX-License-Identifier: GPL-2.0-only */
/* proc.h - who a process is: a pid alone says nothing once it has been reused. */
#ifndef FL_PROC_H
#define FL_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Field 22 of /proc/PID/stat, in clock ticks since boot. 0: no such process, or only its zombie. */
uint64_t proc_start(pid_t pid);

/* Does the process that (pid, start) was written down for still run? */
bool proc_same(pid_t pid, uint64_t start);

#define PROC_BOOT_SIZE 40
/* Which boot of the machine this is; pids and start times, namespaces and interfaces are numbered
 * anew in each. Empty when the kernel does not say. */
void proc_boot(char ret[PROC_BOOT_SIZE]);

#endif
