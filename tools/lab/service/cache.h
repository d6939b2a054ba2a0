/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cache.h - a client of a Redis-protocol cache: a few connections, short time limits. A cache that
 * fails is a miss, counted: nothing waits long for it.
 */
#ifndef LAB_CACHE_H
#define LAB_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

struct cache;

/* @spec is NAME=HOST:PORT. */
int cache_open(const char *spec, struct cache **ret, struct fl_error *err);

/* True when @key is there; its value is copied to @buf, cut at @size. @c may be NULL: a miss. */
bool cache_get(struct cache *c, const char *key, char *buf, size_t size);
void cache_set(struct cache *c, const char *key, const char *value, unsigned int seconds);

#endif
