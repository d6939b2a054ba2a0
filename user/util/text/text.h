/* SPDX-License-Identifier: GPL-2.0-only */
/* text.h - growing strings, whole small files, nearest words. */
#ifndef FL_TEXT_H
#define FL_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* A growing, always NUL-terminated string. Zero-initialise; release with text_free(). */
struct text {
	char *s; /* NULL while empty */
	size_t len, size;
	bool failed; /* an allocation failed; later appends do nothing */
};

void text_append(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_append_bytes(struct text *t, const void *bytes, size_t n);
void text_free(struct text *t);

/* strdup/asprintf that never return half a string; NULL when out of memory. */
char *text_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *text_vformat(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

/* Copy with a bound; true when it fitted. @dst is always terminated. */
bool text_copy(char *dst, size_t size, const char *src);

/* Blanks instead of line ends and tabs, in place: quoted text begins no line of its own. */
void text_one_line(char *s);

/*
 * Read a whole file of at most @max bytes; *ret is NUL-terminated and the caller's to free.
 * Larger files give -EFBIG, in an error that names file and limit.
 */
int file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct fl_error *err);

/* write(2) until all of it is written; negative errno. */
int fd_write_all(int fd, const char *bytes, size_t n);

/*
 * Write a file so that it is there whole or not at all: a temporary name that nobody can foresee, fsync,
 * rename. A symbolic link in its place is replaced, not followed; what else is there and is no file (a device,
 * a pipe, a folder) is refused. The second form writes @name below
 * the open directory @dir_fd and calls it @shown in errors.
 */
/* Could it be written? For what takes long before it has something to write. */
int file_may_write(const char *path, struct fl_error *err);
int file_write(const char *path, const void *bytes, size_t n, unsigned int mode, struct fl_error *err);
int file_write_at(int dir_fd, const char *name, const char *shown, const void *bytes, size_t n, unsigned int mode,
		  struct fl_error *err);

/*
 * Open @name below @dir_fd (AT_FDCWD: as any path) for reading and appending; made with @mode if it is
 * not there. Refused: what is no regular file of this user with this one name, as others may have
 * prepared. Returns a descriptor. @shown: as above.
 */
int file_append_at(int dir_fd, const char *name, const char *shown, unsigned int mode, struct fl_error *err);

/* mkdir -p with @mode for what it makes. */
int dir_make(const char *path, unsigned int mode, struct fl_error *err);

/*
 * The word of @words (NULL-terminated) nearest to @word by edit distance, or NULL when none is
 * close enough to be a typing error (distance over 1/3 of the length, at least 2).
 */
const char *text_nearest(const char *word, const char *const *words);

/* Levenshtein distance with transpositions (Damerau, restricted); 64 for words of more than 63 bytes. */
unsigned int text_distance(const char *a, const char *b);

/* SHA-256 (FIPS 180-4) of @n bytes as 64 hex digits and a NUL. */
void text_sha256(const void *bytes, size_t n, char ret_hex[65]);

#endif
