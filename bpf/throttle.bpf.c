// SPDX-License-Identifier: GPL-2.0-only
/*
 * throttle.bpf.c - how often the kernel held back block I/O of a control group because of a limit (io.max,
 * blkio.throttle.*): no file tells. Changes nothing.
 *
 * What a limit holds back is let go by a worker of the kernel, and by one function (blk_throtl_dispatch_work_fn); what it
 * lets through at once is queued by whoever wants it. So each request is looked at where it is queued for the
 * disk: it was held back when the one who queues it is that worker.
 *
 * Limits: it is counted when it is let go. The second part of a request that is split is not counted. I/O of a group
 * below counts as its parent's too, by whichever limit it was held back.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "bpf/abi/abi_throttle.h"

#define DEPTH_MAX    16
#define PF_WQ_WORKER 0x00000020

char LICENSE[] SEC("license") = "GPL";

extern const void blk_throtl_dispatch_work_fn __ksym;

/* Filled in before loading: before 5.11 (e8a676d61c07) the tracepoint's first argument is the queue. */
const volatile bool bio_is_second = false;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FL_THROTTLE_MAX);
	__type(key, struct fl_throttle_key);
	__type(value, __u64);
} held_back SEC(".maps");

/* Before 5.17 (e32cf5dfbe22) a kernel thread had its own in a place of other tasks'. */
static __always_inline bool lets_go(struct task_struct *task)
{
	struct task_struct___before_5_17 *old = (void *)task;
	struct kthread *kthread;
	struct worker *worker;

	if (!(BPF_CORE_READ(task, flags) & PF_WQ_WORKER))
		return false;
	if (bpf_core_field_exists(task->worker_private))
		kthread = BPF_CORE_READ(task, worker_private);
	else
		kthread = BPF_CORE_READ(old, set_child_tid);
	worker = BPF_CORE_READ(kthread, data);
	return BPF_CORE_READ(worker, current_func) == &blk_throtl_dispatch_work_fn;
}

static __always_inline struct gendisk *disk_of(struct bio *bio)
{
	struct bio___before_5_12 *old = (void *)bio;

	if (bpf_core_field_exists(bio->bi_bdev))
		return BPF_CORE_READ(bio, bi_bdev, bd_disk);
	return BPF_CORE_READ(old, bi_disk);
}

/* Read at a fixed place: two of them made into one with a computed address is what 5.10 does not take. */
static __always_inline void *arg(const struct bpf_raw_tracepoint_args *ctx, int i)
{
	__u64 value = ctx->args[i];

	barrier_var(value);
	return (void *)value;
}

SEC("raw_tp/block_bio_queue")
int fl_held_back(struct bpf_raw_tracepoint_args *ctx)
{
	struct fl_throttle_key key = {};
	struct blkcg_gq *group;
	struct gendisk *disk;
	struct bio *bio;
	__u64 *count;
	int i;

	if (!lets_go((struct task_struct *)bpf_get_current_task()))
		return 0;
	if (bio_is_second)
		bio = arg(ctx, 1);
	else
		bio = arg(ctx, 0);
	disk = disk_of(bio);
	key.major = (__u32)BPF_CORE_READ(disk, major);
	key.minor = (__u32)BPF_CORE_READ(disk, first_minor);
	key.write = BPF_CORE_READ(bio, bi_opf) & 1; /* as op_is_write() */
	group = BPF_CORE_READ(bio, bi_blkg);
	for (i = 0; i < DEPTH_MAX && group; i++) {
		key.cgroup = BPF_CORE_READ(group, blkcg, css.cgroup, kn, id);
		count = bpf_map_lookup_elem(&held_back, &key);
		if (count)
			__sync_fetch_and_add(count, 1);
		group = BPF_CORE_READ(group, parent);
	}
	return 0;
}
