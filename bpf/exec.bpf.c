// SPDX-License-Identifier: GPL-2.0-only
/*
 * exec.bpf.c - tell user space at once when a process of a target has started a new program: its
 * address space is fresh, and what a fault had put into the old one is gone.
 *
 * The record says no more than that; who it was is found out from /proc, in the reader's own pid
 * namespace. Runs after the exec, before the new program's first instruction.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "bpf/syscall/task.bpf.h"

/* Filled in before loading; none: every process of the host. */
const volatile struct fl_task_target targets[FL_TASK_MAX_TARGETS] = {};
const volatile __u32 n_targets = 0;

/* How many programs began: also those that had ended before the reader came. */
__u64 begun = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} execs SEC(".maps");

SEC("raw_tp/sched_process_exec")
int fl_process_exec(void *ctx)
{
	__u64 now;

	if (n_targets && !task_in_any(targets, n_targets))
		return 0;
	__sync_fetch_and_add(&begun, 1);
	now = bpf_ktime_get_ns();
	/* When it is full the reader is behind, and will look at everything anyway. */
	bpf_ringbuf_output(&execs, &now, sizeof(now), 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
