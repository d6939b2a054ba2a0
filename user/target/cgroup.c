// SPDX-License-Identifier: GPL-2.0-only
/*
 * cgroup.c - cgroup:PATH. PATH is the directory itself (/sys/fs/cgroup/...), or as
 * /proc/PID/cgroup shows it (/system.slice/x.service): then it is looked for in the v2 tree and
 * in every v1 one.
 */
#include <errno.h>
#include <mntent.h>
#include <string.h>
#include <unistd.h>

#include "os/cgroup_mount.h"
#include "target/provider.h"
#include "util/cleanup.h"
#include "util/text/text.h"

/* PATH below the mount point of a cgroup tree, in *ret_rest ("/x"); which generation it is. */
static bool split_mount(const char *path, const char **ret_rest, bool *ret_v2)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent entry, *m;
	char line[4096];
	size_t best = 0;

	while (f && (m = getmntent_r(f, &entry, line, sizeof(line)))) {
		size_t len = strlen(m->mnt_dir);
		bool v2 = !strcmp(m->mnt_type, "cgroup2");

		if ((v2 || !strcmp(m->mnt_type, "cgroup")) && len > best && !strncmp(path, m->mnt_dir, len) &&
		    path[len] == '/') {
			best = len;
			*ret_rest = path + len;
			*ret_v2 = v2;
		}
	}
	if (f)
		endmntent(f);
	return best;
}

/* Is there such a directory in any v1 hierarchy? */
static bool in_v1(const char *rest)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent entry, *m;
	bool found = false;
	char line[4096];

	while (f && !found && (m = getmntent_r(f, &entry, line, sizeof(line)))) {
		char dir[600];

		snprintf(dir, sizeof(dir), "%s%s/cgroup.procs", m->mnt_dir, rest);
		found = !strcmp(m->mnt_type, "cgroup") && !access(dir, F_OK);
	}
	if (f)
		endmntent(f);
	return found;
}

int target_use_cgroup_place(struct target *t, const char *place, struct fl_error *err)
{
	char root[128], full[400];
	int r;

	cgroup_v2_root(root, sizeof(root));
	snprintf(full, sizeof(full), "%s%s", root, place);
	if (root[0] && !access(full, F_OK)) {
		r = target_use_cgroup(t, full, err);
		if (r)
			return r;
		t->members |= TARGET_BY_CGROUP;
	}
	if (in_v1(place) && text_copy(t->cgroup_v1, sizeof(t->cgroup_v1), place))
		t->members |= TARGET_BY_CGROUP_V1;
	return t->members ? 0 : -ENOENT;
}

static int resolve(const char *name, struct target *t, struct fl_error *err)
{
	_cleanup_free_ char *path = text_format("%s%s", name[0] == '/' ? "" : "/", name);
	const char *rest;
	bool v2 = true;
	size_t len;
	int r;

	if (!path)
		return error_sys(err, ENOMEM, "target: out of memory");
	for (len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	if (strstr(path, "/../") || !split_mount(path, &rest, &v2))
		rest = path;
	if (!rest[1])
		return error_usage(err, "refused: the root cgroup is the whole host");
	r = target_use_cgroup_place(t, rest, err);
	if (r == -ENOENT)
		return error_usage(err, "no cgroup '%.200s'", name);
	if (r)
		return r;
	r = target_add_pids(t, err);
	return r ? r : target_use_oldest(t, err);
}

const struct target_provider target_cgroup = { .name = "cgroup", .resolve = resolve };
