// SPDX-License-Identifier: GPL-2.0-only
/* secret.c - see secret.h */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault/state/secret.h"
#include "policy/etc.h"
#include "util/caller.h"
#include "util/cleanup.h"

#define SECRET_MAX 512 /* bytes; a password is shorter */

static bool in_secret_dir(const char *path)
{
	size_t n = strlen(SECRET_DIR "/");

	return !strncmp(path, SECRET_DIR "/", n) && path[n] && !strchr(path + n, '/');
}

/* The caller's own, or root's where root keeps such files. */
static int check_owner(const char *path, const struct stat *st, struct fl_error *err)
{
	struct caller who;

	caller_find(&who);
	if (st->st_uid && who.known && st->st_uid == who.uid)
		return 0;
	if (in_secret_dir(path)) {
		int r = etc_check_dir(FL_ETC_DIR, err) ?: etc_check_dir(SECRET_DIR, err);

		if (r || !st->st_uid)
			return r;
	}
	error_env(err, EACCES, "password-file %s is %s: it is not read for a target", path,
		  st->st_uid ? "somebody else's" : "a file of root's outside " SECRET_DIR);
	error_hint(err, "install -D -o root -g root -m 600 FILE " SECRET_DIR "/NAME; or, with sudo, a file of "
			"your own that only you may read");
	return -EACCES;
}

static int check_file(const char *path, const struct stat *st, struct fl_error *err)
{
	if (!S_ISREG(st->st_mode))
		return error_env(err, EINVAL, "password-file %s is no regular file", path);
	if (!(st->st_mode & 077))
		return check_owner(path, st, err);
	error_env(err, EACCES, "password-file %s may be read by others than its owner (mode %04o)", path,
		  st->st_mode & 07777);
	error_hint(err, "chmod 600 %s", path);
	return -EACCES;
}

/* NAME:HASH:NUMBER: as in passwd, shadow and group: nobody's password for a store, and somebody's for the host. */
static bool is_account(const char *line)
{
	const char *at = strchr(line, ':');
	size_t digits;

	at = at ? strchr(at + 1, ':') : NULL;
	digits = at ? strspn(at + 1, "0123456789") : 0;
	return at && at[1 + digits] == ':';
}

/* One line. What is wrong with it; NULL: nothing. The line's end is cut off. */
static const char *check_content(char *text, size_t n)
{
	size_t i;

	if (n && text[n - 1] == '\n')
		text[--n] = '\0';
	if (n && text[n - 1] == '\r')
		text[--n] = '\0';
	if (!n)
		return "it is empty";
	if (n > SECRET_MAX)
		return "it is too long";
	if (memchr(text, '\n', n))
		return "it has more than one line";
	for (i = 0; i < n; i++)
		if (iscntrl((unsigned char)text[i]))
			return "it is not text";
	return is_account(text) ? "it is an entry of a user database" : NULL;
}

int secret_read(const char *path, char **ret, struct fl_error *err)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	_cleanup_free_ char *text = calloc(1, SECRET_MAX + 4);
	const char *wrong;
	struct stat st;
	ssize_t n;
	int r;

	if (!text)
		return error_sys(err, ENOMEM, "out of memory");
	if (fd < 0 && errno == ELOOP)
		return error_env(err, ELOOP, "password-file %s is a symbolic link, which is not followed", path);
	if (fd < 0 || fstat(fd, &st))
		return error_env(err, errno, "password-file %s: %s", path, strerror(errno));
	r = check_file(path, &st, err);
	if (r)
		return r;
	n = read(fd, text, SECRET_MAX + 3);
	if (n < 0)
		return error_env(err, errno, "password-file %s: %s", path, strerror(errno));
	wrong = check_content(text, (size_t)n);
	if (wrong) {
		error_usage(err, "password-file %s holds no password: %s", path, wrong);
		error_hint(err, "one line, the password, of at most %d bytes", SECRET_MAX);
		return -EINVAL;
	}
	*ret = take_ptr(text);
	return 0;
}
