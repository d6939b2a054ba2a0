// SPDX-License-Identifier: GPL-2.0-only
/* net_guard.c - see net_guard.h */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fault/net/net.h"
#include "fault/net/net_guard.h"
#include "fault/net/net_match.h"
#include "policy/protect.h"
#include "policy/seat.h"
#include "session/session.h"
#include "util/cleanup.h"

static int add_protected(struct guard *g, struct fl_error *err)
{
	struct protect p;
	int r = protect_load(&p, err);
	uint32_t i;

	for (i = 0; !r && i < p.n; i++) {
		const struct protected *e = &p.v[i];

		if (e->kind == PROTECT_CIDR)
			r = guard_add_prefix(g, &e->addr, e->prefix_len, err);
		else if (e->kind == PROTECT_PORTS)
			guard_add_ports(g, e->min, e->max);
	}
	protect_free(&p);
	return r;
}

static int add_seats(struct guard *g, struct fl_error *err)
{
	struct seat seats[SEAT_MAX];
	uint32_t n, i;
	int r = seat_find(seats, &n, err);

	for (i = 0; !r && i < n; i++)
		r = seats[i].peer_port ? guard_add_flow(g, &seats[i].local, seats[i].local_port, &seats[i].peer,
							seats[i].peer_port, err)
				       : guard_add_endpoint(g, &seats[i].local, seats[i].local_port, err);
	return r;
}

int net_guard_make(struct guard **ret, struct fl_error *err)
{
	struct guard *g = calloc(1, sizeof(*g));
	int r = g ? add_protected(g, err) : error_sys(err, ENOMEM, "what is protected: out of memory");

	if (!r)
		r = add_seats(g, err);
	if (r || !guard_mask(g)) {
		free(g);
		g = NULL;
	}
	if (!r)
		*ret = g;
	return r;
}

int net_guard_session(struct session *s, struct fl_error *err)
{
	if (s->engine)
		return net_guard_current(s, err);
	/* Between two faults of a run whoever began it may have come by another connection. */
	free(s->guard);
	s->guard = NULL;
	return net_guard_make(&s->guard, err);
}

static bool knows_prefix(const struct guard *g, const struct fl_guard_prefix *p)
{
	uint32_t i;

	for (i = 0; g && i < g->n_prefixes; i++)
		if (!memcmp(&g->prefixes[i], p, sizeof(*p)))
			return true;
	return false;
}

int net_guard_current(const struct session *s, struct fl_error *err)
{
	struct guard *now = calloc(1, sizeof(*now));
	bool more = false;
	uint32_t i;
	int r = now ? add_protected(now, err) : error_sys(err, ENOMEM, "what is protected: out of memory");

	for (i = 0; !r && i < now->n_prefixes; i++)
		more |= !knows_prefix(s->guard, &now->prefixes[i]);
	for (i = 0; !r && i < ARRAY_SIZE(now->ports); i++)
		more |= (now->ports[i] & ~(s->guard ? s->guard->ports[i] : 0)) != 0;
	free(now);
	if (more) {
		error_usage(err, "refused: more networks or ports are protected than when this session began");
		error_hint(err, "begin a new session, by inject or run: there they are left out");
		r = -EPERM;
	}
	return r;
}

/* Which end of the connection is the target's? */
static bool has_address(const struct target *t, const struct in6_addr *addr)
{
	uint32_t i;

	for (i = 0; i < t->n_addrs; i++)
		if (!memcmp(&t->addrs[i].addr, addr, sizeof(*addr)))
			return true;
	return false;
}

static bool would_hit(const struct net_matcher *m, const struct target *t, const struct seat *s)
{
	if (has_address(t, &s->local) && net_matches(m, s->local_port, &s->peer, s->peer_port, IPPROTO_TCP))
		return true;
	return s->peer_port && has_address(t, &s->peer) &&
	       net_matches(m, s->peer_port, &s->local, s->local_port, IPPROTO_TCP);
}

json_t *net_guard_named(const struct fault *f)
{
	json_t *lines = json_array();
	struct seat seats[SEAT_MAX];
	struct net_matcher m = {};
	uint32_t n = 0, i, k;
	char text[300];

	if (!f->ops->need_veth || !f->ops->compile || seat_find(seats, &n, NULL) || !n || net_matcher_make(f, &m, NULL))
		return lines;
	for (i = 0; i < n; i++)
		for (k = 0; k < f->n_targets; k++)
			if (would_hit(&m, &f->targets[k], &seats[i])) {
				json_array_append_new(lines, json_string(seat_text(&seats[i], text, sizeof(text))));
				break;
			}
	net_matcher_free(&m);
	return lines;
}

void net_guard_tell(const struct session *s, struct fault_proof *proof)
{
	static const char *const words[FL_GUARD_MAX] = {
		[FL_GUARD_FLOW] = "of your own connection",
		[FL_GUARD_PREFIX] = "of protected networks",
		[FL_GUARD_PORT] = "of protected ports",
	};
	uint64_t spared[FL_GUARD_MAX];
	size_t len = strlen(proof->effect);
	uint32_t i;

	if (!s->guard || !s->engine)
		return;
	engine_spared(s->engine, spared);
	for (i = 0; i < FL_GUARD_MAX; i++) {
		proof->spared += spared[i];
		if (spared[i] && len < sizeof(proof->effect))
			len += (size_t)snprintf(proof->effect + len, sizeof(proof->effect) - len,
						"%s%" PRIu64 " packets %s spared", len ? ", " : "", spared[i],
						words[i]);
	}
}
