// SPDX-License-Identifier: GPL-2.0-only
/* kept.c - see kept.h */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/kept.h"
#include "util/text/text.h"

/* Whatever the umask is: others may look, and only root may write. */
int kept_open(int *ret_fd, struct fl_error *err)
{
	_cleanup_fd_ int fd = -1;
	struct stat st;
	int r = dir_make(FL_STATE_DIR, 0755, err);

	if (r)
		return r;
	fd = open(FL_STATE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fchmod(fd, 0755)) {
		r = error_env(err, errno, "cannot use " FL_STATE_DIR ": %s", strerror(errno));
		if (!lstat(FL_STATE_DIR, &st) && S_ISLNK(st.st_mode))
			error_hint(err, "it is a symbolic link, which is not followed: make it a directory, and "
					"mount --bind the place that it led to there");
		return r;
	}
	*ret_fd = take_fd(fd);
	return 0;
}

int kept_write(const char *path, const void *bytes, size_t n, struct fl_error *err)
{
	_cleanup_fd_ int dir = -1;
	int r = kept_open(&dir, err);

	if (!r)
		r = file_write(path, bytes, n, 0644, err);
	if (!r && (chmod(path, 0644) || fsync(dir)))
		r = error_env(err, errno, "cannot write %s: %s", path, strerror(errno));
	return r;
}

int kept_remove(const char *path, struct fl_error *err)
{
	_cleanup_fd_ int dir = -1;
	int r = kept_open(&dir, err);

	if (r)
		return r;
	if ((unlink(path) && errno != ENOENT) || fsync(dir))
		return error_env(err, errno, "cannot remove %s: %s", path, strerror(errno));
	return 0;
}
