// SPDX-License-Identifier: GPL-2.0-only
/* file_content.c - see file_content.h */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fault/state/file_content.h"
#include "util/cleanup.h"
#include "util/random.h"

int bytes_copy(const void *v, size_t n, struct bytes *ret)
{
	ret->v = malloc(n ?: 1);
	ret->n = n;
	if (!ret->v)
		return -ENOMEM;
	if (n)
		memcpy(ret->v, v, n);
	return 0;
}

void bytes_free(struct bytes *b)
{
	free(b->v);
	*b = (struct bytes){};
}

/* One of the low four bits, so that printable ASCII stays printable (or becomes DEL at worst). */
static void flip_byte(uint8_t *b, uint64_t random)
{
	*b ^= (uint8_t)(1u << (random & 3));
}

static bool spares(uint8_t b)
{
	return b == '\n' || b == '\r';
}

/* Selection sampling (Knuth, TAOCP 2, algorithm 3.4.2 S): one pass, each byte equally likely. */
size_t content_flip(struct bytes *b, size_t count, uint64_t seed)
{
	size_t i, left = 0, want, done = 0;

	for (i = 0; i < b->n; i++)
		left += !spares(b->v[i]);
	want = count < left ? count : left;
	for (i = 0; i < b->n && done < want; i++) {
		if (spares(b->v[i]))
			continue;
		if (random_next(&seed) % left-- < want - done) {
			flip_byte(&b->v[i], random_next(&seed));
			done++;
		}
	}
	return done;
}

static bool is_at(const struct bytes *b, size_t i, uint8_t byte)
{
	return i < b->n && b->v[i] == byte;
}

bool content_is_between(const struct bytes *now, const struct bytes *before, const struct bytes *after)
{
	size_t low = before->n < after->n ? before->n : after->n;
	size_t high = before->n > after->n ? before->n : after->n;
	size_t i;

	if (now->n < low || now->n > high)
		return false;
	for (i = 0; i < now->n; i++)
		if (!is_at(before, i, now->v[i]) && !is_at(after, i, now->v[i]))
			return false;
	return true;
}

bool content_equal(const struct bytes *a, const struct bytes *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->v, b->v, a->n));
}
