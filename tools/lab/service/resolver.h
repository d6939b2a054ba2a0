/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * resolver.h - names to IPv4 addresses, asked of the name server over UDP and kept for as long as
 * the answer's TTL. A stale address is never used: while the name server is slow, callers wait.
 */
#ifndef LAB_RESOLVER_H
#define LAB_RESOLVER_H

#include <netinet/in.h>
#include <stdint.h>

#include "util/error.h"

/* @server NULL: the system's. @name is the peer label in the metrics. Starts a thread. */
int resolver_start(const char *server, const char *name, struct fl_error *err);

/* -ETIMEDOUT at @deadline_ns (CLOCK_MONOTONIC), -ENOENT when the name does not exist, -EIO on any
 * other answer. An address in dotted form is itself. */
int resolver_lookup(const char *host, uint64_t deadline_ns, struct in_addr *ret);

#endif
