// SPDX-License-Identifier: GPL-2.0-only
/* error.c - see error.h */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/error.h"
#include "util/text/text.h"
#include "util/text/url.h"
#include "util/text/utf8.h"

/*
 * A message is one line, whatever it quotes, and shows no password of a URL: it is masked whole, for what is
 * cut in a URL does not show any more where its password ends.
 */
__attribute__((format(printf, 3, 0))) static void write_fit(char *to, size_t size, const char *fmt, va_list ap)
{
	_cleanup_free_ char *whole = NULL;

	if (vasprintf(&whole, fmt, ap) < 0) {
		whole = NULL;
		text_copy(to, size, "out of memory");
		return;
	}
	url_mask(whole);
	text_one_line(whole);
	utf8_mend(whole); /* "%.60s" may have cut a character */
	text_copy(to, size, whole);
}

int error_set(struct fl_error *err, enum fl_exit exit, int code, const char *fmt, ...)
{
	va_list ap;

	if (code < 0)
		code = -code;
	if (!code)
		code = EIO;
	if (!err || err->exit != FL_EXIT_OK)
		return -code;
	err->exit = exit;
	err->code = -code;
	va_start(ap, fmt);
	write_fit(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	return -code;
}

void error_hint(struct fl_error *err, const char *fmt, ...)
{
	va_list ap;

	if (!err || err->hint[0])
		return;
	va_start(ap, fmt);
	write_fit(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
}

void error_at(struct fl_error *err, const char *file, int line, int column)
{
	if (!err || err->file[0])
		return;
	snprintf(err->file, sizeof(err->file), "%s", file ? file : "");
	err->line = line;
	err->column = column;
}

void error_clear(struct fl_error *err)
{
	if (err)
		memset(err, 0, sizeof(*err));
}

void error_print(const struct fl_error *err, FILE *out)
{
	fputs("faultline: ", out);
	if (err->file[0]) {
		fprintf(out, "%s:", err->file);
		if (err->line)
			fprintf(out, "%d:", err->line);
		if (err->line && err->column)
			fprintf(out, "%d:", err->column);
		fputc(' ', out);
	}
	fprintf(out, "%s\n", err->message[0] ? err->message : "unknown error");
	if (err->hint[0])
		fprintf(out, "  hint: %s\n", err->hint);
}
