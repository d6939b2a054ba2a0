/* SPDX-License-Identifier: GPL-2.0-only */
/* cidr.h - networks and port ranges as people write them. */
#ifndef FL_CIDR_H
#define FL_CIDR_H

#include <netinet/in.h>
#include <stdint.h>

#include "util/error.h"

/*
 * "10.9.0.0/24", "fd00::1": an address or a network, masked; IPv4 as ::ffff:a.b.c.d, with 96 added to
 * its prefix length. 0.0.0.0/0 is all of IPv4: the mapped prefix keeps IPv6 out.
 */
int cidr_parse(const char *word, struct in6_addr *ret, uint8_t *ret_len, struct fl_error *err);

/* "8080" or "8000-8100". */
int ports_parse(const char *text, uint16_t *ret_min, uint16_t *ret_max, struct fl_error *err);

/* "64" or "64-128", both within @min and @max. */
int range_parse(const char *text, int64_t min, int64_t max, int64_t *ret_from, int64_t *ret_to, struct fl_error *err);

/* "10.9.0.1", "fd00::1". Returns @buf (INET6_ADDRSTRLEN). */
const char *addr_text(const struct in6_addr *addr, char *buf, size_t size);

#endif
