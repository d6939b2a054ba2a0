/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * process.h - the processes of a target, now; and signals that cannot hit a stranger: a pid is
 * always held together with its start time, and signalled through a pidfd.
 */
#ifndef FL_PROCESS_H
#define FL_PROCESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/target.h"
#include "util/error.h"

struct process_id {
	pid_t pid;
	uint64_t start; /* proc_start() */
};

/*
 * The target's members now (target/process/member.h), but never a stressor, another child of ours, nor
 * process 1. The oldest comes first. Whoever touches them asks again each time. *ret is the caller's
 * to free.
 */
int process_list(const struct target *t, struct process_id **ret, uint32_t *ret_n, struct fl_error *err);

/* A child of ours, or a stressor of another faultline: where these are nobody has been joined by a
 * stranger. */
bool process_is_ours(pid_t pid);

/* Signal 0: is it there? -ESRCH: gone, or another process has its pid now. */
int process_signal(struct process_id id, int signal);

/* Wait until it is gone (a zombie counts as gone); -ETIMEDOUT, or why that cannot be told. */
int process_wait_gone(struct process_id id, uint64_t timeout_ns);

/* Known to run no more: gone or zombie. False also when /proc cannot be read. */
bool process_dead(struct process_id id);

/* State letter of /proc/PID/stat; 0 when there is no such process. */
char process_state(pid_t pid);

/* Inode of its namespace ("pid", "mnt"); 0 when there is no such process. */
uint64_t process_namespace(pid_t pid, const char *name);

/* "KILL", "SIGTERM", "9" -> number. */
int process_signal_number(const char *text, int *ret, struct fl_error *err);
/* "SIGKILL" */
const char *process_signal_name(int signal, char *buf, size_t size);

/* {"pid": N, "start": T} and back. */
json_t *process_json(struct process_id id);
struct process_id process_from_json(const json_t *args);

#endif
