/* SPDX-License-Identifier: GPL-2.0-only */
/* cache_keys.h - which keys were poisoned, with what, and what they held. Pure. */
#ifndef FL_CACHE_KEYS_H
#define FL_CACHE_KEYS_H

#include <stdint.h>

#include "fault/state/file_content.h"
#include "util/error.h"

struct cache_key {
	struct bytes name, old, poison; /* old and poison are empty until they are known */
};

struct cache_keys {
	struct cache_key *v;
	size_t n, size;
};

/* 1: added; 0: it is there already; -ENOMEM. */
int cache_keys_add(struct cache_keys *k, const struct bytes *name);
void cache_keys_free(struct cache_keys *k);

/* A file for those that have an old value, and back. */
int cache_keys_write(const struct cache_keys *k, const char *path, struct fl_error *err);
int cache_keys_read(const char *path, struct cache_keys *ret, struct fl_error *err);

/*
 * A wrong value of the same form: every digit another one (never 0, so that no number gets a leading
 * one); where there is no digit, bits of a quarter of the bytes. False: it cannot be made different.
 */
bool cache_scramble(struct bytes *value, uint64_t seed);

#endif
