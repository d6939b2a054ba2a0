// SPDX-License-Identifier: GPL-2.0-only
/*
 * exec.bpf.c - tell user space at once when a process of a target has begun a new program: its
 * address space is fresh, and what a fault had put into the old one is gone.
 *
 * The record says no more than that; who it was is found out from /proc, in the reader's own pid
 * namespace. Runs behind the exec, before the new program's first instruction.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "bpf/abi_exec.h"

/* Filled in before loading; none: every process of the host. */
const volatile struct fl_exec_target targets[FL_EXEC_MAX_TARGETS] = {};
const volatile __u32 n_targets = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} execs SEC(".maps");

/* Inode of the caller's own pid namespace. numbers[] has one upid a level, the own one last. */
static __always_inline __u32 own_pidns(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid upid;

	if (bpf_probe_read_kernel(&upid, sizeof(upid), (void *)&pid->numbers[level]))
		return 0;
	return BPF_CORE_READ(upid.ns, ns.inum);
}

static __always_inline bool in_a_target(void)
{
	__u32 pidns = own_pidns(), i;

	for (i = 0; i < FL_EXEC_MAX_TARGETS; i++) {
		if (i >= n_targets)
			break;
		if (targets[i].cgroup_id ?
			    bpf_get_current_ancestor_cgroup_id((int)targets[i].cgroup_level) ==
				    targets[i].cgroup_id :
			    pidns == targets[i].pidns_inode)
			return true;
	}
	return n_targets == 0;
}

SEC("raw_tp/sched_process_exec")
int fl_process_exec(void *ctx)
{
	__u64 now;

	if (!in_a_target())
		return 0;
	now = bpf_ktime_get_ns();
	/* When it is full the reader is behind, and will look at everything anyway. */
	bpf_ringbuf_output(&execs, &now, sizeof(now), 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
