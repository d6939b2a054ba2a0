// SPDX-License-Identifier: GPL-2.0-only
/* confine.c - see confine.h */
#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/confine.h"
#include "util/cleanup.h"

/* ---- system calls ---------------------------------------------------------------------------- */

#define NAMESPACES \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

static int filter_rules(scmp_filter_ctx ctx, const char *const *names, size_t n, bool may_fork)
{
	size_t i;
	int nr, r = 0;

	for (i = 0; !r && i < n; i++) {
		nr = seccomp_syscall_resolve_name(names[i]);
		/* Negative: this architecture has no such call. */
		if (nr >= 0)
			r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
	}
	if (r)
		return r;
	/* clone3() keeps its flags in memory, where no filter sees them: ENOSYS, glibc takes clone(). */
	if (may_fork)
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
					SCMP_A0(SCMP_CMP_MASKED_EQ, NAMESPACES, 0));
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0))
		       ?: seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
					   SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

/* libseccomp writes a program to a descriptor and loads it with calls that a forked child cannot make
 * (it allocates): have it written, and load it ourselves. */
int confine_prepare(const char *const *names, size_t n, bool may_fork, struct confine *ret)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	_cleanup_fd_ int fd = memfd_create("filter", MFD_CLOEXEC);
	struct sock_filter *v = NULL;
	struct stat st;
	int r = !ctx ? -ENOMEM : fd < 0 ? -errno : filter_rules(ctx, names, n, may_fork);

	if (!r)
		r = seccomp_export_bpf(ctx, fd);
	if (!r && fstat(fd, &st))
		r = -errno;
	if (!r) {
		v = malloc((size_t)st.st_size);
		if (!v || pread(fd, v, (size_t)st.st_size, 0) != st.st_size)
			r = -ENOMEM;
	}
	if (ctx)
		seccomp_release(ctx);
	if (r) {
		free(v);
		return r;
	}
	*ret = (struct confine){ .filter = { (unsigned short)((size_t)st.st_size / sizeof(*v)), v } };
	while (prctl(PR_CAPBSET_READ, ret->last_cap + 1, 0, 0, 0) >= 0)
		ret->last_cap++;
	return 0;
}

void confine_release(struct confine *c)
{
	free(take_ptr(c->filter.filter));
}

/* ---- the root -------------------------------------------------------------------------------- */

int confine_root(void)
{
	if (!syscall(SYS_pivot_root, ".", "."))
		return umount2(".", MNT_DETACH) || chdir("/") ? -errno : 0;
	/* An initramfs cannot be exchanged, only covered. What has no CAP_SYS_CHROOT stays on top of it. */
	if (errno != EINVAL || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		return -errno;
	return 0;
}

/* ---- rights ---------------------------------------------------------------------------------- */

#define SECURE                                                                                           \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED | \
	 SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

static int drop_caps(const struct confine *c)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = {};
	uint64_t cap;

	for (cap = 0; cap <= c->last_cap; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && errno != EINVAL)
			return -errno;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) || syscall(SYS_capset, &head, none))
		return -errno;
	return 0;
}

int confine_close(const struct confine *c, uid_t uid, gid_t gid)
{
	int r;

	/* Being root, now or after execve(), gives nothing; and a change of user takes nothing away
	 * before drop_caps() does. */
	if (prctl(PR_SET_SECUREBITS, SECURE, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, gid, gid, gid) ||
	    syscall(SYS_setresuid, uid, uid, uid))
		return -errno;
	r = drop_caps(c);
	if (r)
		return r;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &c->filter, 0, 0))
		return -errno;
	return 0;
}
