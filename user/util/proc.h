/* SPDX-License-Identifier: GPL-2.0-only */
/* proc.h - who a process is: a pid alone says nothing once it has been reused. */
#ifndef FL_PROC_H
#define FL_PROC_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What is known of the process that (pid, start) was written down for. */
enum proc_is {
	PROC_UNKNOWN, /* /proc cannot be read: it may well be there */
	PROC_GONE,    /* proved: no such process, its zombie, or another one has the pid now */
	PROC_HERE,
};

/* A zombie whose other threads still run is HERE: their memory, limits and signals are the process's. */
enum proc_is proc_is(pid_t pid, uint64_t start);

/* Field 22 of /proc/PID/stat, in clock ticks since boot. 0: no such process, or only its zombie; or it
 * cannot be read. Who must know which of these it is asks proc_is(). */
uint64_t proc_start(pid_t pid);

/* 0: none, no such process, or it cannot be read. */
pid_t proc_parent(pid_t pid);

/* The CPU on which its first thread ran last; -1: that cannot be told. */
int proc_cpu(pid_t pid);

/* Is it seen to run? False also when that cannot be told: see proc_is(). */
bool proc_same(pid_t pid, uint64_t start);

/* A pidfd of exactly this process. -ESRCH only when it is known to be gone. */
int proc_open(pid_t pid, uint64_t start);

/* Signal it through one, which cannot hit another that has the pid now. Errors of proc_open(), or the
 * kernel's. */
int proc_signal(pid_t pid, uint64_t start, int signal);

/* /proc, to look at each process in turn. NULL and errno when it does not show them all (not mounted,
 * hidepid): who is not found there may well be somewhere. */
DIR *proc_scan(void);

/* The pid namespace in which this process counts, and /proc does: its inode. 0: /proc is another one's (or is not
 * there), so that no number in it means here what it says. */
uint64_t proc_pidns(void);

/*
 * The process that had @pid in the pid namespace @pidns. In ours that is proc_is(). In one below ours it is looked
 * for by that number of it (NSpid). GONE there: proved, for every process of the host is seen, and none is in that
 * namespace. *@ret_member: one that is in it, when it is not ours; 0: none is seen.
 */
enum proc_is proc_is_in(uint64_t pidns, pid_t pid, uint64_t start, pid_t *ret_member);

#define PROC_BOOT_SIZE 40
/* Which boot of the machine this is; pids and start times, namespaces and interfaces are numbered
 * anew in each. Empty when the kernel does not say. */
void proc_boot(char ret[PROC_BOOT_SIZE]);

#endif
