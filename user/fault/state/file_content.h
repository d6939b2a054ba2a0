/* SPDX-License-Identifier: GPL-2.0-only */
/* file_content.h - how config_corruption spoils bytes, and how it knows its own work again. Pure. */
#ifndef FL_FILE_CONTENT_H
#define FL_FILE_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *v; /* owned */
	size_t n;
};

/* The copies are what they were made of, whatever happens to the original. -ENOMEM. */
int bytes_copy(const void *v, size_t n, struct bytes *ret);
void bytes_free(struct bytes *b);

/*
 * Change one bit in each of @count different bytes (all of them when there are fewer), chosen by
 * @seed: the same seed spoils the same content in the same way. Line ends stay, so that it is
 * the words of a text that are wrong and not its form. Returns how many were changed.
 */
size_t content_flip(struct bytes *b, size_t count, uint64_t seed);

/*
 * Is @now what a writer that turns @before into @after leaves when it is stopped anywhere: each byte
 * of the one or the other, and a length between theirs? True for both ends.
 */
bool content_is_between(const struct bytes *now, const struct bytes *before, const struct bytes *after);

bool content_equal(const struct bytes *a, const struct bytes *b);

#endif
