// SPDX-License-Identifier: GPL-2.0-only
/* text.c - see text.h */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sha256.h>
#include <stdarg.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/utf8.h"

static bool text_reserve(struct text *t, size_t more)
{
	size_t size = t->size ? t->size : 256;
	char *s;

	if (t->failed)
		return false;
	while (size - t->len < more + 1)
		size *= 2;
	if (size == t->size)
		return true;
	s = realloc(t->s, size);
	if (!s) {
		t->failed = true;
		return false;
	}
	t->s = s;
	t->size = size;
	return true;
}

void text_append(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !text_reserve(t, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(t->s + t->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	t->len += (size_t)n;
}

void text_append_bytes(struct text *t, const void *bytes, size_t n)
{
	if (!text_reserve(t, n))
		return;
	memcpy(t->s + t->len, bytes, n);
	t->len += n;
	t->s[t->len] = '\0';
}

void text_free(struct text *t)
{
	free(t->s);
	memset(t, 0, sizeof(*t));
}

char *text_vformat(const char *fmt, va_list ap)
{
	char *s = NULL;

	return vasprintf(&s, fmt, ap) < 0 ? NULL : s;
}

char *text_format(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = text_vformat(fmt, ap);
	va_end(ap);
	return s;
}

bool text_copy(char *dst, size_t size, const char *src)
{
	bool fits = (size_t)snprintf(dst, size, "%s", src ? src : "") < size;

	if (!fits)
		utf8_cut(dst);
	return fits;
}

void text_one_line(char *s)
{
	for (; *s; s++)
		if (*s == '\n' || *s == '\r' || *s == '\t')
			*s = ' ';
}

#define PIPE_WAIT_MS 10000

/* A pipe whose writer has nothing yet is waited for, but not for ever. */
static ssize_t read_some(int fd, char *buf, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = read(fd, buf, size);

	while (n < 0 && errno == EAGAIN) {
		int ready = poll(&p, 1, PIPE_WAIT_MS);

		if (ready < 0 && errno != EINTR)
			return -1;
		if (!ready) {
			errno = ETIMEDOUT;
			return -1;
		}
		n = read(fd, buf, size);
	}
	return n;
}

static int cannot_open(const char *path, int code, struct fl_error *err)
{
	error_set(err, FL_EXIT_USAGE, code, "cannot read %s: %s", path, strerror(code));
	if (code == EACCES && geteuid())
		error_hint(err, "ls -l says who may read it; sudo does");
	return -code;
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct fl_error *err)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct text t = {};
	char chunk[16384];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		return cannot_open(path, errno, err);
	if (S_ISDIR(st.st_mode))
		return error_set(err, FL_EXIT_USAGE, EISDIR, "cannot read %s: it is a directory", path);
	while ((n = read_some(fd, chunk, sizeof(chunk))) > 0) {
		if (t.len + (size_t)n > max) {
			text_free(&t);
			return error_set(err, FL_EXIT_USAGE, EFBIG, "%s is too large: the limit is %zu bytes", path,
					 max);
		}
		text_append_bytes(&t, chunk, (size_t)n);
	}
	if (n < 0) {
		int code = errno;

		text_free(&t);
		return error_set(err, FL_EXIT_USAGE, code, "cannot read %s: %s", path, strerror(code));
	}
	if (!t.s)
		text_append_bytes(&t, "", 0);
	if (t.failed) {
		text_free(&t);
		return error_sys(err, ENOMEM, "cannot read %s: out of memory", path);
	}
	*ret = t.s;
	if (ret_len)
		*ret_len = t.len;
	return 0;
}

int fd_write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -errno;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

/*
 * A rename puts a file in the place of whatever is there. What is no file has another purpose, and others rely on it:
 * a device (/dev/null), a pipe, a link to one of these, any link of /dev itself (/dev/stdout).
 */
static int check_place(int dir_fd, const char *name, const char *shown, struct fl_error *err)
{
	struct stat st, to;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) || S_ISREG(st.st_mode))
		return 0;
	if (S_ISLNK(st.st_mode) && (fstatat(dir_fd, name, &to, 0) || S_ISREG(to.st_mode)) &&
	    strncmp(shown, "/dev/", 5) != 0)
		return 0;
	error_set(err, FL_EXIT_USAGE, EEXIST, "cannot write %s: it is no regular file, and is not replaced by one",
		  shown);
	error_hint(err, "name another file");
	return -EEXIST;
}

