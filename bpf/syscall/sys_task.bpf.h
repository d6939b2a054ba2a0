/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sys_task.bpf.h - for the backends that see every process of the host: is the caller in the
 * target, and do a path or a file descriptor pass the filter?
 */
#ifndef FL_SYS_TASK_BPF_H
#define FL_SYS_TASK_BPF_H

#include "sys.bpf.h"
#include "task.bpf.h"
#include <bpf/bpf_tracing.h>

/* The syscall that this object hooks, and where its arguments are. */
const volatile struct fl_sys_call call = {};

#ifdef FL_PLAIN
/* (So that what follows need not be verified once for each path through it.) */
apart int sys_is_target(void)
{
	__u32 zero = 0;
	const struct fl_sys_rule *rule = bpf_map_lookup_elem(&sys_rule, &zero);

	return rule && task_in_any(rule->targets, rule->n_targets);
}

#define sys_in_target(rule) sys_is_target()
#else
#define sys_in_target(rule) task_in_any((rule)->targets, (rule)->n_targets)
#endif

struct sys_path {
	char s[512]; /* strings end within the first 256 bytes */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sys_path);
} sys_paths SEC(".maps");

/*
 * A zero that the verifier does not know. Before 6.7 it looks at a bpf_loop() callback only once
 * (kernel commit ab5cfac139ab "verify callbacks as if they are called unknown number of times"): a
 * constant in the context would be taken for the value in every round.
 */
volatile __u32 opaque_zero;

struct glob_walk {
#ifndef FL_PLAIN
	const struct fl_sys_rule *rule;
	const struct sys_path *path;
#endif
	__u32 p, s;         /* position in the pattern and in the path */
	__u32 star, resume; /* after the last '*', and the path position to try next; star 0: none */
	int result;         /* 1 match, 0 none, -1 still walking */
};

/* One step of the usual two-pointer glob: on a mismatch go back to the last star. */
static __always_inline long glob_go(struct glob_walk *w, const struct fl_sys_rule *rule, const struct sys_path *path)
{
	char c = w->p < rule->path_len ? rule->path[w->p & (FL_SYS_PATH_MAX - 1)] : 0;
	char d = path->s[w->s & 255];

	if (c == '*') {
		w->star = ++w->p;
		w->resume = w->s;
		return 0;
	}
	if (!d) {
		w->result = w->p >= rule->path_len;
		return 1;
	}
	if (c == d || c == '?') {
		w->p++;
		w->s++;
		return 0;
	}
	if (!w->star) {
		w->result = 0;
		return 1;
	}
	w->p = w->star;
	w->s = ++w->resume;
	return 0;
}

/* Enough for patterns with two stars on the longest path; beyond it: no match. */
#define GLOB_STEPS 4096

#ifdef FL_PLAIN
/* bpf_loop() is of 5.17. Before, the loop is here, and what it is about in maps: see plain.bpf.h. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct glob_walk);
} glob_walks SEC(".maps");

apart int glob_step(void)
{
	__u32 zero = 0;
	struct glob_walk *w = bpf_map_lookup_elem(&glob_walks, &zero);
	const struct fl_sys_rule *rule = bpf_map_lookup_elem(&sys_rule, &zero);
	const struct sys_path *path = bpf_map_lookup_elem(&sys_paths, &zero);

	return w && rule && path ? (int)glob_go(w, rule, path) : 1;
}

static __always_inline bool glob_matches(const struct fl_sys_rule *rule, const struct sys_path *path, __u32 start)
{
	__u32 zero = 0, i;
	struct glob_walk *w = bpf_map_lookup_elem(&glob_walks, &zero);

	if (!w)
		return false;
	*w = (struct glob_walk){ .s = start, .result = -1 };
	for (i = 0; i < GLOB_STEPS; i++)
		if (glob_step())
			break;
	return w->result == 1;
}
#else
static long glob_step(__u32 i, struct glob_walk *w)
{
	return glob_go(w, w->rule, w->path);
}

static __always_inline bool glob_matches(const struct fl_sys_rule *rule, const struct sys_path *path, __u32 start)
{
	struct glob_walk w = { .rule = rule, .path = path, .result = -1 };

	w.p = w.star = w.resume = opaque_zero;
	w.s = start + opaque_zero;
	bpf_loop(GLOB_STEPS, glob_step, &w, 0);
	return w.result == 1;
}
#endif

/* Does the path that begins at s[@start] pass the filter? */
static __always_inline bool path_matches(const struct fl_sys_rule *rule, const struct sys_path *path, __u32 start)
{
	__u32 i;

	if (rule->path_kind == FL_SYS_PATH_GLOB)
		return glob_matches(rule, path, start);
	for (i = 0; i < FL_SYS_PATH_MAX; i++) {
		if (i >= rule->path_len)
			return true;
		if (path->s[(start + i) & 255] != (char)rule->path[i])
			return false;
	}
	return true;
}

#ifdef FL_PLAIN
/* (There is but one rule and, on a CPU, one path.) */
apart int sys_path_matches_from(__u32 start)
{
	__u32 zero = 0;
	const struct fl_sys_rule *rule = bpf_map_lookup_elem(&sys_rule, &zero);
	const struct sys_path *path = bpf_map_lookup_elem(&sys_paths, &zero);

	return rule && path && path_matches(rule, path, start);
}

