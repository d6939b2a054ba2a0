/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guard.h - what packets no fault of a session touches, as the kernel looks at it (bpf/net/guard.bpf.h).
 * Who is protected and why is decided elsewhere (policy/protect.h, policy/seat.h).
 */
#ifndef FL_GUARD_H
#define FL_GUARD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "bpf/abi/abi.h"
#include "util/error.h"

struct guard {
	uint32_t n_flows, n_prefixes;
	struct fl_guard_flow flows[FL_GUARD_FLOWS];
	struct fl_guard_prefix prefixes[FL_GUARD_PREFIXES];
	bool has_ports;
	uint64_t ports[65536 / 64];
};

/* A TCP connection, in both directions. Addresses: IPv4 as ::ffff:a.b.c.d. */
int guard_add_flow(struct guard *g, const struct in6_addr *a, uint16_t a_port, const struct in6_addr *b,
		   uint16_t b_port, struct fl_error *err);
/* All TCP of one endpoint. */
int guard_add_endpoint(struct guard *g, const struct in6_addr *addr, uint16_t port, struct fl_error *err);
int guard_add_prefix(struct guard *g, const struct in6_addr *addr, uint8_t prefix_len, struct fl_error *err);
void guard_add_ports(struct guard *g, uint16_t min, uint16_t max);

/* The mask for the programs' read-only data; 0 for NULL. */
uint32_t guard_mask(const struct guard *g);

/* Does it hold a packet of this connection (protocol: IPPROTO_*)? As the kernel decides it. */
bool guard_holds(const struct guard *g, const struct in6_addr *a, uint16_t a_port, const struct in6_addr *b,
		 uint16_t b_port, uint8_t protocol);

#endif
