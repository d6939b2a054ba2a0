/* SPDX-License-Identifier: GPL-2.0-only */
/* task.bpf.h - is the calling process one of those that are meant? */
#ifndef FL_TASK_BPF_H
#define FL_TASK_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "bpf/abi/abi_task.h"

/* Inode of the caller's own pid namespace. numbers[] has one upid per level, its own last. */
static __always_inline __u32 task_pidns(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid upid;

	if (bpf_probe_read_kernel(&upid, sizeof(upid), (void *)&pid->numbers[level]))
		return 0;
	return BPF_CORE_READ(upid.ns, ns.inum);
}

/* Inode of the caller's network namespace; 0 while it exits. */
static __always_inline __u32 task_netns(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
}

/* The id of the cgroup of @level that the caller is in; 0: there is none. */
static __always_inline __u64 task_cgroup(int level)
{
#ifdef FL_PLAIN
	/* Before 5.15 bpf_get_current_ancestor_cgroup_id() is not available to tracing programs. */
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct cgroup *cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp), *ancestor = NULL;
	__u64 id = 0;

	if (level < 0 || level > BPF_CORE_READ(cgroup, level))
		return 0;
	if (bpf_core_field_exists(cgroup->ancestor_ids)) {
		bpf_core_read(&id, sizeof(id), &cgroup->ancestor_ids[level]);
		return id;
	}
	bpf_core_read(&ancestor, sizeof(ancestor), &cgroup->ancestors[level]); /* since 6.1 */
	return BPF_CORE_READ(ancestor, kn, id);
#else
	return bpf_get_current_ancestor_cgroup_id(level);
#endif
}

/* One of the first @n (at most FL_TASK_MAX_TARGETS) of @targets. */
static __always_inline bool task_in_any(const volatile struct fl_task_target *targets, __u32 n)
{
	__u32 i, pidns = 0, netns = 0;

	for (i = 0; i < FL_TASK_MAX_TARGETS; i++) {
		const volatile struct fl_task_target *t = &targets[i];

		if (i >= n)
			break;
		if (t->cgroup_id) {
			if (task_cgroup((int)t->cgroup_level) == t->cgroup_id)
				return true;
			continue;
		}
		if (t->pidns_inode) {
			if (!pidns)
				pidns = task_pidns();
			if (pidns == t->pidns_inode)
				return true;
			continue;
		}
		if (!netns)
			netns = task_netns();
		if (netns && netns == t->netns_inode)
			return true;
	}
	return false;
}

#endif
