// SPDX-License-Identifier: GPL-2.0-only
/*
 * cgroups.c - a folder per unit below ROOT in the v2 tree and in each v1 controller that is mounted
 * (machines are v2, v1, or hybrid). ROOT is "faultline-lab", or FAULTLINE_LAB_CGROUP: cgroups belong
 * to the whole machine, so two labs in different network namespaces need different ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <mntent.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/lab/stack/stack.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define KILL_ROUNDS   200 /* of 10 ms */
#define CPU_PERIOD_US 100000u

static const char *const v1_controllers[] = { "cpu", "cpuacct", "memory", "freezer", "pids" };

static const char *root_name(void)
{
	const char *name = getenv("FAULTLINE_LAB_CGROUP");

	return name && *name && !strpbrk(name, "/ ") && name[0] != '.' ? name : "faultline-lab";
}

const char *cgroup_v1_path(const char *name, char *buf, size_t size)
{
	snprintf(buf, size, "/%s/%s", root_name(), name);
	return buf;
}

/* Is the mount one that we use? @ret_v2 tells which kind. */
static bool wanted(const struct mntent *m, bool *ret_v2)
{
	size_t i;

	*ret_v2 = !strcmp(m->mnt_type, "cgroup2");
	if (*ret_v2)
		return true;
	if (strcmp(m->mnt_type, "cgroup"))
		return false;
	for (i = 0; i < ARRAY_SIZE(v1_controllers); i++)
		if (hasmntopt(m, v1_controllers[i]))
			return true;
	return false;
}

json_t *cgroup_dirs(const char *name, char *ret_v2, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	json_t *dirs = json_array();
	struct mntent *m;
	char path[512];
	bool v2;

	ret_v2[0] = '\0';
	while (mounts && (m = getmntent(mounts))) {
		if (!wanted(m, &v2))
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", m->mnt_dir, root_name(), name);
		if (v2)
			text_copy(ret_v2, size, path);
		json_array_append_new(dirs, json_string(path));
	}
	if (mounts)
		endmntent(mounts);
	return dirs;
}

static int write_file(const char *dir, const char *file, const char *value)
{
	char path[600];
	_cleanup_fd_ int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return -errno;
	return 0;
}

static bool has_file(const char *dir, const char *file)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return !access(path, F_OK);
}

/* The folder above @dir. */
static void parent_of(const char *dir, char *buf, size_t size)
{
	text_copy(buf, size, dir);
	*strrchr(buf, '/') = '\0';
}

/* In a v2 tree a folder has only the controllers that the ones above it hand down. Where one is
 * not to be had (it is mounted as v1) that is no error: its limit is set there. */
static void hand_down(const char *dir)
{
	static const char *const on[] = { "+cpu", "+memory", "+pids" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(on); i++)
		write_file(dir, "cgroup.subtree_control", on[i]);
}

int cgroup_make(const json_t *dirs, struct fl_error *err)
{
	char above[512], top[512];
	json_t *item;
	size_t i;

	json_array_foreach(dirs, i, item) {
		const char *dir = json_string_value(item);

		parent_of(dir, above, sizeof(above));
		parent_of(above, top, sizeof(top));
		if (mkdir(above, 0755) && errno != EEXIST)
			return error_env(err, errno, "cannot make cgroup %s: %s", above, strerror(errno));
		hand_down(top);
		hand_down(above);
		if (mkdir(dir, 0755) && errno != EEXIST)
			return error_env(err, errno, "cannot make cgroup %s: %s", dir, strerror(errno));
	}
	return 0;
}

int cgroup_limit(const json_t *dirs, unsigned int cpu_percent, uint64_t memory_bytes, struct fl_error *err)
{
	char quota[32], quota_v2[64], bytes[32];
	json_t *item;
	size_t i;
	int rc = 0;

	snprintf(quota, sizeof(quota), "%u", cpu_percent * (CPU_PERIOD_US / 100));
	snprintf(quota_v2, sizeof(quota_v2), "%s %u", quota, CPU_PERIOD_US);
	snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)memory_bytes);
	json_array_foreach(dirs, i, item) {
		const char *dir = json_string_value(item);

		if (!rc && cpu_percent && has_file(dir, "cpu.max"))
			rc = write_file(dir, "cpu.max", quota_v2);
		if (!rc && cpu_percent && has_file(dir, "cpu.cfs_quota_us"))
			rc = write_file(dir, "cpu.cfs_quota_us", quota);
		if (!rc && memory_bytes && has_file(dir, "memory.max"))
			rc = write_file(dir, "memory.max", bytes);
		if (!rc && memory_bytes && has_file(dir, "memory.limit_in_bytes"))
			rc = write_file(dir, "memory.limit_in_bytes", bytes);
		if (rc)
			return error_env(err, -rc, "cannot set the limits of cgroup %s: %s", dir, strerror(-rc));
	}
	return 0;
}

static unsigned int kill_members(const char *dir)
{
	char path[600];
	_cleanup_file_ FILE *f = NULL;
	unsigned int n = 0;
	int pid;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1) {
		n++;
		/* 0 is a process of another pid namespace, which we cannot name. */
		if (pid > 0 && pid != getpid())
			kill(pid, SIGKILL);
	}
	return n;
}

static unsigned int seen; /* nftw() hands no context on */

static int on_folder(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_DP || type == FTW_D) {
		/* Frozen processes do not die. */
		if (has_file(path, "freezer.state"))
			write_file(path, "freezer.state", "THAWED");
		if (has_file(path, "cgroup.freeze"))
			write_file(path, "cgroup.freeze", "0");
		seen += kill_members(path);
	}
	return 0;
}

/* One SIGKILL to everybody in @dir and below; the number of processes seen. */
static unsigned int kill_tree(const char *dir)
{
	seen = 0;
	nftw(dir, on_folder, 8, FTW_DEPTH | FTW_PHYS);
	return seen;
}

bool cgroup_kill(const json_t *dirs)
{
	unsigned int round, n;
	json_t *item;
	size_t i;

	for (round = 0; round < KILL_ROUNDS; round++) {
		n = 0;
		json_array_foreach(dirs, i, item)
			n += kill_tree(json_string_value(item));
		if (!n)
			return true;
		nanosleep(&(struct timespec){ .tv_nsec = 10 * NS_PER_MSEC }, NULL);
	}
	return false;
}

static int on_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_DP)
		rmdir(path);
	return 0;
}

void cgroup_remove(const json_t *dirs)
{
	char above[512];
	json_t *item;
	size_t i;

	json_array_foreach(dirs, i, item) {
		const char *dir = json_string_value(item);

		nftw(dir, on_remove, 8, FTW_DEPTH | FTW_PHYS);
		parent_of(dir, above, sizeof(above));
		rmdir(above);
	}
}
