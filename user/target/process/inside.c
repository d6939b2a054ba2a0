// SPDX-License-Identifier: GPL-2.0-only
/*
 * inside.c - see inside.h.
 *
 * The child is forked from a process with threads: it makes system calls only, on memory made ready
 * before, and raw ones for the credentials, because glibc's want to change those of all threads. It
 * changes the file system ids alone, and keeps the others: nobody with the target's user id may signal
 * or trace it. A path can hang (FUSE): the child has a time limit, and faultline does not wait for
 * it longer.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "target/process/inside.h"
#include "util/cleanup.h"
#include "util/fd_pass.h"
#include "util/proc.h"

#define ANSWER_MS 2000

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

/* Who the target is. */
struct inside {
	int root_fd, mntns_fd;
	int userns_fd; /* -1: ours */
	uid_t uid;     /* file system ids, as the initial user namespace numbers them */
	gid_t gid;
	gid_t *groups;
	size_t n_groups;
	uint64_t caps; /* effective */
};

/* What the child is to do. */
struct errand {
	int (*run)(const struct inside *in, const struct errand *e); /* a descriptor, or -errno */
	const char *path;
	int fd, flags;
	pid_t pid; /* inside_reopen() */
	dev_t dev;
	ino_t ino;
};

/* ---- who the target is ----------------------------------------------------------------------- */

static void inside_free(struct inside *in)
{
	const int fds[] = { in->root_fd, in->mntns_fd, in->userns_fd };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(in->groups);
}

