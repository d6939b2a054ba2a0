// SPDX-License-Identifier: GPL-2.0-only
/* cgroup_mount.c - see cgroup_mount.h */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/cgroup_mount.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define FILE_MAX (1u << 20)

void cgroup_v2_root(char *buf, size_t size)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent entry, *m;
	char line[4096];

	buf[0] = '\0';
	while (f && (m = getmntent_r(f, &entry, line, sizeof(line))))
		if (!strcmp(m->mnt_type, "cgroup2")) {
			text_copy(buf, size, m->mnt_dir);
			break;
		}
	if (f)
		endmntent(f);
}

/* The controllers among the super options of a v1 mount ("rw,cpu,cpuacct"). */
static void v1_controllers(char *options, char *ret, size_t size)
{
	static const char *const flags[] = {
		"rw", "ro", "xattr", "noprefix", "clone_children", "cpuset_v2_mode", NULL
	};
	struct text t = {};
	char *save = NULL, *word;
	size_t i;

	for (word = strtok_r(options, ",\n", &save); word; word = strtok_r(NULL, ",\n", &save)) {
		for (i = 0; flags[i] && strcmp(flags[i], word); i++)
			;
		if (!flags[i] && strncmp(word, "release_agent", 13))
			text_append(&t, "%s%s", t.len ? "," : "", word);
	}
	text_copy(ret, size, t.s);
	text_free(&t);
}

int cgroup_hierarchies(void (*visit)(const char *mount, const char *controllers, void *ctx), void *ctx,
		       struct fl_error *err)
{
	_cleanup_free_ char *mounts = NULL;
	char *line, *save = NULL;
	int r = file_read("/proc/self/mountinfo", FILE_MAX, &mounts, NULL, err);

	if (r)
		return r;
	for (line = strtok_r(mounts, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char root[256], mount[128], type[32], options[256], controllers[64] = "";
		char *tail = strstr(line, " - ");

		/* 30 24 0:26 ROOT MOUNT rw,... shared:7 - cgroup cgroup rw,cpu,cpuacct */
		if (!tail || sscanf(line, "%*s %*s %*s %255s %127s", root, mount) != 2 ||
		    sscanf(tail, " - %31s %*s %255s", type, options) != 2 || strcmp(root, "/"))
			continue;
		if (!strcmp(type, "cgroup"))
			v1_controllers(options, controllers, sizeof(controllers));
		else if (strcmp(type, "cgroup2"))
			continue;
		visit(mount, controllers, ctx);
	}
	return 0;
}

/*
 * The root of a hierarchy belongs to no unit. It cannot be frozen, has no limit and no cgroup.kill, and,
 * unlike a group of our own, nothing has to remove it afterwards. Groups are killed and frozen through
 * the v2 tree, v1's freezer and, where systemd uses it, the v1 hierarchy name=systemd; in the other v1
 * hierarchies, which only account and limit, the process stays where it is.
 */
static void visit_leave(const char *mount, const char *controllers, void *ctx)
{
	(void)ctx;
	if (!*controllers || !strcmp(controllers, "name=systemd") || !strcmp(controllers, "freezer"))
		cgroup_write(mount, "cgroup.procs", "0", NULL);
}

void cgroup_leave(void)
{
	cgroup_hierarchies(visit_leave, NULL, NULL);
}

static int parse_number(char *word, uint64_t *ret)
{
	int64_t v;

	word[strcspn(word, " \t\n")] = '\0';
	if (!strcmp(word, "max") || !strcmp(word, "-1")) {
		*ret = CGROUP_UNLIMITED;
		return 0;
	}
	if (units_int(word, 0, INT64_MAX, &v, NULL))
		return -EINVAL;
	*ret = (uint64_t)v;
	return 0;
}

int cgroup_read(const char *dir, const char *file, const char *key, uint64_t *ret)
{
	_cleanup_free_ char *text = NULL, *path = text_format("%s/%s", dir, file);
	size_t len = key ? strlen(key) : 0;
	char *line, *save = NULL;
	int r = path ? file_read(path, FILE_MAX, &text, NULL, NULL) : -ENOMEM;

	if (r)
		return r;
	if (!key)
		return parse_number(text, ret);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, key, len) && line[len] == ' ')
			return parse_number(line + len + 1, ret);
	return -ENODATA;
}

int cgroup_write(const char *dir, const char *file, const char *text, struct fl_error *err)
{
	_cleanup_free_ char *path = text_format("%s/%s", dir, file);
	_cleanup_fd_ int fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return error_env(err, errno, "cannot write '%s' to %s: %s", text, path ? path : file, strerror(errno));
	return 0;
}
