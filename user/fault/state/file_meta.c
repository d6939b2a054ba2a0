// SPDX-License-Identifier: GPL-2.0-only
/*
 * file_meta.c - content, owner, mode, times and extended attributes of an open file.
 *
 * A write takes a file's set-id bits and its capabilities (the kernel does that), and moves its times. So
 * what is put back is put back in this order: content, owner, attributes, mode, times. The change time
 * (ctime) cannot be put back by anybody.
 */
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fault/state/file.h"
#include "util/cleanup.h"
#include "util/text/hex.h"

#define XATTR_MAX 65536 /* the kernel's bound on a list of names, and on a value */

int file_content_read(int fd, struct bytes *ret, struct fl_error *err)
{
	size_t size = 0, n = 0;
	uint8_t *v = NULL;
	ssize_t got;
	int code;

	do {
		if (n == size) {
			uint8_t *grown = realloc(v, size += 65536);

			if (!grown) {
				free(v);
				return error_sys(err, ENOMEM, "out of memory");
			}
			v = grown;
		}
		got = pread(fd, v + n, size - n, (off_t)n);
		n += got > 0 ? (size_t)got : 0;
	} while (got > 0 && n <= FILE_MAX_BYTES);
	code = got < 0 ? errno : EFBIG;
	if (got < 0 || n > FILE_MAX_BYTES) {
		free(v);
		return error_env(err, code, "cannot read the file: %s", strerror(code));
	}
	*ret = (struct bytes){ v, n };
	return 0;
}

int file_content_write(int fd, const struct bytes *b, struct fl_error *err)
{
	size_t n = 0;

	while (n < b->n) {
		ssize_t done = pwrite(fd, b->v + n, b->n - n, (off_t)n);

		if (done <= 0)
			return error_env(err, errno, "cannot write the file: %s", strerror(errno));
		n += (size_t)done;
	}
	if (ftruncate(fd, (off_t)b->n) || fsync(fd))
		return error_env(err, errno, "cannot write the file: %s", strerror(errno));
	return 0;
}

/* --- extended attributes, as hexadecimal text ------------------------------------------------- */

/* A file system without attributes has none. */
static json_t *xattrs_read(int fd)
{
	_cleanup_free_ char *names = malloc(XATTR_MAX);
	_cleanup_free_ uint8_t *value = malloc(XATTR_MAX);
	json_t *o = json_object();
	ssize_t n, at, got;

	if (!names || !value || !o) {
		json_decref(o);
		return NULL;
	}
	n = flistxattr(fd, names, XATTR_MAX);
	for (at = 0; at < n; at += (ssize_t)strlen(names + at) + 1) {
		got = fgetxattr(fd, names + at, value, XATTR_MAX);
		if (got >= 0)
			json_object_set_new(o, names + at, hex_json(value, (size_t)got));
	}
	return o;
}

static int xattrs_write(int fd, json_t *wanted, struct fl_error *err)
{
	_cleanup_free_ uint8_t *value = malloc(XATTR_MAX);
	json_t *have = xattrs_read(fd), *text;
	const char *name;
	int first = 0;

	json_object_foreach(wanted, name, text) {
		ssize_t n;

		if (json_equal(json_object_get(have, name), text))
			continue;
		n = value && json_is_string(text) ? hex_decode(json_string_value(text), value, XATTR_MAX) : -EINVAL;
		if ((n < 0 || fsetxattr(fd, name, value, (size_t)n, 0)) && !first)
			first = error_env(err, n < 0 ? EINVAL : errno, "cannot put attribute %s back", name);
	}
	json_object_foreach(have, name, text)
		if (!json_object_get(wanted, name) && fremovexattr(fd, name) && !first)
			first = error_env(err, errno, "cannot take attribute %s away", name);
	json_decref(have);
	return first;
}

/* --- all of it -------------------------------------------------------------------------------- */

int file_meta_read(int fd, json_t **ret, struct fl_error *err)
{
	struct stat st;
	json_t *o;

	if (fstat(fd, &st))
		return error_env(err, errno, "cannot look at the file: %s", strerror(errno));
	o = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "uid", (json_int_t)st.st_uid, "gid",
		      (json_int_t)st.st_gid, "mode", (json_int_t)(st.st_mode & 07777), "atime_s",
		      (json_int_t)st.st_atim.tv_sec, "atime_ns", (json_int_t)st.st_atim.tv_nsec, "mtime_s",
		      (json_int_t)st.st_mtim.tv_sec, "mtime_ns", (json_int_t)st.st_mtim.tv_nsec, "xattrs",
		      xattrs_read(fd));
	if (!o)
		return error_sys(err, ENOMEM, "out of memory");
	*ret = o;
	return 0;
}

int file_meta_write(int fd, const json_t *meta, struct fl_error *err)
{
	json_int_t uid, gid, mode, atime_s, atime_ns, mtime_s, mtime_ns;
	struct timespec times[2];
	json_t *xattrs;
	int r = 0;

	if (json_unpack((json_t *)(uintptr_t)meta, "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "uid", &uid, "gid", &gid,
			"mode", &mode, "atime_s", &atime_s, "atime_ns", &atime_ns, "mtime_s", &mtime_s, "mtime_ns",
			&mtime_ns, "xattrs", &xattrs))
		return error_sys(err, EINVAL, "the journal's file attributes make no sense");
	if (fchown(fd, (uid_t)uid, (gid_t)gid))
		r = error_env(err, errno, "cannot put the owner back: %s", strerror(errno));
	r = xattrs_write(fd, xattrs, err) ?: r;
	if (fchmod(fd, (mode_t)mode))
		r = error_env(err, errno, "cannot put the mode back: %s", strerror(errno));
	times[0] = (struct timespec){ (time_t)atime_s, (long)atime_ns };
	times[1] = (struct timespec){ (time_t)mtime_s, (long)mtime_ns };
	if (futimens(fd, times))
		r = error_env(err, errno, "cannot put the times back: %s", strerror(errno));
	return r;
}
