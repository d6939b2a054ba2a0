// SPDX-License-Identifier: GPL-2.0-only
/* printable.c - see printable.h */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "util/error.h"
#include "util/text/printable.h"
#include "util/text/utf8.h"

static uint32_t code_point(const unsigned char *s, unsigned int n)
{
	uint32_t c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	unsigned int i;

	for (i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3f);
	return c;
}

static bool is_printable(uint32_t c)
{
	if (c == '\n' || c == '\t')
		return true;
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	return c != 0x061c && c != 0x200e && c != 0x200f && !(c >= 0x2028 && c <= 0x202e) &&
	       !(c >= 0x2066 && c <= 0x2069);
}

static void put_sequence(struct text *out, const unsigned char *s, unsigned int n)
{
	uint32_t c = code_point(s, n);

	if (is_printable(c))
		text_append_bytes(out, s, n);
	else
		text_append(out, "\\u%04x", c);
}

void printable_end(struct printable *p, struct text *out)
{
	if (p->n)
		text_append(out, "\xef\xbf\xbd"); /* U+FFFD */
	p->n = 0;
}

void printable_append(struct printable *p, struct text *out, const char *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char b = (unsigned char)bytes[i];

		if (p->n && !utf8_continues(p->held[0], p->n, b))
			printable_end(p, out);
		p->held[p->n++] = b;
		if (!utf8_length(p->held[0])) {
			printable_end(p, out);
		} else if (p->n == utf8_length(p->held[0])) {
			put_sequence(out, p->held, p->n);
			p->n = 0;
		}
	}
}

/* ---- the streams ------------------------------------------------------------------------------ */

struct stream {
	int fd;
	struct printable state;
	int failed; /* the errno of the first write that failed */
};

/* fopencookie(3): how many bytes were taken, 0 on error. */
static ssize_t stream_write(void *cookie, const char *bytes, size_t n)
{
	struct stream *s = cookie;
	struct text safe = {};
	int r;

	printable_append(&s->state, &safe, bytes, n);
	r = safe.failed ? -ENOMEM : fd_write_all(s->fd, safe.s ? safe.s : "", safe.len);
	text_free(&safe);
	if (r) {
		s->failed = s->failed ?: -r;
		errno = -r;
	}
	return r ? 0 : (ssize_t)n;
}

static FILE *stream_open(struct stream *s, FILE *fallback, int buffering)
{
	FILE *f = fopencookie(s, "w", (cookie_io_functions_t){ .write = stream_write });

	if (!f)
		return fallback;
	setvbuf(f, NULL, buffering, BUFSIZ);
	return f;
}

/*
 * A standard descriptor that is closed would be given to the next file that is opened, and what is
 * printed would land there.
 */
static void open_standard(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
		;
	if (fd > STDERR_FILENO)
		close(fd);
}

/* on_exit(3): a command whose output was lost has not succeeded. A reader that left had enough. */
static void check_output(int status, void *arg)
{
	const struct stream *out = arg;

	fflush(stdout);
	if (!out->failed || out->failed == EPIPE)
		return;
	fprintf(stderr, "faultline: the output is incomplete: %s\n", strerror(out->failed));
	if (!status)
		_exit(FL_EXIT_ENVIRONMENT);
}

void printable_streams(void)
{
	static struct stream out = { .fd = STDOUT_FILENO }, err = { .fd = STDERR_FILENO };

	open_standard();
	stdout = stream_open(&out, stdout, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF);
	stderr = stream_open(&err, stderr, _IONBF);
	on_exit(check_output, &out);
}

void printable_control(FILE *out, const char *sequence)
{
	fflush(out);
	(void)!fd_write_all(out == stderr ? STDERR_FILENO : STDOUT_FILENO, sequence, strlen(sequence));
}
