// SPDX-License-Identifier: GPL-2.0-only
/*
 * netns_find.c - find a network namespace by its number or its inode. The kernel does not list
 * namespaces, so every place that can lead to one is tried until the one that is wanted turns up: names,
 * processes, mounts (nsfs), open descriptors.
 *
 * Mounts are opened through /proc/PID/root, and the mount namespace may be that of a container which
 * arranged it to hurt: nothing but nsfs is ever opened for real, no symbolic link is followed, and a
 * mount namespace that belongs to a user namespace is looked at only as far as the kernel has the path
 * in its cache, so that no file system served by its owner is asked.
 *
 * Limit: a namespace that only a socket or a network device keeps alive is not found.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/net_namespace.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <linux/rtnetlink.h>
#include <mntent.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "os/netns.h"
#include "os/nl.h"
#include "os/sealed.h"
#include "util/cleanup.h"
#include "util/text/text.h"

/* The walking macros of libmnl cast const away; clang says so where they are used. */
#pragma GCC diagnostic ignored "-Wcast-qual"

struct seen {
	uint64_t a, b;
};

struct search {
	bool (*is_it)(int fd, const void *arg);
	const void *arg;
	struct seen *seen; /* inodes of the namespaces that were tried */
	uint32_t n, room;
	const json_t *sealed; /* processes that may be passed by */
	int blind;            /* first errno of a place that could not be looked into; 0: all could */
	char where[64];
};

/* @pid may be NULL. A process or a name that went away meanwhile led to nothing that is still there. */
static void note_blind(struct search *s, int code, const char *pid, const char *path)
{
	if (s->blind || code == ENOENT || code == ESRCH || (pid && sealed_errno(code) && sealed_had(s->sealed, pid)))
		return;
	s->blind = code;
	text_copy(s->where, sizeof(s->where), path);
}

/* Adds the pair; false when it is there already. Out of memory: it is tried twice, which is only slow. */
static bool is_new(struct search *s, uint64_t a, uint64_t b)
{
	uint32_t i;

	for (i = s->n; i--;)
		if (s->seen[i].a == a && s->seen[i].b == b)
			return false;
	if (s->n == s->room) {
		uint32_t room = s->room ? 2 * s->room : 64;
		void *more = reallocarray(s->seen, room, sizeof(*s->seen));

		if (!more)
			return true;
		s->seen = more;
		s->room = room;
	}
	s->seen[s->n++] = (struct seen){ a, b };
	return true;
}

/* Takes @fd, which may be -1 or open on something else. Returns it when it is the wanted one. */
static int try(struct search *s, int fd)
{
	if (fd < 0)
		return -1;
	if (ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET && is_new(s, netns_inode(fd), 0) && s->is_it(fd, s->arg))
		return fd;
	close(fd);
	return -1;
}

static int search_folder(struct search *s, const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	int found = -1;

	if (!d)
		note_blind(s, errno, NULL, folder);
	while (d && found < 0 && (e = readdir(d))) {
		char path[320];
		int fd;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			note_blind(s, errno, NULL, path);
		found = try(s, fd);
	}
	if (d)
		closedir(d);
	return found;
}

static int process_netns(struct search *s, const char *pid)
{
	char path[320];
	struct stat st;
	int fd;

	/* Most processes share the one of their neighbour: a look is cheaper than opening it. */
	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	if (!stat(path, &st) && s->n && s->seen[s->n - 1].a == st.st_ino)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		note_blind(s, errno, pid, path);
	return try(s, fd);
}

/* --- mounts ------------------------------------------------------------------------------------ */

/* Whoever made a mount namespace in a user namespace of his own may serve file systems in it. */
static bool is_of_host(const char *pid)
{
	char path[320];
	_cleanup_fd_ int mnt = -1, user = -1;
	struct stat st, initial;

	snprintf(path, sizeof(path), "/proc/%s/ns/mnt", pid);
	mnt = open(path, O_RDONLY | O_CLOEXEC);
	user = mnt < 0 ? -1 : ioctl(mnt, NS_GET_USERNS);
	return user >= 0 && !fstat(user, &st) && !stat("/proc/1/ns/user", &initial) && st.st_ino == initial.st_ino;
}

/* Asks no file system for it, and so waits for none. */
static bool is_nsfs(int fd)
{
	struct statx have;
	struct stat want;

	return !statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &have) &&
	       !stat("/proc/self/ns/net", &want) && have.stx_dev_major == major(want.st_dev) &&
	       have.stx_dev_minor == minor(want.st_dev);
}

/* @fd was opened with O_PATH, and may be on anything. */
static int open_nsfs(int fd)
{
	char self[40];

	if (fd < 0 || !is_nsfs(fd))
		return -1;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return open(self, O_RDONLY | O_CLOEXEC);
}

static int open_mount(int root, const char *path, bool trusted)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | (trusted ? 0 : RESOLVE_CACHED),
	};
	_cleanup_fd_ int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	return open_nsfs(fd);
}

