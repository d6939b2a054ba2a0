/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * meter_paths.h - the prefixes by which a meter tells requests apart, "/pay" and "/pay/refund". A
 * request is of the class of the longest one that its target begins with. Pure.
 */
#ifndef FL_METER_PATHS_H
#define FL_METER_PATHS_H

#include <stdint.h>

#include "bpf/abi/abi_measure.h"
#include "util/error.h"

/* Longest first, as the kernel wants them. Zero-initialise; fill with meter_paths_add(). */
struct meter_paths {
	uint32_t n;
	char v[FL_PREFIXES][FL_PREFIX_MAX + 1];
};

/* Can it be a prefix: '/' and at most FL_PREFIX_MAX bytes, such as a request target has? */
int meter_path_check(const char *prefix, struct fl_error *err);

/* Add one that is not there yet. -EINVAL: it can be none, or is one too many. */
int meter_paths_add(struct meter_paths *paths, const char *prefix, struct fl_error *err);

/* The prefix of a row's `path`; NULL: none of them (0). */
const char *meter_path_text(const struct meter_paths *paths, uint32_t path);

/*
 * A bit 1 << `path` for each class whose requests begin with @prefix: that of @prefix itself, and those
 * of the longer ones below it. Of a prefix that is none of @paths these are not all requests that do.
 */
uint32_t meter_paths_below(const struct meter_paths *paths, const char *prefix);

#endif
