// SPDX-License-Identifier: GPL-2.0-only
/*
 * syscall_modes.c - other kinds of fault whose `mode` is the kernel's own answer: nothing is filled
 * or used up, the calls of the target just fail as if it were. And `crash` at the n-th call.
 *
 *   fd_exhaustion  mode=kernel   socket, open, accept: EMFILE
 *   disk_fill      mode=kernel   write, open below `path`: ENOSPC
 *   crash          syscall=...   a signal at the n-th matching call (raw tracepoint sys_enter)
 *
 * Each is a variant of the kind's own descriptor (fault.h, variant()): same name, same parameters.
 */
#include <errno.h>
#include <string.h>

#include "fault/syscall/syscall.h"
#include "fault/syscall/syscall_modes.h"
#include "target/process/process.h"

const char *const fault_modes[] = { "real", "kernel", NULL };

/* The path filter of a rule: everything below @path. */
static int set_path(struct fl_sys_rule *rule, const char *path, struct fl_error *err)
{
	size_t len = strlen(path);

	if (!len || len >= sizeof(rule->path))
		return error_usage(err, "path: 1 to %zu bytes, this one has %zu", sizeof(rule->path) - 1, len);
	memcpy(rule->path, path, len);
	rule->path_len = (uint32_t)len;
	rule->path_kind = FL_SYS_PATH_PREFIX;
	return 0;
}

static int fd_arm(struct fault *f, struct fl_error *err)
{
	struct syscall_request request;

	syscall_request_init(&request, "socket,open,accept", EMFILE);
	request.partial = true; /* without trampolines only socket can be refused */
	return syscall_arm(f, &request, err);
}

static int disk_arm(struct fault *f, struct fl_error *err)
{
	const struct disk_fill_params *p = f->params.own;
	struct syscall_request request;
	int r;

	syscall_request_init(&request, "write,open", ENOSPC);
	/* The descriptor of a write has a path only where the file is at hand: modret. */
	request.only = BACKEND_MODRET;
	r = set_path(&request.rule, p->path, err);
	return r ? r : syscall_arm(f, &request, err);
}

static int crash_arm(struct fault *f, struct fl_error *err)
{
	const struct crash_params *p = f->params.own;
	struct syscall_request request;
	int number, r = process_signal_number(p->ending.signal, &number, err);

	if (r)
		return r;
	syscall_request_init(&request, p->syscall, 0);
	request.only = BACKEND_SIGNAL;
	request.rule.signal = (uint8_t)number;
	request.rule.first = request.rule.last = p->nth;
	request.rule.max_hits = 1;
	return syscall_arm(f, &request, err);
}

#define CALL_OPS .activate = syscall_activate, .proof = syscall_proof, .disarm = syscall_disarm, .moved = syscall_moved

const struct fault_ops fault_fd_exhaustion_kernel = {
	.name = "fd_exhaustion",
	.class = FAULT_RESOURCE,
	.arm = fd_arm,
	CALL_OPS,
};

const struct fault_ops fault_disk_fill_kernel = {
	.name = "disk_fill",
	.class = FAULT_RESOURCE,
	.arm = disk_arm,
	CALL_OPS,
};

const struct fault_ops fault_crash_call = {
	.name = "crash",
	.class = FAULT_APPLICATION,
	.arm = crash_arm,
	CALL_OPS,
};
