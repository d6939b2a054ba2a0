// SPDX-License-Identifier: GPL-2.0-only
/* etc.c - see etc.h */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/etc.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"
#include "util/text/text.h"

/* Whoever else may write to it decides what faults may do. */
static int check_owner(const char *path, const struct stat *st, struct fl_error *err)
{
	bool others = st->st_mode & S_IWOTH || (st->st_mode & S_IWGRP && st->st_gid);

	if (!st->st_uid && !others)
		return 0;
	error_env(err, EACCES, "%s is not trusted: %s", path,
		  st->st_uid ? "it is not owned by root" : "others than root may write to it");
	error_hint(err, "chown root: %s && chmod go-w %s; until then no fault begins", path, path);
	return -EACCES;
}

static int cannot(const char *path, int code, struct fl_error *err)
{
	error_env(err, code, "cannot read %s: %s", path, strerror(code));
	error_hint(err, "it limits what faults may do; until it can be read no fault begins");
	return -code;
}

int etc_check_dir(const char *dir, struct fl_error *err)
{
	struct stat st;

	if (stat(dir, &st))
		return errno == ENOENT ? -ENOENT : cannot(dir, errno, err);
	if (!S_ISDIR(st.st_mode))
		return cannot(dir, ENOTDIR, err);
	return check_owner(dir, &st, err);
}

static int check_dirs(const char *path, struct fl_error *err)
{
	_cleanup_free_ char *dir = strdup(path);
	int r = dir ? etc_check_dir(FL_ETC_DIR, err) : error_sys(err, ENOMEM, "%s: out of memory", path);

	if (r)
		return r;
	*strrchr(dir, '/') = '\0';
	return strcmp(dir, FL_ETC_DIR) ? etc_check_dir(dir, err) : 0;
}

int etc_read(const char *path, char **ret, size_t *ret_len, struct fl_error *err)
{
	_cleanup_fd_ int fd = -1;
	char self[32];
	struct stat st;
	int r = check_dirs(path, err);

	if (r)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : cannot(path, errno, err);
	if (fstat(fd, &st))
		return cannot(path, errno, err);
	if (!S_ISREG(st.st_mode))
		return cannot(path, S_ISDIR(st.st_mode) ? EISDIR : EINVAL, err);
	r = check_owner(path, &st, err);
	if (r)
		return r;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd); /* the very file that was looked at */
	r = file_read(self, YAML_MAX_BYTES, ret, ret_len, NULL);
	return r ? cannot(path, -r, err) : 0;
}
