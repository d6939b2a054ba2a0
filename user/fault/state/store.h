/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * store.h - a store that speaks the Redis protocol, reached inside a network namespace. Everything is
 * bounded: each answer in bytes and in time, and all that is done between opening and closing by one deadline.
 */
#ifndef FL_STORE_H
#define FL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault/state/file_content.h"
#include "util/error.h"

#define STORE_VALUE_MAX (1u << 20) /* bytes; larger values are left alone */

struct store;

struct store_address {
	const char *host; /* numeric */
	uint16_t port;
	unsigned int db;
	const char *password; /* NULL: none */
	uint64_t patience_ns; /* for all that will be asked; 0: STORE_OP_NS */
};

/* Connect from the network namespace of @netns_fd (-1: this one), log in, select the database. From here
 * on the store has a->patience_ns for all it is asked: then each call fails with -EIO. */
#define STORE_OP_NS 10000000000ull
int store_open(int netns_fd, const struct store_address *a, struct store **ret, struct fl_error *err);
void store_close(struct store *s);

/* Call @found for each key that matches the glob, until it returns non-zero (which is returned
 * when negative). A key may come twice. */
int store_scan(struct store *s, const char *pattern, int (*found)(void *arg, const struct bytes *key), void *arg,
	       struct fl_error *err);

/* The value of a string of at most STORE_VALUE_MAX bytes. 1: *ret is the caller's; 0: there is none,
 * or it is of another type or too large. */
int store_get(struct store *s, const struct bytes *key, struct bytes *ret, struct fl_error *err);

/*
 * Put @value in place of @expected; the time it has to live stays. 1: done; 0: the key holds
 * something else (or nothing) and was left alone, also when it changed in this moment.
 */
int store_swap(struct store *s, const struct bytes *key, const struct bytes *expected, const struct bytes *value,
	       struct fl_error *err);

#endif
