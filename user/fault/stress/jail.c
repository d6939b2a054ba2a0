// SPDX-License-Identifier: GPL-2.0-only
/* jail.c - see jail.h */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "fault/stress/jail.h"
#include "util/cleanup.h"

/* ---- system calls ---------------------------------------------------------------------------- */

/*
 * What the C library and stress-ng use to compute, to hold memory, and to read and write files in the
 * working directory; what is not here does not exist (ENOSYS). No sockets, no namespaces, no mounts, no
 * tracing, no keys, no BPF, no io_uring.
 */
/* clang-format off */
static const char *const allowed[] = {
	"access", "alarm", "arch_prctl", "brk", "clock_getres", "clock_gettime", "clock_nanosleep",
	"close", "close_range", "copy_file_range", "dup", "dup2", "dup3", "execve", "exit", "exit_group",
	"faccessat", "faccessat2", "fadvise64", "fallocate", "fchdir", "fchmod", "fcntl", "fdatasync",
	"flock", "fstat", "fstatfs", "fsync", "ftruncate", "futex", "getcpu", "getcwd", "getdents",
	"getdents64", "getegid", "geteuid", "getgid", "getgroups", "getitimer", "getpgid", "getpgrp",
	"getpid", "getppid", "getpriority", "getrandom", "getresgid", "getresuid", "getrlimit",
	"getrusage", "getsid", "gettid", "gettimeofday", "getuid", "ioctl", "kill", "link", "lseek",
	"lstat", "madvise", "mbind", "membarrier", "mincore", "mkdir", "mkdirat", "mlock", "mlock2",
	"mmap", "mprotect", "mremap", "msync", "munlock", "munmap", "nanosleep", "newfstatat", "open",
	"openat", "pause", "pidfd_open", "pipe", "pipe2", "poll", "ppoll", "pread64", "preadv", "preadv2",
	"prctl", "prlimit64", "pselect6", "pwrite64", "pwritev", "pwritev2", "read", "readahead",
	"readlink", "readlinkat", "readv", "recvmsg", "rename", "renameat", "restart_syscall", "rmdir",
	"rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend",
	"rt_sigtimedwait", "sched_getaffinity", "sched_getattr", "sched_getparam",
	"sched_getscheduler", "sched_setaffinity", "sched_yield", "select", "set_robust_list",
	"set_tid_address", "setitimer", "setpgid", "setpriority", "setrlimit", "setsid", "sigaltstack",
	"stat", "statfs", "statx", "sync_file_range", "sysinfo", "tgkill", "timer_create",
	"timer_delete", "timer_gettime", "timer_settime", "times", "truncate", "umask", "uname",
	"unlink", "unlinkat", "utimensat", "vfork", "wait4", "waitid", "write", "writev",
};
/* clang-format on */

int jail_prepare(const char *program, struct jail *ret, struct fl_error *err)
{
	struct jail j = {};
	int r;

	j.program_fd = open(program, O_RDONLY | O_CLOEXEC);
	if (j.program_fd < 0)
		return error_env(err, errno, "stressor: %s: %s", program, strerror(errno));
	r = confine_prepare(allowed, ARRAY_SIZE(allowed), true, &j.confine);
	if (r) {
		close(j.program_fd);
		return error_sys(err, -r, "stressor: no filter of system calls: %s", strerror(-r));
	}
	*ret = j;
	return 0;
}

void jail_release(struct jail *j)
{
	if (j->program_fd >= 0)
		close(take_fd(j->program_fd));
	confine_release(&j->confine);
}

/* ---- the root -------------------------------------------------------------------------------- */

/* Directories of the host that are inside as well, read-only; a link among them is made anew. Parents
 * come first. */
static const char *const shared[] = {
	"/usr",   "/usr/lib", "/usr/lib64", "/usr/local",   "/usr/local/lib",      "/lib",
	"/lib64", "/etc",     "/sys",       "/sys/devices", "/sys/devices/system", "/sys/devices/system/cpu"
};
static const char *const only_made[] = { "/usr", "/usr/local", "/etc", "/sys", "/sys/devices", "/sys/devices/system" };

#define READ_ONLY (MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)

static bool is_only_made(const char *dir)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(only_made); i++)
		if (!strcmp(only_made[i], dir))
			return true;
	return false;
}

static int bind_read_only(const char *from, const char *to)
{
	return mount(from, to, NULL, MS_BIND, NULL) || mount(NULL, to, NULL, READ_ONLY, NULL) ? -errno : 0;
}

/* The working directory is the new root; @dir is absolute in the old one. */
static int share(const char *dir)
{
	char link[256];
	struct stat st;
	ssize_t n;

	if (lstat(dir, &st))
		return errno == ENOENT ? 0 : -errno;
	if (S_ISLNK(st.st_mode)) {
		n = readlink(dir, link, sizeof(link) - 1);
		if (n < 0)
			return -errno;
		link[n] = '\0';
		return symlink(link, dir + 1) ? -errno : 0;
	}
	if (mkdir(dir + 1, 0755))
		return -errno;
	return is_only_made(dir) ? 0 : bind_read_only(dir, dir + 1);
}

/* Where the libraries are: without it only those in the standard places are found. */
static int share_cache(void)
{
	int fd;

	if (access("/etc/ld.so.cache", R_OK))
		return 0;
	fd = open("etc/ld.so.cache", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	close(fd);
	return bind_read_only("/etc/ld.so.cache", "etc/ld.so.cache");
}

/* A copy that may be run but not read, not even by its owner: the kernel makes a process that runs it
 * not dumpable. */
static int copy_program(int from)
{
	int to = open(&JAIL_PROGRAM[1], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0111);
	off_t at = 0;
	ssize_t n;

	if (to < 0)
		return -errno;
	do
		n = sendfile(to, from, &at, 1u << 20);
	while (n > 0);
	if (n < 0 || fchmod(to, 0111))
		n = -errno;
	close(to);
	return (int)n;
}

int jail_build(const struct jail *j, const char *at)
{
	size_t i;
	int r;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("jail", at, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=32m,nr_inodes=64") || chdir(at))
		return -errno;
	umask(0);
	for (i = 0, r = 0; !r && i < ARRAY_SIZE(shared); i++)
		r = share(shared[i]);
	r = r ?: share_cache() ?: copy_program(j->program_fd);
	if (r)
		return r;
	if (mkdir("tmp", 0755) ||
	    mount("jail", "tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=1m,nr_inodes=256") ||
	    mount(NULL, ".", NULL, READ_ONLY, NULL))
		return -errno;
	return confine_root() ?: chdir("/tmp") ? -errno : 0;
}

int jail_close(const struct jail *j, uid_t uid, gid_t gid)
{
	return confine_close(&j->confine, uid, gid);
}
