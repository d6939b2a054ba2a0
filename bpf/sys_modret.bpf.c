// SPDX-License-Identifier: GPL-2.0-only
/*
 * sys_modret.bpf.c - syscall faults by fmod_ret: on the syscall itself where the kernel allows it
 * (CONFIG_FUNCTION_ERROR_INJECTION), else on the security_* hook that the syscall passes, which
 * every kernel with BPF trampolines allows.
 *
 * A hook of open sits behind the path look-up: a file made by O_CREAT is there already when the
 * open fails. The others refuse before anything has happened.
 */
#include "bpf/syscall/sys_task.bpf.h"

char LICENSE[] SEC("license") = "GPL";

enum { MAY_WRITE = 2, MAY_READ = 4 };

/* Verifiers since 6.12 want to see that an LSM-like hook returns an errno or 0. */
static __always_inline int sys_clamp(int error)
{
	if (error < -4095)
		return -4095;
	return error > 0 ? 0 : error;
}

static __always_inline const struct fl_sys_rule *sys_rule_here(void)
{
	const struct fl_sys_rule *rule = sys_live();

	return rule && sys_in_target(rule) && !sys_spared(rule) ? rule : NULL;
}

static __always_inline int sys_answer(const struct fl_sys_rule *rule, int ret)
{
	return sys_hit(rule) ? sys_clamp(rule->error) : ret;
}

SEC("fmod_ret")
long BPF_PROG(sys_syscall, const struct pt_regs *regs, long ret)
{
	if (ret || !sys_call_hits(regs))
		return ret;
	return sys_failure();
}

/* Path of an open file, by the kernel's own d_path(). */
static __always_inline bool sys_file_matches(const struct fl_sys_rule *rule, struct file *file)
{
	struct sys_path *path;
	__u32 zero = 0;

	if (rule->fd_kind && sys_mode_kind(BPF_CORE_READ(file, f_inode, i_mode)) != rule->fd_kind)
		return false;
	if (!rule->path_kind)
		return true;
	path = bpf_map_lookup_elem(&sys_paths, &zero);
	if (!path)
		return false;
	if (bpf_d_path(&file->f_path, path->s, 256) < 0) {
		sys_skipped();
		return false;
	}
	return sys_path_matches(rule, path);
}

SEC("fmod_ret/security_file_open")
int BPF_PROG(sys_file_open, struct file *file, int ret)
{
	const struct fl_sys_rule *rule = ret ? NULL : sys_rule_here();

	return rule && sys_file_matches(rule, file) ? sys_answer(rule, ret) : ret;
}

static __always_inline int sys_permission(struct file *file, int mask, int wanted, int ret)
{
	const struct fl_sys_rule *rule = ret || !(mask & wanted) ? NULL : sys_rule_here();

	return rule && sys_file_matches(rule, file) ? sys_answer(rule, ret) : ret;
}

SEC("fmod_ret/security_file_permission")
int BPF_PROG(sys_file_read, struct file *file, int mask, int ret)
{
	return sys_permission(file, mask, MAY_READ, ret);
}

SEC("fmod_ret/security_file_permission")
int BPF_PROG(sys_file_write, struct file *file, int mask, int ret)
{
	return sys_permission(file, mask, MAY_WRITE, ret);
}

/* Path within its file system: the names from the dentry up to the root, 16 of them at most. */
static __always_inline bool sys_dentry_matches(const struct fl_sys_rule *rule, struct dentry *dentry)
{
	struct sys_path *path;
	__u32 zero = 0, at = 255, i;

	if (!rule->path_kind)
		return true;
	path = bpf_map_lookup_elem(&sys_paths, &zero);
	if (!path)
		return false;
	path->s[255] = 0;
	for (i = 0; i < 16; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
		__u32 len = BPF_CORE_READ(dentry, d_name.len);

		if (parent == dentry)
			break;
		if (len >= at || len > 200) {
			sys_skipped();
			return false;
		}
		at -= len;
		if (bpf_probe_read_kernel(&path->s[at & 255], len & 255, name) || !at)
			return false;
		at--;
		path->s[at & 255] = '/';
		dentry = parent;
	}
	return sys_path_matches_at(rule, path, at);
}

