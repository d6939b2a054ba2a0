// SPDX-License-Identifier: GPL-2.0-only
/* guard.c - see guard.h. Pure; engine_load.c writes it into the maps. */
#include <errno.h>
#include <string.h>

#include "session/guard.h"

static int add_key(struct guard *g, const struct in6_addr *a, uint16_t a_port, const struct in6_addr *b,
		   uint16_t b_port, struct fl_error *err)
{
	struct fl_guard_flow *f;

	if (g->n_flows == FL_GUARD_FLOWS)
		return error_env(err, ENOSPC, "more than %d connections to protect", FL_GUARD_FLOWS / 4);
	f = &g->flows[g->n_flows++];
	*f = (struct fl_guard_flow){ .a_port = a_port, .b_port = b_port };
	memcpy(f->a, a, sizeof(f->a));
	memcpy(f->b, b, sizeof(f->b));
	return 0;
}

int guard_add_flow(struct guard *g, const struct in6_addr *a, uint16_t a_port, const struct in6_addr *b,
		   uint16_t b_port, struct fl_error *err)
{
	int r = add_key(g, a, a_port, b, b_port, err);

	if (!r)
		r = add_key(g, b, b_port, a, a_port, err);
	if (!r)
		r = add_key(g, a, 0, b, 0, err);
	return r ? r : add_key(g, b, 0, a, 0, err);
}

int guard_add_endpoint(struct guard *g, const struct in6_addr *addr, uint16_t port, struct fl_error *err)
{
	return add_key(g, addr, port, &in6addr_any, 0, err);
}

int guard_add_prefix(struct guard *g, const struct in6_addr *addr, uint8_t prefix_len, struct fl_error *err)
{
	struct fl_guard_prefix *p;

	if (g->n_prefixes == FL_GUARD_PREFIXES)
		return error_env(err, ENOSPC, "more than %d networks to protect", FL_GUARD_PREFIXES);
	p = &g->prefixes[g->n_prefixes++];
	*p = (struct fl_guard_prefix){ .prefix_len = prefix_len };
	memcpy(p->addr, addr, sizeof(p->addr));
	return 0;
}

void guard_add_ports(struct guard *g, uint16_t min, uint16_t max)
{
	uint32_t port;

	g->has_ports = true;
	for (port = min; port <= max; port++)
		g->ports[port / 64] |= 1ull << (port % 64);
}

uint32_t guard_mask(const struct guard *g)
{
	if (!g)
		return 0;
	return (g->n_flows ? 1u << FL_GUARD_FLOW : 0) | (g->n_prefixes ? 1u << FL_GUARD_PREFIX : 0) |
	       (g->has_ports ? 1u << FL_GUARD_PORT : 0);
}

static bool covers(const struct fl_guard_prefix *p, const struct in6_addr *addr)
{
	uint32_t whole = p->prefix_len / 8, rest = p->prefix_len % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	return !memcmp(p->addr, addr, whole) && (!rest || !((p->addr[whole] ^ addr->s6_addr[whole]) & mask));
}

static bool port_held(const struct guard *g, uint16_t port)
{
	return g->ports[port / 64] >> (port % 64) & 1;
}

static bool is_end(const struct fl_guard_flow *f, const struct in6_addr *addr, uint16_t port)
{
	return f->a_port == port && !memcmp(f->a, addr, sizeof(f->a));
}

bool guard_holds(const struct guard *g, const struct in6_addr *a, uint16_t a_port, const struct in6_addr *b,
		 uint16_t b_port, uint8_t protocol)
{
	static const uint8_t nobody[16];
	uint32_t i;

	for (i = 0; i < g->n_prefixes; i++)
		if (covers(&g->prefixes[i], a) || covers(&g->prefixes[i], b))
			return true;
	if (g->has_ports && (port_held(g, a_port) || port_held(g, b_port)))
		return true;
	for (i = 0; protocol == IPPROTO_TCP && i < g->n_flows; i++) {
		const struct fl_guard_flow *f = &g->flows[i];

		if (!f->b_port && !memcmp(f->b, nobody, sizeof(nobody)) &&
		    (is_end(f, a, a_port) || is_end(f, b, b_port)))
			return true;
		if (is_end(f, a, a_port) && f->b_port == b_port && !memcmp(f->b, b, sizeof(f->b)))
			return true;
	}
	return false;
}