int file_may_write(const char *path, struct fl_error *err)
{
	_cleanup_free_ char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;
	int r = dir ? check_place(AT_FDCWD, path, path, err)
		    : error_sys(err, ENOMEM, "cannot write %s: out of memory", path);

	if (r)
		return r;
	if (slash)
		slash[slash == dir] = '\0';
	if (faccessat(AT_FDCWD, slash ? dir : ".", W_OK | X_OK, AT_EACCESS))
		return error_env(err, errno, "cannot write %s: %s", path, strerror(errno));
	return 0;
}

int file_write_at(int dir_fd, const char *name, const char *shown, const void *bytes, size_t n, unsigned int mode,
		  struct fl_error *err)
{
	_cleanup_free_ char *tmp = NULL;
	_cleanup_fd_ int fd = -1;
	uint64_t random;
	int r = check_place(dir_fd, name, shown, err);

	if (r)
		return r;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return error_sys(err, EIO, "cannot write %s: no random numbers", shown);
	tmp = text_format("%s.%016" PRIx64 ".tmp", name, random);
	if (!tmp)
		return error_sys(err, ENOMEM, "cannot write %s: out of memory", shown);
	fd = openat(dir_fd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return error_env(err, errno, "cannot write %s: %s", shown, strerror(errno));
	r = fd_write_all(fd, bytes, n);
	if (!r && fsync(fd))
		r = -errno;
	if (!r && renameat(dir_fd, tmp, dir_fd, name))
		r = -errno;
	if (r) {
		unlinkat(dir_fd, tmp, 0);
		return error_env(err, -r, "cannot write %s: %s", shown, strerror(-r));
	}
	return 0;
}

int file_write(const char *path, const void *bytes, size_t n, unsigned int mode, struct fl_error *err)
{
	return file_write_at(AT_FDCWD, path, path, bytes, n, mode, err);
}

int file_append_at(int dir_fd, const char *name, const char *shown, unsigned int mode, struct fl_error *err)
{
	/* O_NONBLOCK: a FIFO that somebody put there is told by fstat(), not waited for. */
	int fd = openat(dir_fd, name, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
			mode);
	struct stat st = {};

	if (fd < 0 && errno == ELOOP)
		return error_set(err, FL_EXIT_USAGE, ELOOP, "%s is a symbolic link: it is not followed", shown);
	if (fd < 0)
		return error_set(err, FL_EXIT_USAGE, errno, "cannot write %s: %s", shown, strerror(errno));
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() && st.st_nlink == 1)
		return fd;
	close(fd);
	error_set(err, FL_EXIT_USAGE, EPERM, "%s is no file to append to: %s", shown,
		  !S_ISREG(st.st_mode)     ? "it is not a regular file"
		  : st.st_uid != geteuid() ? "it belongs to somebody else"
					   : "it has another name as well");
	error_hint(err, "move it away, or name another file");
	return -EPERM;
}

int dir_make(const char *path, unsigned int mode, struct fl_error *err)
{
	_cleanup_free_ char *s = strdup(path);
	int parent = 0, code;
	struct stat st;
	char *p;

	if (!s)
		return error_sys(err, ENOMEM, "cannot make %s: out of memory", path);
	for (p = s + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			if (mkdir(s, mode) && errno != EEXIST) {
				parent = errno;
				break;
			}
			*p = '/';
		}
	code = mkdir(path, mode) ? errno : 0;
	if (code == ENOENT && parent)
		return error_env(err, parent, "cannot make directory %s: %s: %s", path, s, strerror(parent));
	if (code && code != EEXIST)
		return error_env(err, code, "cannot make directory %s: %s", path, strerror(code));
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return error_env(err, ENOTDIR, "cannot make directory %s: something else is there", path);
	return 0;
}

unsigned int text_distance(const char *a, const char *b)
{
	unsigned int d[64][64];
	size_t la = strlen(a), lb = strlen(b), i, j;

	if (la > 63 || lb > 63)
		return 64;
	for (i = 0; i <= la; i++)
		d[i][0] = (unsigned int)i;
	for (j = 0; j <= lb; j++)
		d[0][j] = (unsigned int)j;
	for (i = 1; i <= la; i++)
		for (j = 1; j <= lb; j++) {
			unsigned int m = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < m)
				m = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < m)
				m = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < m)
				m = d[i - 2][j - 2] + 1;
			d[i][j] = m;
		}
	return d[la][lb];
}

const char *text_nearest(const char *word, const char *const *words)
{
	const char *best = NULL;
	unsigned int least = (unsigned int)strlen(word) / 3;

	if (least < 2)
		least = 2;
	for (; *words; words++) {
		unsigned int d = text_distance(word, *words);

		if (d <= least && (!best || d < least)) {
			least = d;
			best = *words;
		}
	}
	return best;
}

void text_sha256(const void *bytes, size_t n, char ret_hex[65])
{
	SHA256Data(bytes, n, ret_hex);
}
