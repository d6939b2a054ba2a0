// SPDX-License-Identifier: GPL-2.0-only
/*
 * confine.c - what the process that speaks HTTP may be: a user of its own, in an empty root and a network without
 * interfaces, with no capability and no way to any, and the system calls that moving bytes takes. The sockets that it
 * was given belong to the network they were made in.
 */
#include <errno.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "os/confine.h"
#include "serve/front/private.h"
#include "util/cleanup.h"

#define USER "faultline-serve"
/* Where no user is ever added by hand: systemd's range for services (DynamicUser=). */
#define UID_FIRST 61184
#define UID_LAST  65519

/* clang-format off */
static const char *const allowed[] = {
	"accept4", "brk", "clock_gettime", "clock_nanosleep", "close", "dup", "epoll_ctl", "epoll_pwait", "epoll_wait",
	"exit", "exit_group", "fcntl", "futex", "getpeername", "getpid", "getrandom", "getsockname", "getsockopt",
	"gettid", "gettimeofday", "madvise", "mremap", "munmap", "nanosleep", "poll", "ppoll", "read", "readv",
	"recvfrom", "recvmsg", "restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_yield",
	"sendmsg", "sendto", "setsockopt", "shutdown", "sigaltstack", "tgkill", "write", "writev",
};
/* clang-format on */

/* The user of the package, or one that nobody has: not that of stressors, whom it could signal otherwise. */
static uid_t find_user(gid_t *ret_gid)
{
	const struct passwd *user = getpwnam(USER);
	uid_t uid;

	if (user) {
		*ret_gid = user->pw_gid;
		return user->pw_uid;
	}
	for (uid = UID_LAST; uid > UID_FIRST && getpwuid(uid); uid--)
		;
	*ret_gid = uid;
	return uid;
}

/* A folder that is there on every host becomes the root, empty and read-only. */
static int empty_root(void)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("empty", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
		  "mode=555,size=4k,nr_inodes=1") ||
	    chdir("/proc"))
		return -errno;
	return confine_root();
}

int front_confine(void)
{
	struct rlimit files = { 2 * CONNECTIONS_MAX + 64, 2 * CONNECTIONS_MAX + 64 }, none = {};
	struct confine c;
	gid_t gid;
	uid_t uid = find_user(&gid);
	int r = confine_prepare(allowed, ARRAY_SIZE(allowed), false, &c);

	if (r)
		return r;
	if (setrlimit(RLIMIT_NOFILE, &files) || setrlimit(RLIMIT_CORE, &none))
		r = -errno;
	r = r ?: empty_root() ?: confine_close(&c, uid, gid);
	confine_release(&c);
	/* Behind the change of user, which forgets it. (prctl() is not there any more.) */
	return r;
}