#define SYS_DENTRY_HOOK(name, hook, ...)                                                       \
	SEC("fmod_ret/" #hook)                                                                 \
	int BPF_PROG(name, __VA_ARGS__, int ret)                                               \
	{                                                                                      \
		const struct fl_sys_rule *rule = ret ? NULL : sys_rule_here();                 \
                                                                                               \
		return rule && sys_dentry_matches(rule, dentry) ? sys_answer(rule, ret) : ret; \
	}

SYS_DENTRY_HOOK(sys_unlink, security_inode_unlink, struct inode *dir, struct dentry *dentry)
SYS_DENTRY_HOOK(sys_mkdir, security_inode_mkdir, struct inode *dir, struct dentry *dentry)
SYS_DENTRY_HOOK(sys_rename, security_inode_rename, struct inode *dir, struct dentry *dentry)

SEC("fmod_ret/security_inode_getattr")
int BPF_PROG(sys_getattr, const struct path *path, int ret)
{
	const struct fl_sys_rule *rule = ret ? NULL : sys_rule_here();

	return rule && sys_dentry_matches(rule, BPF_CORE_READ(path, dentry)) ? sys_answer(rule, ret) : ret;
}

/* Hooks with nothing to filter by. */
#define SYS_PLAIN_HOOK(name, hook, ...)                                        \
	SEC("fmod_ret/" #hook)                                                 \
	int BPF_PROG(name, __VA_ARGS__, int ret)                               \
	{                                                                      \
		const struct fl_sys_rule *rule = ret ? NULL : sys_rule_here(); \
                                                                               \
		return rule ? sys_answer(rule, ret) : ret;                     \
	}

SYS_PLAIN_HOOK(sys_mmap, security_mmap_file, struct file *file, unsigned long prot, unsigned long flags)
SYS_PLAIN_HOOK(sys_fork, security_task_alloc, struct task_struct *task, unsigned long flags)
SYS_PLAIN_HOOK(sys_execve, security_bprm_check, struct linux_binprm *bprm)
SYS_PLAIN_HOOK(sys_listen, security_socket_listen, struct socket *sock, int backlog)
SYS_PLAIN_HOOK(sys_accept, security_socket_accept, struct socket *sock, struct socket *newsock)
SYS_PLAIN_HOOK(sys_recv, security_socket_recvmsg, struct socket *sock, struct msghdr *msg, int size, int flags)
SYS_PLAIN_HOOK(sys_setsockopt, security_socket_setsockopt, struct socket *sock, int level, int optname)

/* security_socket_create(family, type, protocol, kern): the kernel's own sockets are spared. */
SEC("fmod_ret/security_socket_create")
int BPF_PROG(sys_socket, int family, int type, int protocol, int kern, int ret)
{
	const struct fl_sys_rule *rule = ret || kern ? NULL : sys_rule_here();

	return rule ? sys_answer(rule, ret) : ret;
}

#define SYS_ADDRESS_HOOK(name, hook)                                                                \
	SEC("fmod_ret/" #hook)                                                                      \
	int BPF_PROG(name, struct socket *sock, struct sockaddr *address, int addrlen, int ret)     \
	{                                                                                           \
		const struct fl_sys_rule *rule = ret ? NULL : sys_rule_here();                      \
                                                                                                    \
		if (!rule || (sys_wants_addr(rule) && !sys_sockaddr_matches(rule, address, false))) \
			return ret;                                                                 \
		return sys_answer(rule, ret);                                                       \
	}

SYS_ADDRESS_HOOK(sys_connect, security_socket_connect)
SYS_ADDRESS_HOOK(sys_bind, security_socket_bind)

SEC("fmod_ret/security_socket_sendmsg")
int BPF_PROG(sys_send, struct socket *sock, struct msghdr *msg, int size, int ret)
{
	const struct fl_sys_rule *rule = ret ? NULL : sys_rule_here();
	void *address;

	if (!rule)
		return ret;
	if (sys_wants_addr(rule)) {
		address = BPF_CORE_READ(msg, msg_name);
		if (!address || !sys_sockaddr_matches(rule, address, false))
			return ret;
	}
	return sys_answer(rule, ret);
}