static int search_mounts_of(struct search *s, const char *pid, int root)
{
	bool trusted = is_of_host(pid);
	struct mntent entry, *m;
	char path[320], line[4096];
	int found = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/mounts", pid);
	f = setmntent(path, "re");
	if (!f && errno != EINVAL) /* EINVAL: it has ended meanwhile */
		note_blind(s, errno, pid, path);
	while (f && found < 0 && (m = getmntent_r(f, &entry, line, sizeof(line))))
		if (!strcmp(m->mnt_type, "nsfs"))
			found = try(s, open_mount(root, m->mnt_dir, trusted));
	if (f)
		endmntent(f);
	return found;
}

/* Each mount namespace is read once, and again for each root that processes in it have: what a
 * process can reach is all that it shows. */
static int process_mounts(struct search *s, const char *pid)
{
	_cleanup_fd_ int root = -1;
	struct stat ns, top;
	char path[320];

	snprintf(path, sizeof(path), "/proc/%s/ns/mnt", pid);
	if (!stat(path, &ns)) {
		snprintf(path, sizeof(path), "/proc/%s/root", pid);
		root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (root < 0 || fstat(root, &top)) {
		note_blind(s, errno, pid, path);
		return -1;
	}
	if (!is_new(s, ns.st_ino, top.st_ino))
		return -1;
	return search_mounts_of(s, pid, root);
}

/* --- descriptors ------------------------------------------------------------------------------- */

/* A namespace that was opened by a name which has gone since shows as "/". */
static bool may_be_netns(const char *link, ssize_t n)
{
	return (n > 5 && !strncmp(link, "net:[", 5)) || (n == 1 && *link == '/');
}

static int process_descriptors(struct search *s, const char *pid)
{
	char folder[320], path[640], link[64];
	struct dirent *e;
	int found = -1;
	DIR *d;

	snprintf(folder, sizeof(folder), "/proc/%s/fd", pid);
	d = opendir(folder);
	if (!d)
		note_blind(s, errno, pid, folder);
	while (d && found < 0 && (e = readdir(d))) {
		_cleanup_fd_ int fd = -1;

		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (may_be_netns(link, readlink(path, link, sizeof(link))))
			fd = open(path, O_PATH | O_CLOEXEC);
		found = try(s, open_nsfs(fd));
	}
	if (d)
		closedir(d);
	return found;
}

/* --- all of them ------------------------------------------------------------------------------- */

static int each_process(struct search *s, int (*visit)(struct search *s, const char *pid))
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int found = -1;

	if (!d || access("/proc/self/ns/net", F_OK))
		note_blind(s, EIO, NULL, "/proc");
	while (d && found < 0 && (e = readdir(d)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
			found = visit(s, e->d_name);
	if (d)
		closedir(d);
	return found;
}

/* The places where it is cheap to look and likely to be come first. */
static int search(struct search *s)
{
	int fd = search_folder(s, "/run/netns");

	if (fd < 0)
		fd = search_folder(s, "/run/docker/netns");
	if (fd < 0)
		fd = each_process(s, process_netns);
	if (fd < 0)
		fd = each_process(s, process_mounts);
	if (fd < 0)
		fd = each_process(s, process_descriptors);
	free(s->seen);
	return fd;
}

static int nsid_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct rtgenmsg))
	{
		if (mnl_attr_get_type(a) == NETNSA_NSID)
			*(int32_t *)arg = (int32_t)mnl_attr_get_u32(a);
	}
	return MNL_CB_OK;
}

static bool has_nsid(int fd, const void *arg)
{
	const int32_t *want = arg;
	char buf[256];
	struct nlmsghdr *nlh;
	int32_t nsid = -1; /* NETNSA_NSID_NOT_ASSIGNED */
	void *extra;

	nlh = nl_begin(buf, RTM_GETNSID, 0, &extra, sizeof(struct rtgenmsg));
	mnl_attr_put_u32(nlh, NETNSA_FD, (uint32_t)fd);
	return !nl_ask(nlh, nsid_cb, &nsid) && nsid == *want;
}

int netns_find_peer(int32_t nsid, struct fl_error *err)
{
	struct search s = { .is_it = has_nsid, .arg = &nsid };
	int fd = nsid < 0 ? -1 : search(&s);

	if (fd < 0)
		return error_env(err, ENOENT,
				 "nothing leads to the network namespace with id %d: "
				 "neither a name, nor a process, a mount or an open file",
				 nsid);
	return fd;
}

static bool has_inode(int fd, const void *arg)
{
	return netns_inode(fd) == *(const uint64_t *)arg;
}

int netns_find_inode(uint64_t inode, const json_t *sealed, struct fl_error *err)
{
	struct search s = { .is_it = has_inode, .arg = &inode, .sealed = sealed };
	int fd = search(&s);

	if (fd >= 0)
		return fd;
	if (s.blind)
		return error_env(err, s.blind,
				 "cannot tell whether network namespace %llu is still there: "
				 "%s: %s",
				 (unsigned long long)inode, s.where, strerror(s.blind));
	return error_env(err, ENOENT, "network namespace %llu is gone", (unsigned long long)inode);
}