#define sys_path_matches_at(rule, path, start) sys_path_matches_from(start)
#else
#define sys_path_matches_at(rule, path, start) path_matches(rule, path, start)
#endif

static __always_inline bool sys_path_matches(const struct fl_sys_rule *rule, const struct sys_path *path)
{
	return sys_path_matches_at(rule, path, 0);
}

/* File type bits of a mode as enum fl_sys_fd. */
static __always_inline __u8 sys_mode_kind(__u16 mode)
{
	switch (mode & 0170000) {
	case 0100000: return FL_SYS_FD_FILE;
	case 0040000: return FL_SYS_FD_DIRECTORY;
	case 0140000: return FL_SYS_FD_SOCKET;
	case 0010000: return FL_SYS_FD_PIPE;
	case 0020000:
	case 0060000: return FL_SYS_FD_DEVICE;
	}
	return FL_SYS_FD_ANY;
}

/* The type of what an open descriptor of the caller refers to, as enum fl_sys_fd. */
static __always_inline __u8 sys_fd_kind(int fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **slots, *file = NULL;

	if (fd < 0 || (__u32)fd >= BPF_CORE_READ(table, max_fds))
		return FL_SYS_FD_ANY;
	slots = BPF_CORE_READ(table, fd);
	if (bpf_probe_read_kernel(&file, sizeof(file), &slots[fd]) || !file)
		return FL_SYS_FD_ANY;
	return sys_mode_kind(BPF_CORE_READ(file, f_inode, i_mode));
}

/* The address behind a struct sockaddr, in kernel or user memory. */
static __always_inline bool sys_sockaddr_matches(const struct fl_sys_rule *rule, const void *addr, bool user)
{
	struct sockaddr_in6 sa = {};
	__u32 words[4] = { 0, 0, bpf_htonl(0xffff), 0 };
	long r;

	/* A sockaddr_in is shorter, but 28 bytes behind it are readable in all but freak cases. */
	r = user ? bpf_probe_read_user(&sa, sizeof(sa), addr) : bpf_probe_read_kernel(&sa, sizeof(sa), addr);
	if (r)
		r = user ? bpf_probe_read_user(&sa, 16, addr) : bpf_probe_read_kernel(&sa, 16, addr);
	if (r)
		return false;
	if (sa.sin6_family == 2) {
		__builtin_memcpy(&words[3], (char *)&sa + 4, 4);
	} else if (sa.sin6_family == 10) {
		__builtin_memcpy(words, sa.sin6_addr, 16);
	} else {
		return false;
	}
	return sys_addr_matches(rule, (const __u8 *)words, bpf_ntohs(sa.sin6_port));
}

/* All filters of a syscall whose arguments are in @arg. True: it matches. */
static __always_inline bool sys_args_match(const struct fl_sys_rule *rule, const struct fl_sys_call *call,
					   const __u64 arg[6])
{
	__u32 zero = 0;

	if (rule->path_kind) {
		struct sys_path *path = bpf_map_lookup_elem(&sys_paths, &zero);
		long n;

		if (!path || call->path_arg < 0)
			return false;
		n = bpf_probe_read_user_str(path->s, 256, (const void *)arg[call->path_arg & 7]);
		if (n < 0) {
			sys_skipped();
			return false;
		}
		if (!sys_path_matches(rule, path))
			return false;
	}
	if (rule->fd_kind && (call->fd_arg < 0 || sys_fd_kind((int)arg[call->fd_arg & 7]) != rule->fd_kind))
		return false;
	if (sys_wants_addr(rule) &&
	    (call->addr_arg < 0 || !sys_sockaddr_matches(rule, (const void *)arg[call->addr_arg & 7], true)))
		return false;
	return true;
}

/* The wrapper of a syscall gets one argument: the user's registers. */
static __always_inline void sys_read_args(const struct pt_regs *regs, __u64 arg[8])
{
	arg[0] = PT_REGS_PARM1_CORE_SYSCALL(regs);
	arg[1] = PT_REGS_PARM2_CORE_SYSCALL(regs);
	arg[2] = PT_REGS_PARM3_CORE_SYSCALL(regs);
	arg[3] = PT_REGS_PARM4_CORE_SYSCALL(regs);
	arg[4] = PT_REGS_PARM5_CORE_SYSCALL(regs);
	arg[5] = 0;
	arg[6] = 0;
	arg[7] = 0;
}

/*
 * What the hooked call returns when it is hit: an errno, sign-extended to the width of a register.
 * brk(2) reports a failure by returning the old break; an errno there would be taken for a very
 * high one, and the caller's malloc would use memory that it does not have.
 */
static __always_inline long sys_failure(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return call.keeps_break ? (long)BPF_CORE_READ(task, mm, brk) : (long)sys_error();
}

static __always_inline bool sys_call_hits(const struct pt_regs *regs)
{
	const struct fl_sys_rule *rule = sys_live();
	struct fl_sys_call layout = { call.number, call.path_arg, call.fd_arg, call.addr_arg, 0 };
	__u64 arg[8];

	if (!rule || !sys_in_target(rule) || sys_spared(rule))
		return false;
	sys_read_args(regs, arg);
	return sys_args_match(rule, &layout, arg) && sys_hit(rule);
}

#endif