static int read_groups(const char *list, struct inside *in)
{
	int at = 0;

	for (;;) {
		gid_t gid, *grown;
		int n = 0;

		if (sscanf(list + at, " %u%n", &gid, &n) != 1)
			return 0;
		at += n;
		grown = reallocarray(in->groups, in->n_groups + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		in->groups = grown;
		in->groups[in->n_groups++] = gid;
	}
}

/* Of /proc/PID/status: all of it must be there, or it is not known who the target is. */
static int read_status(int proc_fd, struct inside *in)
{
	enum { UID = 1, GID = 2, GROUPS = 4, CAPS = 8, ALL = 15 };
	int fd = openat(proc_fd, "status", O_RDONLY | O_CLOEXEC), seen = 0, r = 0;
	_cleanup_file_ FILE *f = fd < 0 ? NULL : fdopen(fd, "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	if (!f) {
		if (fd >= 0)
			close(fd);
		return -ESRCH;
	}
	while (!r && getline(&line, &size, f) > 0) {
		if (sscanf(line, "Uid: %*u %*u %*u %u", &in->uid) == 1) {
			seen |= UID;
		} else if (sscanf(line, "Gid: %*u %*u %*u %u", &in->gid) == 1) {
			seen |= GID;
		} else if (sscanf(line, "CapEff: %" SCNx64, &in->caps) == 1) {
			seen |= CAPS;
		} else if (!strncmp(line, "Groups:", 7)) {
			seen |= GROUPS;
			r = read_groups(line + 7, in);
		}
	}
	return r ?: seen == ALL ? 0 : -ESRCH;
}

static bool same_file(int a, const char *path)
{
	struct stat x, y;

	return !fstat(a, &x) && !stat(path, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* All of it through one descriptor on /proc/PID, which never becomes another process's. */
static int inside_look(const struct target *t, struct inside *ret)
{
	struct inside in = { .root_fd = -1, .mntns_fd = -1, .userns_fd = -1 };
	_cleanup_fd_ int proc_fd = -1;
	char path[32];
	int r;

	snprintf(path, sizeof(path), "/proc/%d", (int)t->pid);
	proc_fd = t->pid > 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (proc_fd < 0 || !proc_same(t->pid, t->pid_start))
		return -ESRCH;
	in.root_fd = openat(proc_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	in.mntns_fd = openat(proc_fd, "ns/mnt", O_RDONLY | O_CLOEXEC);
	in.userns_fd = openat(proc_fd, "ns/user", O_RDONLY | O_CLOEXEC);
	r = in.root_fd < 0 || in.mntns_fd < 0 || in.userns_fd < 0 ? -errno : read_status(proc_fd, &in);
	if (r) {
		inside_free(&in);
		return r;
	}
	if (same_file(in.userns_fd, "/proc/self/ns/user"))
		close(take_fd(in.userns_fd));
	*ret = in;
	return 0;
}

/* ---- the child ------------------------------------------------------------------------------- */

static int set_caps(uint64_t effective)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	/* Never more than we had: faultline itself may run with less than everything. */
	data[0].effective = data[0].permitted &= (uint32_t)effective;
	data[1].effective = data[1].permitted &= (uint32_t)(effective >> 32);
	data[0].inheritable = data[1].inheritable = 0;
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

static int become(const struct inside *in)
{
	/* The kernel returns the former id, also when it refuses: ask again. */
	if (syscall(SYS_setgroups, in->n_groups, in->groups))
		return -errno;
	syscall(SYS_setfsgid, in->gid);
	if ((gid_t)syscall(SYS_setfsgid, -1) != in->gid)
		return -EPERM;
	syscall(SYS_setfsuid, in->uid);
	if ((uid_t)syscall(SYS_setfsuid, -1) != in->uid)
		return -EPERM;
	if (in->userns_fd >= 0 && setns(in->userns_fd, CLONE_NEWUSER))
		return -errno;
	return set_caps(in->caps);
}

static void send_answer(int to, int result)
{
	int code = result < 0 ? result : 0;

	_exit(fd_send(to, &code, sizeof(code), result) < 0);
}

static int receive_answer(int from)
{
	struct pollfd wait = { .fd = from, .events = POLLIN };
	int code = 0, fd, r;

	do
		r = poll(&wait, 1, ANSWER_MS);
	while (r < 0 && errno == EINTR);
	if (r != 1)
		return -ETIMEDOUT;
	if (fd_receive(from, &code, sizeof(code), &fd) == sizeof(code) && !code && fd >= 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return code ?: -EIO;
}

static int send_child(const struct inside *in, enum inside_as as, const struct errand *e)
{
	int pair[2], r, status;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	/* Without what libraries do at a fork (libuv closes descriptors by number): they are not ours in a child of
	 * patient_do(). */
	pid = _Fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		r = as == INSIDE_TARGET ? become(in) : 0;
		send_answer(pair[1], r ?: e->run(in, e));
	}
	r = pid < 0 ? -errno : 0;
	close(pair[1]);
	if (!r) {
		r = receive_answer(pair[0]);
		if (r == -ETIMEDOUT)
			kill(pid, SIGKILL);
		/* One that not even SIGKILL reaches is left to whoever reaps us. */
		while (waitpid(pid, &status, r == -ETIMEDOUT ? WNOHANG : 0) < 0 && errno == EINTR)
			;
	}
	close(pair[0]);
	return r;
}

static int run(const struct target *t, enum inside_as as, const struct errand *e, struct inside *ret_who)
{
	struct inside in;
	int r = inside_look(t, &in);

	if (r)
		return r;
	r = send_child(&in, as, e);
	if (ret_who)
		*ret_who = (struct inside){ .uid = in.uid, .gid = in.gid };
	inside_free(&in);
	return r;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int open_below(int root_fd, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT };
	long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* Open what @path_fd (O_PATH) is, if it is a regular file; or a directory, with O_DIRECTORY. */
static int open_known(int path_fd, int flags)
{
	struct stat st;
	char path[32];
	int fd;

	if (fstat(path_fd, &st))
		return -errno;
	if (flags & O_DIRECTORY && !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (!(flags & O_DIRECTORY) && !S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EMEDIUMTYPE;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	fd = open(path, flags | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int run_open(const struct inside *in, const struct errand *e)
{
	int fd = open_below(in->root_fd, e->path, O_PATH);

	return fd < 0 ? fd : open_known(fd, e->flags);
}

static int open_failed(const struct inside *who, enum inside_as as, const char *path, int code, struct fl_error *err)
{
	switch (code) {
	case EISDIR: return error_usage(err, "%s in the target is a directory", path);
	case EMEDIUMTYPE: error_usage(err, "%s in the target is no regular file", path); return -code;
	case ETIMEDOUT:
		return error_env(err, code, "%s in the target: no answer from its file system within %d ms", path,
				 ANSWER_MS);
	case ESRCH: return error_env(err, code, "%s in the target: its main process is gone", path);
	case EACCES:
	case EPERM:
		if (as != INSIDE_TARGET)
			break;
		error_env(err, code, "%s in the target: its own user (uid %u) may not: %s", path, who->uid,
			  strerror(code));
		error_hint(err, "allow-host-root: yes opens it with root's rights instead, wherever in "
				"the host the target lets that path lead");
		return -code;
	}
	return error_env(err, code, "%s in the target: %s", path, strerror(code));
}

int inside_open(const struct target *t, enum inside_as as, const char *path, int flags, struct fl_error *err)
{
	struct errand e = { .run = run_open, .path = path, .flags = flags };
	struct inside who = {};
	int fd = run(t, as, &e, &who);

	return fd < 0 ? open_failed(&who, as, path, -fd, err) : fd;
}

int inside_ids(const struct target *t, enum inside_as as, uid_t *ret_uid, gid_t *ret_gid, struct fl_error *err)
{
	struct inside in = {};
	int r = as == INSIDE_ROOT ? 0 : inside_look(t, &in);

	if (r)
		return error_env(err, -r, "%s: who its main process is cannot be read: %s", t->name, strerror(-r));
	*ret_uid = in.uid;
	*ret_gid = in.gid;
	if (as == INSIDE_TARGET)
		inside_free(&in);
	return 0;
}

static int run_mkdir(const struct inside *in, const struct errand *e)
{
	int fd;

	(void)in;
	if (mkdirat(e->fd, e->path, 0700))
		return -errno;
	fd = openat(e->fd, e->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int run_create(const struct inside *in, const struct errand *e)
{
	int flags = e->path ? O_CREAT | O_EXCL | O_NOFOLLOW : O_TMPFILE, fd;

	(void)in;
	fd = openat(e->fd, e->path ?: ".", flags | O_WRONLY | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

int inside_mkdir(const struct target *t, enum inside_as as, int dir_fd, const char *name)
{
	struct errand e = { .run = run_mkdir, .path = name, .fd = dir_fd };

	return run(t, as, &e, NULL);
}

int inside_create(const struct target *t, enum inside_as as, int dir_fd, const char *name)
{
	struct errand e = { .run = run_create, .path = name, .fd = dir_fd };

	return run(t, as, &e, NULL);
}

/* ---- a directory alone ----------------------------------------------------------------------- */

/* A mount is cloned from within the mount namespace it is in, and by whoever may mount there. */
static int run_detach(const struct inside *in, const struct errand *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
					       MOUNT_ATTR_NOSYMFOLLOW,
				   .propagation = MS_PRIVATE };
	int fd;

	if (setns(in->mntns_fd, CLONE_NEWNS))
		return -errno;
	fd = open_tree(e->fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)))
		return -errno;
	return fd;
}

bool inside_detaches(void)
{
	struct mount_attr none = {};

	return !mount_setattr(-1, "", AT_EMPTY_PATH, &none, sizeof(none)) || errno != ENOSYS;
}

int inside_detach(const struct target *t, int fd, struct fl_error *err)
{
	struct errand e = { .run = run_detach, .fd = fd };
	int r = run(t, INSIDE_ROOT, &e, NULL);

	return r < 0 ? error_env(err, -r, "%s: cannot take a directory of it apart from the rest: %s", t->name,
				 strerror(-r))
		     : r;
}

/* ---- undo ------------------------------------------------------------------------------------ */

static int run_reopen(const struct inside *in, const struct errand *e)
{
	int root_fd, fd;
	char root[64];
	struct stat st;

	(void)in;
	snprintf(root, sizeof(root), "/proc/%d/root", (int)e->pid);
	root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return -errno;
	fd = open_below(root_fd, e->path, O_PATH);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		return -errno;
	return st.st_dev == e->dev && st.st_ino == e->ino ? open_known(fd, e->flags) : -ESTALE;
}

int inside_reopen(pid_t pid, const char *path, dev_t dev, ino_t ino, int flags)
{
	struct errand e = { .run = run_reopen, .path = path, .flags = flags, .pid = pid, .dev = dev, .ino = ino };

	return send_child(NULL, INSIDE_ROOT, &e);
}
