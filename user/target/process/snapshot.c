// SPDX-License-Identifier: GPL-2.0-only
/*
 * snapshot.c - the processes, namespaces and cgroups of a target, read from /proc and the cgroup
 * trees. Everything here is a snapshot: who is about to touch a process asks member.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/cgroup_mount.h"
#include "os/netns.h"
#include "target/process/member.h"
#include "target/provider.h"
#include "util/cleanup.h"
#include "util/text/text.h"

static uint64_t ns_inode(pid_t pid, const char *ns)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, ns);
	return stat(path, &st) ? 0 : st.st_ino;
}

static void add_pid(struct target *t, pid_t pid)
{
	if (t->n_pids < TARGET_MAX_PIDS)
		t->pids[t->n_pids++] = pid;
}

static int visit_add(pid_t pid, uint64_t start, void *ctx)
{
	(void)start;
	add_pid(ctx, pid);
	return 0;
}

int target_add_pids(struct target *t, struct fl_error *err)
{
	int r = target_each_member(t, visit_add, t);

	return r ? error_sys(err, -r, "cannot list the processes of %s: %s", t->spec, strerror(-r)) : 0;
}

static pid_t oldest_pid(const struct target *t)
{
	uint64_t best_start = UINT64_MAX;
	pid_t best = 0;
	uint32_t i;

	for (i = 0; i < t->n_pids; i++) {
		uint64_t start = proc_start(t->pids[i]);

		if (start && start < best_start) {
			best_start = start;
			best = t->pids[i];
		}
	}
	return best;
}

int target_use_cgroup(struct target *t, const char *path, struct fl_error *err)
{
	struct stat st;

	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return error_usage(err, "cgroup %s: %s", path, strerror(errno ? errno : ENOTDIR));
	if (!text_copy(t->cgroup, sizeof(t->cgroup), path))
		return error_usage(err, "cgroup %s: the path is too long", path);
	t->cgroup_id = st.st_ino;
	return 0;
}

/*
 * "0::/path" is the v2 cgroup, "N:controllers:/path" a v1 one. Only cgroups that are not shared
 * with faultline count: what happens to a shared one happens to the tool, and to who else is in
 * it.
 */
static void read_cgroups(pid_t pid, char v2[256], char v1[256])
{
	char path[32], line[512];
	_cleanup_file_ FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	v2[0] = v1[0] = '\0';
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		char *name = strchr(line, ':'), *dir = name ? strchr(name + 1, ':') : NULL;

		if (!dir || !strcmp(dir, ":/\n"))
			continue;
		dir[strcspn(dir, "\n")] = '\0';
		/* The memory hierarchy last: service managers put groups of their own there. */
		if (!strncmp(line, "0::", 3))
			text_copy(v2, 256, dir + 1);
		else if (!v1[0] || strstr(v1, "memory"))
			text_copy(v1, 256, dir + 1);
	}
}

static int use_cgroups_of(struct target *t, pid_t pid, struct fl_error *err)
{
	char v2[256], v1[256], own_v2[256], own_v1[256], root[128], full[400];

	read_cgroups(pid, v2, v1);
	read_cgroups(getpid(), own_v2, own_v1);
	if (v1[0] && !t->cgroup_v1[0] && strcmp(v1, own_v1))
		text_copy(t->cgroup_v1, sizeof(t->cgroup_v1), v1);
	cgroup_v2_root(root, sizeof(root));
	if (!v2[0] || t->cgroup[0] || !root[0] || !strcmp(v2, own_v2))
		return 0;
	snprintf(full, sizeof(full), "%s%s", root, v2);
	return access(full, F_OK) ? 0 : target_use_cgroup(t, full, err);
}

void target_use_netns(struct target *t, int fd)
{
	if (t->netns_fd >= 0)
		close(t->netns_fd);
	t->netns_fd = fd;
	t->netns_inode = netns_inode(fd);
}

int target_use_pid(struct target *t, pid_t pid, struct fl_error *err)
{
	uint64_t start = proc_start(pid), pidns = ns_inode(pid, "pid");
	char path[64];
	int fd, r;

	if (!start)
		return error_usage(err, "no process %d", (int)pid);
	if (t->netns_fd < 0) {
		fd = netns_open_pid(pid, err);
		if (fd < 0)
			return fd;
		target_use_netns(t, fd);
	}
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	if (t->mntns_fd < 0)
		t->mntns_fd = open(path, O_RDONLY | O_CLOEXEC);
	r = use_cgroups_of(t, pid, err);
	if (r)
		return r;
	/* Read through /proc/PID above; only now is it sure that it was this process all along.
	 */
	if (!proc_same(pid, start))
		return error_usage(err, "process %d ended", (int)pid);
	t->pidns_inode = pidns == ns_inode(1, "pid") ? 0 : pidns;
	t->pid = pid;
	t->pid_start = start;
	return 0;
}

int target_use_oldest(struct target *t, struct fl_error *err)
{
	struct target before = *t;
	uint32_t tries;
	pid_t pid;
	int r = 0;

	for (tries = 0; tries < 16; tries++) {
		struct fl_error why = {};
		uint64_t start;

		pid = oldest_pid(t);
		if (!pid)
			return 0;
		start = proc_start(pid);
		r = target_use_pid(t, pid, &why);
		if (!r || (start && proc_same(pid, start))) {
			if (r && err)
				*err = why;
			return r;
		}
		/* It has ended meanwhile, and what was read of it says nothing of those who are left. */
		if (t->mntns_fd >= 0 && before.mntns_fd < 0)
			close(t->mntns_fd);
		if (t->netns_fd >= 0 && before.netns_fd < 0)
			close(t->netns_fd);
		*t = before;
	}
	return 0;
}
