// SPDX-License-Identifier: GPL-2.0-only
/* net_match.c - see net_match.h */
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "fault/net/net_match.h"
#include "net/peers.h"

int net_matcher_make(const struct fault *f, struct net_matcher *ret, struct fl_error *err)
{
	const struct net_matching *m = f->params.common;
	int r;

	*ret = (struct net_matcher){};
	r = f->ops->compile(&f->params, &ret->rule, err);
	return r ? r : net_peers(m->peer, true, &ret->peers, &ret->n_peers, err);
}

void net_matcher_free(struct net_matcher *m)
{
	free(m->peers);
	*m = (struct net_matcher){};
}

static bool in_range(struct fl_port_range range, uint16_t port)
{
	return range.min <= port && port <= range.max;
}

static bool is_peer(const struct net_matcher *m, const struct in6_addr *peer)
{
	struct in6_addr masked;
	uint32_t i;

	for (i = 0; i < m->n_peers; i++) {
		masked = peers_mask(peer, m->peers[i].prefix_len);
		if (!memcmp(&masked, &m->peers[i].addr, sizeof(masked)))
			return true;
	}
	return false;
}

bool net_matches(const struct net_matcher *m, uint16_t local_port, const struct in6_addr *peer, uint16_t peer_port,
		 uint8_t protocol)
{
	const struct fl_rule *rule = &m->rule;

	/* Rules about new connections leave those that stand alone. */
	if (rule->more.tcp && rule->more.tcp_value & TH_SYN)
		return false;
	return (!rule->protocol || rule->protocol == protocol) &&
	       (in_range(rule->port, local_port) || in_range(rule->port, peer_port)) &&
	       in_range(rule->local_port, local_port) && in_range(rule->peer_port, peer_port) && is_peer(m, peer);
}
